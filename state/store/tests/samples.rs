//! Records, intents and values to store; the random ones follow from a seed.

use std::sync::Arc;

use cplan_model::{Action, Identity, InstanceAddr, Marks, Number, ObjectType, Type, Value};
use cplan_store::{Holder, Intent, IntentId, Record, RecordKey, Status};

pub(crate) fn holder() -> Holder {
    Holder {
        user: "ada".into(),
        host: "lab1".into(),
        pid: std::process::id(),
        command: "cplan apply".into(),
        since: "2026-11-22 19:07:00 UTC".into(),
    }
}

pub(crate) fn address(text: &str) -> InstanceAddr {
    text.parse().unwrap()
}

pub(crate) fn key(text: &str) -> RecordKey {
    address(text).into()
}

pub(crate) fn identity(name: &str) -> Identity {
    Identity { id: format!("00000000-0000-4000-8000-{:0>12}", name.len()), lab: "1a2b3c4d".into(), name: name.into() }
}

pub(crate) fn record(n: i64) -> Record {
    Record {
        provider: "fake".into(),
        schema_version: 3,
        values: Value::object([
            ("name", Value::string(format!("thing {n}"))),
            ("n", Value::number(n)),
            ("password", Value::string("geheim").mark(Marks::SENSITIVE)),
            ("size", Value::null(Type::Number)),
        ]),
        private: vec![0, 159, 146, 150],
        identity: identity("thing"),
        dependencies: vec![address("fake_box.b[\"x.y\"]"), address("module.m[0].fake_thing.c")],
        container: Some(address("fake_box.b[\"x.y\"]")),
        host: Some("qemu:///system".into()),
        status: Status::Tainted,
        create_before_destroy: true,
        boot_id: Some("b".into()),
        last_run: Some("20261122-190700-1a2b".into()),
    }
}

pub(crate) fn intent(id: u64, text: &str) -> Intent {
    Intent {
        id: IntentId(id),
        run: "20261122-190700-1a2b".into(),
        key: RecordKey { address: address(text), deposed: Some("0a1b2c3d".into()) },
        action: Action::Update,
        provider: "fake".into(),
        schema_version: 3,
        identity: identity("thing"),
        prior: Some(record(1).values),
        planned: Some(record(2).values),
        private: b"{\"plan\":1}".to_vec(),
        dependencies: vec![address("fake_box.b")],
        container: None,
    }
}

/// Numbers from a seed (xorshift64*).
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Seeded(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

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
