//! Why a leak is not opened, or not read to its end.

use std::io;

/// Why a leak is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What the system said.
    #[error("{label}: {error}")]
    Io {
        /// Which file.
        label: String,
        /// Why.
        error: io::Error,
    },
    /// Nothing in it.
    #[error("{label}: is empty")]
    Empty {
        /// Which file.
        label: String,
    },
    /// No file.
    #[error("{label}: is a directory; name the files in it")]
    Directory {
        /// Which.
        label: String,
    },
    /// A format that is not read here.
    #[error("{label}: is {what}; {instead}")]
    Unsupported {
        /// Which file.
        label: String,
        /// What it is.
        what: &'static str,
        /// What to do.
        instead: &'static str,
    },
    /// An archive in an archive.
    #[error("{label}: has {what} within; unpack the outer one first")]
    Nested {
        /// Which file or member.
        label: String,
        /// What is within.
        what: &'static str,
    },
    /// An archive that comes as a stream.
    #[error(
        "{label}: a zip archive must be a file, since its list of members is at its end; send its members one by one"
    )]
    ZipStream {
        /// What it was called.
        label: String,
    },
    /// Not a zip archive, or a broken one.
    #[error("{label}: cannot be read as a zip archive: {why}")]
    Zip {
        /// Which file.
        label: String,
        /// Why.
        why: String,
    },
    /// A member under a password.
    #[error("{label}: is encrypted; unpack it with its password first")]
    Encrypted {
        /// Which member.
        label: String,
    },
    /// A member packed in a way that is not read here.
    #[error("{label}: is packed with {method}, and only `stored` and `deflate` are read; unpack it first")]
    Method {
        /// Which member.
        label: String,
        /// How.
        method: String,
    },
    /// Too many members.
    #[error("{label}: has {members} members, and {most} are read at most; unpack it first")]
    Members {
        /// Which file.
        label: String,
        /// How many.
        members: usize,
        /// The limit.
        most: usize,
    },
    /// Its first bytes cannot be unpacked.
    #[error("{label}: {error}")]
    Broken {
        /// Which file.
        label: String,
        /// Why.
        error: Broken,
    },
}

/// Why a leak is not read to its end. `readable` bytes came out before.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It ends in its middle.
    #[error("ends in its middle, at byte {at}; {readable} bytes were readable before")]
    Truncated {
        /// Bytes taken of it.
        at: u64,
        /// Bytes that came out.
        readable: u64,
    },
    /// It is not what it says it is.
    #[error("is damaged near byte {at} ({why}); {readable} bytes were readable before")]
    Damaged {
        /// Bytes taken of it.
        at: u64,
        /// Bytes that came out.
        readable: u64,
        /// What the unpacker said.
        why: String,
    },
    /// A bomb.
    #[error(
        "unpacks to more than {most} times its size, as no text does: it is not read further than {readable} bytes"
    )]
    Ratio {
        /// Bytes that came out.
        readable: u64,
        /// The limit.
        most: u64,
    },
    /// More than is read.
    #[error("unpacks to more than {most} bytes, the most that is read")]
    Total {
        /// The limit.
        most: u64,
    },
    /// What the system said.
    #[error("cannot be read at byte {at}: {error}")]
    Io {
        /// Bytes taken of it.
        at: u64,
        /// Why.
        error: io::Error,
    },
}
