//! The JSON API through the front door, in process: whole responses.

mod accounts;
mod care;
mod errors;
mod evidence;
pub mod house;
mod once;
mod recovery;
