//! One row of a `COPY … FROM stdin` block: cells with tabs between them, `\N` for nothing (PostgreSQL 18, COPY, "Text Format").

/// Whether a line ends the block.
pub(super) fn is_end(line: &[u8]) -> bool {
    line.trim_ascii_end() == b"\\."
}

/// The text of a cell.
pub(super) fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'v') => 11,
            Some(other) => other,
            None => b'\\',
        });
    }
}
