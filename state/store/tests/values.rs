//! Values of any shape, from a seed.

use std::sync::Arc;

use cplan_model::{Marks, Number, ObjectType, Type, Value};

use crate::samples::Seeded;

impl Seeded {
    fn text(&mut self) -> String {
        let alphabet = ['a', 'Z', '0', ' ', '"', '\\', '\n', '\u{0}', 'é', '漢', '🦀', '$', '{', '\u{2028}'];
        (0..self.below(9)).map(|_| alphabet[self.below(alphabet.len() as u64) as usize]).collect()
    }

    fn number(&mut self) -> Number {
        match self.below(4) {
            0 => Number::from(self.next() as i64),
            1 => Number::from((self.next() % 1000) as i64 - 500),
            2 => Number::from(f64::from(self.next() as u32) / 1024.0),
            _ => Number::parse(&format!("{}.{:04}e{}", self.below(99), self.below(9999), self.below(40) as i64 - 20))
                .unwrap(),
        }
    }

    fn ty(&mut self, depth: u64) -> Type {
        match self.below(if depth == 0 { 4 } else { 9 }) {
            0 => Type::Dynamic,
            1 => Type::Bool,
            2 => Type::Number,
            3 => Type::String,
            4 => Type::list(self.ty(depth - 1)),
            5 => Type::set(self.ty(depth - 1)),
            6 => Type::map(self.ty(depth - 1)),
            7 => {
                let items: Vec<_> = (0..self.below(3)).map(|_| self.ty(depth - 1)).collect();
                Type::tuple(items)
            }
            _ => {
                let attributes: Vec<_> = (0..self.below(3)).map(|_| (self.text(), self.ty(depth - 1))).collect();
                let optional = attributes.iter().take(1).map(|(name, _)| Arc::from(name.as_str())).collect();
                let attributes = attributes.iter().map(|(name, ty)| (Arc::from(name.as_str()), ty.clone())).collect();
                Type::Object(Arc::new(ObjectType { attributes, optional }))
            }
        }
    }

    /// A known value of any shape, marks included.
    pub(crate) fn value(&mut self, depth: u64) -> Value {
        let value = match self.below(if depth == 0 { 4 } else { 9 }) {
            0 => Value::null(self.ty(2)),
            1 => Value::bool(self.below(2) == 0),
            2 => Value::number(self.number()),
            3 => Value::string(self.text()),
            4 => {
                let items: Vec<_> = (0..self.below(4)).map(|_| self.number()).collect();
                Value::list(Type::Number, items.into_iter().map(Value::number))
            }
            5 => {
                let items: Vec<_> = (0..self.below(4)).map(|_| self.text()).collect();
                Value::set(Type::String, items.into_iter().map(Value::string))
            }
            6 => {
                let items: Vec<_> = (0..self.below(4)).map(|_| (self.text(), self.text())).collect();
                Value::map(Type::String, items.into_iter().map(|(name, text)| (name, Value::string(text))))
            }
            7 => {
                let items: Vec<_> = (0..self.below(4)).map(|_| self.value(depth - 1)).collect();
                Value::tuple(items)
            }
            _ => {
                let items: Vec<_> = (0..self.below(4)).map(|_| (self.text(), self.value(depth - 1))).collect();
                Value::object(items)
            }
        };
        if self.below(5) == 0 { value.mark(Marks::SENSITIVE) } else { value }
    }
}
