//! What leaks show of one account, so that its holder can be told exactly.

use super::leak_sets::Says;
use crate::app::App;
use crate::error::AppError;
use crate::flows::Result;
use crate::store::exposure::{directory, leaks};
use countersign_core::expose::matching::Field;
use countersign_core::ids::{AccountId, LeakId};
use countersign_core::time::Timestamp;

/// What one leak shows of an account.
#[derive(Debug, Clone)]
pub struct Exposed {
    /// Which leak.
    pub leak: LeakId,
    /// What it is called here.
    pub name: String,
    /// When it was matched.
    pub at: Timestamp,
    /// What it shows.
    pub says: Says,
    /// Fields that the leak has of others and not of this account.
    pub not_shown: Vec<Field>,
}

/// What is known about an account.
#[derive(Debug, Clone)]
pub struct Exposure {
    /// The leaks that it is in, the newest first.
    pub leaks: Vec<Exposed>,
    /// How many leaks were looked at.
    pub looked_at: usize,
}

/// What the leaks that count show of an account.
///
/// # Errors
/// 404; 503.
pub async fn look(app: &App, id: &AccountId) -> Result<Exposure> {
    let conn = &mut app.store.read().await?;
    let number = directory::number(conn, id).await?;
    let number = number.ok_or_else(|| AppError::not_found("There is no such account."))?;
    let standing = leaks::standing(conn).await?;
    let mut found = vec![];
    for leak in standing.iter().rev() {
        let Some(says) = Says::read(&leaks::sets_of(conn, &leak.id, number).await?) else { continue };
        let not_shown = fields_of(&leak.report).filter(|field| !says.shows.contains(field)).collect();
        let (name, at) = (leak.name.clone(), leak.imported_at);
        found.push(Exposed { leak: leak.id.clone(), name, at, says, not_shown });
    }
    Ok(Exposure { leaks: found, looked_at: standing.len() })
}

/// The fields that a leak has at all, by its report.
fn fields_of(report: &str) -> impl Iterator<Item = Field> + use<> {
    let report: serde_json::Value = serde_json::from_str(report).unwrap_or_default();
    let columns = report.get("fields").and_then(|f| f.as_object()).cloned().unwrap_or_default();
    Field::ALL.into_iter().filter(move |field| columns.contains_key(field.as_str()))
}

/// A field, in the words of a letter.
pub const fn in_words(field: Field) -> &'static str {
    match field {
        Field::Email => "your e-mail address",
        Field::Phone => "your phone number",
        Field::UserName => "your user name",
        Field::PlatformId => "the number of your account",
        Field::FullName => "your name",
        Field::Place => "where you are",
        Field::Country => "your country",
        Field::BirthDate => "your date of birth",
        Field::Password => "a password or a trace of one",
        Field::Other => "other details",
    }
}

/// What to tell the holder: a sentence on what is shown, and one on what is not.
pub fn sentences(exposed: &Exposed) -> Vec<String> {
    let list = |fields: &[Field]| joined(&fields.iter().map(|field| in_words(*field)).collect::<Vec<_>>());
    let mut told = vec![];
    if !exposed.says.shows.is_empty() {
        told.push(format!("The leak shows {}.", list(&exposed.says.shows)));
    }
    if !exposed.not_shown.is_empty() {
        let these: Vec<Field> = exposed.not_shown.iter().copied().filter(|f| *f != Field::Other).collect();
        if !these.is_empty() {
            told.push(format!("It does not show {}, although it does for others.", list(&these)));
        }
    }
    if !exposed.says.strong {
        told.push("We are not sure that this is you: only a weak sign matched.".into());
    }
    if exposed.says.former {
        told.push("It has something that was yours before and is not any more.".into());
    }
    if exposed.says.contradicted {
        told.push("One of its lines mixes you with somebody else.".into());
    }
    told
}

fn joined(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
