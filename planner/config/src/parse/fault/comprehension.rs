//! `for` expressions, in brackets and in braces.

use super::Fault;
use super::cursor::Cursor;
use super::scan::{Kind, Token};

const FOR: &str = "Invalid 'for' expression";
const FOR_REMEDY: &str = "Write `[for NAME in COLLECTION : VALUE]` or `{for KEY, NAME in COLLECTION : KEY => VALUE}`.";

impl Cursor<'_> {
    pub(super) fn for_expression(&mut self, open: &Token, object: bool) {
        let Kind::Open(sign) = open.kind else { return };
        let close = Kind::Close(sign);
        self.read();
        let Some((key, value)) = self.for_parts(FOR, FOR_REMEDY, close) else { return };
        let next = self.peek();
        if next.kind == close {
            self.read();
        } else {
            let what = format!("Found {} where the `for` expression must end.", self.named(&next));
            if !self.lost {
                self.fault(Fault::new(next.at, FOR, what, FOR_REMEDY).began(&open.at, "it begins here"));
            }
            self.recover(close);
        }
        match (object, key) {
            (true, None) => {
                let what = "An object needs a key for each value: `KEY => VALUE`.";
                self.fault(Fault::new(value.at, FOR, what, FOR_REMEDY));
            }
            (false, Some(key)) => {
                let what = "A list has no keys: `=>` may stand in an object only.";
                self.fault(Fault::new(key.at, FOR, what, FOR_REMEDY));
            }
            _ => {}
        }
    }

    /// From the first name to the condition: the key, if there is one, and the value.
    fn for_parts(&mut self, summary: &str, remedy: &str, close: Kind) -> Option<(Option<Token>, Token)> {
        if !self.for_head(summary, remedy) || !self.sub_expression() {
            self.recover(close);
            return None;
        }
        let colon = self.peek();
        if colon.kind != Kind::Colon {
            let what = format!("Found {} where the `:` behind the collection must stand.", self.named(&colon));
            self.doubt(&colon, summary, what, remedy);
            self.recover(close);
            return None;
        }
        self.read();
        let mut value = self.peek();
        let mut key = None;
        if !self.sub_expression() {
            self.recover(close);
            return None;
        }
        if self.peek().kind == Kind::FatArrow {
            self.read();
            key = Some(std::mem::replace(&mut value, self.peek()));
            if !self.sub_expression() {
                self.recover(close);
                return None;
            }
        }
        let dots = self.peek();
        if dots.kind == Kind::Ellipsis {
            self.read();
            if close == Kind::Close('[') {
                let what = "`...` groups the values of a key, and a list has no keys.";
                self.fault(Fault::new(dots.at, summary, what, remedy));
            }
        }
        let next = self.peek();
        if self.is_word(&next, "if") {
            self.read();
            if !self.sub_expression() {
                self.recover(close);
                return None;
            }
        }
        Some((key, value))
    }

    /// The names of a `for` and its `in`.
    pub(super) fn for_head(&mut self, summary: &str, remedy: &str) -> bool {
        let mut wanted = "a name must stand behind `for`";
        loop {
            let name = self.peek();
            if name.kind != Kind::Ident {
                let what = format!("Found {} where {wanted}.", self.named(&name));
                self.doubt(&name, summary, what, remedy);
                return false;
            }
            self.read();
            if self.peek().kind != Kind::Comma || wanted.starts_with("the second") {
                break;
            }
            self.read();
            wanted = "the second name of the `for` must stand";
        }
        let next = self.peek();
        if !self.is_word(&next, "in") {
            let what = format!("Found {} where `in` must stand.", self.named(&next));
            self.doubt(&next, summary, what, remedy);
            return false;
        }
        self.read();
        true
    }
}
