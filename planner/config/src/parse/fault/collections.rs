//! Lists and objects.

use super::Fault;
use super::cursor::Cursor;
use super::scan::{Kind, Token};

impl Cursor<'_> {
    pub(super) fn list(&mut self) {
        let open = self.read();
        self.across_lines(true);
        let next = self.peek();
        if self.is_word(&next, "for") {
            self.for_expression(&open, false);
        } else {
            self.items(&open);
        }
        self.as_before();
    }

    fn items(&mut self, open: &Token) {
        let close = Kind::Close('[');
        loop {
            if self.peek().kind == close {
                self.read();
                return;
            }
            if !self.sub_expression() {
                self.recover(close);
                return;
            }
            let next = self.peek();
            match next.kind {
                kind if kind == close => {}
                Kind::Comma => {
                    self.read();
                }
                Kind::End => {
                    let what = "The list that begins here is never closed.";
                    self.doubt(open, "Unterminated tuple constructor expression", what, "Write the missing `]`.");
                    self.recover(close);
                    return;
                }
                _ => {
                    let what = format!("Found {} where a comma or the `]` of the list must stand.", self.named(&next));
                    self.between(&next, "Missing item separator", what, open, "the list begins here");
                    self.recover(close);
                    return;
                }
            }
        }
    }

    /// A separator is missing, or what closes a collection.
    fn between(&mut self, next: &Token, summary: &str, what: String, open: &Token, began: &'static str) {
        if !self.lost {
            let remedy = "Write a comma between two items, and the closing bracket behind the last one.";
            self.fault(Fault::new(next.at.clone(), summary, what, remedy).began(&open.at, began));
        }
    }

    pub(super) fn object(&mut self) {
        let open = self.read();
        self.across_lines(true);
        let next = self.peek();
        if self.is_word(&next, "for") {
            self.for_expression(&open, true);
            return self.as_before();
        }
        self.as_before();
        self.across_lines(false);
        self.members(&open);
        self.as_before();
    }

    fn members(&mut self, open: &Token) {
        let close = Kind::Close('{');
        loop {
            let next = self.peek();
            if next.kind == Kind::Newline {
                self.read();
                continue;
            }
            if next.kind == close {
                self.read();
                return;
            }
            if !self.sub_expression() {
                self.recover(close);
                return;
            }
            let next = self.peek();
            if !matches!(next.kind, Kind::Equal | Kind::Colon) {
                self.no_value(&next, open);
                self.recover(close);
                return;
            }
            self.read();
            if !self.sub_expression() {
                self.recover(close);
                return;
            }
            let next = self.peek();
            match next.kind {
                kind if kind == close => {}
                Kind::Comma | Kind::Newline => {
                    self.read();
                }
                Kind::End => {
                    self.endless(open);
                    self.recover(close);
                    return;
                }
                _ => {
                    let what = format!(
                        "Found {} where a comma, a line end or the `}}` of the object must stand.",
                        self.named(&next)
                    );
                    self.between(&next, "Missing attribute separator", what, open, "the object begins here");
                    self.recover(close);
                    return;
                }
            }
        }
    }

    fn endless(&mut self, open: &Token) {
        let what = "The object that begins here is never closed.";
        self.doubt(open, "Unterminated object constructor expression", what, "Write the missing `}`.");
    }

    fn no_value(&mut self, next: &Token, open: &Token) {
        if next.kind == Kind::End {
            return self.endless(open);
        }
        let summary = match next.kind {
            Kind::Newline | Kind::Comma => "Missing attribute value",
            _ => "Missing key/value separator",
        };
        let what = format!("Found {} where the `=` of this member must stand.", self.named(next));
        self.doubt(next, summary, what, "Write `KEY = VALUE`; a key that is computed stands in parentheses.");
    }
}
