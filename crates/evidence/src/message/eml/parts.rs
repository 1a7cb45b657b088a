//! The two alternatives of a mail (RFC 2046, 5.1.4).

use super::header::Headers;
use super::words::is_known_charset;
use super::{NotAsSent, body};

/// Longest boundary (RFC 2046, 5.1.1).
const MOST_BOUNDARY_BYTES: usize = 70;
/// What a part may say of itself.
const PART_HEADERS: [&str; 3] = ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"];

/// The text of the text part and that of the HTML part.
pub(super) fn text_and_html(headers: &Headers<'_>, body: &str) -> Result<(String, String), NotAsSent> {
    let content_type = ContentType::parse(headers.required("Content-Type")?).ok_or(NotAsSent::Parts)?;
    let boundary = content_type.parameter("boundary").filter(|b| (1..=MOST_BOUNDARY_BYTES).contains(&b.len()));
    let boundary = boundary.filter(|_| content_type.is("multipart/alternative")).ok_or(NotAsSent::Parts)?;
    // RFC 2045, 6.4: what is made of parts is not encoded as a whole.
    let encoding = headers.optional("Content-Transfer-Encoding")?.unwrap_or("7bit").trim();
    if !["7bit", "8bit", "binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain)) {
        return Err(NotAsSent::Parts);
    }
    let parts = split(body, boundary)?;
    let [text, html] = parts[..] else { return Err(NotAsSent::Parts) };
    Ok((part(text, "text/plain", "text")?, part(html, "text/html", "HTML")?))
}

/// Cuts a body at its boundary lines. Outside of them only white space may stand.
fn split<'a>(body: &'a str, boundary: &str) -> Result<Vec<&'a str>, NotAsSent> {
    let mut parts = Vec::new();
    let mut begin = None;
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let end = at;
        at += line.len();
        let closes = match delimiter(line, boundary)? {
            Some(closes) => closes,
            None if begin.is_none() && !line.trim().is_empty() => return Err(NotAsSent::Outside),
            None => continue,
        };
        // The line end before a boundary belongs to the boundary.
        parts.extend(begin.map(|begin| without_line_end(&body[begin..end])));
        begin = Some(at);
        if closes {
            let outside = !body[at..].trim().is_empty();
            return if outside { Err(NotAsSent::Outside) } else { Ok(parts) };
        }
    }
    Err(NotAsSent::Parts)
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Whether the line is a boundary, and then whether it is the last. One with more behind it is a boundary to some programs
/// and none to others.
fn delimiter(line: &str, boundary: &str) -> Result<Option<bool>, NotAsSent> {
    let Some(rest) = line.strip_prefix("--").and_then(|rest| rest.strip_prefix(boundary)) else { return Ok(None) };
    match rest.trim_end_matches([' ', '\t', '\r', '\n']) {
        "" => Ok(Some(false)),
        "--" => Ok(Some(true)),
        _ => Err(NotAsSent::Parts),
    }
}

fn part(part: &str, mime: &str, name: &'static str) -> Result<String, NotAsSent> {
    let (headers, body) = Headers::split(part)?;
    // `Content-Location` and its like change what a program makes of a part.
    let is_content = |n: &&str| n.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"));
    if headers.names().filter(is_content).any(|n| !PART_HEADERS.iter().any(|known| known.eq_ignore_ascii_case(n))) {
        return Err(NotAsSent::Body(name));
    }
    let content_type = ContentType::parse(headers.required("Content-Type")?).ok_or(NotAsSent::Parts)?;
    let disposition = headers.optional("Content-Disposition")?.unwrap_or("inline").trim();
    if !content_type.is(mime) || !disposition.eq_ignore_ascii_case("inline") {
        return Err(NotAsSent::Parts);
    }
    let charset = content_type.parameter("charset").unwrap_or("us-ascii");
    let encoding = headers.optional("Content-Transfer-Encoding")?.unwrap_or("7bit");
    let text = body::decode(encoding, body).filter(|_| is_known_charset(charset));
    let is_honest = |text: &String| charset.eq_ignore_ascii_case("utf-8") || text.is_ascii();
    text.filter(is_honest).ok_or(NotAsSent::Body(name))
}

/// `type/subtype; name=value; name="value"`.
struct ContentType {
    mime: String,
    parameters: Vec<(String, String)>,
}

impl ContentType {
    fn parse(value: &str) -> Option<Self> {
        // No value of ours has a semicolon, a quote or a comment in it.
        let mut parts = value.split(';').map(|part| part.trim_matches([' ', '\t']));
        let mime = parts.next()?.to_ascii_lowercase();
        let mut parameters: Vec<(String, String)> = Vec::new();
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            let (name, value) = (name.to_ascii_lowercase(), unquoted(value)?);
            if parameters.iter().any(|(n, _)| *n == name) {
                return None;
            }
            parameters.push((name, value.to_owned()));
        }
        Some(Self { mime, parameters })
    }

    fn is(&self, mime: &str) -> bool {
        self.mime == mime
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

fn unquoted(value: &str) -> Option<&str> {
    let inner = match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => value,
    };
    (!inner.is_empty() && !inner.contains(['"', '\\', '(', ')'])).then_some(inner)
}
