//! CSV: a header that names the columns, and one record a row.

use super::raw::{Raw, RawEmail, RawPhone, unreadable};
use super::{AccountRecord, Reason, Rejected};
use crate::secret::SecretText;

/// Separates several values in one field.
const SEPARATOR: char = ';';

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    ExternalId,
    UserNames,
    Emails,
    EmailsUnconfirmed,
    Phones,
    PhonesUnconfirmed,
    Locale,
    Region,
    Party,
    Flags,
    PasswordHash,
    TotpSecret,
    CreatedAt,
}

const NAMES: [(&str, Column); 13] = [
    ("external_id", Column::ExternalId),
    ("user_names", Column::UserNames),
    ("emails", Column::Emails),
    ("emails_unconfirmed", Column::EmailsUnconfirmed),
    ("phones", Column::Phones),
    ("phones_unconfirmed", Column::PhonesUnconfirmed),
    ("locale", Column::Locale),
    ("region", Column::Region),
    ("party", Column::Party),
    ("flags", Column::Flags),
    ("password_hash", Column::PasswordHash),
    ("totp_secret", Column::TotpSecret),
    ("created_at", Column::CreatedAt),
];

/// Which column stands where.
#[derive(Debug)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Reads the header.
    pub(super) fn read(fields: &[String]) -> Result<Self, String> {
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let name = field.trim();
            let known = NAMES.iter().find(|(known, _)| *known == name);
            let (_, column) = known.ok_or_else(|| format!("column {name:?} is not known"))?;
            if columns.contains(column) {
                return Err(format!("column {name:?} is there twice"));
            }
            columns.push(*column);
        }
        if columns.contains(&Column::ExternalId) {
            Ok(Self(columns))
        } else {
            Err("column \"external_id\" is missing".into())
        }
    }

    /// Reads one row.
    pub(super) fn record(&self, fields: Vec<String>) -> Result<AccountRecord, Rejected> {
        if fields.len() != self.0.len() {
            return Err(unreadable(Reason::FieldCount { found: fields.len(), expected: self.0.len() }));
        }
        let mut raw = Raw::default();
        for (column, field) in self.0.iter().zip(fields) {
            if !field.trim().is_empty() {
                column.fill(&mut raw, field);
            }
        }
        raw.checked()
    }
}

impl Column {
    fn fill(self, raw: &mut Raw, field: String) {
        let email = |confirmed| move |address| RawEmail { address, confirmed };
        let phone = |confirmed| move |number| RawPhone { number, confirmed };
        match self {
            Self::ExternalId => raw.external_id = Some(field),
            Self::UserNames => raw.user_names.extend(values(&field)),
            Self::Emails => raw.emails.splice(0..0, values(&field).map(email(true))).for_each(drop),
            Self::EmailsUnconfirmed => raw.emails.extend(values(&field).map(email(false))),
            Self::Phones => raw.phones.splice(0..0, values(&field).map(phone(true))).for_each(drop),
            Self::PhonesUnconfirmed => raw.phones.extend(values(&field).map(phone(false))),
            Self::Locale => raw.locale = Some(field),
            Self::Region => raw.region = Some(field),
            Self::Party => raw.party = Some(field),
            Self::Flags => raw.flags.extend(values(&field)),
            Self::PasswordHash => raw.password_hash = Some(SecretText::new(field)),
            Self::TotpSecret => raw.totp_secret = Some(SecretText::new(field)),
            Self::CreatedAt => raw.created_at = Some(field),
        }
    }
}

fn values(field: &str) -> impl Iterator<Item = String> {
    field.split(SEPARATOR).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
}

/// The fields of one record (RFC 4180); `None` where a quote is not closed or stands in the middle of a field, which
/// the `csv` crate would read as something.
pub(super) fn fields(record: &str) -> Option<Vec<String>> {
    if !quotes_are_sound(record) {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).buffer_capacity(record.len().max(1));
    let mut rows = reader.from_reader(record.as_bytes()).into_records();
    let row = rows.next()?.ok()?;
    rows.next().is_none().then(|| row.iter().map(str::to_owned).collect())
}

/// Whether what is outside the quotes lies between commas; a doubled quote leaves nothing between its two halves.
fn quotes_are_sound(record: &str) -> bool {
    let record = record.trim_end_matches(['\r', '\n']);
    let pieces: Vec<&str> = record.split('"').collect();
    let last = pieces.len() - 1;
    let opens = |at: usize, piece: &str| at == last || piece.is_empty() || piece.ends_with(',');
    let closes = |at: usize, piece: &str| at == 0 || piece.is_empty() || piece.starts_with(',');
    let outside = pieces.iter().enumerate().step_by(2);
    last.is_multiple_of(2) && outside.into_iter().all(|(at, piece)| opens(at, piece) && closes(at, piece))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_follow_rfc_4180() {
        assert_eq!(fields("a,\"b,\"\"c\"\"\nd\",\r\n").unwrap(), ["a", "b,\"c\"\nd", ""]);
        for damaged in ["\"a", "a\"b", "\"a\"b", "a\"b\"", "\"a\"b\"c\"", "a\nb"] {
            assert_eq!(fields(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn a_header_must_be_understood_whole() {
        let read = |header: &str| Columns::read(&fields(header).unwrap()).map(drop);
        assert_eq!(read("external_id,emails"), Ok(()));
        assert_eq!(read("emails"), Err("column \"external_id\" is missing".into()));
        assert_eq!(read("external_id,email"), Err("column \"email\" is not known".into()));
        assert_eq!(read("external_id,external_id"), Err("column \"external_id\" is there twice".into()));
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(values in proptest::collection::vec("\\PC{0,12}|[a\",\n]{0,6}", 1..6)) {
            let line: Vec<String> = values.iter().map(|v| format!("\"{}\"", v.replace('"', "\"\""))).collect();
            prop_assert_eq!(fields(&line.join(",")), Some(values));
        }
    }
}
