//! The console, through its front door.

mod access;
pub mod office;
mod pages;
mod security;
mod sign_in;
