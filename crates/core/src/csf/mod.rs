//! Where what we do stands in the NIST Cybersecurity Framework 2.0 (NIST CSWP 29, February 2024): its outcomes, in NIST's
//! words, and which of them an entry of the evidence supports.
//!
//! Never: names an outcome that version 2.0 has withdrawn; calls an outcome reached, which is for people to say.
//! In: kinds of entries.   Out: subcategories.
//! I/O for this room: none.   Tests: beside the code.

mod evidence;
mod subcategory;

pub use evidence::of_kind;
pub use subcategory::Subcategory;
