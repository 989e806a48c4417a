//! Text to tokens, line by line; strings and heredocs are one token each.

/// What a token is, as far as its layout depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ident,
    Number,
    Text,
    Comment,
    Symbol,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
}

impl Token {
    /// How much deeper it leads.
    pub(super) fn bracket(&self) -> i32 {
        match self.text.as_str() {
            "{" | "[" | "(" => 1,
            "}" | "]" | ")" => -1,
            _ => 0,
        }
    }
}

const WIDE: [&str; 9] = ["...", "=>", "==", "!=", "<=", ">=", "&&", "||", "::"];

/// The tokens of each line. A multi-line comment or heredoc belongs to the line on which it begins.
pub(super) fn tokens(text: &str) -> Vec<Vec<Token>> {
    let text = text.replace("\r\n", "\n");
    let mut lines = vec![Vec::new()];
    let mut rest = text.as_str();
    while let Some(c) = rest.chars().next() {
        if c == '\n' {
            lines.push(Vec::new());
            rest = &rest[1..];
            continue;
        }
        if c.is_whitespace() {
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (kind, len) = scan(rest, c);
        if let Some(line) = lines.last_mut() {
            let text = match kind {
                Kind::Text => tidy(&rest[..len]),
                _ => rest[..len].to_owned(),
            };
            line.push(Token { kind, text });
        }
        rest = &rest[len..];
    }
    lines
}

fn scan(rest: &str, c: char) -> (Kind, usize) {
    let line = rest.find('\n').unwrap_or(rest.len());
    if c == '#' || rest.starts_with("//") {
        return (Kind::Comment, line);
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, rest.find("*/").map_or(rest.len(), |n| n + 2));
    }
    if c == '"' {
        return (Kind::Text, quoted(rest));
    }
    if rest.starts_with("<<")
        && let Some(len) = heredoc(rest, line)
    {
        return (Kind::Text, len);
    }
    let run = |f: fn(char) -> bool| rest.find(|c: char| !f(c)).unwrap_or(rest.len());
    if c.is_alphabetic() || c == '_' {
        return (Kind::Ident, run(|c| c.is_alphanumeric() || matches!(c, '_' | '-')));
    }
    if c.is_ascii_digit() {
        let mut len = run(|c| c.is_ascii_digit());
        let decimals = |s: &str| s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
        if rest[len..].starts_with('.') && decimals(&rest[len + 1..]) > 0 {
            len += 1 + decimals(&rest[len + 1..]);
        }
        if let Some(e) = rest[len..].strip_prefix(['e', 'E']) {
            let sign = usize::from(e.starts_with(['+', '-']));
            if decimals(&e[sign..]) > 0 {
                len += 1 + sign + decimals(&e[sign..]);
            }
        }
        return (Kind::Number, len);
    }
    let wide = WIDE.iter().find(|w| rest.starts_with(**w)).map(|w| w.len());
    (Kind::Symbol, wide.unwrap_or(c.len_utf8()))
}

/// The text with what stands in `${}` and `%{}` laid out too.
fn tidy(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['$', '%', '\\']) {
        let here = &rest[at..];
        let skip = if here.starts_with("$${") || here.starts_with("%%{") {
            3
        } else if here.starts_with("${") || here.starts_with("%{") {
            let len = 2 + template(&here[2..]);
            let closed = here[2..len].strip_suffix('}').filter(|inner| !inner.contains('\n'));
            out.push_str(&rest[..at]);
            match closed {
                None => out.push_str(&here[..len]),
                Some(inner) => out.push_str(&interpolation(&here[..2], inner)),
            }
            rest = &here[len..];
            continue;
        } else if here.starts_with("\\\"") || here.starts_with("\\\\") {
            2
        } else {
            here.chars().next().map_or(1, char::len_utf8)
        };
        out.push_str(&rest[..at + skip]);
        rest = &rest[at + skip..];
    }
    out + rest
}

/// An opening mark and the code behind it on one line, with the closing brace.
fn interpolation(opening: &str, inner: &str) -> String {
    let (open, inner) = inner.strip_prefix('~').map_or(("", inner), |i| ("~", i));
    let (inner, close) = inner.strip_suffix('~').map_or((inner, ""), |i| (i, "~"));
    let line = tokens(inner).into_iter().next().unwrap_or_default();
    // Two braces side by side would be hard to read.
    let apart = |token: Option<&Token>, brace: &str| if token.is_some_and(|t| t.text == brace) { " " } else { "" };
    let mut out = format!("{opening}{open}{}", apart(line.first(), "{"));
    let opening = Token { kind: Kind::Symbol, text: opening.to_owned() };
    for (token, blanks) in line.iter().zip(super::space::spaces(&line, Some(&opening))) {
        out.push_str(&" ".repeat(blanks));
        out.push_str(&token.text);
    }
    out + apart(line.last(), "}") + close + "}"
}

/// The length of a quoted template, with the templates inside of it.
fn quoted(text: &str) -> usize {
    let mut at = 1;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if c == '"' {
            return at + 1;
        }
        if c == '\\' {
            at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        } else if rest.starts_with("$${") || rest.starts_with("%%{") {
            at += 3;
        } else if rest.starts_with("${") || rest.starts_with("%{") {
            at += 2 + template(&rest[2..]);
        } else {
            at += c.len_utf8();
        }
    }
    text.len()
}

/// The length of what stands in a template's braces, the closing one included.
fn template(text: &str) -> usize {
    let (mut at, mut depth) = (0, 1);
    while let Some(c) = text[at..].chars().next() {
        at += match c {
            '"' => quoted(&text[at..]),
            c => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                c.len_utf8()
            }
        };
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a heredoc without the line end behind its delimiter.
fn heredoc(text: &str, first_line: usize) -> Option<usize> {
    let name = text[2..first_line].trim_start_matches('-').trim();
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        return None;
    }
    let mut at = first_line + 1;
    for line in text.get(at..)?.split_inclusive('\n') {
        if line.trim() == name {
            return Some(at + line.trim_end().len());
        }
        at += line.len();
    }
    None
}
