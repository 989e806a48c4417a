//! Expressions: operators and what they stand between.

use super::Fault;
use super::cursor::Cursor;
use super::scan::Kind;

/// The levels of operators, the loosest first.
const LEVELS: u8 = 6;

impl Cursor<'_> {
    /// An expression, up to what can be none of it.
    pub(super) fn expression(&mut self) {
        if !self.enter() {
            return;
        }
        let before = self.count();
        self.operators(0);
        if !(self.lost && self.count() > before) && self.peek().kind == Kind::Question {
            self.conditional();
        }
        self.leave();
    }

    /// An expression; false when it has mistakes.
    pub(super) fn sub_expression(&mut self) -> bool {
        let before = self.count();
        self.expression();
        !(self.lost && self.count() > before)
    }

    fn conditional(&mut self) {
        let question = self.read();
        if !self.sub_expression() {
            return;
        }
        let colon = self.peek();
        if colon.kind != Kind::Colon {
            let what = format!("Found {} where the `:` of this conditional must stand.", self.named(&colon));
            let remedy = "Write `CONDITION ? VALUE : OTHER`.";
            let fault = Fault::new(colon.at, "Missing false expression in conditional", what, remedy);
            self.fault(fault.began(&question.at, "the conditional is here"));
            self.lost = true;
            return;
        }
        self.read();
        self.expression();
    }

    fn operators(&mut self, level: u8) {
        if level == LEVELS {
            return self.value();
        }
        let before = self.count();
        loop {
            self.operators(level + 1);
            let here = match self.peek().kind {
                Kind::Operator(binds) => binds,
                Kind::Minus => 4,
                Kind::Star => 5,
                _ => return,
            };
            if here != level || self.lost && self.count() > before {
                return;
            }
            self.read();
        }
    }

    /// A value with what is taken out of it.
    pub(super) fn value(&mut self) {
        if !self.enter() {
            return;
        }
        self.term();
        self.traversal();
        self.leave();
    }

    fn term(&mut self) {
        let start = self.peek();
        match start.kind {
            Kind::Open('(') => self.parentheses(),
            Kind::Number => {
                let token = self.read();
                if cplan_model::Number::parse(self.word(&token)).is_err() {
                    let what = format!("{} is not a usable number.", self.named(&token));
                    let remedy = "Write a decimal number of ordinary size.";
                    self.fault(Fault::new(token.at, "Invalid number literal", what, remedy));
                }
            }
            Kind::Ident => {
                let name = self.read();
                if matches!(self.peek().kind, Kind::Open('(') | Kind::DoubleColon) {
                    self.call(&name);
                }
            }
            Kind::Open('"') => {
                self.read();
                self.template(Kind::Close('"'), start.at);
            }
            Kind::Open('<') => {
                self.read();
                self.template(Kind::Close('<'), start.at);
            }
            Kind::Minus | Kind::Bang => {
                self.read();
                self.value();
            }
            Kind::Open('[') => self.list(),
            Kind::Open('{') => self.object(),
            Kind::End => self.doubt(
                &start,
                "Missing expression",
                "The text ends where a value must stand.",
                "Write the value, and close what is still open: a brace, a bracket or a quote.",
            ),
            _ => {
                let what = format!("Found {} where a value must stand.", self.named(&start));
                let remedy = "Write a value here: a text in quotes, a number, a list in [ ] or an object in { }.";
                self.doubt(&start, "Invalid expression", what, remedy);
            }
        }
    }

    fn parentheses(&mut self) {
        let open = self.read();
        self.across_lines(true);
        let before = self.count();
        self.expression();
        if self.count() > before {
            self.recover(Kind::Close('('));
        } else {
            let close = self.read();
            if close.kind != Kind::Close('(') {
                let what = format!("Found {} where the closing `)` must stand.", self.named(&close));
                let fault = Fault::new(close.at, "Unbalanced parentheses", what, "Write the missing `)`.");
                self.fault(fault.began(&open.at, "it is opened here"));
                self.lost = true;
            }
        }
        self.as_before();
    }
}
