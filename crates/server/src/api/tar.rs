//! Archives of files (ustar, POSIX.1-1988): as much of the format as a bundle needs.

/// Bytes in a block.
const BLOCK: usize = 512;
/// Longest name.
const MOST_NAME: usize = 100;

/// The header of a file. `None` for a name that is too long, and for more than 8 GiB.
pub fn header(name: &str, size: u64, mtime_secs: u64) -> Option<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    if name.len() > MOST_NAME || size >= 1 << 33 || mtime_secs >= 1 << 33 {
        return None;
    }
    put(0, name.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, format!("{mtime_secs:011o}\0").as_bytes());
    // The checksum counts itself as spaces.
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Some(block)
}

/// What follows a file's bytes, up to a whole block.
pub const fn padding(size: u64) -> usize {
    let rest = (size % BLOCK as u64) as usize;
    if rest == 0 { 0 } else { BLOCK - rest }
}

/// What an archive ends with.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_as_others_write_it() {
        let header = header("evidence/proof", 1234, 1_768_400_000).unwrap();
        assert_eq!(&header[124..136], b"00000002322\0");
        assert_eq!(&header[257..265], b"ustar\x0000");
        let sum: u32 =
            header.iter().enumerate().map(|(at, b)| if (148..156).contains(&at) { 32 } else { u32::from(*b) }).sum();
        assert_eq!(&header[148..155], format!("{sum:06o}\0").as_bytes());
        assert_eq!((padding(0), padding(1), padding(512)), (0, 511, 0));
        assert!(super::header(&"a".repeat(101), 0, 0).is_none() && super::header("a", 1 << 33, 0).is_none());
    }
}
