//! Readers of leak files: bytes in, records out. Each format knows where its records end (`cut`, in one pass, in order) and
//! how one is read (`read`, in any order, by as many threads as there are).
//!
//! A record that cannot be read is handed over with its fault; the next one is read from where it begins. Nothing is
//! guessed into a broken record (X2).

/// What readers hand over.
pub trait Rows {
    /// A record: one cell for each column of the layout, in its order; an absent cell is empty.
    fn row(&mut self, cells: &[&[u8]]);

    /// A record that cannot be read, as it stands in the file. Whoever takes it keeps nothing of it but its length.
    fn bad(&mut self, fault: Fault, raw: &[u8]);
}

/// Why a record cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Fault {
    /// Fewer cells than columns.
    TooFew = 0,
    /// More cells than columns.
    TooMany = 1,
    /// A quote that opens and does not close, or stands within a cell that has none around it.
    Quote = 2,
    /// Longer than `MAX_RECORD`.
    TooLong = 3,
    /// Not what the format asks for: no object, no tuple, no pair.
    Shape = 4,
    /// A NUL within it.
    Nul = 5,
    /// It ends with the file, in its middle.
    Truncated = 6,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 7] =
        [Self::TooFew, Self::TooMany, Self::Quote, Self::TooLong, Self::Shape, Self::Nul, Self::Truncated];

    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooFew => "too_few_cells",
            Self::TooMany => "too_many_cells",
            Self::Quote => "stray_quote",
            Self::TooLong => "too_long",
            Self::Shape => "not_a_record",
            Self::Nul => "nul",
            Self::Truncated => "truncated",
        }
    }
}

/// Longest record, in bytes: what is longer is no line about a person, and must not fill the memory.
pub const MAX_RECORD: usize = 64 * 1024;

/// Most columns.
pub const MAX_COLUMNS: usize = 256;
