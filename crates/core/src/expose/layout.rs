//! What the columns of a leak are: shown before the leak is read, and corrected with `col=field`.

use super::matching::Field;
use super::read::MAX_COLUMNS;
use std::fmt;

/// How a leak is written down, and what its columns are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// How records are written.
    pub format: Format,
    /// In the order in which a reader hands over cells.
    pub columns: Vec<Column>,
}

/// How records are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Format {
    /// Cells with a sign between them, in quotes or not (RFC 4180).
    Delimited {
        /// `,`, `;`, a tab, `|`.
        delimiter: u8,
        /// Whether the first record names the columns.
        header: bool,
    },
    /// A JSON object on each line.
    Ndjson,
    /// A JSON array of objects, by itself or in an object around it.
    Json,
    /// `INSERT` or `COPY` of one table in a dump.
    Sql {
        /// Its name, without a schema and quotes.
        table: String,
    },
    /// A name and a password; the password is dropped by the reader.
    Combo {
        /// `:`, `;`, `|`, a tab.
        separator: u8,
        /// Whether the address of a page stands before the name.
        url: bool,
    },
}

impl Format {
    /// The word in reports.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Delimited { delimiter: b'\t', .. } => "tsv",
            Self::Delimited { delimiter: b',', .. } => "csv",
            Self::Delimited { .. } => "delimited",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Sql { .. } => "sql",
            Self::Combo { .. } => "combo",
        }
    }
}

/// One column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// From the header, the key, the table; `column3` where nothing names it.
    pub name: String,
    /// What is in it; `None` is not looked at.
    pub field: Option<Field>,
    /// How sure that is.
    pub sure: Sure,
    /// What a few of its cells look like, without their letters and digits: `aaaa@aaaaa.aa`.
    pub shapes: Vec<String>,
}

/// How sure a guess is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sure {
    /// Neither name nor content says anything.
    Unknown,
    /// Name or content.
    Likely,
    /// Name and content, or a content that can be nothing else.
    Certain,
    /// It was said.
    Told,
}

impl Sure {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Likely => "likely",
            Self::Certain => "certain",
            Self::Told => "told",
        }
    }
}

/// Why a correction is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadMap {
    /// No `=`.
    #[error("`{0}` is not of the form `column=field`")]
    Form(String),
    /// No such column.
    #[error("there is no column `{name}`; the columns are {columns}")]
    Column {
        /// What was said.
        name: String,
        /// What there is.
        columns: String,
    },
    /// Two columns have this name.
    #[error("more than one column is called `{0}`; say its number, such as `#2`")]
    Twice(String),
    /// No such field.
    #[error("column `{column}`: `{field}` is no field; the fields are {}, and `-` for none", fields())]
    Field {
        /// For which column.
        column: String,
        /// What was said.
        field: String,
    },
}

fn fields() -> String {
    Field::ALL.map(Field::as_str).join(", ")
}

impl Layout {
    /// Corrects one column: `email2=email`, `#3=phone`, `notes=-`.
    ///
    /// # Errors
    /// [`BadMap`], and nothing is changed.
    pub fn map(&mut self, correction: &str) -> Result<(), BadMap> {
        let (name, field) = correction.rsplit_once('=').ok_or_else(|| BadMap::Form(correction.to_owned()))?;
        let (name, field) = (name.trim(), field.trim());
        let at = self.find(name)?;
        let field = match field {
            "-" => None,
            word => Some(Field::parse(word).ok_or_else(|| BadMap::Field { column: name.into(), field: word.into() })?),
        };
        let column = &mut self.columns[at];
        (column.field, column.sure) = (field, Sure::Told);
        Ok(())
    }

    /// Where a column is: by its number from one after a `#`, by its name, by its name without case.
    fn find(&self, name: &str) -> Result<usize, BadMap> {
        if let Some(at) = name.strip_prefix('#').and_then(|n| n.parse::<usize>().ok())
            && (1..=self.columns.len().min(MAX_COLUMNS)).contains(&at)
        {
            return Ok(at - 1);
        }
        let all = |same: &dyn Fn(&str) -> bool| {
            self.columns.iter().enumerate().filter(|(_, c)| same(&c.name)).map(|(n, _)| n).collect::<Vec<_>>()
        };
        let exact = all(&|other| other == name);
        let found = if exact.is_empty() { all(&|other| other.eq_ignore_ascii_case(name)) } else { exact };
        match found[..] {
            [at] => Ok(at),
            [] => Err(BadMap::Column { name: name.to_owned(), columns: self.names() }),
            _ => Err(BadMap::Twice(name.to_owned())),
        }
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ")
    }

    /// The fields that are looked at, by `Field::bit`.
    pub fn fields(&self) -> u16 {
        self.columns.iter().filter_map(|column| column.field).fold(0, |bits, field| bits | field.bit())
    }

    /// Whether a column is one that accounts are found by.
    pub fn finds_accounts(&self) -> bool {
        let by = Field::Email.bit() | Field::Phone.bit() | Field::UserName.bit() | Field::PlatformId.bit();
        self.fields() & by != 0
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.name, self.field.map_or("-", Field::as_str), self.sure.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let column = |name: &str| Column { name: name.into(), field: None, sure: Sure::Unknown, shapes: vec![] };
        Layout {
            format: Format::Delimited { delimiter: b',', header: true },
            columns: ["Email", "phone", "phone", "a=b"].map(column).into(),
        }
    }

    #[test]
    fn columns_are_named_by_name_and_by_number() {
        let mut layout = layout();
        layout.map("email=email").unwrap();
        layout.map("#2 = phone").unwrap();
        layout.map("a=b=user_name").unwrap();
        let fields: Vec<_> = layout.columns.iter().map(|c| c.field).collect();
        assert_eq!(fields, [Some(Field::Email), Some(Field::Phone), None, Some(Field::UserName)]);
        assert!(layout.finds_accounts());
        layout.map("Email=-").unwrap();
        assert_eq!(layout.columns[0].to_string(), "Email = - (told)");
    }

    #[test]
    fn what_is_wrong_is_said_with_the_column() {
        let said = |text: &str| layout().map(text).unwrap_err().to_string();
        insta::assert_snapshot!(said("email"), @"`email` is not of the form `column=field`");
        insta::assert_snapshot!(said("mail=email"), @"there is no column `mail`; the columns are `Email`, `phone`, `phone`, `a=b`");
        insta::assert_snapshot!(said("phone=phone"), @"more than one column is called `phone`; say its number, such as `#2`");
        insta::assert_snapshot!(said("email=mail"), @"column `email`: `mail` is no field; the fields are email, phone, user_name, platform_id, full_name, place, country, birth_date, password, other, and `-` for none");
        insta::assert_snapshot!(said("#9=email"), @"there is no column `#9`; the columns are `Email`, `phone`, `phone`, `a=b`");
    }
}
