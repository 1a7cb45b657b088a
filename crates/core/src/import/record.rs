//! One account, checked and normalised.

use super::raw::{Raw, RawEmail, RawPhone};
use super::{MAX_ENTRIES, MAX_TEXT_BYTES, Reason, time};
use crate::identifier::{EmailAddress, PhoneNumber, UserName};
use crate::secret::SecretText;
use crate::time::Timestamp;

/// BCP 47 recommends room for 35 characters (RFC 5646, 4.4.1).
const MAX_LOCALE_BYTES: usize = 35;
const MAX_FLAG_BYTES: usize = 32;
/// 128 bytes of key in base 32; common secrets have 20 or 32.
const MAX_TOTP_BYTES: usize = 208;
/// RFC 4226, R6: at least 128 bits, which are 26 characters; many systems use 80 bits, which are 16.
const MIN_TOTP_BYTES: usize = 16;

/// An account as another system has it.
#[derive(Debug, Clone)]
pub struct AccountRecord {
    /// What the other system calls it; the key by which a second import finds it again.
    pub external_id: String,
    /// User names.
    pub user_names: Vec<UserName>,
    /// Addresses, the first choice first.
    pub emails: Vec<EmailEntry>,
    /// Phone numbers, the first choice first.
    pub phones: Vec<PhoneEntry>,
    /// A BCP 47 tag.
    pub locale: Option<String>,
    /// ISO 3166: `US`, `US-CA`.
    pub region: Option<String>,
    /// The external party that it belongs to.
    pub party: Option<String>,
    /// Sorted, without repetition.
    pub flags: Vec<String>,
    /// A password hash as it was exported; the server checks its form.
    pub password_hash: Option<SecretText>,
    /// A TOTP secret in base 32, upper case, without padding.
    pub totp_secret: Option<SecretText>,
    /// When the account was made.
    pub created_at: Option<Timestamp>,
}

/// An address and whether its owner confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailEntry {
    /// The address.
    pub address: EmailAddress,
    /// Whether the other system says that it is confirmed.
    pub confirmed: bool,
}

/// A phone number and whether its owner confirmed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneEntry {
    /// The number.
    pub number: PhoneNumber,
    /// Whether the other system says that it is confirmed.
    pub confirmed: bool,
}

impl AccountRecord {
    pub(super) fn from_raw(raw: &Raw) -> Result<Self, Reason> {
        let record = Self {
            external_id: text("external_id", raw.external_id.as_ref())?.ok_or(Reason::NoExternalId)?,
            user_names: user_names(&raw.user_names)?,
            emails: emails(&raw.emails)?,
            phones: phones(&raw.phones)?,
            locale: optional("locale", raw.locale.as_ref(), is_locale)?,
            region: optional("region", raw.region.as_ref(), is_region)?,
            party: text("party", raw.party.as_ref())?,
            flags: flags(&raw.flags)?,
            password_hash: hash(raw.password_hash.as_ref())?,
            totp_secret: totp(raw.totp_secret.as_ref())?,
            created_at: raw.created_at.as_deref().map(created_at).transpose()?,
        };
        let nameless = record.user_names.is_empty() && record.emails.is_empty() && record.phones.is_empty();
        if nameless { Err(Reason::NoIdentifier) } else { Ok(record) }
    }

    /// What people may type for it: kind as in the store, text to look up by.
    pub fn identifiers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let users = self.user_names.iter().map(|name| ("user", name.lookup()));
        let emails = self.emails.iter().map(|email| ("email", email.address.lookup()));
        let phones = self.phones.iter().map(|phone| ("phone", phone.number.as_str()));
        users.chain(emails).chain(phones)
    }
}

const fn bad(field: &'static str, problem: &'static str) -> Reason {
    Reason::Field { field, problem }
}

fn text(field: &'static str, value: Option<&String>) -> Result<Option<String>, Reason> {
    let value = value.map(|text| text.trim()).filter(|text| !text.is_empty());
    match value {
        Some(text) if text.len() > MAX_TEXT_BYTES => Err(bad(field, "is too long")),
        Some(text) if text.chars().any(char::is_control) => Err(bad(field, "holds a control character")),
        value => Ok(value.map(str::to_owned)),
    }
}

fn optional(field: &'static str, value: Option<&String>, fits: fn(&str) -> bool) -> Result<Option<String>, Reason> {
    match text(field, value)? {
        Some(text) if !fits(&text) => Err(bad(field, "is not of the documented form")),
        value => Ok(value),
    }
}

fn is_locale(text: &str) -> bool {
    let parts = || text.split(['-', '_']);
    text.len() <= MAX_LOCALE_BYTES
        && parts().all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
        && parts().next().is_some_and(|first| first.len() >= 2 && first.bytes().all(|b| b.is_ascii_alphabetic()))
}

fn is_region(text: &str) -> bool {
    let (country, part) = text.split_once('-').map_or((text, None), |(country, part)| (country, Some(part)));
    let part_fits = part.is_none_or(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()) && part_fits
}

fn within<'a, T>(field: &'static str, values: &'a [T]) -> Result<&'a [T], Reason> {
    if values.len() > MAX_ENTRIES { Err(bad(field, "has too many entries")) } else { Ok(values) }
}

fn user_names(raw: &[String]) -> Result<Vec<UserName>, Reason> {
    let mut names: Vec<UserName> = Vec::with_capacity(raw.len());
    for text in within("user_names", raw)? {
        let name = UserName::parse(text).map_err(|error| Reason::identifier("user_names", error))?;
        if names.iter().all(|known| known.lookup() != name.lookup()) {
            names.push(name);
        }
    }
    Ok(names)
}

fn emails(raw: &[RawEmail]) -> Result<Vec<EmailEntry>, Reason> {
    let mut entries: Vec<EmailEntry> = Vec::with_capacity(raw.len());
    for RawEmail { address, confirmed } in within("emails", raw)? {
        let address = EmailAddress::parse(address).map_err(|error| Reason::identifier("emails", error))?;
        match entries.iter_mut().find(|known| known.address.lookup() == address.lookup()) {
            Some(known) => known.confirmed |= confirmed,
            None => entries.push(EmailEntry { address, confirmed: *confirmed }),
        }
    }
    Ok(entries)
}

fn phones(raw: &[RawPhone]) -> Result<Vec<PhoneEntry>, Reason> {
    let mut entries: Vec<PhoneEntry> = Vec::with_capacity(raw.len());
    for RawPhone { number, confirmed } in within("phones", raw)? {
        let number = PhoneNumber::parse(number).map_err(|error| Reason::identifier("phones", error))?;
        match entries.iter_mut().find(|known| known.number == number) {
            Some(known) => known.confirmed |= confirmed,
            None => entries.push(PhoneEntry { number, confirmed: *confirmed }),
        }
    }
    Ok(entries)
}

fn flags(raw: &[String]) -> Result<Vec<String>, Reason> {
    let mut flags = within("flags", raw)?.to_vec();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !flags.iter().all(|flag| (1..=MAX_FLAG_BYTES).contains(&flag.len()) && flag.bytes().all(plain)) {
        return Err(bad("flags", "are not of small letters, digits and _"));
    }
    flags.sort();
    flags.dedup();
    Ok(flags)
}

fn hash(raw: Option<&SecretText>) -> Result<Option<SecretText>, Reason> {
    match raw.map(|hash| hash.expose().trim()) {
        None | Some("") => Ok(None),
        Some(hash) if hash.len() > MAX_TEXT_BYTES => Err(bad("password_hash", "is too long")),
        Some(hash) => Ok(Some(SecretText::new(hash))),
    }
}

fn totp(raw: Option<&SecretText>) -> Result<Option<SecretText>, Reason> {
    let Some(raw) = raw else { return Ok(None) };
    let kept = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '=');
    let secret: String = raw.expose().chars().filter(kept).map(|c| c.to_ascii_uppercase()).collect();
    let known = secret.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b));
    match secret.len() {
        0 => Ok(None),
        MIN_TOTP_BYTES..=MAX_TOTP_BYTES if known => Ok(Some(SecretText::new(secret))),
        _ => Err(bad("totp_secret", "is not base 32 of 80 bits or more")),
    }
}

fn created_at(text: &str) -> Result<Timestamp, Reason> {
    time::rfc3339(text.trim()).ok_or(bad("created_at", "is not a time like 2024-02-29T12:00:00Z"))
}
