//! Reads JSON bodies strictly; an error names the field and the position and never repeats a value.

use super::problem::{Position, Problem};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// A name that may be repeated to its sender: it looks like a name, so it is no secret that was put in the wrong place.
const MAX_NAME: usize = 40;

/// Reads a body.
///
/// # Errors
/// 400 `json_malformed` for what is not JSON; 422 for JSON of another form.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let value = serde_json::from_slice(body).map_err(|error| problem(body, &error))?;
    let misplaced = list_at(body).filter(|at| path_at(body, *at) != [LIST]);
    misplaced.map_or(Ok(value), |at| Err(listed(body, at)))
}

/// The one field of this API that holds a list; it stands alone in its body.
const LIST: &str = "accounts";

/// Where a list starts, if there is one. Serde takes a list of values for an object.
fn list_at(body: &[u8]) -> Option<usize> {
    if !body.contains(&b'[') {
        return None;
    }
    let mut at = 0;
    while at < body.len() && body[at] != b'[' {
        at = if body[at] == b'"' { string_end(body, at) } else { at } + 1;
    }
    (at < body.len()).then_some(at)
}

fn listed(body: &[u8], at: usize) -> Problem {
    let before = &body[..at];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let position = Some(Position { line, column: at - line_start + 1 });
    Problem { position, ..refused("field_invalid", join(&path_at(body, at), None), "must not be a list") }
}

fn problem(body: &[u8], error: &serde_json::Error) -> Problem {
    let position = Some(Position { line: error.line(), column: error.column() });
    match error.classify() {
        Category::Data => Problem { position, ..misfit(body, error) },
        Category::Syntax | Category::Eof | Category::Io => {
            let detail = format!("The body is not JSON: see line {}, column {}.", error.line(), error.column());
            Problem { position, ..Problem::new(StatusCode::BAD_REQUEST, "json_malformed", detail) }
        }
    }
}

/// JSON of another form than is expected. Serde's own text is read for its kind and for what was expected, which are
/// this program's words; the rest of it may be the sender's.
fn misfit(body: &[u8], error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let path = path_at(body, offset(body, error.line(), error.column()));
    let (code, field, what) = match kind(&text) {
        Kind::Missing(name) => ("field_missing", join(&path, Some(name)), "is missing".to_owned()),
        Kind::Unknown(name) if shown(name).is_none() => {
            ("field_unknown", join(&path, None), "holds a name that is not known here".to_owned())
        }
        Kind::Unknown(name) => ("field_unknown", join(&path, Some(name)), "is not known here".to_owned()),
        Kind::Duplicate(name) => ("field_duplicate", join(&path, Some(name)), "is there twice".to_owned()),
        Kind::Other => ("field_invalid", join(&path, None), unexpected(&text)),
    };
    refused(code, field, &what)
}

fn refused(code: &'static str, field: String, what: &str) -> Problem {
    let subject = if field.is_empty() { "The body".to_owned() } else { format!("The field {field}") };
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, format!("{subject} {what}."));
    Problem { field: (!field.is_empty()).then_some(field.into()), ..problem }
}

enum Kind<'a> {
    Missing(&'a str),
    Unknown(&'a str),
    Duplicate(&'a str),
    Other,
}

fn kind(text: &str) -> Kind<'_> {
    let quoted = |start: &str| text.strip_prefix(start).and_then(|rest| rest.split('`').next());
    let found = quoted("missing field `").map(Kind::Missing);
    let found = found.or_else(|| quoted("unknown field `").map(Kind::Unknown));
    found.or_else(|| quoted("duplicate field `").map(Kind::Duplicate)).unwrap_or(Kind::Other)
}

fn unexpected(text: &str) -> String {
    let expected = text.rsplit_once(", expected ").and_then(|(_, rest)| rest.rsplit_once(" at line "));
    match expected {
        // Serde says how our type is called; that is nobody's business.
        Some((what, _)) if what.starts_with("struct ") => "must be an object".into(),
        Some((what, _)) => format!("must be {what}"),
        None => "is not of the form that is expected".into(),
    }
}

/// A sender's field name, if it may be repeated.
fn shown(name: &str) -> Option<&str> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    (plain && !name.is_empty() && name.len() <= MAX_NAME).then_some(name)
}

fn join(path: &[String], last: Option<&str>) -> String {
    let mut names: Vec<&str> = path.iter().filter_map(|name| shown(name)).collect();
    if let Some(last) = last
        && names.last() != Some(&last)
    {
        names.push(last);
    }
    names.join(".")
}

/// Where line and column (in bytes, from 1) are.
fn offset(body: &[u8], line: usize, column: usize) -> usize {
    let starts = body.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1);
    let start = std::iter::once(0).chain(starts).nth(line.saturating_sub(1)).unwrap_or(0);
    (start + column).min(body.len())
}

/// The names of the fields that are open at an offset of a text that is JSON up to there.
fn path_at(body: &[u8], end: usize) -> Vec<String> {
    let mut open: Vec<Option<String>> = vec![];
    let mut name_next = vec![];
    let mut at = 0;
    while at < end {
        match body[at] {
            b'"' => {
                let close = string_end(body, at);
                if name_next.last() == Some(&true)
                    && let Some(slot) = open.last_mut()
                {
                    *slot = Some(String::from_utf8_lossy(&body[at + 1..close]).into_owned());
                }
                at = close;
            }
            open_bracket @ (b'{' | b'[') => {
                open.push(None);
                name_next.push(open_bracket == b'{');
            }
            b'}' | b']' => {
                open.pop();
                name_next.pop();
            }
            b':' => name_next.iter_mut().next_back().into_iter().for_each(|next| *next = false),
            b',' => {
                if let Some(slot @ Some(_)) = open.last_mut() {
                    *slot = None;
                    name_next.iter_mut().next_back().into_iter().for_each(|next| *next = true);
                }
            }
            _ => {}
        }
        at += 1;
    }
    open.into_iter().flatten().collect()
}

/// The offset of the quote that closes the string that opens at `at`; the text's end where none does.
fn string_end(body: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < body.len() && body[at] != b'"' {
        at += if body[at] == b'\\' { 2 } else { 1 };
    }
    at.min(body.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its form counts")]
    struct Outer {
        name: String,
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its form counts")]
    struct Inner {
        ip: std::net::IpAddr,
        count: u8,
    }

    fn refused(text: &str) -> String {
        let problem = read::<Outer>(text.as_bytes()).unwrap_err();
        let at = problem.position.unwrap();
        format!("{} {:?} {} @{}:{}", problem.code, problem.field, problem.detail, at.line, at.column)
    }

    #[test]
    fn the_field_is_named_and_no_value_is_repeated() {
        let cases = [
            r#"{"name": 1}"#,
            r#"{"name": "a"}"#,
            r#"{"name": "a", "inner": {"ip": "SECRET", "count": 1}}"#,
            "{\"name\": \"a\",\n \"inner\": {\"ip\": \"192.0.2.1\", \"count\": \"SECRET\"}}",
            r#"{"name": "a", "inner": {"ip": "192.0.2.1"}}"#,
            r#"{"name": "a", "inner": {"extra": 1}}"#,
            r#"{"name": "a", "inner": {"SE CRET\"": 1}}"#,
            r#"{"name": "a", "name": "a"}"#,
            r#"{"name": {"a": 1}}"#,
            r#"{"name": "a", "inner": {"count": 300}}"#,
            r#"["SECRET"]"#,
            r#""SECRET, expected SECRET""#,
            r#"{"name": "SECRET"#,
            "SECRET",
            "",
        ];
        let said: Vec<String> = cases.iter().map(|case| refused(case)).collect();
        insta::assert_snapshot!(said.join("\n"), @r#"
        field_invalid Some("name") The field name must be a string. @1:10
        field_missing Some("inner") The field inner is missing. @1:13
        field_invalid Some("inner.ip") The field inner.ip is not of the form that is expected. @1:38
        field_invalid Some("inner.count") The field inner.count must be u8. @2:47
        field_missing Some("inner.count") The field inner.count is missing. @1:42
        field_unknown Some("inner.extra") The field inner.extra is not known here. @1:31
        field_unknown Some("inner") The field inner holds a name that is not known here. @1:35
        field_duplicate Some("name") The field name is there twice. @1:20
        field_invalid Some("name") The field name must be a string. @1:9
        field_invalid Some("inner.count") The field inner.count must be u8. @1:36
        field_invalid None The body must be an object. @1:10
        field_invalid None The body must be an object. @1:25
        json_malformed None The body is not JSON: see line 1, column 16. @1:16
        json_malformed None The body is not JSON: see line 1, column 1. @1:1
        json_malformed None The body is not JSON: see line 1, column 0. @1:0
        "#);
        assert!(!said.join("").contains("SECRET"));
    }
}
