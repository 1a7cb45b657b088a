//! `passwords info`: what a file holds, and that it is whole.

use super::super::{Global, print_json};
use crate::breached::Corpus;
use countersign_core::breached::{Form, Header};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `passwords info`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// A file that `passwords build` made
    file: PathBuf,
}

/// Checks all of the file and prints what it says of itself.
pub fn run(global: &Global, args: &Args) -> ExitCode {
    match Corpus::open(&args.file) {
        Ok(corpus) => {
            if global.json {
                print_json(&facts(corpus.header()));
            } else {
                println!("{}: {}", args.file.display(), describe(corpus.header()));
                println!("  content {}", data_encoding::HEXLOWER.encode(&corpus.header().content));
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", args.file.display());
            ExitCode::FAILURE
        }
    }
}

/// In one sentence.
pub fn describe(header: &Header) -> String {
    let wrong = match header.form {
        Form::Filter => {
            format!("; takes one other password in {:.0} for one of them", 1.0 / header.false_positive_rate)
        }
        Form::Exact | Form::Ranges => String::new(),
    };
    let least = if header.min_count > 1 { format!(", seen {} times or more", header.min_count) } else { String::new() };
    let (keys, hash, form, bits) = (header.keys, header.hash.as_str(), header.form.as_str(), header.bits_per_key());
    format!("{keys} {hash} hashes{least}; form {form}, {bits:.2} bits each{wrong}")
}

/// For machines.
pub fn facts(header: &Header) -> serde_json::Value {
    json!({
        "form": header.form.as_str(), "hash": header.hash.as_str(), "hashes": header.keys, "min_count": header.min_count,
        "bits_per_hash": header.bits_per_key(), "false_positive_rate": header.false_positive_rate,
        "content": data_encoding::HEXLOWER.encode(&header.content),
    })
}
