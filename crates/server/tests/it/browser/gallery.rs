//! Every page in every state that it can be in, without the flows behind them.

use askama::Template as _;
use countersign::flows::verify::{Compared, Known, Standing};
use countersign::pages::message::Look;
use countersign::pages::notices::{self, Undone};
use countersign::pages::view::{
    Code, Help, Message, Page, PasswordError, Recover, Reset, Sent, Verify, Visit, Waiting,
};
use countersign::text::Locale;
use countersign_core::gate::proof::Challenge;
use countersign_core::message::{CountersignCode, Template};
use countersign_core::time::Timestamp;
use countersign_evidence::policy::Policy;

/// A rendered page and its name.
pub struct Picture {
    /// For paths and file names.
    pub name: &'static str,
    /// The whole document.
    pub html: String,
}

/// A request's id that nobody has.
pub const REQUEST: &str = "req_00000000000000000000000001";
const IDENTIFIER: &str = "someone@example.org";
const AT: Timestamp = Timestamp::from_secs(1_768_400_000);

/// All pages in one language.
pub fn pictures(locale: Locale) -> Vec<Picture> {
    let help = Help { url: "https://help.example.org/".into(), contact: "+1 555 0100".into() };
    let visit = Visit { locale, chosen: true, site: "Example Accounts".into(), help: Some(help), accent: None };
    let mut all = forms(&visit);
    all.extend(resets(&visit));
    all.extend(tellings(&visit));
    all.extend(problems(&visit));
    all
}

fn picture(name: &'static str, page: &impl askama::Template) -> Picture {
    Picture { name, html: page.render().unwrap() }
}

fn forms(visit: &Visit) -> Vec<Picture> {
    let recover = Recover {
        page: visit.page("recover.title", "/recover"),
        nonce: "nonce".into(),
        identifier: String::new(),
        error: None,
    };
    let wrong = Recover {
        identifier: "some\u{2026}one".into(),
        error: Some(visit.say("recover.error_characters")),
        ..recover.clone()
    };
    let code = code(visit);
    let code_wrong =
        Code { code_error: Some(visit.say("code.error_wrong")), identifier: IDENTIFIER.into(), ..code.clone() };
    let verify = verify(visit);
    let verify_wrong = Verify { code: "12".into(), error: Some(visit.say("verify.error_format")), ..verify.clone() };
    vec![
        picture("recover", &recover),
        picture("recover-wrong", &wrong),
        picture("sent", &sent(visit, None)),
        picture("sent-again", &Sent { notice: Some(visit.say("sent.resend_noted")), ..sent(visit, None) }),
        picture("waiting", &sent(visit, Some(waiting()))),
        picture("code", &code),
        picture("code-wrong", &code_wrong),
        picture("verify", &verify),
        picture("verify-wrong", &verify_wrong),
    ]
}

fn code(visit: &Visit) -> Code {
    let page = visit.page("code.title", "/recover/code");
    Code { page, request: None, identifier: String::new(), identifier_error: None, code_error: None }
}

fn verify(visit: &Visit) -> Verify {
    let title = visit.locale.say("verify.title", &[("site", &visit.site)]);
    let hint = visit.locale.say("verify.hint", &[("example", "7K3M-Q9RX-2HTB")]);
    let page = Page { offers_check: false, ..visit.page_titled(title, "/verify") };
    Verify { page, hint, code: String::new(), error: None }
}

/// A puzzle without a solution, so that the page stands still for its picture.
fn waiting() -> Waiting {
    let challenge = Challenge {
        algorithm: "SHA-256".into(),
        challenge: "0".repeat(64),
        maxnumber: 2_000_000_000,
        salt: "0123456789abcdef?expires=1768400000".into(),
        signature: "0".repeat(64),
    };
    Waiting { challenge: Some(challenge), minutes: 30, proof_error: None }
}

/// The page of a request that waits for this puzzle.
pub fn waiting_for(challenge: Challenge) -> String {
    let visit = Visit { locale: Locale::En, chosen: true, site: "Example Accounts".into(), help: None, accent: None };
    sent(&visit, Some(Waiting { challenge: Some(challenge), ..waiting() })).render().unwrap()
}

fn sent(visit: &Visit, waiting: Option<Waiting>) -> Sent {
    let title = if waiting.is_some() { "sent.queue_title" } else { "sent.title" };
    Sent {
        page: Page { scripts: &["solver.js"], ..visit.page(title, "/recover") },
        request: REQUEST.into(),
        identifier: IDENTIFIER.into(),
        nonce: "nonce".into(),
        notice: None,
        waiting,
    }
}

fn resets(visit: &Visit) -> Vec<Picture> {
    let reset = Reset {
        page: Page { scripts: &["page.js"], ..visit.page("reset.title", "/r/token") },
        action: "/r/token".into(),
        minutes: 14,
        minimum: 15,
        second_factor: false,
        password_error: None,
        second_error: None,
    };
    let error = PasswordError {
        text: visit.say("reset.error_weak"),
        advice: vec![visit.say("reset.advice_pattern"), visit.say("reset.advice_words")],
    };
    let wrong = Reset {
        minimum: 8,
        second_factor: true,
        password_error: Some(error),
        second_error: Some(visit.say("reset.error_second")),
        ..reset.clone()
    };
    vec![
        picture("reset", &reset),
        picture("reset-wrong", &wrong),
        picture("reset-done", &notices::reset_done(visit)),
        picture("reset-waiting", &notices::reset_waiting(visit, AT)),
        picture("reset-gone", &notices::link_gone(visit, 15)),
    ]
}

fn tellings(visit: &Visit) -> Vec<Picture> {
    vec![
        picture("not-me", &notices::not_me_ask(visit, "/not-me/token", false)),
        picture("not-me-change", &notices::not_me_ask(visit, "/not-me/token", true)),
        picture("not-me-done", &notices::not_me_done(visit, Undone::Link)),
        picture("not-me-undone", &notices::not_me_done(visit, Undone::Change)),
        picture("not-me-gone", &notices::answer_gone(visit)),
        picture("cancel", &notices::cancel_ask(visit, "/cancel/token", AT)),
        picture("cancel-done", &notices::cancel_done(visit)),
        picture("verify-unsealed", &message(visit, &Standing::Unsealed, None)),
        picture("verify-erased", &message(visit, &Standing::Erased, None)),
        picture("verify-wrong-proof", &message(visit, &Standing::Wrong, None)),
        picture("verify-match", &message(visit, &Standing::Unsealed, Some(Compared::Match))),
        picture("verify-other", &message(visit, &Standing::Unsealed, Some(Compared::Other))),
        picture("verify-not-an-address", &message(visit, &Standing::Unsealed, Some(Compared::NotAnAddress))),
        picture("verify-unknown", &notices::verify_unknown(visit, "/verify/x", "7K3M-Q9RX-2HTB")),
    ]
}

/// The page about a message, as it is without a proof to check; with one: browser/message.rs.
fn message(visit: &Visit, standing: &Standing, compared: Option<Compared>) -> Message {
    let known = Known {
        code: CountersignCode::parse("7K3M-Q9RX-2HTB").unwrap(),
        template: Template::Recovery,
        recorded_at: AT,
        sent_at: Some(AT),
        to_masked: "s…e@example.org".into(),
        sealed: true,
    };
    let (key, policy) = (crate::support::house::log().key(), &Policy::none());
    let origin = "https://login.example.org";
    Look { visit, known: &known, standing, key: key.verifier(), policy, origin }
        .page(compared.map(|compared| (compared, IDENTIFIER)))
}

fn problems(visit: &Visit) -> Vec<Picture> {
    let names = ["bad_request", "foreign", "not_found", "method", "too_large", "internal", "unavailable"];
    let mut all: Vec<_> = names.map(|name| picture(name, &notices::problem(visit, name, None))).into();
    all.push(picture("too_many", &notices::problem(visit, "too_many", Some(240))));
    all
}
