//! Bodies: base64, quoted-printable, and as they are (RFC 2045, 6).

use crate::base64;

/// Decodes a body; `None` when it is broken or in another encoding.
pub(super) fn decode(encoding: &str, body: &str) -> Option<String> {
    match encoding.trim_matches([' ', '\t']).to_ascii_lowercase().as_str() {
        "7bit" | "8bit" => Some(body.to_owned()),
        "base64" => {
            let plain: String = body.chars().filter(|c| !matches!(c, '\r' | '\n' | ' ' | '\t')).collect();
            String::from_utf8(base64::decode(&plain)?).ok()
        }
        "quoted-printable" => quoted_printable(body),
        _ => None,
    }
}

fn quoted_printable(body: &str) -> Option<String> {
    let mut out = Vec::with_capacity(body.len());
    let mut lines = body.split('\n').peekable();
    while let Some(line) = lines.next() {
        // White space at the end of a line was added on the way (RFC 2045, 6.7, rule 3).
        let line = line.trim_end_matches([' ', '\t', '\r']);
        let (line, goes_on) = line.strip_suffix('=').map_or((line, false), |line| (line, true));
        quoted_line(line, &mut out)?;
        if !goes_on && lines.peek().is_some() {
            out.push(b'\n');
        }
    }
    String::from_utf8(out).ok()
}

fn quoted_line(line: &str, out: &mut Vec<u8>) -> Option<()> {
    let mut rest = line.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'=' {
            let (pair, after) = rest.split_first_chunk::<2>()?;
            out.push(hex(*pair)?);
            rest = after;
        } else {
            out.push(*byte);
        }
    }
    Some(())
}

/// Two hex digits of either case.
pub(super) fn hex(pair: [u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? * 16 + low?).ok()
}
