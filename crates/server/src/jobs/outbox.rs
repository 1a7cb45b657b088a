//! Hands messages over to the mail server, a few at a time, at the pace that each recipient domain gets.

use crate::app::App;
use crate::error::AppError;
use crate::flows::outbox::{self, Ended, Material};
use crate::flows::seal::Leaving;
use crate::flows::secrets;
use crate::notify::{
    Body, Brand, Envelope, Letter, Measure, Outcome, Relay, Sender, Stage, Values, dkim, mime, render,
};
use crate::store::messages::Message;
use crate::text::Locale;
use countersign_core::message::pace::Pace;
use countersign_core::message::retry::Retry;
use countersign_core::message::{DeviceKind, MailAddress, Template};
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How often to look without a wake-up.
const PAUSE: Duration = Duration::from_millis(500);
/// Messages claimed at a time.
const BATCH: i64 = 64;

/// What the outbox needs besides the app.
#[derive(Clone)]
pub struct Mailer(Arc<Parts>);

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mailer")
    }
}

struct Parts {
    relay: Relay,
    from: Sender,
    signers: Vec<dkim::Signer>,
    brand: Brand,
    retry: Retry,
    pace: Mutex<Pace>,
    at_once: Arc<Semaphore>,
}

impl Mailer {
    /// Puts the parts together; `connections` is how many hand-overs run at the same time.
    pub fn new(
        relay: Relay,
        from: Sender,
        signers: Vec<dkim::Signer>,
        brand: Brand,
        retry: Retry,
        pace: Pace,
        connections: usize,
    ) -> Self {
        let at_once = Arc::new(Semaphore::new(connections));
        Self(Arc::new(Parts { relay, from, signers, brand, retry, pace: Mutex::new(pace), at_once }))
    }
}

pub(super) async fn run(app: App, mailer: Mailer, mut stopped: watch::Receiver<bool>) {
    if let Err(error) = outbox::after_start(&app).await {
        complain("the outbox could not be swept", &error);
    }
    let mut tasks = JoinSet::new();
    loop {
        let claimed = outbox::claim(&app, BATCH).await.unwrap_or_else(|error| {
            complain("messages could not be claimed", &error);
            vec![]
        });
        let found = !claimed.is_empty();
        hand_out(&app, &mailer, claimed, &mut tasks).await;
        if *stopped.borrow() || (!found && !super::wait(&app.outbox_wake, PAUSE, &mut stopped).await) {
            break;
        }
    }
    while tasks.join_next().await.is_some() {}
}

fn complain(what: &str, error: &AppError) {
    tracing::error!(code = error.code, error = error.internal, "{what}");
}

/// Starts a hand-over for each message as soon as there is a place for it.
async fn hand_out(app: &App, mailer: &Mailer, claimed: Vec<Message>, tasks: &mut JoinSet<()>) {
    for message in claimed {
        let Ok(permit) = mailer.0.at_once.clone().acquire_owned().await else { return };
        let (app, mailer) = (app.clone(), mailer.clone());
        tasks.spawn(async move {
            one(&app, &mailer, message).await;
            drop(permit);
        });
        while tasks.try_join_next().is_some() {}
    }
}

async fn one(app: &App, mailer: &Mailer, message: Message) {
    if let Err(error) = hand_over(app, &mailer.0, &message).await {
        // The claim runs out and the message is tried again, or swept as unknown: nothing is lost with this error.
        tracing::error!(message = %message.id, code = error.code, internal = error.internal, "hand-over failed");
    }
}

async fn hand_over(app: &App, mailer: &Parts, message: &Message) -> Result<(), AppError> {
    let now = app.clock.now();
    let pace = mailer.pace.lock().unwrap_or_else(PoisonError::into_inner).take(&message.to_domain, now);
    if let Err(ready_at) = pace {
        return outbox::put_back(app, &message.id, ready_at).await;
    }
    let Some(material) = outbox::material(app, message).await? else {
        let reason = "its link expired or was closed before it could be sent".to_owned();
        return outbox::finish(app, message, Ended::Failed { reason }).await;
    };
    let Ok(Composed { bytes, envelope, leaving }) = compose(app, mailer, message, &material) else {
        let reason = "no message can be made for this address".to_owned();
        return outbox::finish(app, message, Ended::Failed { reason }).await;
    };
    let begin = async || match outbox::begin(app, message, &leaving).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(AppError::internal("the claim on a message was lost")),
        Err(error) => Err(error),
    };
    let outcome = mailer.relay.hand_over(&envelope, &bytes, begin).await?;
    outbox::finish(app, message, ended(app, mailer, message, outcome)).await
}

fn ended(app: &App, mailer: &Parts, message: &Message, outcome: Outcome) -> Ended {
    match outcome {
        Outcome::Sent(_) => Ended::Sent,
        Outcome::Refused(reason) => Ended::Failed { reason: reason.to_string() },
        Outcome::Unknown(reason) => Ended::Unknown { reason: reason.to_string() },
        Outcome::Retry(reason) => {
            let counted = reason.stage == Stage::Content;
            let tries = u32::try_from(message.attempts + 1).unwrap_or(u32::MAX);
            let reason = reason.to_string();
            match mailer.retry.retry_at(tries, app.clock.now(), &mut app.rng()) {
                Some(at) => Ended::Again { at, reason, counted },
                None => Ended::Failed { reason: format!("given up after {tries} tries: {reason}") },
            }
        }
    }
}

/// A message as it leaves, and what is sealed of it.
struct Composed {
    bytes: Vec<u8>,
    envelope: Envelope,
    leaving: Leaving,
}

fn compose(app: &App, mailer: &Parts, message: &Message, material: &Material) -> Result<Composed, AppError> {
    let locale = Locale::from_tag(&message.locale).unwrap_or(app.config.site.default_locale);
    let values = values(app, message, material).ok_or_else(|| AppError::internal("a message lacks its parameters"))?;
    let rendered = render(&values, locale, &mailer.brand);
    let to = MailAddress::parse(&message.to_address).map_err(|bad| AppError::internal(bad.to_string()))?;
    let letter = Letter { from: &mailer.from, to: &to, id: &message.id, created: message.created_at, locale };
    let bytes = mime::build(&rendered, &letter, &mailer.signers);
    let bytes = bytes.map_err(|error| AppError::internal(error.to_string()))?;
    let from = mailer.from.address.clone();
    let leaving = Leaving { digest: mime::digest(&rendered, &mailer.from), from: from.clone(), to: to.clone() };
    Ok(Composed { bytes, envelope: Envelope { from, to }, leaving })
}

fn values(app: &App, message: &Message, material: &Material) -> Option<Values> {
    let origin = &app.config.server.origin;
    let link = |path: &str, token: &Option<SecretText>| {
        token.as_ref().map(|t| SecretText::new(origin.link(&format!("/{path}/{}", t.expose()))))
    };
    let time = |name: &str| message.params.get(name)?.as_i64().map(Timestamp::from_micros);
    // Absent is fine (a change that took effect by itself); a name that we do not know is not.
    let device = match message.params.get("device").and_then(|d| d.as_str()) {
        Some(name) => DeviceKind::parse(name)?,
        None => DeviceKind::Unknown,
    };
    let body = match message.template {
        Template::Recovery => Body::Recovery {
            link: link("r", &material.first)?,
            code: material.code.clone()?,
            not_me_link: link("not-me", &material.not_me)?,
            minutes_valid: message.params.get("minutes")?.as_u64().and_then(|m| u32::try_from(m).ok())?,
            requested_at: time("requested_at")?,
            device,
        },
        Template::PasswordChanged => {
            Body::PasswordChanged { not_me_link: link("not-me", &material.not_me)?, changed_at: time("at")?, device }
        }
        Template::CoolOff => Body::CoolOff {
            cancel_link: link("cancel", &material.first)?,
            takes_effect_at: time("until")?,
            requested_at: time("requested_at")?,
            device,
        },
        Template::NotMeConfirmed => {
            let done = message.params.get("done")?.as_array()?;
            let done = done.iter().map(|d| d.as_str().and_then(Measure::parse)).collect::<Option<_>>()?;
            Body::NotMeConfirmed { done }
        }
    };
    let countersign = secrets::countersign(&app.keys, &message.id);
    Some(Values { countersign, body })
}
