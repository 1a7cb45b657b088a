//! What the log says of itself: the entries about its keys, its stamps, its beginnings, and what was erased from it.

use super::spans::Spans;
use crate::store::evidence::Draft;
use crate::store::log::LogStamp;
use countersign_core::time::Timestamp;
use countersign_evidence::Hash;
use rand::Rng;
use serde_json::{Value, json};

/// The log was begun, with its first key.
pub const BEGAN: &str = "log.began";
/// A key handed over to the next.
pub const KEY_ROTATED: &str = "log.key_rotated";
/// A log was begun anew in the place of one that could not be gone on with.
pub const RENEWED: &str = "log.renewed";
/// An authority put its time to a checkpoint.
pub const TIME_STAMPED: &str = "log.time_stamped";
/// Contents of entries were erased.
pub const ERASED: &str = "evidence.erased";
/// Contents of entries were shown to somebody.
pub const EXPORTED: &str = "evidence.exported";

/// What stands in the column `kind` of an entry whose content was erased.
pub const ERASED_KIND: &str = "erased";
/// And of one that stands for an entry that was lost before the log was begun anew.
pub const LOST_KIND: &str = "lost";

/// The id of such a row.
pub fn blank_id(kind: &str, number: u64) -> String {
    format!("{kind}_{number}")
}

/// An entry about the log, as an audit needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Own {
    /// From here on this key signs, as a verifier key.
    Key(String),
    /// These numbers were erased.
    Erased(Spans),
    /// These numbers were lost before the log was begun anew, with this key.
    Renewed {
        /// The key.
        vkey: String,
        /// The numbers.
        lost: Spans,
    },
    /// A time stamp was taken.
    Stamped(Box<Stamped>),
}

/// A time stamp, as its entry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// The checkpoint's size.
    pub size: u64,
    /// SHA-256 of the checkpoint's bytes.
    pub checkpoint: Hash,
    /// SHA-256 of the authority's reply.
    pub token: Hash,
    /// The authority's time.
    pub stamped_at: Timestamp,
    /// The authority's address.
    pub authority: String,
}

impl Stamped {
    /// What the entry of this stamp says.
    pub fn of(stamp: &LogStamp) -> Self {
        Self {
            size: stamp.size,
            checkpoint: Hash::of(stamp.checkpoint.as_bytes()),
            token: Hash::of(&stamp.token),
            stamped_at: stamp.stamped_at,
            authority: stamp.authority.clone(),
        }
    }

    fn what(&self) -> Value {
        json!({
            "size": self.size, "checkpoint": self.checkpoint.to_hex(), "token": self.token.to_hex(),
            "stamped_at": self.stamped_at.micros(), "authority": self.authority,
        })
    }

    fn read(what: &Value) -> Option<Self> {
        let hash = |name: &str| what.get(name)?.as_str().and_then(Hash::from_hex);
        Some(Self {
            size: what.get("size")?.as_u64()?,
            checkpoint: hash("checkpoint")?,
            token: hash("token")?,
            stamped_at: Timestamp::from_micros(what.get("stamped_at")?.as_i64()?),
            authority: text(what, "authority")?,
        })
    }

    /// The entry.
    pub fn draft(&self, now: Timestamp, rng: &mut impl Rng) -> Draft {
        Draft::new(TIME_STAMPED, None, self.what(), now, rng)
    }
}

impl Own {
    /// Reads an entry of one of these kinds; `Ok(None)` for every other kind.
    ///
    /// # Errors
    /// The kind, where the content is not what that kind says.
    pub fn read(kind: &str, what: &Value) -> Result<Option<Self>, &'static str> {
        let spans = |name: &str| what.get(name).and_then(Spans::from_json);
        match kind {
            BEGAN => text(what, "vkey").map(Self::Key).ok_or(BEGAN).map(Some),
            KEY_ROTATED => text(what, "new").map(Self::Key).ok_or(KEY_ROTATED).map(Some),
            ERASED => spans("entries").map(Self::Erased).ok_or(ERASED).map(Some),
            TIME_STAMPED => Stamped::read(what).map(|s| Some(Self::Stamped(Box::new(s)))).ok_or(TIME_STAMPED),
            RENEWED => {
                let read = text(what, "vkey").zip(spans("lost"));
                read.map(|(vkey, lost)| Some(Self::Renewed { vkey, lost })).ok_or(RENEWED)
            }
            _ => Ok(None),
        }
    }
}

fn text(what: &Value, name: &str) -> Option<String> {
    what.get(name)?.as_str().map(str::to_owned)
}

/// Who did something, as entries name them: a person at the command line or in the console, or an API key.
#[derive(Debug, Clone)]
pub enum By {
    /// Whoever has the rights to the data directory.
    CommandLine,
    /// An API key, by its id.
    ApiKey(String),
    /// Somebody of the staff, by their id.
    Staff(String),
}

impl By {
    /// As entries write it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::CommandLine => "command line",
            Self::ApiKey(id) | Self::Staff(id) => id,
        }
    }
}
