//! JSON, an object on each line.

use super::frame::each_line;
use super::object::{Keys, Scan};
use super::{Fault, Rows};

/// Reads one leak.
#[derive(Clone, Debug)]
pub struct Reader {
    keys: Keys,
}

impl Reader {
    pub(super) fn new(names: Vec<String>) -> Self {
        Self { keys: Keys::new(names) }
    }

    pub(super) fn read(&self, bytes: &[u8], rows: &mut impl Rows) {
        let mut cells = vec![&b""[..]; self.keys.len()];
        each_line(bytes, rows, |line, rows| match self.keys.scan(line, &mut cells) {
            Scan::Done(end) if is_end(&line[end..]) => rows.row(&cells),
            Scan::Done(_) => rows.bad(Fault::Shape, line),
            Scan::Odd => whole(&self.keys, line, rows),
            // White space is no record.
            Scan::Bad(_) if line.trim_ascii().is_empty() => {}
            Scan::Bad(fault) => rows.bad(fault, line),
        });
    }
}

/// A comma behind an object is what is left of an array with an object on each line.
fn is_end(rest: &[u8]) -> bool {
    matches!(rest.trim_ascii(), b"" | b",")
}

/// What the scanner does not take.
pub(super) fn whole(keys: &Keys, text: &[u8], rows: &mut impl Rows) {
    match keys.whole(text) {
        Some(owned) => rows.row(&owned.iter().map(String::as_bytes).collect::<Vec<_>>()),
        None => rows.bad(Fault::Shape, text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reader as Any;
    use super::super::tests::{Seen, all};
    use super::*;
    use crate::expose::read::MAX_RECORD;
    use proptest::prelude::*;

    fn read(text: &[u8], block: usize) -> Seen {
        let mut reader = Any::Ndjson(Reader::new(vec!["id".into(), "email".into()]));
        let cutter = reader.cutter();
        all(&mut reader, cutter, text, block)
    }

    #[test]
    fn broken_lines_cost_nobody_else() {
        let long = format!("{{\"id\":1,\"email\":\"{}\"}}", "a".repeat(MAX_RECORD));
        let text = format!(
            "{{\"id\":1,\"email\":\"a@example.org\"}}\r\n\n   \nnot json\n{{\"id\":2}},\n{long}\n{{\"id\":\"3\0\"}}\n{{\"id\":4}} x\n\
             {{\"email\":\"b\\u0040example.org\"}}\n{{\"email\":\"unterm\n{{\"id\":5}}"
        );
        for block in [1, 100, 70_000, 1 << 20] {
            let seen = read(text.as_bytes(), block);
            assert_eq!(seen.rows, ["1|a@example.org", "2|", "|b@example.org", "5|"], "{block}");
            let faults: Vec<_> = seen.bad.iter().map(|(fault, _)| *fault).collect();
            assert_eq!(faults, [Fault::Shape, Fault::TooLong, Fault::Nul, Fault::Shape, Fault::Truncated]);
        }
    }

    proptest! {
        #[test]
        fn the_size_of_blocks_changes_nothing(text in "([{}\":,\\\\a1\r\n\0 ]|\"id\":|\n\\{\"id\":1\\}\n){0,60}", block in 1_usize..50) {
            prop_assert_eq!(read(text.as_bytes(), block), read(text.as_bytes(), 1 << 20));
        }
    }
}
