//! The console, through its front door.

mod access;
mod authenticator;
pub mod office;
mod oidc;
mod pages;
mod passkeys;
mod security;
mod sign_in;
