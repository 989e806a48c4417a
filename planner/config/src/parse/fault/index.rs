//! What is taken out of a value: attributes, elements, and those of all elements.

use super::Fault;
use super::cursor::Cursor;
use super::scan::{Kind, Token};

impl Cursor<'_> {
    pub(super) fn traversal(&mut self) {
        loop {
            match self.peek().kind {
                Kind::Dot => {
                    let dot = self.read();
                    let next = self.peek();
                    match next.kind {
                        Kind::Ident => {
                            self.read();
                        }
                        Kind::Number => self.legacy(),
                        Kind::Star => {
                            self.read();
                            self.attributes_of_all();
                        }
                        _ => {
                            self.no_name(&dot, &next);
                            self.lost = true;
                        }
                    }
                }
                Kind::Open('[') => self.index(),
                _ => return,
            }
        }
    }

    fn no_name(&mut self, dot: &Token, next: &Token) {
        let what = format!("Found {} behind a dot, where the name of an attribute must stand.", self.named(next));
        let fault = Fault::new(next.at.clone(), "Invalid attribute name", what, "Write the name, or remove the dot.");
        self.fault(fault.began(&dot.at, "the dot is here"));
    }

    /// `.0`; `.0.1` is cut as the number 0.1.
    fn legacy(&mut self) {
        let number = self.read();
        if self.word(&number).contains('.') {
            let what = "Two indexes in the old form, with dots, may not follow one another.";
            let remedy = "Write indexes in brackets: `[0][1]`.";
            self.fault(Fault::new(number.at, "Invalid legacy index syntax", what, remedy));
        }
    }

    /// What follows `.*`.
    fn attributes_of_all(&mut self) {
        while self.peek().kind == Kind::Dot {
            let dot = self.read();
            let next = self.peek();
            match next.kind {
                Kind::Ident => {
                    self.read();
                }
                Kind::Number => self.legacy(),
                Kind::Star => {
                    self.read();
                    let what = "Behind `.*` only attributes may follow, and not a second `.*`.";
                    let fault = Fault::new(next.at, "Nested splat expression not allowed", what, "Write `[*]`.");
                    self.fault(fault);
                    self.lost = true;
                }
                _ => {
                    self.no_name(&dot, &next);
                    self.lost = true;
                    return;
                }
            }
        }
    }

    fn index(&mut self) {
        let open = self.read();
        if self.peek().kind == Kind::Star {
            self.read();
            let mut close = self.read();
            if close.kind != Kind::Close('[') {
                let told = !self.lost;
                close = self.recover(Kind::Close('['));
                if told {
                    let what = "`[*` must be followed by `]`.";
                    let fault =
                        Fault::new(close.at, "Missing close bracket on splat index", what, "Write the missing `]`.");
                    self.fault(fault.began(&open.at, "it is opened here"));
                }
            }
            return self.traversal();
        }
        self.across_lines(true);
        if !self.sub_expression() {
            self.recover(Kind::Close('['));
        } else {
            let found = self.read();
            if found.kind != Kind::Close('[') {
                let told = !self.lost;
                let close = self.recover(Kind::Close('['));
                if told {
                    let what = format!("Found {} where the `]` of an index must stand.", self.named(&found));
                    let fault = Fault::new(close.at, "Missing close bracket on index", what, "Write the missing `]`.");
                    self.fault(fault.began(&open.at, "it is opened here"));
                }
            }
        }
        self.as_before();
    }
}
