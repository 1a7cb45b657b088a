//! A cohort as a file: as long as it is, it is never in memory as a whole.

use super::digest;
use crate::console::desk::{Desk, Fields};
use crate::error::AppError;
use crate::flows::exposure::cohorts::Export;
use crate::flows::profile;
use crate::store::exposure::directory::Named;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use serde_json::json;

/// How the file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Csv,
    Ndjson,
}

impl Format {
    fn parse(text: &str) -> Result<Self, AppError> {
        match text {
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::Ndjson),
            _ => Err(AppError::invalid("format", "format_invalid", "A cohort is handed out as CSV or as NDJSON.")),
        }
    }

    const fn kind(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// What comes before the first account.
    const fn begins(self) -> &'static str {
        match self {
            Self::Csv => "account,external_id,number\r\n",
            Self::Ndjson => "",
        }
    }

    fn line(self, one: &Named, out: &mut String) {
        match self {
            Self::Csv => {
                let external = one.external_id.as_deref().map(quoted).unwrap_or_default();
                out.push_str(&format!("{},{external},{}\r\n", one.id, one.number));
            }
            Self::Ndjson => {
                let line = json!({ "account": one.id.as_str(), "external_id": one.external_id, "number": one.number });
                out.push_str(&line.to_string());
                out.push('\n');
            }
        }
    }
}

/// A cell as RFC 4180 has it. It is for programs and is not changed: a spreadsheet may take `=…` for a formula.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// What was asked for.
#[derive(Deserialize, Default, Debug)]
pub struct ExportForm {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    format: String,
}

/// `POST /console/exposure/cohorts/{digest}/export`.
pub async fn export(desk: Desk, Path(name): Path<String>, Fields(form): Fields<ExportForm>) -> Response {
    let begun = async {
        let (digest, format, reason) = (digest(&name)?, Format::parse(&form.format)?, profile::reason(&form.reason)?);
        Ok::<_, AppError>((format, Export::begin(&desk.app, &desk.actor(), &digest, reason).await?))
    };
    match begun.await {
        Ok((format, export)) => {
            let file: String = name.chars().take(16).collect();
            let disposition = format!("attachment; filename=\"{file}.{}\"", format.extension());
            let headers =
                [(header::CONTENT_TYPE, format.kind().to_owned()), (header::CONTENT_DISPOSITION, disposition)];
            (headers, Body::from_stream(pages(export, format))).into_response()
        }
        Err(error) => super::cohort::refused(&desk, &name, &form.reason, &error).await,
    }
}

/// The file, a page of accounts at a time. Where the database goes away in its middle the connection breaks off: whoever
/// asked sees that it is not whole.
fn pages(export: Export, format: Format) -> impl Stream<Item = Result<Bytes, AppError>> + Send {
    stream::try_unfold((export, Some(format.begins().to_owned())), move |(mut export, head)| async move {
        let accounts = export.page().await?;
        if accounts.is_empty() && head.as_ref().is_none_or(String::is_empty) {
            return Ok(None);
        }
        let mut text = head.unwrap_or_default();
        accounts.iter().for_each(|one| format.line(one, &mut text));
        Ok(Some((Bytes::from(text), (export, None))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_signs_are_quoted() {
        assert_eq!(quoted("crm-7"), "crm-7");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
