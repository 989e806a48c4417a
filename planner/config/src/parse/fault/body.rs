//! Arguments and blocks.

use std::collections::HashMap;
use std::ops::Range;

use super::Fault;
use super::cursor::Cursor;
use super::scan::{Kind, Token};

const REQUIRED: &str = "Argument or block definition required";
const SINGLE: &str = "Invalid single-argument block definition";

impl Cursor<'_> {
    /// The body of a block that began at a brace, or a whole file.
    pub(super) fn body(&mut self, brace: Option<Range<usize>>) {
        if !self.enter() {
            return;
        }
        let end = if brace.is_some() { Kind::Close('{') } else { Kind::End };
        let mut names: HashMap<String, Range<usize>> = HashMap::new();
        loop {
            let next = self.peek();
            match next.kind {
                kind if kind == end => {
                    self.read();
                    break;
                }
                Kind::Newline => {
                    self.read();
                }
                Kind::Ident => {
                    if let Some(name) = self.item()
                        && let Some(first) = names.insert(self.word(&name).to_owned(), name.at.clone())
                    {
                        let what = format!("The argument `{}` is set twice in one block.", self.word(&name));
                        let remedy = "Remove one of the two; each argument may be set only once.";
                        let fault = Fault::new(name.at, "Attribute redefined", what, remedy);
                        self.fault(fault.began(&first, "it is set here first"));
                    }
                }
                _ => {
                    let bad = self.read();
                    self.misplaced(&bad, brace.as_ref());
                    self.recover(end);
                    break;
                }
            }
        }
        self.leave();
    }

    fn misplaced(&mut self, bad: &Token, brace: Option<&Range<usize>>) {
        match (bad.kind, brace) {
            (Kind::Open('"'), _) => self.doubt(
                bad,
                "Invalid argument name",
                "The name of an argument or of a block stands without quotes.",
                "Remove the quotes.",
            ),
            (Kind::End, Some(brace)) => {
                let open = Token { kind: Kind::Open('{'), at: brace.clone() };
                self.doubt(
                    &open,
                    "Unclosed configuration block",
                    "The `{` here is never closed.",
                    "Write the missing `}`.",
                );
            }
            (Kind::Close(_), _) => {
                let what = format!("This {} closes nothing that is open.", self.named(bad));
                self.doubt(bad, REQUIRED, what, "Remove it, or add what opens it.");
            }
            _ => {
                let what = format!("Found {} where an argument or a block must begin.", self.named(bad));
                let remedy = match self.opens_comment(bad) {
                    true => "End it with `*/`.",
                    false => "Begin with a name: `NAME = VALUE` or `NAME { … }`.",
                };
                self.doubt(bad, REQUIRED, what, remedy);
            }
        }
    }

    /// An argument, whose name is returned, or a block.
    fn item(&mut self) -> Option<Token> {
        let name = self.read();
        match self.peek().kind {
            Kind::Equal => {
                self.argument(false);
                Some(name)
            }
            Kind::Open('"' | '{') | Kind::Ident => {
                self.block();
                None
            }
            _ => {
                self.no_item(&name);
                None
            }
        }
    }

    fn no_item(&mut self, name: &Token) {
        let next = self.peek();
        let what = format!("{} is no argument and no block: {} follows it.", self.named(name), self.named(&next));
        let remedy = "Write `NAME = VALUE` for an argument, `NAME { … }` for a block.";
        self.fault(Fault::new(name.at.clone(), REQUIRED, what, remedy));
        self.recover_line();
    }

    /// From `=` to the end of the line; in a block of one line the brace may follow.
    fn argument(&mut self, single: bool) {
        self.read();
        if !self.sub_expression() {
            return self.recover_line();
        }
        if single {
            return;
        }
        let end = self.peek();
        match end.kind {
            Kind::Newline => {
                self.read();
            }
            Kind::End => {}
            Kind::Comma => {
                let what = "An argument ends with its line, without a comma.";
                self.doubt(&end, "Unexpected comma after argument", what, "Remove the comma.");
                self.recover_line();
            }
            _ => {
                let what = match end.kind {
                    Kind::Close(_) => format!("This {} closes nothing that is open.", self.named(&end)),
                    _ => format!("Found {} where the line must end.", self.named(&end)),
                };
                let remedy =
                    "Put each argument and each block on a line of its own; check for a missing operator or quote.";
                self.doubt(&end, "Missing newline after argument", what, remedy);
                self.recover_line();
            }
        }
    }

    /// What follows the type of a block.
    fn block(&mut self) {
        let brace = loop {
            let next = self.peek();
            match next.kind {
                Kind::Open('{') => break self.read().at,
                Kind::Open('"') => self.label(),
                Kind::Ident => {
                    self.read();
                }
                kind => {
                    let what = match kind {
                        Kind::Equal => {
                            "`=` follows the name of an argument, and a block has labels and a body.".to_owned()
                        }
                        Kind::Newline => "The `{` of a block must stand on the line of its name.".to_owned(),
                        _ => format!("Found {} where a label or the `{{` of the block must stand.", self.named(&next)),
                    };
                    let remedy = "Write `NAME \"LABEL\" {` for a block, `NAME = VALUE` for an argument.";
                    let fault = Fault::new(next.at, "Invalid block definition", what, remedy);
                    if !self.lost || matches!(kind, Kind::Equal | Kind::Newline) {
                        self.fault(fault);
                    }
                    return self.recover_line();
                }
            }
        };
        match self.peek().kind {
            Kind::Newline | Kind::End | Kind::Close('{') => self.body(Some(brace)),
            _ => self.single(),
        }
        let end = self.peek();
        match end.kind {
            Kind::Newline => {
                self.read();
            }
            Kind::End => {}
            kind => {
                let what = match kind {
                    Kind::Close(_) => format!("This {} closes nothing that is open.", self.named(&end)),
                    _ => format!("Found {} behind a block, where the line must end.", self.named(&end)),
                };
                let remedy = "Put each block on a line of its own; remove a brace too many.";
                self.doubt(&end, "Missing newline after block definition", what, remedy);
                self.recover_line();
            }
        }
    }

    /// `NAME = VALUE }` behind the brace of a block of one line.
    fn single(&mut self) {
        let name = self.read();
        match (name.kind, self.peek().kind) {
            (Kind::Ident, Kind::Equal) => self.argument(true),
            (Kind::Ident, Kind::Open('"' | '{') | Kind::Ident) => {
                let what = "A block of one line holds one argument and no block.";
                let remedy = "Put what is in the braces on lines of its own.";
                self.fault(Fault::new(name.at, "Argument definition required", what, remedy));
                self.recover_line();
            }
            (Kind::Ident, _) => self.no_item(&name),
            _ => {
                let what = format!("Found {} where an argument must begin.", self.named(&name));
                self.fault(Fault::new(name.at, REQUIRED, what, "Begin with a name: `NAME = VALUE`."));
                self.recover_line();
            }
        }
        let next = self.peek();
        let remedy = "Put the arguments and the closing `}` on lines of their own.";
        match next.kind {
            Kind::Close('{') => {
                self.read();
                return;
            }
            Kind::Comma => {
                let what = "A block of one line holds one argument, and no commas separate arguments.";
                self.fault(Fault::new(next.at, SINGLE, what, remedy));
            }
            Kind::Newline => {
                let what = "What begins on the line of the `{` must end on it, with the `}`.";
                self.fault(Fault::new(next.at, SINGLE, what, remedy));
            }
            _ => {
                let what = format!("Found {} where the `}}` of this block of one line must stand.", self.named(&next));
                self.doubt(&next, SINGLE, what, remedy);
            }
        }
        self.recover(Kind::Close('{'));
    }

    /// A label in quotes, which is no template.
    fn label(&mut self) {
        const SUMMARY: &str = "Invalid string literal";
        let quote = self.read();
        loop {
            let token = self.read();
            match token.kind {
                Kind::Close('"') => return,
                Kind::Literal => self.escapes(&token),
                Kind::Open('$' | '%') => {
                    let what = "A label is a plain text: nothing is computed in it.";
                    let remedy = "Write the text itself; for the signs themselves write `$${` or `%%{`.";
                    self.fault(Fault::new(token.at, SUMMARY, what, remedy));
                    self.recover(Kind::Close('$'));
                }
                Kind::End => {
                    let what = "The string that begins here is never closed.";
                    return self.fault(Fault::new(
                        quote.at,
                        "Unterminated string literal",
                        what,
                        "Write the closing `\"`.",
                    ));
                }
                _ => {
                    let what = "The string of this label is not closed on its line.";
                    let fault = Fault::new(token.at, SUMMARY, what, "Write the closing `\"`.");
                    self.fault(fault.began(&quote.at, "it begins here"));
                    self.recover(Kind::Close('"'));
                    return;
                }
            }
        }
    }
}
