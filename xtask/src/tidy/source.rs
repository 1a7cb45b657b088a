//! Rust source with everything blanked out that is not code: comments, texts, tests. Lines stay where they are.

/// The code of a file, without its tests: they are the last thing in a file here, so the rest is cut at `#[cfg(test)]`
/// before a `mod`.
pub fn code(text: &str) -> String {
    without_tests(&without_texts(text)).to_owned()
}

fn without_tests(code: &str) -> &str {
    let mut from = 0;
    while let Some(at) = code[from..].find("#[cfg(test)]") {
        let start = from + at;
        let after = code[start + "#[cfg(test)]".len()..].trim_start();
        let inline = after.starts_with("mod ")
            && after.split(['{', ';']).next().is_some_and(|m| after[m.len()..].starts_with('{'));
        if inline {
            return &code[..start];
        }
        from = start + 1;
    }
    code
}

/// What the scanner is inside of.
#[derive(Clone, Copy)]
enum Inside {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

fn without_texts(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut inside = Inside::Code;
    let mut rest = chars.as_slice();
    while !rest.is_empty() {
        let ((next, is_code), taken) = step(inside, rest);
        let (done, remaining) = rest.split_at(taken);
        out.extend(done.iter().map(|c| if is_code || *c == '\n' { *c } else { ' ' }));
        (inside, rest) = (next, remaining);
    }
    out
}

/// One step from `rest`: where we are afterwards, whether the characters are code, and how many they are.
fn step(inside: Inside, rest: &[char]) -> ((Inside, bool), usize) {
    match inside {
        Inside::Code => in_code(rest),
        Inside::LineComment if rest[0] == '\n' => ((Inside::Code, true), 1),
        Inside::LineComment => ((Inside::LineComment, false), 1),
        Inside::BlockComment(depth) => in_block_comment(depth, rest),
        Inside::Text if rest[0] == '\\' => ((Inside::Text, false), 2.min(rest.len())),
        Inside::Text if rest[0] == '"' => ((Inside::Code, false), 1),
        Inside::Text => ((Inside::Text, false), 1),
        Inside::RawText(hashes) if rest[0] == '"' && hashes_at(&rest[1..]) >= hashes => {
            ((Inside::Code, false), 1 + hashes)
        }
        Inside::RawText(hashes) => ((Inside::RawText(hashes), false), 1),
    }
}

fn in_code(rest: &[char]) -> ((Inside, bool), usize) {
    match rest {
        ['/', '/', ..] => ((Inside::LineComment, false), 2),
        ['/', '*', ..] => ((Inside::BlockComment(1), false), 2),
        ['"', ..] => ((Inside::Text, false), 1),
        ['r', '"' | '#', ..] if raw_start(rest).is_some() => {
            let hashes = raw_start(rest).unwrap_or_default();
            ((Inside::RawText(hashes), false), 2 + hashes)
        }
        // Characters: 'x', '\n', '"'. A lifetime has no closing quote there.
        ['\'', '\\', _, '\'', ..] => ((Inside::Code, false), 4),
        ['\'', _, '\'', ..] => ((Inside::Code, false), 3),
        _ => ((Inside::Code, true), 1),
    }
}

fn in_block_comment(depth: usize, rest: &[char]) -> ((Inside, bool), usize) {
    match rest {
        ['*', '/', ..] if depth == 1 => ((Inside::Code, false), 2),
        ['*', '/', ..] => ((Inside::BlockComment(depth - 1), false), 2),
        ['/', '*', ..] => ((Inside::BlockComment(depth + 1), false), 2),
        _ => ((Inside::BlockComment(depth), false), 1),
    }
}

fn hashes_at(rest: &[char]) -> usize {
    rest.iter().take_while(|c| **c == '#').count()
}

/// How many hashes a raw text that starts here has.
fn raw_start(rest: &[char]) -> Option<usize> {
    let hashes = hashes_at(&rest[1..]);
    (rest.get(1 + hashes) == Some(&'"')).then_some(hashes)
}

/// A path in code: `crate::store::Store` gives `["crate", "store", "Store"]`, groups in braces are spread.
#[derive(Debug, PartialEq, Eq)]
pub struct Mention {
    /// Line, from 1.
    pub line: usize,
    /// The names.
    pub names: Vec<String>,
}

/// Every path of two or more names in code.
pub fn mentions(code: &str) -> Vec<Mention> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_name(&tokens[at].text) && tokens[at].text != "as" {
            at = path(&tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one path from `at`, each branch of a group as a path of its own; returns where it ends.
fn path(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Mention>) -> usize {
    let mut names = prefix.to_vec();
    let line = tokens[at].line;
    names.push(tokens[at].text.clone());
    at += 1;
    while tokens.get(at).is_some_and(|t| t.text == "::") {
        match tokens.get(at + 1) {
            Some(next) if is_name(&next.text) => {
                names.push(next.text.clone());
                at += 2;
            }
            Some(next) if next.text == "{" => return group(tokens, at + 2, &names, found),
            _ => {
                at += 1;
                break;
            }
        }
    }
    if names.len() > 1 {
        found.push(Mention { line, names });
    }
    at
}

/// Reads a group of paths up to its closing brace.
fn group(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Mention>) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "}" => return at + 1,
            // A new name is no path.
            "as" => at += 2,
            name if is_name(name) => at = path(tokens, at, prefix, found),
            _ => at += 1,
        }
    }
    at
}

#[derive(Debug)]
struct Token {
    line: usize,
    text: String,
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and braces; everything else is one character.
fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let length = if name > 0 {
                name
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            tokens.push(Token { line: number + 1, text: rest[..length].to_owned() });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        mentions(&code(text)).into_iter().map(|m| m.names.join("::")).collect()
    }

    #[test]
    fn groups_are_spread() {
        let text = "use crate::{store::{Store, views::*}, flows::recover as r};\n";
        assert_eq!(paths(text), ["crate::store::Store", "crate::store::views", "crate::flows::recover"]);
    }

    #[test]
    fn comments_texts_and_tests_are_no_code() {
        let text = "// crate::a\n/* crate::b /* crate::c */ */ let s = \"crate::d\\\" crate::e\"; r#\"crate::f\"#;\n\
                    let c = '\"'; crate::g();\n#[cfg(test)]\nmod tests { use crate::h; }\n";
        assert_eq!(paths(text), ["crate::g"]);
    }

    #[test]
    fn a_test_module_in_its_own_file_cuts_nothing_off() {
        assert_eq!(paths("#[cfg(test)]\nmod tests;\nuse crate::a;\n"), ["crate::a"]);
    }

    #[test]
    fn lines_are_counted() {
        assert_eq!(mentions(&code("/* x\n */\n\nuse crate::a;\n"))[0].line, 4);
    }
}
