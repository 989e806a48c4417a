//! The box and what is in it.

use std::sync::Arc;

use cplan_model::{Action, Attribute, Format, Identity, Schema, Type, Value};

use super::client::Client;
use super::resource::{FakeResource, Traits, well, with_id};
use crate::Claim;

fn access() -> Type {
    Type::object([("id", Type::String), ("name", Type::String), ("secret", Type::String)])
}

/// `fake_box`: a container, as a machine is one. A change of its memory is one restart; one that does not run is
/// started. At most two are worked on at a time.
pub(super) fn boxes(client: Arc<Client>) -> FakeResource {
    let schema = Schema::new(
        "A box that holds things.",
        [
            ("name", Attribute::required(Type::String, "Its name; a change replaces it.").replaces()),
            ("memory", Attribute::required(Type::String, "A change is one restart.").format(Format::Bytes)),
            ("value", Attribute::optional(Type::String, "Any text; changes without a restart.")),
            ("id", Attribute::computed(Type::String, "Its identity, known when planning.")),
            ("running", Attribute::computed(Type::Bool, "Whether it runs.")),
            ("access", Attribute::computed(access(), "What its contents take; the secret is the world's choice.")),
        ],
    );
    let traits = Traits {
        ty: "fake_box",
        schema,
        generate: &["access.secret"],
        complete,
        restart_on: &["memory"],
        behaviour: well,
        claims: |action, values| {
            let machine = values.get("id").and_then(Value::as_str).map(|id| Claim::exclusive(format!("machine:{id}")));
            let boot = (action != Action::Delete).then(|| Claim::slots("boots:fake", 1, 2));
            machine.into_iter().chain(boot).collect()
        },
    };
    FakeResource { client, traits }
}

fn complete(identity: &Identity, values: Value) -> Value {
    let secret = values.get("access").and_then(|access| access.get("secret")).cloned();
    let name = values.get("name").cloned().unwrap_or_else(|| Value::null(Type::String));
    let access = Value::object([
        ("id", Value::string(identity.id.as_str())),
        ("name", name),
        ("secret", secret.unwrap_or_else(|| Value::unknown(Type::String))),
    ]);
    with_id(identity, values).with("running", Value::bool(true)).with("access", access)
}

/// `fake_content`: lives in a box.
pub(super) fn contents(client: Arc<Client>) -> FakeResource {
    let holder = Attribute::required(access(), "The box that holds it: `fake_box.x.access`.").container();
    let schema = Schema::new(
        "Something in a box.",
        [
            ("name", Attribute::required(Type::String, "Its name; a change replaces it.").replaces()),
            ("box", holder),
            ("text", Attribute::optional(Type::String, "Any text.")),
            ("volatile", Attribute::optional(Type::Bool, "Whether it is lost when its box restarts.").replaces()),
            ("id", Attribute::computed(Type::String, "Its identity, known when planning.")),
        ],
    );
    let traits = Traits {
        ty: "fake_content",
        schema,
        generate: &[],
        complete: with_id,
        restart_on: &[],
        behaviour: well,
        claims: |_, values| {
            let holder = values.get("box").and_then(|holder| holder.get("id")).and_then(Value::as_str);
            holder.map(|id| Claim::shared(format!("machine:{id}"))).into_iter().collect()
        },
    };
    FakeResource { client, traits }
}
