//! Calls of functions.

use super::Fault;
use super::cursor::Cursor;
use super::scan::{Kind, Token};

impl Cursor<'_> {
    /// What follows the name of a function.
    pub(super) fn call(&mut self, name: &Token) {
        let close = Kind::Close('(');
        let mut open = self.read();
        while open.kind == Kind::DoubleColon {
            let word = self.read();
            if word.kind != Kind::Ident {
                let what = format!("Found {} behind `::`, where the name of a function must stand.", self.named(&word));
                self.fault(Fault::new(word.at, "Missing function name", what, "Write `provider::NAME::FUNCTION(…)`."));
                self.recover(close);
                return;
            }
            open = self.read();
            if !matches!(open.kind, Kind::Open('(') | Kind::DoubleColon) {
                let what = format!("Found {} where the `(` of a call must stand.", self.named(&open));
                self.fault(Fault::new(
                    open.at,
                    "Missing open parenthesis",
                    what,
                    "Write `provider::NAME::FUNCTION(…)`.",
                ));
                self.recover(close);
                return;
            }
        }
        self.across_lines(true);
        self.arguments(name, &open);
        self.as_before();
    }

    fn arguments(&mut self, name: &Token, open: &Token) {
        let close = Kind::Close('(');
        loop {
            if self.peek().kind == close {
                self.read();
                return;
            }
            if !self.sub_expression() {
                self.recover(close);
                return;
            }
            let next = self.read();
            match next.kind {
                kind if kind == close => return,
                Kind::Comma => {}
                Kind::Ellipsis => {
                    let end = self.peek();
                    if end.kind == close {
                        self.read();
                    } else {
                        let what = "Behind an argument that is expanded with `...` the call must end.";
                        self.doubt(&next, "Missing closing parenthesis", what, "Write `)` behind `...`.");
                        self.recover(close);
                    }
                    return;
                }
                Kind::End => {
                    let what = "The call that begins here is never closed.";
                    let at = name.at.start..open.at.end;
                    self.fault(Fault::new(at, "Unterminated function call", what, "Write the missing `)`."));
                    self.recover(close);
                    return;
                }
                _ => {
                    let what = format!("Found {} where a comma or the `)` of the call must stand.", self.named(&next));
                    let remedy = "Write a comma between two arguments, and `)` behind the last one.";
                    let fault = Fault::new(next.at, "Missing argument separator", what, remedy);
                    self.fault(fault.began(&open.at, "the call is opened here"));
                    self.recover(close);
                    return;
                }
            }
        }
    }
}
