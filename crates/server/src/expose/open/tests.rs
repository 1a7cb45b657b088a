//! Sources of every packing and every kind of letters, whole and broken.

use super::*;
use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use std::fs;
use std::io::{Cursor, Write};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TEXT: &str = "name,email\nJosé,jose@example.org\nΔ,delta@example.org\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(text, 1).unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for (n, (name, text)) in members.iter().enumerate() {
        let method = if n % 2 == 0 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(text).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn opened(bytes: &[u8]) -> Result<Vec<Source>, OpenError> {
    opened_with(bytes, Limits::default())
}

fn opened_with(bytes: &[u8], limits: Limits) -> Result<Vec<Source>, OpenError> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("leak");
    fs::write(&path, bytes).unwrap();
    let sources = open(&path, None, limits)?;
    // Every source opens the file again.
    std::mem::forget(directory);
    Ok(sources)
}

/// All that comes out, and the error at the end.
fn read(source: Source) -> (Vec<u8>, Option<Broken>) {
    let (mut text, mut broken) = (vec![], None);
    for block in source.blocks().unwrap() {
        match block {
            Ok(block) => text.extend(block),
            Err(error) => broken = Some(error),
        }
    }
    (text, broken)
}

fn refusal(bytes: &[u8]) -> String {
    opened(bytes).unwrap_err().to_string()
}

#[test]
fn every_packing_gives_the_text() {
    let two = [gzip(b"name,email\n"), gzip(&TEXT.as_bytes()[11..])].concat();
    let frames = [zstd(b"name,email\n"), zstd(&TEXT.as_bytes()[11..])].concat();
    for (bytes, packing) in [
        (TEXT.as_bytes().to_vec(), Packing::Plain),
        (gzip(TEXT.as_bytes()), Packing::Gzip),
        (two, Packing::Gzip),
        (zstd(TEXT.as_bytes()), Packing::Zstd),
        (frames, Packing::Zstd),
    ] {
        let mut stream =
            open_stream("up\u{202e}load", Box::new(Cursor::new(bytes.clone())), None, None, Limits::default());
        let stream = stream.as_mut().unwrap();
        assert_eq!((stream.sample(), &*stream.label), (TEXT.as_bytes(), "up\u{fffd}load"));
        let mut sources = opened(&bytes).unwrap();
        let source = sources.pop().unwrap();
        assert_eq!((source.packing, source.size, source.is_whole()), (packing, Some(bytes.len() as u64), true));
        assert_eq!((source.sample(), source.letters.name()), (TEXT.as_bytes(), "UTF-8"));
        assert_eq!(source.as_it_lies().is_some(), packing == Packing::Plain);
        let done = source.done();
        let (text, broken) = read(source);
        assert!(text == TEXT.as_bytes() && broken.is_none());
        assert_eq!(done.bytes(), bytes.len() as u64);
    }
}

#[test]
fn letters_are_told_apart() {
    let utf16 = |mark: bool, order: fn(u16) -> [u8; 2]| {
        let mark = if mark { "\u{feff}" } else { "" };
        mark.encode_utf16().chain(TEXT.encode_utf16()).flat_map(order).collect::<Vec<u8>>()
    };
    let latin: Vec<u8> = "name,email\nJosé,jose@example.org\n".chars().map(|c| c as u8).collect();
    let broken = [TEXT.as_bytes(), b"\xff\xfe broken\n"].concat();
    for (bytes, letters, text) in [
        (utf16(true, u16::to_le_bytes), "UTF-16LE", TEXT.as_bytes()),
        (utf16(true, u16::to_be_bytes), "UTF-16BE", TEXT.as_bytes()),
        (utf16(false, u16::to_le_bytes), "UTF-16LE", TEXT.as_bytes()),
        (utf16(false, u16::to_be_bytes), "UTF-16BE", TEXT.as_bytes()),
        (["\u{feff}", TEXT].concat().into_bytes(), "UTF-8", TEXT.as_bytes()),
        (latin, "windows-1252", "name,email\nJosé,jose@example.org\n".as_bytes()),
        // A broken line does not change the letters of all others.
        (broken.clone(), "UTF-8", &*broken),
    ] {
        for packed in [bytes.clone(), gzip(&bytes)] {
            let source = opened(&packed).unwrap().pop().unwrap();
            assert_eq!((source.letters.name(), source.sample()), (letters, text));
            let front = source.as_it_lies().map(|(_, front)| front);
            assert!(front.is_none_or(|front| bytes[front..] == *text));
            assert_eq!(read(source).0, text, "{letters}");
        }
    }
    let told = Letters::named("windows-1251").unwrap();
    let stream = open_stream("x", Box::new(&b"\xcc\xe0\xf0\xe0"[..]), None, Some(told), Limits::default()).unwrap();
    assert_eq!(read(stream).0, "Мара".as_bytes());
}

#[test]
fn a_character_may_lie_across_blocks() {
    let text = "é€".repeat(3 << 20);
    let bytes: Vec<u8> = ["\u{feff}", &text].concat().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(opened(&bytes).unwrap().pop().unwrap()).0 == text.as_bytes());
}

#[test]
fn members_are_sources_and_their_names_are_no_paths() {
    let archive = zip(&[
        ("../../etc/cron.d/x\n", TEXT.as_bytes()),
        ("/abs/users.csv", b"a,b\n1,2\n"),
        ("__MACOSX/._users.csv", b"junk"),
        ("empty.csv", b""),
    ]);
    let sources = opened(&archive).unwrap();
    let labels: Vec<_> = sources.iter().map(|source| source.label.clone()).collect();
    assert_eq!(labels, ["leak: ../../etc/cron.d/x\u{fffd}", "leak: /abs/users.csv"]);
    let texts: Vec<_> = sources.into_iter().map(|source| read(source).0).collect();
    assert_eq!(texts, [TEXT.as_bytes().to_vec(), b"a,b\n1,2\n".to_vec()]);
}

#[test]
fn what_is_not_read_is_refused_with_a_way_out() {
    insta::assert_snapshot!(refusal(b""), @"leak: is empty");
    insta::assert_snapshot!(refusal(&gzip(b"")), @"leak: is empty");
    insta::assert_snapshot!(refusal(b"7z\xbc\xaf\x27\x1c"), @"leak: is a 7z archive; unpack it first");
    insta::assert_snapshot!(refusal(b"PGDMP\x01"), @"leak: is a PostgreSQL dump in the custom format; write it out with `pg_restore --file=-`");
    insta::assert_snapshot!(refusal(&gzip(&gzip(b"x"))), @"leak: has a gzip file within; unpack the outer one first");
    insta::assert_snapshot!(refusal(&zip(&[("a.zip", &zip(&[("b", b"x")]))])), @"leak: a.zip: has a zip archive within; unpack the outer one first");
    insta::assert_snapshot!(refusal(&zip(&[])), @"leak: is empty");
    let cut = &zip(&[("a", b"text")])[..40];
    assert!(refusal(cut).starts_with("leak: cannot be read as a zip archive: "));
    let stream = open_stream("up", Box::new(Cursor::new(zip(&[("a", b"x")]))), None, None, Limits::default());
    assert!(stream.unwrap_err().to_string().starts_with("up: a zip archive must be a file"));
    let many = opened_with(&zip(&[("a", b"x"), ("b", b"x")]), Limits { members: 1, ..Limits::default() });
    insta::assert_snapshot!(many.unwrap_err(), @"leak: has 2 members, and 1 are read at most; unpack it first");
    let none = open(Path::new("/nowhere/leak.csv"), None, Limits::default()).unwrap_err();
    insta::assert_snapshot!(none, @"leak.csv: No such file or directory (os error 2)");
}

#[test]
fn what_ends_in_its_middle_is_read_up_to_there() {
    let text: Vec<u8> =
        (0..300_000_u64).flat_map(|n| format!("{n},user{}@example.org\n", n * 7919 % 10_007).into_bytes()).collect();
    for packed in [gzip(&text), zstd(&text)] {
        let source = opened(&packed[..packed.len() / 2]).unwrap().pop().unwrap();
        let (read, broken) = read(source);
        assert!(read.len() > text.len() / 4 && text.starts_with(&read));
        let at = packed.len() / 2;
        let said = format!("ends in its middle, at byte {at}; {} bytes were readable before", read.len());
        assert_eq!(broken.unwrap().to_string(), said);
    }
    let mut damaged = gzip(&text);
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    assert!(matches!(read(opened(&damaged).unwrap().pop().unwrap()).1, Some(Broken::Damaged { .. })));
}

#[test]
fn a_member_with_a_wrong_checksum_is_told() {
    let mut archive = zip(&[("x", b"y"), ("users.csv", TEXT.as_bytes())]);
    let at = archive.windows(4).position(|w| w == b"jose").unwrap();
    archive[at] = b'J';
    let source = opened(&archive).unwrap().pop().unwrap();
    assert!(read(source).1.is_some());
}

#[test]
fn a_bomb_is_stopped_early() {
    let zeros = vec![b'a'; 32 << 20];
    let limits = Limits { free_bytes: 4 << 20, ratio: 50, ..Limits::default() };
    for packed in [gzip(&zeros), zstd(&zeros), zip(&[("a", &zeros)])] {
        let (text, broken) = read(opened_with(&packed, limits).unwrap().pop().unwrap());
        assert!(text.len() <= 8 << 20, "{}", text.len());
        assert!(matches!(broken, Some(Broken::Ratio { most: 50, .. })), "{broken:?}");
    }
    let limits = Limits { total_bytes: 5 << 20, ..Limits::default() };
    assert!(matches!(read(opened_with(&zeros, limits).unwrap().pop().unwrap()).1, Some(Broken::Total { .. })));
}

/// Endless `a`, and a line at the end.
struct Line {
    left: usize,
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.left);
        buffer[..len].fill(b'a');
        self.left -= len;
        Ok(len)
    }
}

#[test]
fn a_line_of_300_megabytes_takes_no_memory() {
    use countersign_core::expose::layout::{Format, Layout};
    use countersign_core::expose::read::{Fault, MAX_RECORD, Reader, Rows};
    #[derive(Default)]
    struct Count(u64, u64);
    impl Rows for Count {
        fn row(&mut self, _: &[&[u8]]) {
            self.0 += 1;
        }
        fn bad(&mut self, fault: Fault, _: &[u8]) {
            assert_eq!(fault, Fault::TooLong);
            self.1 += 1;
        }
    }
    let source =
        open_stream("x", Box::new(Line { left: 300 << 20 }.chain(&b"\n{}\n"[..])), None, None, Limits::default());
    let mut reader = Reader::new(&Layout { format: Format::Ndjson, columns: vec![] });
    let (mut cutter, mut waiting, mut count, mut most) = (reader.cutter(), vec![], Count::default(), 0);
    for block in source.unwrap().blocks().unwrap() {
        waiting.extend(block.unwrap());
        most = most.max(waiting.len());
        loop {
            let cut = cutter.cut(&waiting, false);
            reader.read(&waiting[..cut.len], &cut.piece, &mut count);
            waiting.drain(..cut.len);
            if cut.len == 0 || waiting.is_empty() {
                break;
            }
        }
    }
    assert_eq!((count.0, count.1), (1, 1));
    assert!(most <= (2 << 20) + MAX_RECORD, "{most}");
}

#[test]
fn whoever_stops_taking_blocks_stops_the_thread() {
    let source = open_stream("x", Box::new(Line { left: usize::MAX }), None, None, Limits::default()).unwrap();
    let done = source.done();
    let mut blocks = source.blocks().unwrap();
    assert!(blocks.next().unwrap().is_ok());
    drop(blocks);
    // It may finish the blocks that it is at, and no more.
    #[expect(clippy::disallowed_methods, reason = "a thread is waited for")]
    let (start, now) = (Instant::now(), Instant::now);
    let mut last = done.bytes();
    loop {
        std::thread::yield_now();
        let bytes = done.bytes();
        if bytes == last && bytes < 64 << 20 && now().duration_since(start) > Duration::from_millis(200) {
            break;
        }
        last = bytes;
        assert!(now().duration_since(start) < Duration::from_secs(30));
    }
}
