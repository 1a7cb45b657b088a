//! A record as it was read, before anything in it is checked.

use super::{Reason, Rejected, record::AccountRecord};
use crate::secret::SecretText;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Fields that are never repeated anywhere.
pub const SECRET_FIELDS: [&str; 2] = ["password_hash", "totp_secret"];

/// The fields of a record, as NDJSON spells them; CSV fills the same ones.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    pub external_id: Option<String>,
    pub user_names: Vec<String>,
    pub emails: Vec<RawEmail>,
    pub phones: Vec<RawPhone>,
    pub locale: Option<String>,
    pub region: Option<String>,
    pub party: Option<String>,
    pub flags: Vec<String>,
    pub password_hash: Option<SecretText>,
    pub totp_secret: Option<SecretText>,
    pub created_at: Option<String>,
}

/// An address; where `confirmed` is not said it is not confirmed (P1: unknown is never taken for fine).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEmail {
    pub address: String,
    #[serde(default)]
    pub confirmed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPhone {
    pub number: String,
    #[serde(default)]
    pub confirmed: bool,
}

impl Raw {
    /// The record, checked; or what it said, without its secrets, and why it is set aside.
    pub(super) fn checked(self) -> Result<AccountRecord, Rejected> {
        AccountRecord::from_raw(&self).map_err(|reason| Rejected { reason, record: Some(self.shown()) })
    }

    fn shown(&self) -> Map<String, Value> {
        let emails = self.emails.iter().map(|e| json!({"address": e.address, "confirmed": e.confirmed}));
        let phones = self.phones.iter().map(|p| json!({"number": p.number, "confirmed": p.confirmed}));
        let all = [
            ("external_id", json!(self.external_id)),
            ("user_names", json!(self.user_names)),
            ("emails", emails.collect()),
            ("phones", phones.collect()),
            ("locale", json!(self.locale)),
            ("region", json!(self.region)),
            ("party", json!(self.party)),
            ("flags", json!(self.flags)),
            ("created_at", json!(self.created_at)),
        ];
        let said = all.into_iter().filter(|(_, value)| !value.is_null() && *value != json!([]));
        said.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

/// A record of which nothing can be shown.
pub(super) const fn unreadable(reason: Reason) -> Rejected {
    Rejected { reason, record: None }
}
