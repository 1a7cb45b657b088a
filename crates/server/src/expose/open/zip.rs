//! The members of a zip archive, each a source of its own.

use super::error::OpenError;
use super::raw::Counted;
use super::{Ask, Done, Letters, Limits, Origin, Packing, SAMPLE_BYTES, Source, clean};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Bytes that are read at once.
const READ_BYTES: usize = 128 << 10;
/// Bytes of all members' samples together, and the least of one.
const SAMPLES_BYTES: usize = 16 << 20;
const LEAST_SAMPLE_BYTES: usize = 64 << 10;

pub(super) type Archive = ZipArchive<BufReader<Counted<File>>>;

pub(super) fn archive(path: &Path, done: Done) -> Result<Archive, ZipError> {
    ZipArchive::new(BufReader::with_capacity(READ_BYTES, Counted::new(File::open(path)?, done)))
}

/// One source for each member that is a file and has something in it.
pub(super) fn members(
    path: &Path,
    label: &str,
    letters: Option<Letters>,
    limits: Limits,
) -> Result<Vec<Source>, OpenError> {
    let refused = |error: ZipError| OpenError::Zip { label: label.to_owned(), why: error.to_string() };
    let mut archive = archive(path, Done::default()).map_err(refused)?;
    if archive.len() > limits.members {
        return Err(OpenError::Members { label: label.to_owned(), members: archive.len(), most: limits.members });
    }
    let sample = (SAMPLES_BYTES / archive.len().max(1)).clamp(LEAST_SAMPLE_BYTES, SAMPLE_BYTES);
    let mut sources = vec![];
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(refused)?;
        // A name that cannot be read is shown as its number.
        let name = member.name().map_or_else(|_| format!("#{index}"), std::borrow::Cow::into_owned);
        if member.is_dir() || member.size() == 0 || is_about(&name) {
            continue;
        }
        let label = format!("{label}: {}", clean(&name));
        if member.encrypted() {
            return Err(OpenError::Encrypted { label });
        }
        if !matches!(member.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(OpenError::Method { label, method: member.compression().to_string() });
        }
        let size = Some(member.compressed_size());
        let origin = Origin::Member(path.to_owned(), index);
        sources.push(Source::new(label, Packing::Zip, size, origin, Ask { letters, limits, sample })?);
    }
    if sources.is_empty() { Err(OpenError::Empty { label: label.to_owned() }) } else { Ok(sources) }
}

/// What an archiver puts beside the files.
fn is_about(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.ends_with(".DS_Store") || name.ends_with("Thumbs.db")
}
