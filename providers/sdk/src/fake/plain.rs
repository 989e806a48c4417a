//! The types that stand alone: thing, slow, failing, drifting.

use std::sync::Arc;

use cplan_model::{Action, Attribute, Format, Schema, Type, Value, parse_quantity};

use super::client::Client;
use super::protocol::Behaviour;
use super::resource::{FakeResource, Traits, free, well, with_id};
use crate::Claim;

fn name() -> (&'static str, Attribute) {
    ("name", Attribute::required(Type::String, "Its name; a change replaces it.").replaces())
}

fn value() -> (&'static str, Attribute) {
    ("value", Attribute::optional(Type::String, "Any text."))
}

fn id() -> (&'static str, Attribute) {
    ("id", Attribute::computed(Type::String, "Its identity, known when planning."))
}

/// `fake_thing`: answers at once; its token is known only after it is made.
pub(super) fn thing(client: Arc<Client>) -> FakeResource {
    let schema = Schema::new(
        "Something in the fake world.",
        [
            name(),
            value(),
            ("size", Attribute::optional(Type::String, "A size.").format(Format::Bytes)),
            ("secret", Attribute::optional(Type::String, "A text that is not shown.").sensitive()),
            id(),
            ("token", Attribute::computed(Type::String, "Chosen by the world when it is made.")),
        ],
    );
    let (generate, restart_on) = (&["token"] as &[_], &[] as &[_]);
    let traits = Traits {
        ty: "fake_thing",
        schema,
        generate,
        complete: with_id,
        restart_on,
        behaviour: well,
        claims: free,
        together: false,
    };
    FakeResource { client, traits }
}

/// `fake_slow`: takes its time, and claims what it is told to.
pub(super) fn slow(client: Arc<Client>) -> FakeResource {
    let delay = |doc| Attribute::optional(Type::String, doc).format(Format::Duration);
    let schema = Schema::new(
        "Something that takes its time.",
        [
            name(),
            value(),
            ("before", delay("How long it takes until the world has changed.")),
            ("after", delay("How long it takes from then to the answer.")),
            ("claim", Attribute::optional(Type::String, "What it claims while it is worked on.")),
            ("share", Attribute::optional(Type::String, "`exclusive` (without it), `shared`, or `TAKE/OF` slots.")),
            id(),
        ],
    );
    let traits = Traits {
        ty: "fake_slow",
        schema,
        generate: &[],
        complete: with_id,
        restart_on: &[],
        behaviour: |_, values| {
            let time = |name| {
                let text = values.get(name).and_then(Value::as_str)?;
                parse_quantity(Format::Duration, text).ok().map(|ns| ns / 1_000_000)
            };
            Behaviour { before: time("before").unwrap_or(0), after: time("after").unwrap_or(0), ..Behaviour::default() }
        },
        claims: |_, values| {
            let Some(on) = values.get("claim").and_then(Value::as_str) else { return Vec::new() };
            let share = values.get("share").and_then(Value::as_str).unwrap_or("exclusive");
            let slots = share.split_once('/').and_then(|(t, o)| Some((t.parse().ok()?, o.parse().ok()?)));
            vec![match (share, slots) {
                (_, Some((take, of))) => Claim::slots(on, take, of),
                ("shared", None) => Claim::shared(on),
                _ => Claim::exclusive(on),
            }]
        },
        together: false,
    };
    FakeResource { client, traits }
}

/// `fake_failing`: fails as it is told to.
pub(super) fn failing(client: Arc<Client>) -> FakeResource {
    let which = |doc| Attribute::optional(Type::Number, doc);
    let schema = Schema::new(
        "Something that fails.",
        [
            name(),
            value(),
            ("fail_create", which("The how many-eth create of something with this name fails.")),
            ("fail_update", which("The how many-eth update fails.")),
            ("fail_delete", which("The how many-eth delete fails.")),
            ("fail_after", Attribute::optional(Type::Bool, "It fails after the world has changed, not before.")),
            id(),
        ],
    );
    let traits = Traits {
        ty: "fake_failing",
        schema,
        generate: &[],
        complete: with_id,
        restart_on: &[],
        behaviour: |action, values| {
            let name = match action {
                Action::Create => "fail_create",
                Action::Delete => "fail_delete",
                _ => "fail_update",
            };
            Behaviour {
                fail: values.get(name).and_then(Value::as_u64),
                fail_after: values.get("fail_after").and_then(Value::as_bool).unwrap_or(false),
                ..Behaviour::default()
            }
        },
        claims: free,
        together: false,
    };
    FakeResource { client, traits }
}

/// `fake_drifting`: has attributes of every shape for the world to change.
pub(super) fn drifting(client: Arc<Client>) -> FakeResource {
    let schema = Schema::new(
        "Something that the world changes.",
        [
            name(),
            value(),
            ("size", Attribute::optional(Type::String, "A size.").format(Format::Bytes)),
            ("tags", Attribute::optional(Type::map(Type::String), "Tags.")),
            ("ports", Attribute::optional(Type::list(Type::Number), "Ports.")),
            ("note", Attribute::optional_computed(Type::String, "A note; the provider's where the user has none.")),
            id(),
        ],
    );
    let traits = Traits {
        ty: "fake_drifting",
        schema,
        generate: &[],
        complete: |identity, values| {
            let values = with_id(identity, values);
            match values.get("note") {
                Some(note) if note.is_known() && !note.is_null() => values,
                _ => values.with("note", Value::string("noted")),
            }
        },
        restart_on: &[],
        behaviour: well,
        claims: free,
        together: false,
    };
    FakeResource { client, traits }
}
