//! Values to YAML with the layout of libyaml's emitter, as Terraform uses it: strings in double quotes or literal
//! blocks, everything else plain, long strings broken at spaces behind column 80.

use cplan_model::{Kind, Value};

/// The document of a value.
pub(super) fn to_yaml(value: &Value) -> String {
    let mut emitter = Emitter { out: String::new(), indent: None, column: 0, space: true, fresh: true, open: false };
    emitter.node(value, Place::Root);
    emitter.line();
    if emitter.open {
        emitter.indicator("...", true, false, false);
        emitter.line();
    }
    emitter.out
}

/// Where strings are broken.
const WIDTH: usize = 80;

/// The longest key that stands before its colon without a question mark, in bytes.
const KEY: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Key,
    /// A key behind a question mark, or a value.
    Mapped,
}

struct Emitter {
    out: String,
    /// None outside of everything.
    indent: Option<usize>,
    column: usize,
    /// The last thing written separates.
    space: bool,
    /// Nothing but indentation and indicators stands on this line.
    fresh: bool,
    /// Only an explicit end tells where the scalar that is the whole document ends.
    open: bool,
}

impl Emitter {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn newline(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// Begins a line at the indentation, unless this is one.
    fn line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.fresh || self.column > indent || (self.column == indent && !self.space) {
            self.newline();
        }
        while self.column < indent {
            self.put(" ");
        }
        (self.space, self.fresh) = (true, true);
    }

    fn indicator(&mut self, text: &str, separate: bool, space: bool, indents: bool) {
        if separate && !self.space {
            self.put(" ");
        }
        self.put(text);
        self.space = space;
        self.fresh &= indents;
        self.open = false;
    }

    fn node(&mut self, value: &Value, place: Place) {
        match value.kind() {
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) if items.is_empty() => {
                self.indicator("[]", true, false, false);
            }
            Kind::Map(_, items) | Kind::Object(items) if items.is_empty() => {
                self.indicator("{}", true, false, false);
            }
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
                let outer = self.indent;
                // A list stands at the depth of its key.
                if place != Place::Mapped || self.fresh {
                    self.deeper(0);
                }
                for item in items.iter() {
                    self.line();
                    self.indicator("-", true, false, true);
                    self.node(item, Place::Item);
                }
                self.indent = outer;
            }
            Kind::Map(_, items) | Kind::Object(items) => {
                let outer = self.indent;
                self.deeper(0);
                for (key, item) in items.iter() {
                    self.line();
                    if key.len() <= KEY && !key.contains(is_break) {
                        self.text(key, Place::Key);
                        self.indicator(":", false, false, false);
                    } else {
                        self.indicator("?", true, false, true);
                        self.text(key, Place::Mapped);
                        self.line();
                        self.indicator(":", true, false, true);
                    }
                    self.node(item, Place::Mapped);
                }
                self.indent = outer;
            }
            Kind::String(text) => self.text(text, place),
            Kind::Bool(b) => self.plain(if *b { "true" } else { "false" }, place),
            Kind::Number(n) => self.plain(&n.to_string(), place),
            Kind::Null(_) | Kind::Unknown(_) => self.plain("null", place),
        }
    }

    fn deeper(&mut self, first: usize) {
        self.indent = Some(self.indent.map_or(first, |n| n + 2));
    }

    fn plain(&mut self, text: &str, place: Place) {
        if !self.space {
            self.put(" ");
        }
        self.put(text);
        (self.space, self.fresh) = (false, false);
        // An indicator before it has closed what was open.
        self.open |= place == Place::Root;
    }

    fn text(&mut self, text: &str, place: Place) {
        let outer = self.indent;
        self.deeper(2);
        if text.contains('\n') && place != Place::Key && fits_block(text) {
            self.block(text);
        } else {
            self.quoted(text, place != Place::Key);
        }
        self.indent = outer;
    }

    fn quoted(&mut self, text: &str, breaks: bool) {
        self.indicator("\"", true, false, false);
        let mut chars = text.chars().enumerate().peekable();
        let mut after_space = false;
        while let Some((i, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == ' ' && breaks && !after_space && self.column > WIDTH && i > 0 && next.is_some() {
                self.line();
                if next == Some(' ') {
                    self.put("\\");
                }
            } else if c != ' ' && (!is_printable(c) || is_break(c) || matches!(c, '"' | '\\')) {
                self.put(&escape(c));
            } else {
                self.put(c.encode_utf8(&mut [0; 4]));
            }
            after_space = c == ' ';
        }
        self.indicator("\"", false, false, false);
        (self.space, self.fresh) = (false, false);
    }

    /// A literal block; how many line ends follow the text is said by `-`, nothing or `+`.
    fn block(&mut self, text: &str) {
        self.indicator("|", true, false, false);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false, false, false);
        }
        let mut back = text.chars().rev();
        let (last, before) = (back.next(), back.next());
        if !last.is_some_and(is_break) {
            self.indicator("-", false, false, false);
        } else if before.is_none_or(is_break) {
            self.indicator("+", false, false, false);
        }
        self.newline();
        (self.space, self.fresh) = (true, true);
        let mut begins = true;
        for c in text.chars() {
            if c == '\n' {
                self.newline();
            } else if is_break(c) {
                self.out.push(c);
                self.column = 0;
            } else {
                if begins {
                    self.line();
                }
                self.put(c.encode_utf8(&mut [0; 4]));
                self.fresh = false;
            }
            begins = is_break(c);
            self.fresh |= begins;
        }
    }
}

/// Whether a text of several lines can be a block: no spaces that would not be seen, nothing to escape.
fn fits_block(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    let mut fits = !text.ends_with(' ');
    while let Some(c) = chars.next() {
        fits &= is_printable(c) && !(c == ' ' && chars.peek().copied().is_some_and(is_break));
    }
    fits
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml prints as it is; nothing beyond the basic plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

fn escape(c: char) -> String {
    let letter = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                n @ 0..=0xFF => format!("\\x{n:02X}"),
                n @ 0..=0xFFFF => format!("\\u{n:04X}"),
                n => format!("\\U{n:08X}"),
            };
        }
    };
    format!("\\{letter}")
}
