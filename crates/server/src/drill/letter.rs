//! Reads a message as its recipient does: the text part, and in it the link, the code and "this was not me".

use data_encoding::BASE64_MIME_PERMISSIVE;

/// What a person takes from a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// The token of the recovery link; only recovery messages have one.
    pub link: Option<String>,
    /// The eight digits.
    pub code: Option<String>,
    /// The token of "this was not me".
    pub not_me: Option<String>,
    /// Every path of ours that the message links to; what a link scanner opens.
    pub paths: Vec<String>,
}

impl Letter {
    /// Reads a message; `origin` tells our links from others.
    pub fn read(message: &str, origin: &str) -> Self {
        let text = text_part(message).unwrap_or_default();
        let mut letter = Self::default();
        for word in text.split_whitespace() {
            let Some(path) = word.strip_prefix(origin) else { continue };
            let token = |prefix: &str| path.strip_prefix(prefix).map(str::to_owned);
            letter.link = letter.link.or_else(|| token("/r/"));
            letter.not_me = letter.not_me.or_else(|| token("/not-me/"));
            letter.paths.push(path.to_owned());
        }
        letter.code = text.lines().find_map(code);
        letter
    }
}

/// A line of two groups of four digits.
fn code(line: &str) -> Option<String> {
    let digits: String = line.trim().chars().filter(|c| !c.is_whitespace()).collect();
    (digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// The body of the first `text/plain` part, decoded.
fn text_part(message: &str) -> Option<String> {
    let (_, at) = message.split_once("Content-Type: text/plain")?;
    let (head, rest) = at.split_once("\r\n\r\n")?;
    let body = rest.split("\r\n--").next()?;
    // The part's other headers stand beside its content type, before or after it.
    let before = message[..message.len() - at.len()].rsplit("\r\n\r\n").next()?;
    let encoding = [head, before].into_iter().find_map(|h| header(h, "content-transfer-encoding"));
    match encoding.as_deref() {
        Some("base64") => decoded_base64(body),
        Some("quoted-printable") => Some(decoded_quoted(body)),
        _ => Some(body.to_owned()),
    }
}

fn header(lines: &str, name: &str) -> Option<String> {
    let mut pairs = lines.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_ascii_lowercase())
}

fn decoded_base64(body: &str) -> Option<String> {
    let bytes = BASE64_MIME_PERMISSIVE.decode(body.trim().as_bytes()).ok()?;
    String::from_utf8(bytes).ok()
}

/// Quoted-printable (RFC 2045, 6.7).
fn decoded_quoted(body: &str) -> String {
    let joined = body.replace("=\r\n", "");
    let bytes = joined.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = joined.get(at + 1..at + 3).filter(|_| bytes[at] == b'=');
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "http://127.0.0.1:9999";

    fn message(encoding: &str, body: &str) -> String {
        format!(
            "Subject: x\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain; \
             charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n--b\r\nContent-Type: text/html\r\n\r\n\
             <p>\r\n--b--\r\n"
        )
    }

    #[test]
    fn link_code_and_not_me_are_found_in_every_encoding() {
        let text = format!("H\u{e9}\r\n\r\n{ORIGIN}/r/abc_-1\r\n\r\n4071 8352\r\n\r\n{ORIGIN}/not-me/xyz\r\n");
        let quoted = text.replace('=', "=3D").replace('\u{e9}', "=C3=A9").replace("/abc", "/a=\r\nbc");
        let base64 = data_encoding::BASE64_MIME.encode(text.as_bytes());
        for (encoding, body) in [("8bit", &text), ("quoted-printable", &quoted), ("base64", &base64)] {
            let letter = Letter::read(&message(encoding, body), ORIGIN);
            assert_eq!(letter.link.as_deref(), Some("abc_-1"), "{encoding}");
            assert_eq!(letter.code.as_deref(), Some("40718352"), "{encoding}");
            assert_eq!(letter.not_me.as_deref(), Some("xyz"), "{encoding}");
            assert_eq!(letter.paths.len(), 2);
        }
    }
}
