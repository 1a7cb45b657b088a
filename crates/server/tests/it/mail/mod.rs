//! Messages, as a real relay takes them and a real reader sees them.

mod delivery;
mod session;
pub mod sink;

use countersign::notify::{Body, Brand, Envelope, Letter, Measure, Outcome, Relay, Sender, Values, mime, render};
use countersign::text::Locale;
use countersign_core::ids::MessageId;
use countersign_core::message::{CountersignCode, DeviceKind, MailAddress};
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use std::convert::Infallible;

const CREATED: Timestamp = Timestamp::from_secs(1_768_123_800);

fn brand() -> Brand {
    Brand { service: "Example".to_owned(), origin: "https://accounts.example.org".to_owned(), help: None }
}

fn recovery() -> Values {
    let body = Body::Recovery {
        link: SecretText::new("https://accounts.example.org/r/Zm9yLXRlc3RzLW9ubHk"),
        code: SecretText::new("40718352"),
        not_me_link: SecretText::new("https://accounts.example.org/not-me/bm90LWEtc2VjcmV0"),
        minutes_valid: 15,
        requested_at: CREATED,
        device: DeviceKind::Android,
    };
    Values { countersign: CountersignCode::parse("7KQ2-M9TX-4HRV").unwrap(), body }
}

fn not_me() -> Values {
    Values { body: Body::NotMeConfirmed { done: vec![Measure::LinkClosed] }, ..recovery() }
}

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

fn envelope(to: &str) -> Envelope {
    Envelope { from: address("bounces@example.org"), to: address(to) }
}

/// The bytes of one message, as the outbox would make them.
fn bytes(values: &Values, to: &str, locale: Locale, signers: &[countersign::notify::dkim::Signer]) -> Vec<u8> {
    let from = Sender { name: "Example".to_owned(), address: address("accounts@example.org"), reply_to: None };
    let id = MessageId::parse("msg_01kx4v9fjfr7gfqx0wzkkd6k3s").unwrap();
    let letter = Letter { from: &from, to: &address(to), id: &id, created: CREATED, locale };
    mime::build(&render(values, locale, &brand()), &letter, signers).unwrap()
}

/// Hands a plain recovery message over; whether `before_content` ran comes with the outcome.
async fn send(relay: &Relay, to: &str) -> (Outcome, bool) {
    let mut announced = false;
    let before_content = async || {
        announced = true;
        Ok::<(), Infallible>(())
    };
    let content = bytes(&recovery(), to, Locale::En, &[]);
    let Ok(outcome) = relay.hand_over(&envelope(to), &content, before_content).await;
    (outcome, announced)
}
