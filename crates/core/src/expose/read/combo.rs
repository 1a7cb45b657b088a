//! Lists of names and passwords: `name:password`, and `url:name:password` as stealers of browsers' stores write it.
//!
//! Never: hands a password over. Its cell is `PRESENT` or empty; whoever takes the rows learns that there was one.
//!
//! Cells: the name as an address, as a phone number or as a user name, whichever it looks like; the password's; and the
//! page's address if there is one. A name has no separator in it, a password may: it is all that follows.

use super::frame::each_line;
use super::{Fault, Rows};
use memchr::{memchr, memmem};

/// What stands for a password that was there.
pub const PRESENT: &[u8] = b"*";

/// Reads one list.
#[derive(Clone, Debug)]
pub struct Reader {
    separator: u8,
    url: bool,
}

impl Reader {
    pub(super) const fn new(separator: u8, url: bool) -> Self {
        Self { separator, url }
    }

    pub(super) fn read(&self, bytes: &[u8], rows: &mut impl Rows) {
        each_line(bytes, &mut Without(rows), |line, rows| match self.split(line) {
            Some((name, password, url)) => {
                let [email, phone, user] = sorted(name);
                let cells = [email, phone, user, if password { PRESENT } else { b"" }, url];
                rows.row(&cells[..if self.url { 5 } else { 4 }]);
            }
            None => rows.bad(Fault::TooFew, line),
        });
    }

    /// The first part of a line that is too long.
    pub(super) fn too_long(bytes: &[u8], rows: &mut impl Rows) {
        Without(rows).bad(Fault::TooLong, bytes);
    }

    /// The name, whether a password follows, the page.
    fn split<'a>(&self, line: &'a [u8]) -> Option<(&'a [u8], bool, &'a [u8])> {
        let page = if self.url { page(line, self.separator) } else { 0 };
        let rest = if page > 0 { line.get(page + 1..)? } else { line };
        let end = memchr(self.separator, rest)?;
        let password = rest[end + 1..].trim_ascii();
        Some((rest[..end].trim_ascii(), !password.is_empty(), &line[..page]))
    }
}

/// What a name is.
fn sorted(name: &[u8]) -> [&[u8]; 3] {
    if memchr(b'@', name).is_some() {
        [name, b"", b""]
    } else if name.starts_with(b"+") {
        [b"", name, b""]
    } else {
        [b"", b"", name]
    }
}

/// A line that cannot be read may be a password: of such a line its place is handed over and none of its bytes.
struct Without<'r, R>(&'r mut R);

impl<R: Rows> Rows for Without<'_, R> {
    fn row(&mut self, cells: &[&[u8]]) {
        self.0.row(cells);
    }

    fn bad(&mut self, fault: Fault, raw: &[u8]) {
        self.0.bad(fault, &raw[..0]);
    }
}

/// Where a page's address ends: at the separator behind the host, its port and its path. Zero where none stands in front, as in
/// some lines of such lists.
fn page(line: &[u8], separator: u8) -> usize {
    let start = memmem::find(line, b"://").filter(|at| *at < 16).map(|at| at + 3);
    let Some(start) = start else { return bare(line, separator) };
    let Some(mut end) = next(line, start, separator) else { return 0 };
    if separator == b':' && is_port(&line[end + 1..]) {
        end = next(line, end + 1, separator).unwrap_or(end);
    }
    end
}

/// `example.org/login:name:password`: an address without a scheme has a dot and no `@`, and two separators follow.
fn bare(line: &[u8], separator: u8) -> usize {
    let Some(end) = memchr(separator, line) else { return 0 };
    let host = &line[..end];
    let is_page = memchr(b'.', host).is_some() && memchr(b'@', host).is_none();
    if is_page && next(line, end + 1, separator).is_some() { end } else { 0 }
}

fn next(line: &[u8], from: usize, separator: u8) -> Option<usize> {
    memchr(separator, line.get(from..)?).map(|at| from + at)
}

/// Digits up to a `/`, or up to a separator that another one follows.
fn is_port(rest: &[u8]) -> bool {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let two_follow = || rest.iter().filter(|byte| **byte == b':').count() >= 2;
    (1..=5).contains(&digits)
        && match rest.get(digits) {
            Some(b'/') => true,
            Some(b':') => two_follow(),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Seen, all};
    use super::super::{Cutter, Reader as Any};
    use super::*;

    fn read(separator: u8, url: bool, text: &str) -> Seen {
        let mut reader = Any::Combo(Reader::new(separator, url));
        let cutter: Cutter = reader.cutter();
        all(&mut reader, cutter, text.as_bytes(), 1 << 20)
    }

    #[test]
    fn the_password_is_dropped() {
        let seen = read(b':', false, "jane@example.org:hunter2:x\r\n\nbob:\nnobody\n joe ;x: \n+15550100123:x");
        assert_eq!(seen.rows, ["jane@example.org|||*", "||bob|", "||joe ;x|", "|+15550100123||*"]);
        assert_eq!(seen.bad, [(Fault::TooFew, 0)]);
        assert!(!format!("{seen:?}").contains("hunter2"));
        assert_eq!(read(b';', false, "jane@example.org;a:b").rows, ["jane@example.org|||*"]);
    }

    #[test]
    fn a_page_stands_in_front() {
        let text = "https://example.org/login:jane:pw\nhttps://example.org:8443/a:jane@example.org:p:w\n\
            android://abc==@org.example.app/:jane:pw\nexample.org/login:jane:pw\nhttps://example.org:8080:jane:pw\n\
            jane@example.org:pw\njane:pw\nhttps://example.org:12345:pw\n";
        let expected = [
            "||jane|*|https://example.org/login",
            "jane@example.org|||*|https://example.org:8443/a",
            "||jane|*|android://abc==@org.example.app/",
            "||jane|*|example.org/login",
            "||jane|*|https://example.org:8080",
            "jane@example.org|||*|",
            "||jane|*|",
            "||12345|*|https://example.org",
        ];
        assert_eq!(read(b':', true, text).rows, expected);
    }
}
