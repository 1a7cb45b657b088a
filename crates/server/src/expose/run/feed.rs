//! Where bytes come from, and how threads take them: one piece after the other, each with whole records.

use super::Refused;
use super::digest::{Digest, Digests, PART};
use countersign_core::expose::read::{Cutter, Piece, Reader};
use std::collections::VecDeque;
use std::error::Error;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Bytes that a thread takes at once from a source that lies in memory: they fit into the processor's cache.
const BLOCK: usize = 1 << 20;

/// Why a source ends too early.
pub type BlockError = Box<dyn Error + Send + Sync>;

/// One source.
pub enum Feed<'a> {
    /// It lies in memory, such as a file that is mapped.
    Whole(&'a [u8]),
    /// It comes in blocks of any size.
    Blocks(Box<dyn Iterator<Item = Result<Vec<u8>, BlockError>> + Send + 'a>),
}

impl std::fmt::Debug for Feed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Blocks(_) => f.write_str("Blocks"),
        }
    }
}

/// What a thread takes.
pub(super) struct Claim<'a> {
    /// By the order of all sources.
    pub number: u64,
    pub source: usize,
    pub piece: Piece,
    bytes: Text<'a>,
    /// Parts of the source that nobody has hashed yet.
    pub parts: Option<(&'a [u8], Range<usize>)>,
}

enum Text<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl Claim<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Text::Borrowed(bytes) => bytes,
            Text::Owned(bytes) => bytes,
        }
    }
}

/// Hands out pieces.
pub(super) struct Claims<'a>(Mutex<State<'a>>);

struct State<'a> {
    waiting: VecDeque<Feed<'a>>,
    current: Option<Current<'a>>,
    start: Cutter,
    pieces: u64,
    digests: Vec<Digest>,
    failed: Option<Refused>,
}

/// The source that is being read.
struct Current<'a> {
    feed: Open<'a>,
    cutter: Cutter,
}

enum Open<'a> {
    Whole {
        bytes: &'a [u8],
        at: usize,
        hashed: usize,
    },
    Blocks {
        blocks: Box<dyn Iterator<Item = Result<Vec<u8>, BlockError>> + Send + 'a>,
        rest: Vec<u8>,
        ended: bool,
        hash: Box<blake3::Hasher>,
    },
}

impl<'a> Claims<'a> {
    pub(super) fn new(feeds: Vec<Feed<'a>>, reader: &Reader) -> Self {
        let waiting = feeds.into();
        Self(Mutex::new(State {
            waiting,
            current: None,
            start: reader.cutter(),
            pieces: 0,
            digests: vec![],
            failed: None,
        }))
    }

    /// The next piece; `None` at the end of all, and when a source has failed.
    pub(super) fn next(&self) -> Option<Claim<'a>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// The digests of all sources, as far as they are known.
    pub(super) fn end(self) -> Result<Digests, Refused> {
        let state = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.failed {
            Some(refused) => Err(refused),
            None => Ok(Digests(state.digests)),
        }
    }
}

impl<'a> State<'a> {
    fn next(&mut self) -> Option<Claim<'a>> {
        while self.failed.is_none() {
            if self.current.is_none() {
                self.current = Some(self.waiting.pop_front()?.open(self.start.clone()));
            }
            let current = self.current.as_mut()?;
            let source = self.digests.len();
            match current.next() {
                Ok(Some((bytes, piece, parts))) => {
                    self.pieces += 1;
                    return Some(Claim { number: self.pieces, source, piece, bytes, parts });
                }
                Ok(None) => self.digests.extend(self.current.take().map(Current::digest)),
                Err(error) => self.failed = Some(Refused::Source { source_number: source, error }),
            }
        }
        None
    }
}

impl<'a> Feed<'a> {
    fn open(self, cutter: Cutter) -> Current<'a> {
        let feed = match self {
            Self::Whole(bytes) => Open::Whole { bytes, at: 0, hashed: 0 },
            Self::Blocks(blocks) => Open::Blocks { blocks, rest: vec![], ended: false, hash: Box::default() },
        };
        Current { feed, cutter }
    }
}

type Taken<'a> = (Text<'a>, Piece, Option<(&'a [u8], Range<usize>)>);

impl<'a> Current<'a> {
    fn next(&mut self) -> Result<Option<Taken<'a>>, BlockError> {
        let Self { feed, cutter } = self;
        match feed {
            Open::Whole { bytes, at, hashed } => Ok(of_whole(bytes, at, hashed, cutter)),
            Open::Blocks { blocks, rest, ended, hash } => {
                while !*ended {
                    match blocks.next().transpose()? {
                        Some(block) => {
                            hash.update(&block);
                            if rest.is_empty() { *rest = block } else { rest.extend_from_slice(&block) }
                        }
                        None => *ended = true,
                    }
                    if let Some(taken) = of_rest(rest, *ended, cutter) {
                        return Ok(Some(taken));
                    }
                }
                Ok(of_rest(rest, true, cutter))
            }
        }
    }

    fn digest(self) -> Digest {
        match self.feed {
            Open::Whole { bytes, .. } if bytes.len() > PART => Digest::Parts(vec![]),
            Open::Whole { bytes, .. } => Digest::Done(*blake3::hash(bytes).as_bytes()),
            Open::Blocks { hash, .. } => Digest::Done(*hash.finalize().as_bytes()),
        }
    }
}

/// The next piece of what lies in memory.
fn of_whole<'a>(bytes: &'a [u8], at: &mut usize, hashed: &mut usize, cutter: &mut Cutter) -> Option<Taken<'a>> {
    let rest = bytes.get(*at..).filter(|rest| !rest.is_empty())?;
    let mut size = BLOCK;
    loop {
        let block = &rest[..rest.len().min(size)];
        let last = block.len() == rest.len();
        let cut = cutter.cut(block, last);
        if cut.len > 0 {
            *at += cut.len;
            let parts = *hashed..if last && *at == bytes.len() { bytes.len().div_ceil(PART) } else { *at / PART };
            *hashed = parts.end;
            let parts = (bytes.len() > PART).then_some((bytes, parts));
            return Some((Text::Borrowed(&block[..cut.len]), cut.piece, parts));
        }
        if last {
            return None;
        }
        size *= 2;
    }
}

/// A piece of what has come so far.
fn of_rest<'a>(rest: &mut Vec<u8>, last: bool, cutter: &mut Cutter) -> Option<Taken<'a>> {
    if rest.is_empty() {
        return None;
    }
    let cut = cutter.cut(rest, last);
    if cut.len == 0 {
        return None;
    }
    let after = rest.split_off(cut.len);
    Some((Text::Owned(std::mem::replace(rest, after)), cut.piece, None))
}
