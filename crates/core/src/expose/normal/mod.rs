//! What values are compared by. The directory and the leak go through the same functions, so that what falls together does
//! so on both sides; whoever changes one of them raises `VERSION`, and every index is built anew.
//!
//! Most values are plain ASCII and take a short way that neither allocates nor looks at a table of Unicode. It gives what the
//! long way gives, or nothing and leaves the value to the long way; property tests hold that.

mod email;
mod phone;
mod plan;
mod platform;
mod region;
mod user;

pub use email::{Email, email};
pub use phone::{Phone, phone};
pub use plan::phone_by_plan;
pub use platform::platform_id;
pub use region::Region;
pub use user::user_name;

/// Of these rules. An index says under which it was made.
pub const VERSION: u16 = 2;

/// Longest normalised value: an address of 64 + 1 + 255 bytes (RFC 5321, 4.5.3.1).
pub const MAX_BYTES: usize = 320;

/// A normalised value on the stack.
#[derive(Clone, Copy)]
pub struct Text {
    bytes: [u8; MAX_BYTES],
    len: u16,
}

impl Text {
    /// Nothing.
    pub const fn new() -> Self {
        Self { bytes: [0; MAX_BYTES], len: 0 }
    }

    /// The bytes, UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends a byte; what does not fit is left out, and `fits` says so.
    fn push(&mut self, byte: u8) -> bool {
        let at = usize::from(self.len);
        let fits = at < MAX_BYTES;
        if fits {
            self.bytes[at] = byte;
            self.len += 1;
        }
        fits
    }

    fn extend(&mut self, bytes: &[u8]) -> bool {
        let at = usize::from(self.len);
        let Some(room) = self.bytes.get_mut(at..at + bytes.len()) else { return false };
        room.copy_from_slice(bytes);
        // A slice of at most `MAX_BYTES` fits.
        self.len += bytes.len() as u16;
        true
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len as u16);
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Text {
    /// Personal: its length and nothing else.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({} bytes)", self.len)
    }
}

/// Without white space at either end (ASCII's; other white space is the long way's).
fn trimmed(raw: &[u8]) -> &[u8] {
    raw.trim_ascii()
}
