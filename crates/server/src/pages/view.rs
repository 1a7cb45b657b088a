//! What the templates show: one type per page, filled by the handlers, and the frame around them.

use crate::text::Locale;
use crate::web::assets;
use askama::Template;
use countersign_core::gate::proof::Challenge;
use countersign_core::time::Timestamp;

/// The name of a language in that language.
pub const fn autonym(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "English",
        Locale::De => "Deutsch",
        Locale::Fr => "Français",
        Locale::Es => "Español",
        Locale::Pt => "Português",
        Locale::It => "Italiano",
        Locale::Nl => "Nederlands",
        Locale::Pl => "Polski",
        Locale::Tr => "Türkçe",
        Locale::Ar => "العربية",
        Locale::Ja => "日本語",
    }
}

/// One language of the switch.
#[derive(Clone, Copy, Debug)]
pub struct Tongue {
    /// BCP 47.
    pub tag: &'static str,
    /// Its name in itself.
    pub name: &'static str,
    /// Whether the page is in it.
    pub current: bool,
}

/// How the same page is had in another language.
#[derive(Clone, Debug)]
pub enum Languages {
    /// By a link to this path with `?lang=`.
    Links(String),
    /// By posting these fields again: the page is the answer to a form, and its fields do not belong into an address.
    Post {
        /// Where to.
        action: &'static str,
        /// Names and values.
        fields: Vec<(&'static str, String)>,
    },
}

/// What all pages of one visit have in common.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The language.
    pub locale: Locale,
    /// Whether it was chosen by `?lang=`; then our links carry it on.
    pub chosen: bool,
    /// What people know the service as.
    pub site: String,
    /// Where people find help.
    pub help: Option<Help>,
    /// The style sheet with the site's own colour.
    pub accent: Option<String>,
}

/// Where people find help; either may be empty.
#[derive(Clone, Debug)]
pub struct Help {
    /// A page of the service.
    pub url: String,
    /// How to reach a human.
    pub contact: String,
}

impl Visit {
    /// The frame of the page at `path`, titled by the sentence for `title`.
    pub fn page(&self, title: &str, path: &str) -> Page {
        self.page_titled(self.say(title), path)
    }

    /// The same with a ready title.
    pub fn page_titled(&self, title: String, path: &str) -> Page {
        Page {
            locale: self.locale,
            chosen: self.chosen,
            site: self.site.clone(),
            help: self.help.clone(),
            accent: self.accent.clone(),
            title,
            languages: Languages::Links(path.to_owned()),
            scripts: &[],
            offers_check: true,
        }
    }

    /// The sentence for a key that takes no values.
    pub fn say(&self, key: &str) -> String {
        self.locale.say(key, &[])
    }
}

/// The frame of every page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The language.
    pub locale: Locale,
    /// Whether it was chosen by `?lang=`; then our links carry it on.
    pub chosen: bool,
    /// What people know the service as.
    pub site: String,
    /// Where people find help.
    pub help: Option<Help>,
    /// The style sheet with the site's own colour.
    pub accent: Option<String>,
    /// What this page is, for its heading and the window's title.
    pub title: String,
    /// The same page in other languages.
    pub languages: Languages,
    /// Scripts by plain name.
    pub scripts: &'static [&'static str],
    /// Whether the foot offers to check a message.
    pub offers_check: bool,
}

impl Page {
    /// The sentence for a key that takes no values.
    pub fn t(&self, key: &str) -> String {
        self.locale.say(key, &[])
    }

    /// The sentence with its placeholders left in, for a script that fills them.
    pub fn t_raw(&self, key: &str) -> String {
        self.t(key)
    }

    /// "Step 1 of 3".
    pub fn step(&self, step: u8) -> String {
        self.locale.say("site.step", &[("step", &step.to_string()), ("of", "3")])
    }

    /// A sentence about a number of minutes.
    pub fn say_minutes(&self, key: &str, minutes: &u64) -> String {
        self.locale.say(key, &[("minutes", &minutes.to_string())])
    }

    /// A sentence about a smallest number.
    pub fn say_min(&self, key: &str, min: &usize) -> String {
        self.locale.say(key, &[("min", &min.to_string())])
    }

    /// The name of this page's language, in that language.
    pub const fn tongue(&self) -> &'static str {
        autonym(self.locale)
    }

    /// Every language, for the switch.
    pub fn tongues(&self) -> impl Iterator<Item = Tongue> {
        let current = self.locale;
        Locale::ALL.into_iter().map(move |l| Tongue { tag: l.tag(), name: autonym(l), current: l == current })
    }

    /// A path of ours, with the chosen language.
    pub fn link(&self, path: &str) -> String {
        if self.chosen { format!("{path}?lang={}", self.locale.tag()) } else { path.to_owned() }
    }

    /// Where an asset is served.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
}

/// `/recover`: who are you?
#[derive(Template, Clone, Debug)]
#[template(path = "pages/recover.html")]
pub struct Recover {
    /// The frame.
    pub page: Page,
    /// Form nonce.
    pub nonce: String,
    /// What was entered before.
    pub identifier: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// The answer to `/recover`: a message is on its way, or the request waits.
#[derive(Template, Clone, Debug)]
#[template(path = "pages/sent.html")]
pub struct Sent {
    /// The frame.
    pub page: Page,
    /// The request's id.
    pub request: String,
    /// What was entered.
    pub identifier: String,
    /// Form nonce for asking again.
    pub nonce: String,
    /// Something that was noted.
    pub notice: Option<String>,
    /// Set when the request waits.
    pub waiting: Option<Waiting>,
}

/// A request that waits in the queue.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// To get ahead.
    pub challenge: Option<Challenge>,
    /// After this many minutes the request is dropped.
    pub minutes: u64,
    /// What was wrong with a solution.
    pub proof_error: Option<String>,
}

/// `/recover/code`: the code from the message, perhaps on another device.
#[derive(Template, Clone, Debug)]
#[template(path = "pages/code.html")]
pub struct Code {
    /// The frame.
    pub page: Page,
    /// The request's id, if the form came from its page; then nobody is asked who they are.
    pub request: Option<String>,
    /// What was entered before.
    pub identifier: String,
    /// What is wrong with it.
    pub identifier_error: Option<String>,
    /// What is wrong with the code.
    pub code_error: Option<String>,
}

/// What is wrong with a password, and what to do.
#[derive(Clone, Debug)]
pub struct PasswordError {
    /// The sentence.
    pub text: String,
    /// Advice, one sentence each.
    pub advice: Vec<String>,
}

/// `/r/{token}`: a new password.
#[derive(Template, Clone, Debug)]
#[template(path = "pages/reset.html")]
pub struct Reset {
    /// The frame.
    pub page: Page,
    /// Where the form goes.
    pub action: String,
    /// Minutes until the link's end.
    pub minutes: u64,
    /// Least number of characters.
    pub minimum: usize,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// What is wrong with the password.
    pub password_error: Option<PasswordError>,
    /// What is wrong with the second factor.
    pub second_error: Option<String>,
}

/// `/not-me/{token}`, `/cancel/{token}`: one button.
#[derive(Template, Clone, Debug)]
#[template(path = "pages/confirm.html")]
pub struct Confirm {
    /// The frame.
    pub page: Page,
    /// Where the form goes.
    pub action: String,
    /// What happened and what the button does.
    pub lines: Vec<String>,
    /// When a waiting change takes effect.
    pub until: Option<Fact>,
    /// The button.
    pub submit: String,
    /// What to do instead.
    pub otherwise: String,
}

/// A named value.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// Its value for people.
    pub value: String,
    /// For a point in time: the same for machines (RFC 3339).
    pub instant: Option<String>,
}

impl Fact {
    /// A text.
    pub fn text(name: String, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), instant: None }
    }

    /// A point in time, in UTC; a script shows it in the reader's own zone.
    pub fn time(name: String, at: Timestamp) -> Self {
        let Ok(instant) = jiff::Timestamp::from_second(at.secs()) else { return Self::text(name, "–") };
        let value = instant.strftime("%Y-%m-%d %H:%M UTC").to_string();
        Self { name, value, instant: Some(instant.to_string()) }
    }
}

/// Whether a page brings good news.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// Done, or genuine.
    Yes,
    /// Not yet.
    Wait,
    /// Not done, or not genuine.
    No,
}

impl Tone {
    /// The class in the style sheet.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Wait => "wait",
            Self::No => "no",
        }
    }

    /// What is drawn into the circle (SVG path data, in a box of 32 by 32).
    pub const fn path(&self) -> &'static str {
        match self {
            Self::Yes => "M10 16.5l4.2 4.2L22.5 12",
            Self::Wait => "M16 9v7.5l4.5 3",
            Self::No => "M16 9.5v8M16 22.4v.1",
        }
    }
}

/// A page that only tells something.
#[derive(Template, Clone, Debug)]
#[template(path = "pages/notice.html")]
pub struct Notice {
    /// The frame.
    pub page: Page,
    /// Good news or not.
    pub tone: Tone,
    /// What is so, one paragraph each.
    pub lines: Vec<String>,
    /// Particulars.
    pub facts: Vec<Fact>,
    /// What to do, one paragraph each.
    pub after: Vec<String>,
    /// Where to go: path and text.
    pub links: Vec<(&'static str, String)>,
}

/// `/verify`: is this message from us?
#[derive(Template, Clone, Debug)]
#[template(path = "pages/verify.html")]
pub struct Verify {
    /// The frame.
    pub page: Page,
    /// An example of a code.
    pub hint: String,
    /// What was entered before.
    pub code: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// One thing that the page about a message can say of it; a script may change which of them is shown.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// For the script.
    pub name: &'static str,
    /// Whether it is the one that is shown.
    pub shown: bool,
    /// Good news or not.
    pub tone: Tone,
    /// The heading.
    pub title: String,
    /// What is so, and what to do, one paragraph each.
    pub lines: Vec<String>,
}

/// One thing that can be said of a proof; a script may change which of them is shown.
#[derive(Clone, Debug)]
pub struct ProofState {
    /// For the script.
    pub name: &'static str,
    /// Whether it is the one that is shown.
    pub shown: bool,
    /// The sentence.
    pub text: String,
    /// The same with its placeholders left in, for a script that fills them with what it has found itself.
    pub raw: Option<String>,
    /// Whether it makes sense to look again.
    pub reload: bool,
}

/// What the reader needs to check a message's proof.
#[derive(Clone, Debug)]
pub struct ProofView {
    /// The proof file's path.
    pub path: String,
    /// The name under which it is saved.
    pub file: &'static str,
    /// The code's twelve characters.
    pub code: String,
    /// The log's verifier key.
    pub key: String,
    /// Whose cosignatures count (C2SP tlog-policy).
    pub policy: String,
    /// The witnesses of the policy: name and key.
    pub witnesses: Vec<String>,
    /// A command line that checks a saved mail.
    pub command: String,
}

/// `/verify/{code}` for a message of ours.
#[derive(Template, Clone, Debug)]
#[template(path = "pages/verified.html")]
pub struct Message {
    /// The frame.
    pub page: Page,
    /// Where the address goes to where there are no scripts.
    pub action: String,
    /// All verdicts; one is shown.
    pub verdicts: Vec<Verdict>,
    /// Whether there is a recipient to compare an address with.
    pub compares: bool,
    /// The address that was entered.
    pub address: String,
    /// Whether it is none.
    pub address_error: bool,
    /// Particulars.
    pub facts: Vec<Fact>,
    /// How our links begin.
    pub links: String,
    /// All that can be said of the proof; one is shown.
    pub states: Vec<ProofState>,
    /// "Witnessed" and "unwitnessed"; at most one is shown.
    pub witnessed: Vec<ProofState>,
    /// What it takes to check the proof, where there is one.
    pub proof: Option<ProofView>,
}
