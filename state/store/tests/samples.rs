//! Records and intents to store, and numbers that follow from a seed.

use cplan_model::{Action, Identity, InstanceAddr, Marks, Type, Value};
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
}
