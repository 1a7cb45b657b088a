//! Puts a message's facts into words, as text and as HTML.
//!
//! Every kind of message goes through the same two templates, so that people learn what ours look like: what happened,
//! what to do, what to do if it was not them, how to check that it is ours, what we never ask.

use super::values::{Body, Brand, Measure, Values};
use crate::text::Locale;
use askama::Template as _;
use countersign_core::message::DeviceKind;
use countersign_core::secret::SecretText;
use countersign_core::time::Timestamp;
use std::fmt;

/// A message in words. It holds links and codes: `Debug` says nothing, and it is not stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// A whole HTML document.
    pub html: String,
}

impl fmt::Debug for Rendered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rendered(…)")
    }
}

/// A button and the sentence above it.
struct Action {
    before: String,
    label: String,
    url: String,
}

/// Eight digits, shown in two groups, copied as one.
struct Code {
    label: String,
    first: String,
    second: String,
}

/// What both templates read.
struct View {
    lang: &'static str,
    dir: &'static str,
    subject: String,
    heading: String,
    intro: Vec<String>,
    points: Vec<String>,
    action: Option<Action>,
    code: Option<Code>,
    after: Vec<String>,
    facts: Vec<(String, String)>,
    not_me: Option<Action>,
    check: Check,
    footer: Vec<String>,
    link_hint: String,
    help: Option<(String, String)>,
    service: String,
}

/// How to find out that a message is ours. Deliberately no link: who learns to click "check this message" learns to trust
/// the page that a forger links to.
struct Check {
    heading: String,
    text: String,
    label: String,
    code: String,
    never: String,
}

#[derive(askama::Template)]
#[template(path = "mail/message.txt")]
struct TextPart<'a> {
    view: &'a View,
}

#[derive(askama::Template)]
#[template(path = "mail/message.html")]
struct HtmlPart<'a> {
    view: &'a View,
}

/// The message in the reader's language. The same facts always give the same words.
pub fn render(values: &Values, locale: Locale, brand: &Brand) -> Rendered {
    let view = Writer { locale, brand }.view(values);
    let html = HtmlPart { view: &view }.render().unwrap_or_default();
    let text = TextPart { view: &view }.render().unwrap_or_default();
    Rendered { text: tidy(&text), html, subject: view.subject }
}

/// Templates leave a blank line where an optional part is absent; readers see at most one in a row.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && blank {
            continue;
        }
        blank = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[derive(Clone, Copy)]
struct Writer<'a> {
    locale: Locale,
    brand: &'a Brand,
}

impl Writer<'_> {
    /// Every sentence may name the service.
    fn say(self, key: &str) -> String {
        self.say_with(key, "", "")
    }

    fn say_with(self, key: &str, name: &str, value: &str) -> String {
        self.locale.say(key, &[("service", &self.brand.service), (name, value)])
    }

    fn view(self, values: &Values) -> View {
        match &values.body {
            Body::Recovery { link, code, not_me_link, minutes_valid, requested_at, device } => View {
                action: Some(self.action("mail_recovery.action_text", "mail_recovery.action", link)),
                code: Some(self.code(code)),
                after: vec![self.say_with("mail_recovery.valid", "minutes", &minutes_valid.to_string())],
                facts: self.facts("mail_common.requested_at", *requested_at, *device),
                not_me: Some(self.action("mail_recovery.not_me_text", "mail_common.not_me", not_me_link)),
                ..self.plain(values, "mail_recovery")
            },
            Body::PasswordChanged { not_me_link, changed_at, device } => View {
                facts: self.facts("mail_common.changed_at", *changed_at, *device),
                not_me: Some(self.action("mail_changed.not_me_text", "mail_common.not_me", not_me_link)),
                ..self.plain(values, "mail_changed")
            },
            Body::CoolOff { cancel_link, takes_effect_at, requested_at, device } => View {
                facts: self.cool_off_facts(*takes_effect_at, *requested_at, *device),
                not_me: Some(self.action("mail_cooloff.cancel_text", "mail_cooloff.cancel", cancel_link)),
                ..self.plain(values, "mail_cooloff")
            },
            Body::NotMeConfirmed { done } => View {
                points: self.points(done),
                after: vec![self.say("mail_notme.advice")],
                ..self.plain(values, "mail_notme")
            },
        }
    }

    /// What every message has: subject, heading and introduction of its section, how to check it, what we never ask.
    fn plain(self, values: &Values, section: &str) -> View {
        View {
            lang: self.locale.tag(),
            dir: self.locale.direction(),
            subject: self.say(&format!("{section}.subject")),
            heading: self.say(&format!("{section}.heading")),
            intro: vec![self.say(&format!("{section}.intro")), self.say(&format!("{section}.calm"))],
            points: Vec::new(),
            action: None,
            code: None,
            after: Vec::new(),
            facts: Vec::new(),
            not_me: None,
            check: self.check(values),
            footer: vec![self.say("mail_common.no_reply"), self.say("mail_common.why")],
            link_hint: self.say("mail_common.link_hint"),
            help: self.brand.help.clone().map(|page| (self.say("mail_common.help"), page)),
            service: self.brand.service.clone(),
        }
    }

    fn check(self, values: &Values) -> Check {
        Check {
            heading: self.say("mail_common.check_heading"),
            text: self.say_with("mail_common.check_text", "page", &self.brand.verify_page()),
            label: self.say("mail_common.check_label"),
            code: values.countersign.to_string(),
            never: self.say("mail_common.never"),
        }
    }

    fn action(self, before: &str, label: &str, url: &SecretText) -> Action {
        Action { before: self.say(before), label: self.say(label), url: url.expose().to_owned() }
    }

    fn code(self, code: &SecretText) -> Code {
        let digits = code.expose();
        let (first, second) = digits.split_at_checked(digits.len() / 2).unwrap_or((digits, ""));
        Code { label: self.say("mail_recovery.code_label"), first: first.to_owned(), second: second.to_owned() }
    }

    fn facts(self, when: &str, at: Timestamp, device: DeviceKind) -> Vec<(String, String)> {
        let product = device.product().map_or_else(|| self.say("mail_common.device_unknown"), str::to_owned);
        vec![(self.say(when), shown(at)), (self.say("mail_common.device"), product)]
    }

    fn cool_off_facts(
        self,
        takes_effect: Timestamp,
        requested: Timestamp,
        device: DeviceKind,
    ) -> Vec<(String, String)> {
        let mut facts = vec![(self.say("mail_cooloff.takes_effect_at"), shown(takes_effect))];
        facts.extend(self.facts("mail_common.requested_at", requested, device));
        facts
    }

    fn points(self, done: &[Measure]) -> Vec<String> {
        done.iter().map(|measure| self.say(measure.key())).collect()
    }
}

/// `2026-01-11 09:30 UTC`: the same in every language, and we do not know the reader's time zone.
fn shown(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.secs())
        .map_or_else(|_| "?".to_owned(), |t| t.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::message::CountersignCode;

    const LINK: &str = "https://accounts.example.org/r/Zm9yLXRlc3RzLW9ubHk";
    const NOT_ME: &str = "https://accounts.example.org/not-me/bm90LWEtc2VjcmV0";

    fn brand() -> Brand {
        Brand {
            service: "Example".to_owned(),
            origin: "https://accounts.example.org".to_owned(),
            help: Some("https://example.org/help".to_owned()),
        }
    }

    fn values(body: Body) -> Values {
        Values { countersign: CountersignCode::parse("7KQ2-M9TX-4HRV").unwrap(), body }
    }

    fn recovery() -> Values {
        values(Body::Recovery {
            link: SecretText::new(LINK),
            code: SecretText::new("40718352"),
            not_me_link: SecretText::new(NOT_ME),
            minutes_valid: 15,
            requested_at: Timestamp::from_secs(1_768_123_800),
            device: DeviceKind::Android,
        })
    }

    fn all() -> Vec<Values> {
        let at = Timestamp::from_secs(1_768_123_800);
        let (not_me_link, device) = (SecretText::new(NOT_ME), DeviceKind::Unknown);
        let cool_off =
            Body::CoolOff { cancel_link: not_me_link.clone(), takes_effect_at: at, requested_at: at, device };
        vec![
            recovery(),
            values(Body::PasswordChanged { not_me_link, changed_at: at, device }),
            values(cool_off),
            values(Body::NotMeConfirmed { done: vec![Measure::LinkClosed, Measure::FewerMessages] }),
        ]
    }

    #[test]
    fn the_english_recovery_message_reads_well() {
        let rendered = render(&recovery(), Locale::En, &brand());
        assert_eq!(rendered.subject, "Set a new password for Example");
        insta::assert_snapshot!(rendered.text, @r"
        Set a new password

        Somebody, most likely you, asked to set a new password for your account at Example.

        Nothing has changed so far. If you did not ask, you can leave this message alone; your password stays as it is.

        If it was you, continue here:

        https://accounts.example.org/r/Zm9yLXRlc3RzLW9ubHk

        Or type this code into the page on which you asked:

        4071 8352

        The link and the code work once, within 15 min of the request. Give neither to anybody.

        Requested: 2026-01-11 09:30 UTC
        Device: Android

        You did not ask? Tell us here: the link stops working at once, and we will send you fewer of these messages.

        https://accounts.example.org/not-me/bm90LWEtc2VjcmV0

        Is this message really from us?

        Every message from Example has a code of its own. Type https://accounts.example.org/verify into your browser yourself and enter the code; the page says when we sent this message and to whom.
        Code of this message: 7KQ2-M9TX-4HRV

        We never ask you for a password or a code by mail, by phone or in a chat. Whoever does is not us.

        You never need to answer this message; replies are not read.
        You receive it because this address belongs to an account at Example.
        Help: https://example.org/help
        ");
    }

    #[test]
    fn every_message_speaks_every_language() {
        for locale in Locale::ALL {
            for values in all() {
                let what = format!("{} in {}", values.template().as_str(), locale.tag());
                let Rendered { subject, text, html } = render(&values, locale, &brand());
                assert!(!subject.is_empty() && !subject.contains(['\n', '{']), "{what}");
                for part in [&text, &html] {
                    assert!(part.contains("7KQ2-M9TX-4HRV"), "{what}");
                    assert!(part.contains("https://accounts.example.org/verify"), "{what}");
                    assert!(part.contains("Example"), "{what}");
                }
                assert!(!text.contains(['{', '<', '&']), "{what}: {text}");
                let root = format!("<html lang=\"{}\" dir=\"{}\">", locale.tag(), locale.direction());
                assert!(html.contains(&root), "{what}");
            }
        }
    }

    #[test]
    fn every_recovery_message_has_link_code_and_a_way_to_say_no() {
        for locale in Locale::ALL {
            let Rendered { text, html, subject } = render(&recovery(), locale, &brand());
            assert!(text.contains(LINK) && text.contains(NOT_ME) && text.contains("4071 8352"), "{}", locale.tag());
            assert!(html.contains(LINK) && html.contains(NOT_ME), "{}", locale.tag());
            assert!(html.contains(">4071</span><span>8352<"), "one word when copied: {}", locale.tag());
            assert!(text.contains("15") && text.contains("2026-01-11 09:30 UTC") && text.contains("Android"));
            assert!(!subject.contains("4071"), "no code on a locked screen");
        }
    }

    #[test]
    fn html_loads_nothing_and_follows_nobody() {
        for values in all() {
            let html = render(&values, Locale::Ar, &brand()).html;
            for forbidden in ["<img", "<script", "<link", "url(", "src=", "@import", "<form", "onclick"] {
                assert!(!html.contains(forbidden), "{forbidden}");
            }
            let links = html.matches("href=\"").count();
            let ours = html.matches("href=\"https://accounts.example.org/").count();
            assert_eq!(links, ours);
        }
    }

    #[test]
    fn what_a_configuration_says_is_escaped() {
        let brand = Brand { service: "A&B <script>".to_owned(), ..brand() };
        let rendered = render(&recovery(), Locale::En, &brand);
        assert!(!rendered.html.contains("<script>"));
        assert!(rendered.text.contains("A&B <script>"));
    }

    #[test]
    fn debug_says_nothing() {
        let shown = format!("{:?} {:?}", recovery(), render(&recovery(), Locale::En, &brand()));
        assert!(!shown.contains("Zm9y") && !shown.contains("4071"), "{shown}");
    }
}
