//! The tables of a dump, and the one that is taken.

use super::{Unreadable, by_reader, promise};
use crate::expose::layout::{Format, Layout, Sure};
use crate::expose::read::MAX_COLUMNS;
use crate::expose::read::sql_header::{Found, Verb, header, may_begin, width};
use std::collections::BTreeMap;

/// What is known of a table.
#[derive(Default)]
struct Table {
    columns: Vec<String>,
    /// It has rows among the first bytes.
    rows: bool,
}

pub(super) fn layout(text: &[u8], asked: Option<&str>) -> Result<Layout, Unreadable> {
    let tables = tables(text);
    let with_rows = tables.into_iter().filter(|(name, table)| match asked {
        Some(asked) => asked == name && !table.columns.is_empty(),
        None => table.rows && !table.columns.is_empty(),
    });
    let layouts = with_rows.filter(|(_, table)| table.columns.len() <= MAX_COLUMNS).map(|(table, known)| {
        let promised = promise(&known.columns);
        (promised, by_reader(Format::Sql { table }, &known.columns, text))
    });
    // By names, and where none says anything by what is in the rows.
    let weight = |(promised, layout): &(usize, Layout)| {
        (*promised, layout.columns.iter().filter(|c| c.field.is_some() && c.sure > Sure::Unknown).count())
    };
    let best = layouts.max_by_key(weight).map(|(_, layout)| layout);
    best.ok_or_else(|| Unreadable::NoRows(asked.map(|name| format!(" of the table `{name}`")).unwrap_or_default()))
}

/// Every table that a statement names.
fn tables(text: &[u8]) -> BTreeMap<String, Table> {
    let (mut tables, mut rest) = (BTreeMap::<String, Table>::new(), text);
    while !rest.is_empty() {
        rest = rest.trim_ascii_start();
        if may_begin(rest)
            && let Found::Header(found) = header(rest)
        {
            let table = tables.entry(found.table).or_default();
            table.rows |= found.verb != Verb::Create;
            if table.columns.is_empty() {
                let unnamed = if found.verb == Verb::Insert { width(&rest[found.len..], found.backticks) } else { 0 };
                let numbered = (1..=unnamed).map(|n| format!("column{n}")).collect();
                table.columns = if found.columns.is_empty() { numbered } else { found.columns };
            }
            rest = &rest[found.len..];
            continue;
        }
        rest = memchr::memchr(b'\n', rest).map_or(&[], |end| &rest[end + 1..]);
    }
    tables
}
