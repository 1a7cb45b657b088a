//! Header lines: split from the body, unfolded, found by name.

use super::{MOST_HEADERS, NotAsSent};

/// The header lines of a mail or of a part, in order.
pub(super) struct Headers<'a> {
    lines: Vec<(&'a str, String)>,
}

impl<'a> Headers<'a> {
    /// Splits a text at its first empty line. Line ends may be LF or CR LF.
    pub(super) fn split(text: &'a str) -> Result<(Self, &'a str), NotAsSent> {
        let mut lines: Vec<(&'a str, String)> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (line, after) = rest.split_once('\n').ok_or(NotAsSent::Form)?;
            let line = line.strip_suffix('\r').unwrap_or(line);
            rest = after;
            if line.is_empty() {
                return Ok((Self { lines }, rest));
            }
            add(&mut lines, line)?;
        }
        Err(NotAsSent::Form)
    }

    /// The value of the only line with this name.
    pub(super) fn optional(&self, name: &'static str) -> Result<Option<&str>, NotAsSent> {
        let mut found = self.lines.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        let first = found.next().map(|(_, value)| value.as_str());
        if found.next().is_some() { Err(NotAsSent::Twice(name)) } else { Ok(first) }
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, NotAsSent> {
        self.optional(name)?.ok_or(NotAsSent::Missing(name))
    }

    /// The names of all lines.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|(name, _)| *name)
    }
}

/// Begins a header, or goes on with the one above (RFC 5322, 2.2.3).
fn add<'a>(lines: &mut Vec<(&'a str, String)>, line: &'a str) -> Result<(), NotAsSent> {
    // A lone CR is a line end to some programs: what follows would be a header to them and none here.
    if line.contains(['\r', '\0']) {
        return Err(NotAsSent::Form);
    }
    if line.starts_with([' ', '\t']) {
        let (_, value) = lines.last_mut().ok_or(NotAsSent::Form)?;
        value.push_str(line);
        return Ok(());
    }
    let (name, value) = line.split_once(':').ok_or(NotAsSent::Form)?;
    // RFC 5322, 3.6.8: printable ASCII. A space before the colon is obsolete, and read in more than one way.
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(NotAsSent::Form);
    }
    if lines.len() == MOST_HEADERS {
        return Err(NotAsSent::TooLarge);
    }
    lines.push((name, value.to_owned()));
    Ok(())
}
