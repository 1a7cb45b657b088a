//! JSON arrays of objects: by themselves, in an object around them (`{"data":[…]}`), one behind the other; and objects behind
//! each other without any frame.
//!
//! An element that does not close would take the rest of the file with it. So a line that begins with `{"` where the element
//! began, counted in white space, begins a new one, and what stands before it is bad.

use super::object::{Keys, Scan};
use super::{Cut, Fault, MAX_RECORD, Piece, Rows};
use memchr::{memchr2, memchr3};

/// The first whole objects, whatever stands between them.
pub(crate) fn loose(bytes: &[u8], most: usize) -> Vec<&[u8]> {
    let (mut objects, mut at) = (vec![], 0);
    while let Some(n) = memchr::memchr(b'{', &bytes[at..]).filter(|_| objects.len() < most) {
        let start = at + n;
        at = match element(bytes, start) {
            Element::Whole(end) => {
                objects.push(&bytes[start..end]);
                end
            }
            Element::Broken(end) => end,
            Element::More => break,
        };
    }
    objects
}

/// Behind the `[` of an array of objects that is a member of the object at the front.
pub(crate) fn array(bytes: &[u8]) -> Option<usize> {
    array_within(bytes, &Keys::new(vec![])).map(|array| array.at)
}

/// Reads one leak.
#[derive(Clone, Debug)]
pub struct Reader {
    keys: Keys,
}

impl Reader {
    pub(super) fn new(names: Vec<String>) -> Self {
        Self { keys: Keys::new(names) }
    }

    pub(super) fn cutter(&self) -> Cutter {
        Cutter::new(self.keys.clone())
    }

    pub(super) fn read(&self, bytes: &[u8], rows: &mut impl Rows) {
        let mut cells = vec![&b""[..]; self.keys.len()];
        let mut at = 0;
        while let Some(start) = begin(bytes, at) {
            if bytes[start] != b'{' {
                at = garbage(bytes, start);
                rows.bad(Fault::Shape, &bytes[start..at]);
                continue;
            }
            at = match self.keys.scan(&bytes[start..], &mut cells) {
                Scan::Done(len) if len <= MAX_RECORD && as_cut(bytes, start, start + len) => {
                    rows.row(&cells);
                    start + len
                }
                _ => self.other(bytes, start, rows),
            };
        }
    }

    /// What the scanner does not take; where it ends.
    fn other(&self, bytes: &[u8], start: usize, rows: &mut impl Rows) -> usize {
        let (end, whole) = match element(bytes, start) {
            Element::Whole(end) => (end, true),
            Element::Broken(end) => (end, false),
            Element::More => (bytes.len(), false),
        };
        let text = &bytes[start..end];
        if text.len() > MAX_RECORD {
            rows.bad(Fault::TooLong, text);
        } else if memchr::memchr(0, text).is_some() {
            rows.bad(Fault::Nul, text);
        } else if !whole {
            rows.bad(Fault::Truncated, text);
        } else {
            super::ndjson::whole(&self.keys, text, rows);
        }
        end
    }
}

/// Whether an object that the scanner took ends where the cutter sees its end. A line feed within a string, which JSON has
/// not, makes them differ; a NUL is a fault in any case.
fn as_cut(bytes: &[u8], start: usize, end: usize) -> bool {
    match memchr2(0, b'\n', &bytes[start..end]) {
        None => true,
        Some(_) => memchr::memchr(0, &bytes[start..end]).is_none() && element(bytes, start) == Element::Whole(end),
    }
}

/// Where the next thing begins that is neither white space nor a comma.
fn begin(bytes: &[u8], from: usize) -> Option<usize> {
    let is_between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',');
    bytes.get(from..)?.iter().position(|byte| !is_between(byte)).map(|n| from + n)
}

/// Where something that is no object ends: with its line, or where an object or the array's end comes.
fn garbage(bytes: &[u8], start: usize) -> usize {
    memchr3(b'\n', b'{', b']', &bytes[start + 1..]).map_or(bytes.len(), |n| start + 1 + n)
}

/// Where an element ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Element {
    /// Before this place.
    Whole(usize),
    /// Another one begins on the line behind this place, and it has not ended.
    Broken(usize),
    /// Not in these bytes.
    More,
}

/// Finds the end of the element that begins at `start`.
fn element(bytes: &[u8], start: usize) -> Element {
    let indent = indent(bytes, start);
    let mut state = Depth::default();
    let mut at = start;
    loop {
        at = match state.next(bytes, at) {
            Step::End(end) => return Element::Whole(end),
            Step::Out => return Element::More,
            Step::Line(next) => match indent.map(|indent| begins(&bytes[next..], indent)) {
                // With its line feed, so that it is seen where the next one begins.
                Some(Begins::Yes) => return Element::Broken(next - 1),
                Some(Begins::Unclear) => return Element::More,
                Some(Begins::No) | None => next,
            },
        };
    }
}

/// White space before an element, where nothing else stands before it on its line.
fn indent(bytes: &[u8], start: usize) -> Option<usize> {
    let line = memchr::memrchr(b'\n', &bytes[..start])? + 1;
    bytes[line..start].iter().all(|byte| matches!(byte, b' ' | b'\t')).then_some(start - line)
}

enum Begins {
    Yes,
    No,
    /// Too few bytes to say.
    Unclear,
}

fn begins(line: &[u8], indent: usize) -> Begins {
    let blank = line.iter().take(indent).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match (&line[blank..], blank == indent) {
        ([], _) | ([b'{'], true) => Begins::Unclear,
        ([b'{', b'"', ..], true) => Begins::Yes,
        _ => Begins::No,
    }
}

/// Brackets that are open, and whether a string is.
#[derive(Clone, Copy, Debug, Default)]
struct Depth {
    open: usize,
    string: bool,
}

enum Step {
    /// The last bracket closed before this place.
    End(usize),
    /// A line begins here.
    Line(usize),
    /// No more bytes.
    Out,
}

impl Depth {
    /// Goes on to the end of the element, of the line or of the bytes.
    fn next(&mut self, bytes: &[u8], mut at: usize) -> Step {
        while at < bytes.len() {
            if self.string {
                let Some(step) = self.in_string(bytes, &mut at) else { continue };
                return step;
            }
            let byte = bytes[at];
            at += 1;
            match byte {
                b'"' => self.string = true,
                b'{' | b'[' => self.open += 1,
                b'}' | b']' => {
                    self.open = self.open.saturating_sub(1);
                    if self.open == 0 {
                        return Step::End(at);
                    }
                }
                b'\n' => return Step::Line(at),
                _ => {}
            }
        }
        Step::Out
    }

    /// Within a string, which ends with its line at the latest: JSON has no line feeds in strings.
    fn in_string(&mut self, bytes: &[u8], at: &mut usize) -> Option<Step> {
        let Some(n) = memchr3(b'"', b'\\', b'\n', &bytes[*at..]) else {
            *at = bytes.len();
            return Some(Step::Out);
        };
        let found = *at + n;
        *at = found + 1;
        match bytes[found] {
            b'\\' => {
                *at += 1;
                // Cut behind a backslash: nothing is known of what comes.
                return (*at > bytes.len()).then_some(Step::Out);
            }
            b'\n' => {
                self.string = false;
                return Some(Step::Line(*at));
            }
            _ => self.string = false,
        }
        None
    }
}

/// Finds elements in the order of the file.
#[derive(Clone, Debug)]
pub struct Cutter {
    keys: Keys,
    place: Place,
    /// A `{` that stands around the array is open.
    framed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Before an array, or before objects without one.
    Outside,
    /// Among objects without an array.
    Loose,
    /// Among the elements of an array.
    Array,
    /// Within an element that is too long; whether it is an array's.
    Long(Depth, bool),
    /// Behind the array, within what stands around it.
    Tail(Depth),
}

impl Cutter {
    const fn new(keys: Keys) -> Self {
        Self { keys, place: Place::Outside, framed: false }
    }

    pub(super) fn cut(&mut self, block: &[u8], last: bool) -> Cut {
        match self.place {
            Place::Outside | Place::Loose => self.outside(block, last),
            Place::Array => self.array(block, last),
            Place::Long(depth, array) => self.long(block, last, depth, array),
            Place::Tail(depth) => self.tail(block, last, depth),
        }
    }

    fn nothing(len: usize) -> Cut {
        Cut { len, piece: Piece::Nothing }
    }

    /// White space, which is kept with what follows: it tells where lines begin.
    fn between(block: &[u8], last: bool) -> Cut {
        Self::nothing(if last || block.len() > MAX_RECORD { block.len() } else { 0 })
    }

    fn outside(&mut self, block: &[u8], last: bool) -> Cut {
        let Some(start) = begin(block, 0) else { return Self::between(block, last) };
        match block[start] {
            b'[' => {
                self.place = Place::Array;
                Self::nothing(start + 1)
            }
            b'{' if matches!(self.place, Place::Outside) => match frame(&block[start..], last, &self.keys) {
                Frame::Array(at) => {
                    (self.place, self.framed) = (Place::Array, true);
                    Self::nothing(start + at)
                }
                Frame::None => {
                    self.place = Place::Loose;
                    self.elements(block, last, false)
                }
                Frame::Unclear => Self::nothing(0),
            },
            b']' | b'}' => Self::nothing(start + 1),
            b'{' => self.elements(block, last, false),
            _ => match garbage(block, start) {
                end if end == block.len() && !last && end <= MAX_RECORD => Self::nothing(0),
                end => Cut { len: end, piece: Piece::Records },
            },
        }
    }

    fn array(&mut self, block: &[u8], last: bool) -> Cut {
        match begin(block, 0) {
            None => Self::between(block, last),
            Some(at) if block[at] == b']' => {
                self.place = if self.framed { Place::Tail(Depth { open: 1, string: false }) } else { Place::Outside };
                self.framed = false;
                Self::nothing(at + 1)
            }
            Some(_) => self.elements(block, last, true),
        }
    }

    /// As many elements as the block has.
    fn elements(&mut self, block: &[u8], last: bool, array: bool) -> Cut {
        let mut end = 0;
        while let Some(start) = begin(block, end) {
            end = match block[start] {
                b'{' => match element(block, start) {
                    Element::Whole(next) | Element::Broken(next) => next,
                    Element::More => break,
                },
                b']' | b'[' => break,
                b'}' if !array => break,
                _ => match garbage(block, start) {
                    next if next == block.len() && !last => break,
                    next => next,
                },
            };
        }
        if end > 0 {
            return Cut { len: end, piece: Piece::Records };
        }
        if last {
            return Cut { len: block.len(), piece: Piece::Records };
        }
        if block.len() <= MAX_RECORD {
            return Self::nothing(0);
        }
        self.too_long(block, array)
    }

    fn too_long(&mut self, block: &[u8], array: bool) -> Cut {
        let mut depth = Depth::default();
        let len = judged(block, false);
        let end = depth.over(&block[..len]);
        self.place = match end {
            Some(_) if array => Place::Array,
            Some(_) => Place::Loose,
            None => Place::Long(depth, array),
        };
        Cut { len: end.unwrap_or(len), piece: Piece::TooLong }
    }

    fn long(&mut self, block: &[u8], last: bool, mut depth: Depth, array: bool) -> Cut {
        let len = judged(block, last);
        let end = depth.over(&block[..len]);
        self.place = match end {
            Some(_) if array => Place::Array,
            Some(_) => Place::Loose,
            None => Place::Long(depth, array),
        };
        Self::nothing(end.unwrap_or(len))
    }

    fn tail(&mut self, block: &[u8], last: bool, mut depth: Depth) -> Cut {
        let len = judged(block, last);
        let end = depth.over(&block[..len]);
        self.place = if end.is_some() { Place::Outside } else { Place::Tail(depth) };
        Self::nothing(end.unwrap_or(len))
    }
}

impl Depth {
    /// Goes over all bytes, or to where the last bracket closes, or to a line that begins with `{"` at its very front.
    fn over(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            at = match self.next(bytes, at) {
                Step::End(end) => return Some(end),
                Step::Line(next) if bytes[next..].starts_with(b"{\"") => return Some(next),
                Step::Line(next) => next,
                Step::Out => return None,
            };
        }
    }
}

/// How many bytes of a block say all that they have to say. A backslash belongs to the byte behind it, and a line feed to the
/// two: they tell whether a record begins.
fn judged(block: &[u8], last: bool) -> usize {
    let waits = match block {
        _ if last => 0,
        [.., b'\n', b'{'] => 2,
        [.., b'\\' | b'\n'] => 1,
        _ => 0,
    };
    block.len() - waits
}

enum Frame {
    /// The array's first element comes at this place.
    Array(usize),
    /// The object is a record.
    None,
    /// More bytes are needed.
    Unclear,
}

/// Whether the object at the front is a record or stands around an array of records: whose keys are more of the columns.
fn frame(bytes: &[u8], last: bool, keys: &Keys) -> Frame {
    let near = &bytes[..bytes.len().min(MAX_RECORD)];
    let own = match element(near, 0) {
        Element::Whole(end) | Element::Broken(end) => &near[..end],
        Element::More if !last && bytes.len() < MAX_RECORD => return Frame::Unclear,
        Element::More => near,
    };
    match array_within(own, keys) {
        Some(array) if array.inner > array.outer => Frame::Array(array.at),
        _ => Frame::None,
    }
}

/// An array of objects that is a member of an object.
struct Within {
    /// Behind its `[`.
    at: usize,
    /// How many keys of its first element are columns.
    inner: usize,
    /// How many of the object's.
    outer: usize,
}

fn array_within(bytes: &[u8], keys: &Keys) -> Option<Within> {
    let (mut open, mut at, mut found) = (0_usize, 0, None::<Within>);
    let (mut outer, mut first) = (0, false);
    while at < bytes.len() {
        let byte = bytes[at];
        at += 1;
        match byte {
            b'"' => {
                let end = string_end(bytes, at);
                let is_key = begin(bytes, end).is_some_and(|next| bytes[next] == b':') && keys.has(&bytes[at - 1..end]);
                outer += usize::from(is_key && open == 1);
                if let Some(found) = found.as_mut().filter(|_| is_key && first && open == 3) {
                    found.inner += 1;
                }
                at = end;
            }
            b'[' if open == 1 && found.is_none() && begin(bytes, at).is_some_and(|next| bytes[next] == b'{') => {
                (found, first, open) = (Some(Within { at, inner: 0, outer: 0 }), true, 2);
            }
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open = open.saturating_sub(1);
                first &= open > 2;
            }
            _ => {}
        }
    }
    found.map(|found| Within { outer, ..found })
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(n) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += n + 1;
        if bytes[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::super::Reader as Any;
    use super::super::tests::{Seen, all};
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, block: usize) -> Seen {
        let mut reader = Any::Json(Reader::new(vec!["id".into(), "email".into()]));
        let cutter = reader.cutter();
        all(&mut reader, cutter, text.as_bytes(), block)
    }

    #[test]
    fn arrays_are_read_with_and_without_a_frame() {
        let elements =
            "{\"id\":1,\"email\":\"a@example.org\"},\n {\"id\":2,\n\"tags\":[{\"x\":\"}\"}]} , {\"id\":\"\\\"\"}";
        for text in [
            format!("[{elements}]"),
            format!("[\n{elements}\n]\n"),
            format!("{{\"status\":\"ok\",\"count\":3,\"data\":[{elements}],\"meta\":{{\"page\":1}}}}"),
            elements.to_owned(),
            elements.replace("},\n", "}\n"),
        ] {
            for block in [1, 7, 1 << 20] {
                let seen = read(&text, block);
                assert_eq!(seen.rows, ["1|a@example.org", "2|", "\"|"], "{text} {block}");
                assert_eq!(seen.bad, []);
            }
        }
    }

    #[test]
    fn pages_behind_each_other_are_one_leak() {
        let page = |id: u8| format!("{{\"data\":[{{\"id\":{id}}}],\"next\":{}}}\n", id + 1);
        assert_eq!(read(&(page(1) + &page(2)), 5).rows, ["1|", "2|"]);
        assert_eq!(read("[{\"id\":1},{\"id\":2}]\n[{\"id\":3}]", 3).rows, ["1|", "2|", "3|"]);
    }

    #[test]
    fn a_broken_element_costs_only_itself() {
        let text = "[\n{\"id\":1},\n{\"id\":2,\"email\":\"open,\n{\"id\":3},\nnonsense\n{\"id\":4\n{\"id\":5},\n{\"id\":\"6\0\"},\n{\"id\":7}\n]";
        for block in [1, 9, 1 << 20] {
            let seen = read(text, block);
            assert_eq!(seen.rows, ["1|", "3|", "5|", "7|"], "{block}");
            let faults: Vec<_> = seen.bad.iter().map(|(fault, _)| *fault).collect();
            assert_eq!(faults, [Fault::Truncated, Fault::Shape, Fault::Truncated, Fault::Nul]);
        }
        assert_eq!(read("[{\"id\":1},{\"id\":2", 4).bad, [(Fault::Truncated, 7)]);
    }

    #[test]
    fn an_element_that_is_too_long_is_counted_once() {
        let text = format!("[{{\"id\":1}},{{\"id\":\"{}\"}},{{\"id\":3}}]", "a\\\"}".repeat(MAX_RECORD / 2));
        for block in [1000, 70_001, 1 << 20] {
            let seen = read(&text, block);
            assert_eq!(
                (&*seen.rows, &*seen.bad),
                (&["1|".into(), "3|".into()][..], &[(Fault::TooLong, 0)][..]),
                "{block}"
            );
        }
    }

    #[test]
    fn a_line_feed_within_a_string_is_seen_alike_by_whoever_cuts_and_whoever_reads() {
        let text = "o[{A\"id\":1},\n{\"id1\n\":4}\u{1}\"?\":\" [{\"]id";
        for block in [1, 2, 7] {
            assert_eq!(read(text, block), read(text, 1 << 20));
            let tail = "{\"x\":[{\"id\":1}]\"i\n{\"id\":2}";
            assert_eq!(read(tail, block), read(tail, 1 << 20));
        }
    }

    proptest! {
        #[test]
        fn the_size_of_blocks_changes_nothing(
            text in "([{}\\[\\]\":,\\\\a1\n\0 ]|\"id\":|\n\\{\"id\":1\\},|\\{\"data\":\\[){0,40}", block in 1_usize..50
        ) {
            prop_assert_eq!(read(&text, block), read(&text, 1 << 20));
        }
    }
}
