//! Which accounts: a sentence that makes a cohort of leaks, cohorts, and what the directory says.
//!
//! ```text
//! leak:lek_… and not leak:lek_… and not second-factor and party:"Agency North"
//! (leak:lek_…:shows:email or leak:lek_…:by:phone) and only-mailbox
//! ```
//! `and` binds more tightly than `or`, `not` more tightly than both.

use super::cohort::CohortDigest;
use super::containment::Containment;
use super::key::Kind;
use super::matching::Field;
use crate::ids::LeakId;
use crate::time::Timestamp;
use std::fmt;

/// Longest text, in bytes.
pub const MAX_BYTES: usize = 4000;
/// Most names in one text.
pub const MAX_NAMES: usize = 64;
/// Deepest brackets.
pub const MAX_DEPTH: usize = 16;

/// A set of accounts, described.
#[derive(Clone, PartialEq, Debug)]
pub enum Query {
    /// Who is in all of them.
    And(Vec<Query>),
    /// Who is in any of them.
    Or(Vec<Query>),
    /// Who is not in it.
    Not(Box<Query>),
    /// A set by its name.
    Name(Name),
}

/// A set that has a name.
#[derive(Clone, PartialEq, Debug)]
pub enum Name {
    /// Every account.
    Everyone,
    /// Who is in a leak.
    Leak(LeakId, Part),
    /// A cohort.
    Cohort(CohortDigest),
    /// Whoever a containment of this kind holds for.
    Contained(Containment),
    /// Who has a second factor.
    SecondFactor,
    /// Who belongs to a party.
    Party(String),
    /// Who is in a region.
    Region(String),
    /// Who asked for recovery since then.
    AskedSince(Timestamp, String),
    /// Whose one confirmed mailbox is the only way back: no second one, no saved recovery code, no known device.
    OnlyMailbox,
}

/// Which accounts of a leak.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// All that matched.
    All,
    /// Those that a strong key matched.
    Strong,
    /// Those of whom it shows a field.
    Shows(Field),
    /// Those that a key of this kind matched.
    By(Kind),
    /// Those that only a value matched which they had before.
    Former,
    /// Those whose row names somebody else as well.
    Contradicted,
}

/// Why a text is no query.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadQuery {
    /// Nothing was said.
    #[error("Say which accounts, such as: leak:lek_… and not second-factor")]
    Empty,
    /// Too much.
    #[error("A query has at most {MAX_BYTES} bytes, {MAX_NAMES} names and {MAX_DEPTH} brackets within each other.")]
    TooLong,
    /// A name was expected.
    #[error("At character {0}: a name was expected, such as leak:… or second-factor.")]
    NameExpected(usize),
    /// `and` or `or` was expected.
    #[error("At character {0}: and, or, or a closing bracket was expected.")]
    JoinExpected(usize),
    /// A bracket or a quote that does not close.
    #[error("At character {0}: this is not closed.")]
    Open(usize),
    /// A name that means nothing.
    #[error(
        "At character {0}: this is no name of a set. Names: everyone, leak:, cohort:, contained:, second-factor, party:, region:, asked-since:, only-mailbox."
    )]
    Unknown(usize),
    /// What stands after the colon.
    #[error("At character {0}: {1}")]
    Value(usize, &'static str),
}

impl Query {
    /// Reads a text; `time` reads a point in time.
    ///
    /// # Errors
    /// `BadQuery`, with the character at which it stops making sense.
    pub fn parse(text: &str, time: fn(&str) -> Option<Timestamp>) -> Result<Self, BadQuery> {
        if text.len() > MAX_BYTES {
            return Err(BadQuery::TooLong);
        }
        let words = words(text)?;
        if words.is_empty() {
            return Err(BadQuery::Empty);
        }
        let mut reading = Reading { words: &words, at: 0, end: text.chars().count() + 1, names: 0, time };
        let query = reading.either(0)?;
        match reading.words.get(reading.at) {
            None => Ok(query),
            Some(word) => Err(BadQuery::JoinExpected(word.at)),
        }
    }

    /// Every name in it.
    pub fn names(&self) -> Vec<&Name> {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().flat_map(Self::names).collect(),
            Self::Not(one) => one.names(),
            Self::Name(name) => vec![name],
        }
    }
}

/// A word or a bracket, and where it begins, counted from one.
#[derive(Debug)]
struct Word {
    text: String,
    at: usize,
    /// Whether some of it stood in quotes, so that it is no `and`.
    quoted: bool,
}

fn words(text: &str) -> Result<Vec<Word>, BadQuery> {
    let mut words: Vec<Word> = vec![];
    let mut open: Option<Word> = None;
    let mut chars = text.chars().enumerate().map(|(n, c)| (n + 1, c));
    while let Some((at, c)) = chars.next() {
        match c {
            '(' | ')' => {
                words.extend(open.take());
                words.push(Word { text: c.to_string(), at, quoted: false });
            }
            c if c.is_whitespace() => words.extend(open.take()),
            '"' => {
                let word = open.get_or_insert_with(|| Word { text: String::new(), at, quoted: false });
                word.quoted = true;
                loop {
                    match chars.next() {
                        None => return Err(BadQuery::Open(at)),
                        Some((_, '"')) => break,
                        Some((_, c)) => word.text.push(c),
                    }
                }
            }
            c => open.get_or_insert_with(|| Word { text: String::new(), at, quoted: false }).text.push(c),
        }
    }
    words.extend(open);
    Ok(words)
}

struct Reading<'a> {
    words: &'a [Word],
    at: usize,
    /// Where the text ends.
    end: usize,
    names: usize,
    time: fn(&str) -> Option<Timestamp>,
}

impl<'a> Reading<'a> {
    fn peek(&self) -> Option<&'a Word> {
        self.words.get(self.at)
    }

    fn takes(&mut self, text: &str) -> bool {
        let is = self.peek().is_some_and(|word| !word.quoted && word.text.eq_ignore_ascii_case(text));
        self.at += usize::from(is);
        is
    }

    fn either(&mut self, depth: usize) -> Result<Query, BadQuery> {
        let mut all = vec![self.both(depth)?];
        while self.takes("or") {
            all.push(self.both(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Query::Or(all) })
    }

    fn both(&mut self, depth: usize) -> Result<Query, BadQuery> {
        let mut all = vec![self.one(depth)?];
        while self.takes("and") {
            all.push(self.one(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Query::And(all) })
    }

    fn one(&mut self, depth: usize) -> Result<Query, BadQuery> {
        if depth > MAX_DEPTH {
            return Err(BadQuery::TooLong);
        }
        if self.takes("not") {
            return Ok(Query::Not(Box::new(self.one(depth + 1)?)));
        }
        let Some(word) = self.peek() else { return Err(BadQuery::NameExpected(self.end)) };
        if self.takes("(") {
            let inner = self.either(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err(BadQuery::Open(word.at)) };
        }
        if !word.quoted && ["and", "or", ")"].iter().any(|t| word.text.eq_ignore_ascii_case(t)) {
            return Err(BadQuery::NameExpected(word.at));
        }
        self.at += 1;
        self.names += 1;
        if self.names > MAX_NAMES {
            return Err(BadQuery::TooLong);
        }
        self.name(word).map(Query::Name)
    }

    fn name(&self, word: &Word) -> Result<Name, BadQuery> {
        let (name, value) = word.text.split_once(':').unwrap_or((&word.text, ""));
        let bad = |what| Err(BadQuery::Value(word.at, what));
        match name.to_ascii_lowercase().as_str() {
            "everyone" if value.is_empty() => Ok(Name::Everyone),
            "second-factor" if value.is_empty() => Ok(Name::SecondFactor),
            "only-mailbox" if value.is_empty() => Ok(Name::OnlyMailbox),
            "leak" => leak(value).map_err(|what| BadQuery::Value(word.at, what)),
            "cohort" => match CohortDigest::parse(value) {
                Some(digest) => Ok(Name::Cohort(digest)),
                None => bad("a cohort is named coh_ and 64 hex digits."),
            },
            "contained" => match Containment::parse(value) {
                Some(kind) => Ok(Name::Contained(kind)),
                None => bad("a containment is must_reset, recovery_held or watched."),
            },
            "party" if !value.is_empty() => Ok(Name::Party(value.to_owned())),
            "region" if !value.is_empty() => Ok(Name::Region(value.to_ascii_uppercase())),
            "party" | "region" => bad("which one?"),
            "asked-since" => match (self.time)(value) {
                Some(at) => Ok(Name::AskedSince(at, value.to_owned())),
                None => bad("a time is written 2026-01-08T00:00:00Z."),
            },
            _ => Err(BadQuery::Unknown(word.at)),
        }
    }
}

fn leak(value: &str) -> Result<Name, &'static str> {
    let mut parts = value.split(':');
    let id = LeakId::parse(parts.next().unwrap_or_default())
        .map_err(|_| "a leak is named lek_ and 26 letters or digits.")?;
    let part = match (parts.next(), parts.next(), parts.next()) {
        (None, None, None) => Part::All,
        (Some("strong"), None, None) => Part::Strong,
        (Some("former"), None, None) => Part::Former,
        (Some("contradicted"), None, None) => Part::Contradicted,
        (Some("shows"), Some(field), None) => {
            Part::Shows(Field::ALL.into_iter().find(|f| f.as_str() == field).ok_or("this is no field of a leak.")?)
        }
        (Some("by"), Some(kind), None) => {
            Part::By(Kind::ALL.into_iter().find(|k| k.as_str() == kind).ok_or("this is no kind of key.")?)
        }
        _ => return Err("after a leak: strong, former, contradicted, shows:FIELD or by:KEY."),
    };
    Ok(Name::Leak(id, part))
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(all) => joined(f, all, " and "),
            Self::Or(all) => joined(f, all, " or "),
            Self::Not(one) => write!(f, "not {}", Inner(one)),
            Self::Name(name) => name.fmt(f),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, all: &[Query], by: &str) -> fmt::Result {
    for (n, one) in all.iter().enumerate() {
        let by = if n == 0 { "" } else { by };
        write!(f, "{by}{}", Inner(one))?;
    }
    Ok(())
}

/// In brackets where it needs them.
struct Inner<'a>(&'a Query);

impl fmt::Display for Inner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Query::And(_) | Query::Or(_) => write!(f, "({})", self.0),
            Query::Not(_) | Query::Name(_) => self.0.fmt(f),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.write_str("everyone"),
            Self::Leak(id, part) => write!(f, "leak:{id}{part}"),
            Self::Cohort(digest) => write!(f, "cohort:{digest}"),
            Self::Contained(kind) => write!(f, "contained:{kind}"),
            Self::SecondFactor => f.write_str("second-factor"),
            Self::Party(party) => write!(f, "party:\"{party}\""),
            Self::Region(region) => write!(f, "region:\"{region}\""),
            Self::AskedSince(_, text) => write!(f, "asked-since:{text}"),
            Self::OnlyMailbox => f.write_str("only-mailbox"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Strong => f.write_str(":strong"),
            Self::Shows(field) => write!(f, ":shows:{}", field.as_str()),
            Self::By(kind) => write!(f, ":by:{}", kind.as_str()),
            Self::Former => f.write_str(":former"),
            Self::Contradicted => f.write_str(":contradicted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LEAK: &str = "lek_01k9xy3v8e4m7q2r5t6w8z0abc";

    fn time(text: &str) -> Option<Timestamp> {
        text.parse().ok().map(Timestamp::from_secs)
    }

    fn read(text: &str) -> Result<String, String> {
        Query::parse(&text.replace('L', LEAK), time)
            .map(|query| query.to_string().replace(LEAK, "L"))
            .map_err(|bad| bad.to_string())
    }

    #[test]
    fn sentences_are_read_as_they_bind() {
        for (text, again) in [
            ("leak:L", "leak:L"),
            ("leak:L and not second-factor", "leak:L and not second-factor"),
            ("leak:L OR leak:L:strong AND everyone", "leak:L or (leak:L:strong and everyone)"),
            ("(leak:L or everyone) and only-mailbox", "(leak:L or everyone) and only-mailbox"),
            ("not (leak:L:shows:email and leak:L:by:phone)", "not (leak:L:shows:email and leak:L:by:phone)"),
            ("party:\"Agency (North)\" and asked-since:12", "party:\"Agency (North)\" and asked-since:12"),
            ("region:fr and contained:watched", "region:\"FR\" and contained:watched"),
            ("not not everyone", "not not everyone"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(again), "{text}");
        }
    }

    #[test]
    fn what_is_no_sentence_says_where() {
        let mut told = String::new();
        for text in [
            "",
            "and",
            "everyone everyone",
            "everyone and",
            "(everyone",
            "everyone)",
            "party:\"x",
            "leaks",
            "leak:7",
            "leak:L:shows:shoe",
            "cohort:coh_1",
            "contained:blocked",
            "party:",
            "asked-since:yesterday",
        ] {
            told += &format!("{text}: {}\n", read(text).unwrap_err());
        }
        insta::assert_snapshot!(told, @r#"
        : Say which accounts, such as: leak:lek_… and not second-factor
        and: At character 1: a name was expected, such as leak:… or second-factor.
        everyone everyone: At character 10: and, or, or a closing bracket was expected.
        everyone and: At character 13: a name was expected, such as leak:… or second-factor.
        (everyone: At character 1: this is not closed.
        everyone): At character 9: and, or, or a closing bracket was expected.
        party:"x: At character 7: this is not closed.
        leaks: At character 1: this is no name of a set. Names: everyone, leak:, cohort:, contained:, second-factor, party:, region:, asked-since:, only-mailbox.
        leak:7: At character 1: a leak is named lek_ and 26 letters or digits.
        leak:L:shows:shoe: At character 1: this is no field of a leak.
        cohort:coh_1: At character 1: a cohort is named coh_ and 64 hex digits.
        contained:blocked: At character 1: a containment is must_reset, recovery_held or watched.
        party:: At character 1: which one?
        asked-since:yesterday: At character 1: a time is written 2026-01-08T00:00:00Z.
        "#);
    }

    #[test]
    fn long_and_deep_ones_are_refused() {
        let deep = format!("{}everyone{}", "(".repeat(40), ")".repeat(40));
        assert!(read(&deep).is_err());
        assert!(read(&"not ".repeat(900)).is_err());
        assert!(read(&["everyone"; 65].join(" or ")).is_err());
        assert!(read(&["everyone"; 64].join(" or ")).is_ok());
        assert!(read(&"x".repeat(MAX_BYTES + 1)).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_read_again_the_same(
            text in "((not )?(everyone|second-factor|only-mailbox|region:fr|party:\"a b\"|\\(everyone or second-factor\\))( and | or )){0,6}everyone",
        ) {
            let query = Query::parse(&text, time).unwrap();
            prop_assert_eq!(Query::parse(&query.to_string(), time), Ok(query));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,120}") {
            let _ = Query::parse(&text, time);
        }
    }
}
