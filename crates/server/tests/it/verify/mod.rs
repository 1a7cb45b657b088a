//! Messages that anyone can verify: what is sealed, what the proof says, what doors and script make of it.
//!
//! Never: takes the server's word where the proof can be looked at; mocks a mail server or a script's engine.
//! In: messages that were handed over.   Out: entries, proof files, pages.
//! I/O for this room: the databases, loopback.   Tests: these; the page in a browser is in browser/message.rs.

pub mod doors;
mod mail;
mod script;
mod sealing;
