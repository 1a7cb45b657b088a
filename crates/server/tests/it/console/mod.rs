//! The console, through its front door.

mod access;
mod account;
pub mod office;
mod pages;
mod records;
mod records_pages;
mod security;
mod sign_in;
