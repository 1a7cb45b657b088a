//! What people read, in their language: one TOML file per locale in `locales/`, embedded.
//!
//! Never: puts a value into HTML unescaped (templates escape); falls back silently to a key name.
//! In: a locale, a key, values by name.   Out: the sentence.
//! I/O for this room: none, the files are compiled in.   Tests: beside the code: every locale has every key.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A language that the pages and messages speak.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Locale {
    /// English, the fallback.
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
    /// Italian.
    It,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
    /// Turkish.
    Tr,
    /// Arabic, written from right to left.
    Ar,
    /// Japanese.
    Ja,
}

impl Locale {
    /// Every locale there is.
    pub const ALL: [Self; 11] =
        [Self::En, Self::De, Self::Fr, Self::Es, Self::Pt, Self::It, Self::Nl, Self::Pl, Self::Tr, Self::Ar, Self::Ja];

    /// The language subtag (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Pt => "pt",
            Self::It => "it",
            Self::Nl => "nl",
            Self::Pl => "pl",
            Self::Tr => "tr",
            Self::Ar => "ar",
            Self::Ja => "ja",
        }
    }

    /// `rtl` or `ltr`, for the `dir` attribute.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            _ => "ltr",
        }
    }

    /// The locale for a tag such as `de-AT`; `None` for a language that we do not speak.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|l| l.tag().eq_ignore_ascii_case(language))
    }

    /// The first language of an `Accept-Language` header (RFC 9110, 12.5.4) that we speak, by weight; else English.
    pub fn negotiate(header: &str) -> Self {
        let mut best = (0.0_f32, Self::En);
        for item in header.split(',').take(20) {
            let mut parts = item.split(';');
            let locale = Self::from_tag(parts.next().unwrap_or_default().trim());
            let weight = parts.find_map(|p| p.trim().strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
            if let Some(locale) = locale
                && weight > best.0
            {
                best = (weight, locale);
            }
        }
        best.1
    }

    const fn source(self) -> &'static str {
        match self {
            Self::En => include_str!("../../locales/en.toml"),
            Self::De => include_str!("../../locales/de.toml"),
            Self::Fr => include_str!("../../locales/fr.toml"),
            Self::Es => include_str!("../../locales/es.toml"),
            Self::Pt => include_str!("../../locales/pt.toml"),
            Self::It => include_str!("../../locales/it.toml"),
            Self::Nl => include_str!("../../locales/nl.toml"),
            Self::Pl => include_str!("../../locales/pl.toml"),
            Self::Tr => include_str!("../../locales/tr.toml"),
            Self::Ar => include_str!("../../locales/ar.toml"),
            Self::Ja => include_str!("../../locales/ja.toml"),
        }
    }

    /// The sentence for `key` (`section.name`), each `{name}` replaced by its value; English where a locale lacks it.
    pub fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        let table = tables();
        let english = || table.get(&Self::En).and_then(|t| t.get(key));
        let Some(template) = table.get(&self).and_then(|t| t.get(key)).or_else(english) else {
            debug_assert!(false, "no text for {key}");
            return String::new();
        };
        fill(template, values)
    }
}

/// Replaces `{name}`s in one pass, so that a value that contains braces is never read as a placeholder.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let found = after.find('}').and_then(|close| {
            let value = values.iter().find(|(name, _)| *name == &after[1..close])?;
            Some((close, value.1))
        });
        match found {
            Some((close, value)) => {
                out.push_str(value);
                rest = &after[close + 1..];
            }
            None => {
                out.push('{');
                rest = &after[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

type Table = BTreeMap<String, String>;

fn tables() -> &'static BTreeMap<Locale, Table> {
    static TABLES: OnceLock<BTreeMap<Locale, Table>> = OnceLock::new();
    TABLES.get_or_init(|| Locale::ALL.into_iter().map(|l| (l, parse(l))).collect())
}

fn parse(locale: Locale) -> Table {
    let sections: BTreeMap<String, BTreeMap<String, String>> = match toml::from_str(locale.source()) {
        Ok(sections) => sections,
        Err(error) => unreachable!("locales/{}.toml is checked by a test: {error}", locale.tag()),
    };
    let flat = |(section, keys): (String, Table)| keys.into_iter().map(move |(k, v)| (format!("{section}.{k}"), v));
    sections.into_iter().flat_map(flat).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(text: &str) -> Vec<&str> {
        let mut names: Vec<&str> = text.split('{').skip(1).filter_map(|p| p.split('}').next()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[test]
    fn every_locale_has_every_key_with_the_same_placeholders() {
        let english = &tables()[&Locale::En];
        for locale in Locale::ALL {
            let table = &tables()[&locale];
            let keys: Vec<_> = english.keys().collect();
            assert_eq!(keys, table.keys().collect::<Vec<_>>(), "keys of {}", locale.tag());
            for (key, text) in table {
                assert_eq!(placeholders(&english[key]), placeholders(text), "{key} in {}", locale.tag());
            }
        }
    }

    #[test]
    fn values_are_never_read_as_placeholders() {
        assert_eq!(fill("a {x} {y} {z}", &[("x", "{y}"), ("y", "2")]), "a {y} 2 {z}");
    }

    #[test]
    fn languages_are_negotiated_by_weight() {
        assert_eq!(Locale::negotiate("xx, fr;q=0.5, de-AT;q=0.9"), Locale::De);
        assert_eq!(Locale::negotiate("tlh"), Locale::En);
        assert_eq!(Locale::negotiate(""), Locale::En);
    }
}
