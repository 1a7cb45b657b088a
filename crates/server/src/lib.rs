//! Countersign: one binary in front of, or beside, the identity system that a platform already runs.
//!
//! `docs/architecture.md` says which room may know which; `cargo xtask tidy` holds it.

pub mod api;
pub mod app;
pub mod attest;
pub mod breached;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod directory;
pub mod drill;
pub mod error;
pub mod expose;
pub mod flows;
pub mod http;
pub mod jobs;
pub mod key_file;
pub mod keyring;
pub mod last_seen;
pub mod log;
pub mod metrics;
pub mod notify;
pub mod oidc;
pub mod pages;
pub mod serve;
pub mod signing;
pub mod store;
pub mod text;
pub mod web;
pub mod witness;
