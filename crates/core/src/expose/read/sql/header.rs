//! What stands before the rows of a dump: `INSERT INTO t (…) VALUES`, `COPY t (…) FROM stdin;`, `CREATE TABLE t (…)`.

use crate::expose::read::MAX_COLUMNS;

/// The beginning of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub verb: Verb,
    /// Without schema and quotes.
    pub table: String,
    /// As they are named; none where the statement names none.
    pub columns: Vec<String>,
    /// Bytes up to the first row, or to the end of a `CREATE TABLE`.
    pub len: usize,
    /// Names are in backticks: MySQL's and MariaDB's spelling.
    pub backticks: bool,
}

/// What a statement does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    Insert,
    Copy,
    Create,
}

/// What is at the front.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    Header(Header),
    /// It begins like one and goes on behind these bytes.
    More,
    None,
}

/// Whether a statement of interest may begin here; `text` may be cut anywhere.
pub(crate) fn may_begin(text: &[u8]) -> bool {
    [&b"INSERT"[..], b"REPLACE", b"COPY", b"CREATE"].iter().any(|verb| {
        let len = verb.len().min(text.len());
        text[..len].eq_ignore_ascii_case(&verb[..len])
    })
}

/// Whether a statement of interest is at the front, of which at least the name of its table is there.
pub(crate) fn is_statement(text: &[u8]) -> bool {
    may_begin(text) && matches!(header(text), Found::Header(_))
}

/// Reads the header at the front of `text`.
pub(crate) fn header(text: &[u8]) -> Found {
    let mut words = Words { text, at: 0, backticks: false };
    match words.header() {
        Ok(Some((verb, table, columns))) => {
            Found::Header(Header { verb, table, columns, len: words.at, backticks: words.backticks })
        }
        Ok(None) => Found::None,
        Err(Cut) => Found::More,
    }
}

/// The bytes end.
struct Cut;

struct Words<'a> {
    text: &'a [u8],
    at: usize,
    backticks: bool,
}

type Parts = Option<(Verb, String, Vec<String>)>;

impl Words<'_> {
    fn header(&mut self) -> Result<Parts, Cut> {
        match &*self.keyword()? {
            "INSERT" | "REPLACE" => self.insert(),
            "COPY" => self.copy(),
            "CREATE" => self.create(),
            _ => Ok(None),
        }
    }

    fn insert(&mut self) -> Result<Parts, Cut> {
        // `INSERT OR REPLACE INTO`, `INSERT IGNORE INTO`, `INSERT LOW_PRIORITY INTO`.
        let mut words = 0;
        while self.keyword()? != "INTO" {
            words += 1;
            if words > 3 {
                return Ok(None);
            }
        }
        let Some(table) = self.table()? else { return Ok(None) };
        let columns = self.list()?;
        // `OVERRIDING SYSTEM VALUE VALUES`.
        for _ in 0..4 {
            if self.keyword()? == "VALUES" {
                // The statement goes on with a row.
                return if self.peek()? == b'(' { Ok(Some((Verb::Insert, table, columns))) } else { Ok(None) };
            }
        }
        Ok(None)
    }

    fn copy(&mut self) -> Result<Parts, Cut> {
        let Some(table) = self.table()? else { return Ok(None) };
        let columns = self.list()?;
        if self.keyword()? != "FROM" || self.keyword()? != "STDIN" {
            return Ok(None);
        }
        let rest = &self.text[self.at..];
        let end = memchr::memchr(b'\n', rest).ok_or(Cut)?;
        self.at += end + 1;
        Ok(Some((Verb::Copy, table, columns)))
    }

    fn create(&mut self) -> Result<Parts, Cut> {
        let mut word = self.keyword()?;
        while matches!(&*word, "TEMPORARY" | "TEMP" | "UNLOGGED" | "GLOBAL" | "LOCAL") {
            word = self.keyword()?;
        }
        if word != "TABLE" {
            return Ok(None);
        }
        let start = self.at;
        if self.keyword()? == "IF" {
            let _not_exists = (self.keyword()?, self.keyword()?);
        } else {
            self.at = start;
        }
        let Some(table) = self.table()? else { return Ok(None) };
        if self.peek()? != b'(' {
            return Ok(None);
        }
        self.at += 1;
        let columns = self.definitions()?;
        Ok(Some((Verb::Create, table, columns)))
    }

    /// The names of the columns within the brackets of `CREATE TABLE`.
    fn definitions(&mut self) -> Result<Vec<String>, Cut> {
        let mut columns = vec![];
        loop {
            let quoted = matches!(self.peek()?, b'`' | b'"' | b'[');
            let name = self.name()?;
            if (quoted || !is_constraint(&name)) && !name.is_empty() && columns.len() < MAX_COLUMNS {
                columns.push(name);
            }
            if self.definition_end()? {
                return Ok(columns);
            }
        }
    }

    /// Goes behind the comma or the closing bracket; whether it was the bracket.
    fn definition_end(&mut self) -> Result<bool, Cut> {
        let mut open = 0_usize;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'\'' | b'`' | b'"' => self.at += memchr::memchr(byte, &self.text[self.at..]).ok_or(Cut)? + 1,
                b'(' => open += 1,
                b')' if open == 0 => return Ok(true),
                b')' => open -= 1,
                b',' if open == 0 => return Ok(false),
                _ => {}
            }
        }
    }

    /// `(a, b, c)`, or nothing.
    fn list(&mut self) -> Result<Vec<String>, Cut> {
        let mut columns = vec![];
        if self.peek()? != b'(' {
            return Ok(columns);
        }
        self.at += 1;
        while columns.len() < MAX_COLUMNS {
            columns.push(self.name()?);
            match self.peek()? {
                b',' => self.at += 1,
                b')' => {
                    self.at += 1;
                    break;
                }
                _ => return Ok(vec![]),
            }
        }
        Ok(columns)
    }

    /// The last part of `schema.table`.
    fn table(&mut self) -> Result<Option<String>, Cut> {
        let mut name = self.name()?;
        while self.peek()? == b'.' {
            self.at += 1;
            name = self.name()?;
        }
        Ok((!name.is_empty()).then_some(name))
    }

    /// In any of the quotes, or bare; empty where none stands.
    fn name(&mut self) -> Result<String, Cut> {
        let close = match self.peek()? {
            b'`' => b'`',
            b'"' => b'"',
            b'[' => b']',
            _ => return self.word(),
        };
        self.backticks |= close == b'`';
        let start = self.at + 1;
        let len = memchr::memchr(close, &self.text[start..]).ok_or(Cut)?;
        self.at = start + len + 1;
        Ok(String::from_utf8_lossy(&self.text[start..start + len]).into_owned())
    }

    fn word(&mut self) -> Result<String, Cut> {
        self.peek()?;
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
        let len = rest.iter().position(|byte| !is_part(byte)).ok_or(Cut)?;
        self.at += len;
        Ok(String::from_utf8_lossy(&rest[..len]).into_owned())
    }

    fn keyword(&mut self) -> Result<String, Cut> {
        Ok(self.word()?.to_ascii_uppercase())
    }

    /// The next byte that is no white space and in no comment.
    fn peek(&mut self) -> Result<u8, Cut> {
        loop {
            let rest = &self.text[self.at..];
            match rest {
                [b' ' | b'\t' | b'\r' | b'\n', ..] => self.at += 1,
                [b'-', b'-', ..] => self.at += memchr::memchr(b'\n', rest).ok_or(Cut)?,
                [b'/', b'*', ..] => self.at += memchr::memmem::find(rest, b"*/").ok_or(Cut)? + 2,
                [] | [b'-' | b'/'] => return Err(Cut),
                [byte, ..] => return Ok(*byte),
            }
        }
    }
}

/// What begins a definition that is none of a column.
fn is_constraint(word: &str) -> bool {
    const WORDS: [&str; 11] = [
        "PRIMARY",
        "KEY",
        "UNIQUE",
        "CONSTRAINT",
        "INDEX",
        "FULLTEXT",
        "SPATIAL",
        "FOREIGN",
        "CHECK",
        "EXCLUDE",
        "PERIOD",
    ];
    WORDS.iter().any(|other| other.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        match header(text.as_bytes()) {
            Found::Header(h) => format!("{:?} {} {:?} | {}", h.verb, h.table, h.columns, &text[h.len..]),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_spellings_of_three_databases_are_read() {
        let cases = [
            ("INSERT INTO `users` VALUES (1,'a');", "Insert users [] | (1,'a');"),
            ("insert ignore into `shop`.`users` (`id`, `e mail`) values\n(1", r#"Insert users ["id", "e mail"] | (1"#),
            (
                "INSERT INTO public.users (id, \"Email\") OVERRIDING SYSTEM VALUE VALUES (1",
                r#"Insert users ["id", "Email"] | (1"#,
            ),
            ("INSERT INTO users VALUES(1,'a');", "Insert users [] | (1,'a');"),
            ("REPLACE INTO [users](id)VALUES(1)", r#"Insert users ["id"] | (1)"#),
            ("COPY public.users (id, email) FROM stdin;\n1\ta\n", "Copy users [\"id\", \"email\"] | 1\ta\n"),
            (
                "CREATE TABLE IF NOT EXISTS `users` (\n `id` int(11) NOT NULL, -- the id\n `email` varchar(9) DEFAULT 'a,b)',\n\
                 PRIMARY KEY (`id`,`x`),\n key x (`id`)\n) ENGINE=InnoDB;",
                r#"Create users ["id", "email"] |  ENGINE=InnoDB;"#,
            ),
            (
                "CREATE TABLE public.users (id bigint, price numeric(4,2), \"key\" text);",
                r#"Create users ["id", "price", "key"] | ;"#,
            ),
            ("INSERT INTO users SELECT * FROM b;", "None"),
            ("CREATE INDEX a ON users (b);", "None"),
            ("INSERT INTO users (id, em", "More"),
            ("INSERT INTO users VAL", "More"),
            ("SELECT 1;", "None"),
        ];
        for (text, expected) in cases {
            let said = said(text);
            assert!(said.starts_with(expected), "{text}\n{said}");
        }
    }
}
