//! The console, through its front door.

mod access;
mod account;
mod authenticator;
mod exposure;
pub mod office;
mod oidc;
mod pages;
mod passkeys;
mod records;
mod records_pages;
mod security;
mod sign_in;
mod watch;
