//! `[site]`: who we are to people.

use super::reader::Reader;
use crate::text::Locale;
use std::str::FromStr;
use url::Url;

/// Who we are to people.
#[derive(Clone, Debug)]
pub struct Site {
    /// What people know the service as.
    pub name: String,
    /// Where people find help.
    pub support_url: Option<String>,
    /// How people reach a human.
    pub contact: Option<String>,
    /// Colour of buttons and links.
    pub accent: Colour,
    /// Language for people whose own one is not known or not spoken.
    pub default_locale: Locale,
    /// Words that must not be most of a password, besides the name.
    pub words: Vec<String>,
}

impl Site {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let site = Self {
            name: r.text("site.name"),
            support_url: r.optional("site.support_url"),
            contact: r.optional("site.contact"),
            accent: r.parse("site.accent"),
            default_locale: r.choice("site.default_locale", &Locale::ALL.map(|l| (l.tag(), l))),
            words: r.list("site.words"),
        };
        let named = !site.name.trim().is_empty() && site.name.chars().count() <= 100;
        r.check(named, "site.name", "must be 1 to 100 characters long");
        one_line(r, "site.name", &site.name);
        one_line(r, "site.contact", site.contact.as_deref().unwrap_or_default());
        let web = |text: &String| Url::parse(text).is_ok_and(|u| matches!(u.scheme(), "http" | "https"));
        let help = site.support_url.as_ref().is_none_or(web);
        r.check(help, "site.support_url", "must be empty or an http or https address");
        site
    }
}

/// Line breaks and other control characters would end up in mail headers.
pub(super) fn one_line(r: &mut Reader<'_>, key: &str, text: &str) {
    r.check(!text.chars().any(char::is_control), key, "must not contain line breaks or control characters");
}

/// A colour as red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

impl Colour {
    /// The colour as `#rrggbb`, for CSS.
    pub fn css(self) -> String {
        let [r, g, b] = self.0;
        format!("#{r:02x}{g:02x}{b:02x}")
    }
}

impl FromStr for Colour {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "must be a colour such as \"#1f5fae\"";
        let hex = text.strip_prefix('#').ok_or(form)?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| form)?;
        bytes.try_into().map(Self).map_err(|_| form)
    }
}
