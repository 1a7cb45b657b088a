//! The keys of JSON objects, in their order.

use super::{Unreadable, by_reader, promise};
use crate::expose::layout::{Format, Layout};
use crate::expose::read::{MAX_COLUMNS, json_elements};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Objects whose keys are gathered: a key may be in few of them.
const OBJECTS: usize = 300;

pub(super) fn layout(text: &[u8], lines: bool) -> Result<Layout, Unreadable> {
    if lines {
        let objects = text.split(|byte| *byte == b'\n').take(OBJECTS);
        return of(Format::Ndjson, &keys(objects), text);
    }
    let outer = keys(json_elements::loose(text, OBJECTS).into_iter());
    let inner = json_elements::array(text).map(|at| keys(json_elements::loose(&text[at..], OBJECTS).into_iter()));
    let names = match inner {
        Some(inner) if promise(&inner) > promise(&outer) || outer.is_empty() => inner,
        _ => outer,
    };
    of(Format::Json, &names, text)
}

fn of(format: Format, names: &[String], text: &[u8]) -> Result<Layout, Unreadable> {
    match names.len() {
        0 => Err(Unreadable::NoObject),
        n if n > MAX_COLUMNS => Err(Unreadable::Columns(n)),
        _ => Ok(by_reader(format, names, text)),
    }
}

/// All keys, in the order in which they come; those of an object within as `outer.inner`.
fn keys<'a>(objects: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    for object in objects {
        let object = object.trim_ascii();
        let Ok(Pairs(pairs)) = serde_json::from_slice(object.strip_suffix(b",").unwrap_or(object)) else { continue };
        for (key, value) in pairs {
            match value {
                Value::Object(within) => within.keys().for_each(|inner| add(&mut names, format!("{key}.{inner}"))),
                _ => add(&mut names, key),
            }
        }
    }
    names
}

fn add(names: &mut Vec<String>, name: String) {
    if names.len() <= MAX_COLUMNS && !names.contains(&name) {
        names.push(name);
    }
}

/// The members of an object, in their order.
struct Pairs(Vec<(String, Value)>);

impl<'de> serde::Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = vec![];
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(Members)
    }
}
