//! `/console/settings`: what is in force, and where it came from. Nothing can be changed here.

use super::desk::Desk;
use super::frame::Frame;
use super::moment::Moment;
use super::show;
use crate::config::Effective;
use crate::error::AppError;
use crate::flows::log::entries::{self, Status};
use askama::Template;
use axum::response::Response;

/// A setting.
struct Row {
    key: String,
    value: String,
    source: String,
    is_default: bool,
}

/// Settings of one section of the file.
struct Section {
    name: String,
    rows: Vec<Row>,
    changed: usize,
}

/// How the log stands.
struct Log {
    origin: String,
    key: String,
    size: u64,
    published: u64,
    witnessed: &'static str,
    witnesses: usize,
    stamped: Option<Moment>,
    doubt: Option<String>,
}

#[derive(Template)]
#[template(path = "console/settings.html")]
struct Page {
    frame: Frame,
    version: &'static str,
    engine: &'static str,
    node: String,
    origin: String,
    log: Option<Log>,
    sections: Vec<Section>,
}

/// `GET /console/settings`.
pub async fn page(desk: Desk) -> Response {
    match made(&desk).await {
        Ok(page) => show::page(&page),
        Err(error) => desk.refuse(&error),
    }
}

async fn made(desk: &Desk) -> Result<Page, AppError> {
    let app = &desk.app;
    let status = match entries::status(app).await {
        Ok(status) => Some(log(desk, &status)),
        // Without a head there is nothing to say of the log; without a database there is no page.
        Err(error) if error.status == 503 => {
            app.store.ping().await?;
            None
        }
        Err(error) => return Err(error),
    };
    Ok(Page {
        frame: desk.frame("Settings"),
        version: env!("CARGO_PKG_VERSION"),
        engine: app.store.engine(),
        node: app.node.clone(),
        origin: app.config.server.origin.to_string(),
        log: status,
        sections: sections(&app.config.effective),
    })
}

fn log(desk: &Desk, status: &Status) -> Log {
    let judged = &status.witnesses;
    Log {
        origin: status.key.name().to_owned(),
        key: status.key.to_string(),
        size: status.newest.head.size,
        published: status.published.head.size,
        witnessed: match (judged.needs_witnesses, judged.reached) {
            (false, _) => "no witness is asked for",
            (true, true) => "the quorum has cosigned",
            (true, false) => "the quorum has not cosigned",
        },
        witnesses: desk.app.log.policy().witnesses().len(),
        stamped: status.stamped_at.map(|at| Moment::new(at, desk.app.clock.now())),
        doubt: status.doubt.clone(),
    }
}

/// Settings by section, in the order of their keys, which is that of their names.
fn sections(effective: &[Effective]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for setting in effective {
        let (name, key) = setting.key.split_once('.').unwrap_or(("", &setting.key));
        if sections.last().is_none_or(|last| last.name != name) {
            sections.push(Section { name: name.to_owned(), rows: Vec::new(), changed: 0 });
        }
        if let Some(section) = sections.last_mut() {
            let is_default = setting.source == "default";
            section.changed += usize::from(!is_default);
            let (value, source) = (setting.value.to_string(), setting.source.clone());
            section.rows.push(Row { key: key.to_owned(), value, source, is_default });
        }
    }
    sections
}
