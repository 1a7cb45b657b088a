//! The workload: an account is a function of its number, a record of the leak one of its own, so that every run makes the same.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Accounts of the leak come from the first so many of the directory, however large it is.
const LEAKED_OF: u64 = 20_000_000;

const FIRST: [&str; 16] = [
    "maria", "james", "aisha", "li", "Jürgen", "sofia", "omar", "Zoë", "ana", "peter", "fatima", "noah", "ivan",
    "yuki", "emma", "kofi",
];
const LAST: [&str; 12] =
    ["garcia", "smith", "khan", "wang", "Müller", "rossi", "Ångström", "silva", "novak", "okafor", "dubois", "tanaka"];
const CITY: [&str; 8] = ["Springfield", "Lyon", "São Paulo", "Leeds", "Utrecht", "Kraków", "Pune", "Perth"];
const HOST: [&str; 8] = [
    "gmail.com",
    "gmail.com",
    "gmail.com",
    "mail.example",
    "post.example",
    "example.org",
    "example.com",
    "web.example",
];
/// Code, calling code, trunk prefix, digits.
const COUNTRY: [(&str, &str, &str, usize); 8] = [
    ("US", "1", "1", 10),
    ("GB", "44", "0", 10),
    ("FR", "33", "0", 9),
    ("ES", "34", "", 9),
    ("NL", "31", "0", 9),
    ("PL", "48", "", 9),
    ("IN", "91", "0", 10),
    ("AU", "61", "0", 9),
];

/// A generator of one value each (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.roll(list.len() as u64) as usize]
    }
}

/// An account as the directory has it.
struct Person {
    user: String,
    /// Without dots and tags.
    local: String,
    host: &'static str,
    /// What stands in the directory before the `@`.
    shown: String,
    has_email: bool,
    country: usize,
    national: String,
    has_phone: bool,
    name: String,
}

fn plain(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

/// Account `n`; 2 % have the address and the number of the one before.
fn person(n: u64) -> Person {
    let mut dice = Dice(n);
    let (first, last) = (dice.of(&FIRST), dice.of(&LAST));
    let user = format!("{}{}{n}", plain(first), dice.of(&["_", ".", "-", ""]));
    let shared = n > 0 && dice.chance(2);
    let (has_email, has_phone) = (dice.chance(85), dice.chance(49));
    let mut own = Dice(if shared { n - 1 } else { n } ^ 0x5EED);
    let (host, country) = (own.of(&HOST), own.roll(COUNTRY.len() as u64) as usize);
    let local = format!("{}{}", plain(own.of(&LAST)), if shared { n - 1 } else { n });
    let shown = match own.roll(10) {
        0 if host == "gmail.com" => dotted(&local),
        1 => format!("{local}+club"),
        _ => local.clone(),
    };
    let digits = COUNTRY[country].3;
    let mut national = String::from("5");
    (1..digits).for_each(|_| national.push(char::from(b'0' + own.roll(10) as u8)));
    Person { user, local, host, shown, has_email, country, national, has_phone, name: format!("{first} {last}") }
}

fn dotted(local: &str) -> String {
    format!("{}.{}", &local[..2], &local[2..])
}

/// The directory and the leak, as files in `dir`; the leak only once.
pub fn all(dir: &Path, accounts: u32, rows: u32) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    directory(&dir.join(format!("dir{accounts}.csv")), u64::from(accounts))?;
    let leak = dir.join("dump.csv");
    if leak.exists() { Ok(()) } else { dump(&leak, u64::from(rows)) }
}

fn directory(path: &Path, accounts: u64) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(b"number,username,email,phone\n")?;
    for n in 0..accounts {
        let person = person(n);
        write!(out, "{n},{},", person.user)?;
        if person.has_email {
            write!(out, "{}@{}", person.shown, person.host)?;
        }
        out.write_all(b",")?;
        if person.has_phone {
            write!(out, "+{}{}", COUNTRY[person.country].1, person.national)?;
        }
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn dump(path: &Path, rows: u64) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(b"id,username,full_name,email,phone,city,country\n")?;
    let mut line = String::new();
    for n in 0..rows {
        line.clear();
        // Writing to memory does not fail.
        let _ = record(n, &mut line);
        out.write_all(line.as_bytes())?;
    }
    out.flush()
}

fn record(n: u64, line: &mut String) -> std::fmt::Result {
    let dice = &mut Dice(n ^ 0xD0_0D);
    // Strangers have numbers that no directory reaches.
    let number = if dice.chance(70) { dice.roll(LEAKED_OF) } else { (1 << 40) + n };
    let person = person(number);
    write!(line, "{},", 100_000_000 + n)?;
    if dice.chance(10) {
        write!(line, "{}_old", person.user)?;
    } else {
        messy(&person.user, dice.chance(5), dice, line);
    }
    line.push(',');
    name(&person.name, dice, line);
    line.push(',');
    if dice.chance(70) {
        email(&person, dice, line)?;
    }
    line.push(',');
    let shown = if dice.chance(35) { phone(&person, dice, line)? } else { false };
    line.push(',');
    if dice.chance(40) {
        line.push_str(dice.of(&CITY));
    }
    line.push(',');
    // A number without its country's code says nothing without the country.
    if shown || dice.chance(70) {
        line.push_str(COUNTRY[person.country].0);
    }
    line.push('\n');
    Ok(())
}

/// Case, blanks, an `@` in front.
fn messy(text: &str, at: bool, dice: &mut Dice, line: &mut String) {
    let (upper, blank) = (dice.chance(10), dice.chance(3));
    line.push_str(if blank { " " } else { "" });
    line.push_str(if at { "@" } else { "" });
    if upper {
        line.push_str(&text.to_ascii_uppercase())
    } else {
        line.push_str(text)
    }
    line.push_str(if blank { " " } else { "" });
}

/// In quotes or not, with quotes within, or a line feed.
fn name(name: &str, dice: &mut Dice, line: &mut String) {
    match dice.roll(2700) {
        0 => line.extend(["\"", name, "\nJr.\""]),
        1..=100 => line.extend(["\"", name, " \"\"Ace\"\"\""]),
        101..=500 => line.extend(["\"", name, ", Dr.\""]),
        _ => line.push_str(name),
    }
}

fn email(person: &Person, dice: &mut Dice, line: &mut String) -> std::fmt::Result {
    // What an account has not, its owner may have elsewhere; 8 % have changed theirs since.
    let stale = dice.chance(8) || !person.has_email;
    let local = match dice.roll(20) {
        _ if stale => format!("{}.before", person.local),
        0 => format!("{}+news", person.local),
        1 if person.host == "gmail.com" => dotted(&person.local),
        2 => person.local.clone(),
        _ => person.shown.clone(),
    };
    let host = if person.host == "gmail.com" && dice.chance(2) { "googlemail.com" } else { person.host };
    messy(&format!("{local}@{host}"), false, dice, line);
    Ok(())
}

fn phone(person: &Person, dice: &mut Dice, line: &mut String) -> Result<bool, std::fmt::Error> {
    let (_, country, trunk, _) = COUNTRY[person.country];
    let (a, b) = person.national.split_at(3);
    // 8 % have changed theirs since.
    let b = if dice.chance(8) || !person.has_phone { format!("{}00", &b[..b.len() - 2]) } else { b.to_owned() };
    match dice.roll(8) {
        0 | 1 => write!(line, "+{country}{a}{b}")?,
        2 => write!(line, "00{country}{a}{b}")?,
        3 => write!(line, "{country}{a}{b}")?,
        4 => write!(line, "+{country} {a} {b}")?,
        5 => write!(line, "({a}) {}-{}", &b[..3], &b[3..])?,
        6 => write!(line, "{trunk}{a}{b}")?,
        _ => write!(line, "{a} {b}")?,
    }
    Ok(true)
}
