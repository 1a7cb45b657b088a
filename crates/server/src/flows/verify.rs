//! "Is this message from you?": by its countersign code.

use super::Result;
use crate::app::App;
use crate::error::AppError;
use crate::store::messages;
use countersign_core::gate::limiter::Admission;
use countersign_core::gate::policy::Rate;
use countersign_core::message::{CountersignCode, Template};
use countersign_core::time::Timestamp;
use std::net::IpAddr;

/// Look-ups from one source: a person checks a few, a prober of 60-bit codes gets nowhere with these.
const LOOK_UPS: Rate = Rate { burst: 20, per_hour: 60 };
const PURPOSE: u8 = 32;

/// What we say of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It is the code of a message of ours.
    Known {
        /// What it said.
        template: Template,
        /// When it was put on record.
        recorded_at: Timestamp,
        /// When the mail server took it, if it did.
        sent_at: Option<Timestamp>,
        /// To whom, masked.
        to_masked: String,
    },
    /// We know no such message: not from us.
    Unknown,
}

/// Looks a code up.
///
/// # Errors
/// 429 from the source limit; a text that is no code is simply unknown.
pub async fn verify(app: &App, code: &str, ip: IpAddr) -> Result<Verified> {
    if let Admission::Refused { retry_after } = app.limiter.admit_purpose(PURPOSE, ip, LOOK_UPS, app.clock.now()) {
        return Err(AppError::rate_limited(retry_after));
    }
    let Ok(code) = CountersignCode::parse(code) else {
        return Ok(Verified::Unknown);
    };
    let hash = super::secrets::countersign_hash(&app.keys, &code);
    let found = messages::by_code(&mut app.store.read().await?, &hash).await?;
    Ok(found.map_or(Verified::Unknown, |m| Verified::Known {
        template: m.template,
        recorded_at: m.created_at,
        sent_at: m.closed_at.filter(|_| m.state == messages::State::Sent),
        to_masked: m.to_masked,
    }))
}
