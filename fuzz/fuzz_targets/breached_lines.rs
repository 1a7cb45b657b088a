//! Reading a list of leaked passwords never panics, keeps no more than a line, and finds the same lines in whatever pieces
//! they come.
#![no_main]

use countersign_core::breached::{HashKind, Line, Lines, MAX_LINE_BYTES, parse};

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let lines = |size: usize| {
        let (mut lines, mut found) = (Lines::default(), vec![]);
        let mut each = |line: Line<'_>| {
            assert!(line.is_err() || line.is_ok_and(|line| line.len() <= MAX_LINE_BYTES));
            found.push(line.map(|line| parse(HashKind::Sha1, b"", line)));
        };
        bytes.chunks(size).for_each(|piece| lines.feed(piece, &mut each));
        lines.finish(&mut each);
        found
    };
    assert_eq!(lines(usize::from(size) + 1), lines(bytes.len().max(1)));
    let _ = parse(HashKind::Ntlm, b"5BAA6", bytes);
});
