//! The thread that unpacks a source, and the blocks that it is ahead.

use super::error::Broken;
use super::limit::Limits;
use super::raw::Counted;
use super::text::Decoder;
use super::{Done, Origin, Packing, Source, zip};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes of a block, before its letters are changed: large enough that handing it over costs nothing, small enough to stay in
/// a cache.
const BLOCK_BYTES: usize = 2 << 20;
/// Blocks that wait.
const AHEAD: usize = 4;
/// Bytes that are read of a file at once.
const READ_BYTES: usize = 128 << 10;

/// The blocks of a source, in UTF-8; records lie across them as they come. The last one may be an error.
#[derive(Debug)]
pub struct Blocks {
    receiver: Receiver<Result<Vec<u8>, Broken>>,
}

impl Iterator for Blocks {
    type Item = Result<Vec<u8>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        // The thread has ended where nothing comes any more.
        self.receiver.recv().ok()
    }
}

pub(super) fn start(source: Source) -> io::Result<Blocks> {
    let (sender, receiver) = sync_channel(AHEAD);
    // It ends by itself: with the source, or when nobody takes its blocks any more.
    thread::Builder::new().name("leak-unpack".into()).spawn(move || {
        let Source { packing, letters, origin, limits, done, .. } = source;
        let mut pump =
            Pump { sender, limits, done: done.clone(), decoder: letters.decoder(), skip: letters.mark(), out: 0 };
        if let Err(Stop::Broken(broken)) = unpacked(origin, packing, &done, &mut |from| pump.run(from)) {
            // Nobody may be there to hear it.
            let _ = pump.sender.send(Err(broken));
        }
    })?;
    Ok(Blocks { receiver })
}

enum Stop {
    Broken(Broken),
    /// Whoever took the blocks went away.
    Alone,
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

type Use<'a> = &'a mut dyn FnMut(&mut dyn Read) -> Result<(), Stop>;

/// Opens the origin, unpacks it, and hands it to `each`.
fn unpacked(origin: Origin, packing: Packing, done: &Done, each: Use<'_>) -> Result<(), Stop> {
    let failed = |error| Stop::Broken(Broken::Io { at: 0, error });
    match origin {
        Origin::File(path) => layers(File::open(path).map_err(failed)?, packing, done, each),
        Origin::Stream(head, rest) => layers(Cursor::new(head).chain(rest), packing, done, each),
        Origin::Member(path, index) => member(&path, index, done, each),
    }
}

fn layers(raw: impl Read, packing: Packing, done: &Done, each: Use<'_>) -> Result<(), Stop> {
    let counted = Counted::new(raw, done.clone());
    match packing {
        Packing::Plain | Packing::Zip => each(&mut { counted }),
        Packing::Gzip => each(&mut flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(READ_BYTES, counted))),
        Packing::Zstd => {
            let decoder = zstd::Decoder::with_buffer(BufReader::with_capacity(READ_BYTES, counted));
            each(&mut decoder.map_err(|error| Broken::Io { at: 0, error })?)
        }
    }
}

fn member(path: &Path, index: usize, done: &Done, each: Use<'_>) -> Result<(), Stop> {
    let failed = |error: ::zip::result::ZipError| Broken::Io { at: 0, error: error.into() };
    let mut archive = zip::archive(path, done.clone()).map_err(failed)?;
    // What was read so far is the list of members.
    done.reset();
    let mut member = archive.by_index(index).map_err(failed)?;
    each(&mut member)
}

/// The first bytes of an origin, unpacked; whether they are all. What is broken behind them is not seen.
pub(super) fn first(
    origin: &Origin,
    packing: Packing,
    limits: Limits,
    bytes: usize,
) -> Result<(Vec<u8>, bool), Broken> {
    let done = Done::default();
    let mut head = vec![0; bytes];
    let (mut len, mut whole) = (0, false);
    let mut take = |from: &mut dyn Read| {
        let ending;
        (len, ending) = fill(from, &mut head, 0, &done);
        whole = matches!(ending, Ending::End);
        limits.judge(len as u64, done.bytes())?;
        if let Ending::Broken(broken) = ending { Err(broken.into()) } else { Ok(()) }
    };
    let result = match origin {
        Origin::File(path) => unpacked(Origin::File(path.clone()), packing, &done, &mut take),
        Origin::Member(path, index) => unpacked(Origin::Member(path.clone(), *index), packing, &done, &mut take),
        Origin::Stream(front, _) => layers(Cursor::new(front), packing, &done, &mut take),
    };
    let partial = matches!(origin, Origin::Stream(front, _) if front.len() >= super::kind::HEAD_BYTES);
    match result {
        // Of a stream only the front has been read.
        Err(Stop::Broken(Broken::Truncated { .. })) if partial => whole = false,
        // The end of what can be read comes again, and is told then.
        Err(Stop::Broken(_)) if len > 0 => whole = false,
        Err(Stop::Broken(broken)) => return Err(broken),
        Ok(()) | Err(Stop::Alone) => whole &= !partial,
    }
    head.truncate(len);
    Ok((head, whole))
}

/// Why a buffer is not filled any further.
enum Ending {
    Full,
    End,
    Broken(Broken),
}

/// Reads until the buffer is full or the source ends; what came before an error is there.
fn fill(from: &mut dyn Read, buffer: &mut [u8], out: u64, done: &Done) -> (usize, Ending) {
    let mut len = 0;
    while len < buffer.len() {
        match from.read(&mut buffer[len..]) {
            Ok(0) => return (len, Ending::End),
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (len, Ending::Broken(told(error, out + len as u64, done.bytes()))),
        }
    }
    (len, Ending::Full)
}

/// What an unpacker's error means.
fn told(error: io::Error, readable: u64, at: u64) -> Broken {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Broken::Truncated { at, readable },
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            Broken::Damaged { at, readable, why: error.to_string() }
        }
        _ => Broken::Io { at, error },
    }
}

struct Pump {
    sender: SyncSender<Result<Vec<u8>, Broken>>,
    limits: Limits,
    done: Done,
    decoder: Option<Decoder>,
    /// Bytes at the front that are no text.
    skip: usize,
    /// Bytes that came out of the packing.
    out: u64,
}

impl Pump {
    fn run(&mut self, from: &mut dyn Read) -> Result<(), Stop> {
        loop {
            let mut block = vec![0; BLOCK_BYTES];
            let (len, ending) = fill(from, &mut block, self.out, &self.done);
            block.truncate(len);
            self.out += len as u64;
            self.limits.judge(self.out, self.done.bytes())?;
            block.drain(..self.skip.min(len));
            self.skip = 0;
            self.send(block, !matches!(ending, Ending::Full))?;
            match ending {
                Ending::Full => {}
                Ending::End => return Ok(()),
                Ending::Broken(broken) => return Err(broken.into()),
            }
        }
    }

    fn send(&mut self, block: Vec<u8>, last: bool) -> Result<(), Stop> {
        let block = match &mut self.decoder {
            None => block,
            Some(decoder) => {
                let mut text = Vec::new();
                decoder.take(&block, last, &mut text);
                text
            }
        };
        if block.is_empty() { Ok(()) } else { self.sender.send(Ok(block)).map_err(|_| Stop::Alone) }
    }
}
