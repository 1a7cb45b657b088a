//! What is counted while a leak is read, and what is kept of a record that cannot be: where it stands, how long it is and what
//! it looks like, without its letters and digits.

use super::{Contradictions, Field};
use crate::expose::read::Fault;

/// Samples of each fault: the first ones of the leak.
pub const SAMPLES: usize = 3;
/// Signs of a shape.
const SHAPE: usize = 60;

/// A record that cannot be read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct BadSample {
    /// Which piece of the leak it stands in, by the order of the pieces.
    pub piece: u64,
    /// The line within the piece, from zero; after `Tally::number_lines` that within the leak, from one.
    pub line: u64,
    /// Why.
    pub fault: Fault,
    /// Its length in bytes.
    pub len: usize,
    /// What it looks like.
    pub shape: String,
}

/// What was counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Records that were read.
    pub rows: u64,
    /// Records that could not be read, by `Fault`.
    pub bad: [u64; Fault::ALL.len()],
    /// Records that are none of the layout's.
    pub skipped: u64,
    /// The first bad records of each fault.
    pub samples: Vec<BadSample>,
    /// Lines of each piece, until they are added up.
    pub lines: Vec<(u64, u64)>,
    /// Records that show a field, by `Field`.
    pub shown: [u64; Field::ALL.len()],
    /// Cells that accounts are found by and that hold nothing of the kind, by `Field`.
    pub unusable: [u64; Field::ALL.len()],
    /// Values that were asked for.
    pub asked: u64,
    /// Records whose values belong to different people.
    pub contradictions: Contradictions,
}

impl Tally {
    /// All bad records.
    pub fn bad_rows(&self) -> u64 {
        self.bad.iter().sum()
    }

    /// Takes in what another thread counted.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.skipped += other.skipped;
        self.asked += other.asked;
        sum(&mut self.bad, other.bad);
        sum(&mut self.shown, other.shown);
        sum(&mut self.unusable, other.unusable);
        self.lines.extend(other.lines);
        self.samples.extend(other.samples);
        self.samples.sort_unstable();
        let mut kept = [0; Fault::ALL.len()];
        self.samples.retain(|sample| {
            let kept = &mut kept[sample.fault as usize];
            *kept += 1;
            *kept <= SAMPLES
        });
        self.contradictions.rows += other.contradictions.rows;
        self.contradictions.accounts.extend(other.contradictions.accounts);
        self.contradictions.accounts.sort_unstable();
        self.contradictions.accounts.dedup();
    }
}

impl Tally {
    /// When everything was added: lines of samples are counted from the beginning of the leak, and from one.
    pub fn number_lines(&mut self) {
        self.lines.sort_unstable();
        self.samples.sort_unstable();
        let (mut lines, mut before) = (self.lines.drain(..).peekable(), 0);
        for sample in &mut self.samples {
            while let Some((_, count)) = lines.next_if(|(piece, _)| *piece < sample.piece) {
                before += count;
            }
            sample.line += before + 1;
        }
    }
}

fn sum<const N: usize>(into: &mut [u64; N], from: [u64; N]) {
    into.iter_mut().zip(from).for_each(|(into, from)| *into += from);
}

/// What bytes look like: `Jane,+1 555` is `aaaa,+9 999`.
pub fn shape(raw: &[u8]) -> String {
    let sign = |byte: &u8| match byte {
        b'0'..=b'9' => '9',
        b'!'..=b'/' | b':'..=b'@' | b'['..=b'`' | b'{'..=b'~' => char::from(*byte),
        b' ' | b'\t' => ' ',
        0..0x20 | 0x7F => '?',
        // Letters, and every byte of a letter outside of ASCII.
        _ => 'a',
    };
    let mut shape: String = raw.iter().take(SHAPE).map(sign).collect();
    if raw.len() > SHAPE {
        shape.push('…');
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_no_letter_and_no_digit_of_what_it_is_of() {
        assert_eq!(shape(b"Jane.D@example.org,+1 555 0100\0\xC3\xA9"), "aaaa.a@aaaaaaa.aaa,+9 999 9999?aa");
        assert_eq!(shape(&[b'x'; 100]).chars().count(), 61);
    }

    #[test]
    fn the_first_samples_stay_whoever_saw_them() {
        let tally = |pieces: &[u64]| Tally {
            samples: pieces
                .iter()
                .map(|piece| BadSample { piece: *piece, line: 0, fault: Fault::Nul, len: 1, shape: String::new() })
                .collect(),
            ..Tally::default()
        };
        let mut one = tally(&[2, 5, 9]);
        one.add(tally(&[1, 3, 4]));
        assert_eq!(one.samples.iter().map(|s| s.piece).collect::<Vec<_>>(), [1, 2, 3]);
    }
}
