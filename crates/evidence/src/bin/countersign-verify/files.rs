//! Reads the small files that the program is given.

use crate::verdict::Verdict;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// The bytes of a file of at most so many.
pub fn bytes(path: &Path, most: usize) -> Result<Vec<u8>, Verdict> {
    let cannot = |error: std::io::Error| Verdict::unreadable(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let limit = most as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(cannot)?;
    if bytes.len() > most {
        return Err(Verdict::unreadable(format!("{} has more than {most} bytes", path.display())));
    }
    Ok(bytes)
}

/// The text of a file of at most so many bytes.
pub fn text(path: &Path, most: usize) -> Result<String, Verdict> {
    let bytes = bytes(path, most)?;
    String::from_utf8(bytes).map_err(|_| Verdict::unreadable(format!("{} is not UTF-8 text", path.display())))
}
