//! Texts with sequences: between quotes, in heredocs, in files.

use std::ops::Range;

use super::Fault;
use super::cursor::Cursor;
use super::scan::{Kind, Token};

const FOR: &str = "Invalid 'for' directive";
const FOR_REMEDY: &str = "Write `%{ for NAME in COLLECTION }`.";
const SEQUENCE_END: Kind = Kind::Close('$');
const BALANCE: &str = "Begin it with `%{ if … }` or `%{ for … }`, or remove it; for the signs themselves write `%%{`.";

/// A directive that was begun.
struct Begun {
    word: &'static str,
    at: Range<usize>,
    /// Its `else` was there.
    otherwise: bool,
}

impl Cursor<'_> {
    /// A template that ends so, and began at a quote or a heredoc's first line.
    pub(super) fn template(&mut self, end: Kind, began: Range<usize>) {
        let mut directives: Vec<(Token, Token)> = Vec::new();
        let close = loop {
            let next = self.read();
            match next.kind {
                kind if kind == end => break next,
                Kind::Literal if end == Kind::Close('"') => self.escapes(&next),
                Kind::Literal => {}
                Kind::Open('$') => self.interpolation(&next, end),
                Kind::Open('%') => directives.extend(self.directive(&next).map(|word| (next, word))),
                _ => {
                    let heredoc = end == Kind::Close('<');
                    let (what, remedy) = if heredoc {
                        ("The heredoc never ends.", "Write its delimiter on a line of its own where the text ends.")
                    } else {
                        (
                            "The string is not closed on its line.",
                            "Write the closing `\"`; a text of several lines is a heredoc (`<<EOT`).",
                        )
                    };
                    if !self.lost {
                        let fault = Fault::new(next.at, "Unterminated template string", what, remedy);
                        let opener = began.start..began.start + if heredoc { 2 } else { 1 };
                        self.fault(fault.began(&opener, "it begins here"));
                    }
                    break self.recover(end);
                }
            }
        };
        self.balance(&directives, &close);
    }

    fn interpolation(&mut self, open: &Token, end: Kind) {
        self.across_lines(true);
        self.expression();
        let close = self.peek();
        if close.kind == SEQUENCE_END {
            self.read();
        } else {
            let quote = matches!(close.kind, Kind::Close('"') | Kind::Open('"')) && end == Kind::Close('"');
            if quote || close.kind == Kind::End {
                let what = "The sequence that begins here is never closed.";
                let remedy = "Write the missing `}`; for the signs themselves write `$${`.";
                self.doubt(open, "Unclosed template interpolation sequence", what, remedy);
            } else {
                let what = format!("Found {} where the `}}` of the interpolation must stand.", self.named(&close));
                let remedy =
                    "Write the missing `}`, or join the two by an operator; for the signs themselves write `$${`.";
                if !self.lost {
                    let summary = "Extra characters after interpolation expression";
                    self.fault(Fault::new(close.at, summary, what, remedy).began(&open.at, "it begins here"));
                }
            }
            self.recover(SEQUENCE_END);
        }
        self.as_before();
    }

    /// The word of a directive that is whole.
    fn directive(&mut self, open: &Token) -> Option<Token> {
        self.across_lines(true);
        let word = self.directive_parts(open);
        if word.is_none() {
            self.recover(SEQUENCE_END);
        }
        self.as_before();
        word
    }

    fn directive_parts(&mut self, open: &Token) -> Option<Token> {
        let word = self.peek();
        if word.kind != Kind::Ident {
            let what = "A word such as `if` or `for` must stand at the beginning of a directive.";
            let remedy = "Write the word; for the signs themselves write `%%{`.";
            self.doubt(&word, "Invalid template directive", what, remedy);
            return None;
        }
        self.read();
        match self.word(&word) {
            "for" if !self.for_head(FOR, FOR_REMEDY) => return None,
            "if" | "for" if !self.sub_expression() => {
                self.recover(SEQUENCE_END);
                return Some(word);
            }
            "if" | "for" => {}
            "else" | "endif" | "endfor" => {}
            other => {
                let what = format!("There is no directive `{other}`.");
                let remedy = "Use `if`, `else`, `endif`, `for` or `endfor`; for the signs themselves write `%%{`.";
                self.doubt(&word, "Invalid template control keyword", what, remedy);
                return None;
            }
        }
        let close = self.peek();
        if close.kind == SEQUENCE_END {
            self.read();
        } else {
            if !self.lost {
                let what = format!("Found {} where the `}}` of the directive must stand.", self.named(&close));
                let summary = format!("Extra characters in {} marker", self.word(&word));
                self.fault(Fault::new(close.at, summary, what, "Remove it.").began(&open.at, "it begins here"));
            }
            self.recover(SEQUENCE_END);
        }
        Some(word)
    }

    /// Whether all that begins ends, and nothing else ends.
    fn balance(&mut self, directives: &[(Token, Token)], close: &Token) {
        let mut open: Vec<Begun> = Vec::new();
        for (sequence, word) in directives {
            let at = sequence.at.clone();
            let word = self.word(word);
            match (word, open.last_mut()) {
                ("if", _) => open.push(Begun { word: "if", at, otherwise: false }),
                ("for", _) => open.push(Begun { word: "for", at, otherwise: false }),
                ("else", Some(begun)) if begun.word == "if" && !begun.otherwise => begun.otherwise = true,
                (word, Some(begun)) if word.strip_prefix("end") == Some(begun.word) => {
                    open.pop();
                }
                (word, begun) => {
                    let summary = format!("Unexpected {word} directive");
                    let fault = match begun {
                        None => Fault::new(at, summary, "This directive belongs to nothing that has begun.", BALANCE),
                        Some(begun) => {
                            let what = format!("The `{}` directive before it is not ended.", begun.word);
                            let remedy = format!("Write `%{{ end{} }}` where its text ends.", begun.word);
                            Fault::new(at, summary, what, remedy).began(&begun.at, "it begins here")
                        }
                    };
                    open.pop();
                    self.fault(fault);
                }
            }
        }
        if let Some(begun) = open.last() {
            let what = format!("The `{}` directive is never ended.", begun.word);
            let remedy = format!("Write `%{{ end{} }}` where its text ends.", begun.word);
            let fault = Fault::new(close.at.clone(), "Unexpected end of template", what, remedy);
            self.fault(fault.began(&begun.at, "it begins here"));
        }
    }

    /// The escapes in a text between quotes.
    pub(super) fn escapes(&mut self, literal: &Token) {
        let text = self.word(literal);
        let mut at = 0;
        while let Some(found) = text[at..].find('\\') {
            let start = at + found;
            let rest = &text[start + 1..];
            let selector = rest.chars().next();
            let digits = match selector {
                Some('u') => 4,
                Some('U') => 8,
                _ => 0,
            };
            let hex: String = rest.chars().skip(1).take_while(char::is_ascii_hexdigit).take(digits).collect();
            let named = hex.len() == digits && u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).is_some();
            let good = matches!(selector, Some('n' | 'r' | 't' | '"' | '\\')) || digits > 0 && named;
            let length = 1 + selector.map_or(0, char::len_utf8) + if digits > 0 { hex.len() } else { 0 };
            if !good {
                let what = match digits {
                    0 => format!("`{}` is no escape sequence.", &text[start..start + length]),
                    _ => "The digits of this escape sequence name no character.".to_owned(),
                };
                let range = literal.at.start + start..literal.at.start + start + length;
                self.fault(Fault::new(range, "Invalid escape sequence", what, "Write `\\\\` for a backslash."));
            }
            at = start + length;
        }
    }
}
