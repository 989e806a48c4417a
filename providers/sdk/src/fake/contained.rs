//! The box and what is in it.

use std::sync::Arc;

use cplan_model::{Action, Attribute, Format, Identity, Schema, Type, Value};

use super::client::Client;
use super::protocol::Behaviour;
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
        together: false,
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
    let volatile = Attribute::optional(Type::Bool, "Whether it is lost when its box restarts.").replaces();
    let schema = Schema::new("Something in a box.", [("volatile", volatile)]);
    inside(client, "fake_content", schema)
}

/// `fake_parcel`: lives in a box, and all parcels of a box that are ready are handed over with one call.
pub(super) fn parcels(client: Arc<Client>) -> FakeResource {
    let mut resource = inside(client, "fake_parcel", Schema::new("A parcel in a box.", [fail()]));
    resource.traits.together = true;
    resource.traits.behaviour =
        |_, values| Behaviour { fail: values.get("fail").and_then(Value::as_u64), ..Behaviour::default() };
    resource
}

fn fail() -> (&'static str, Attribute) {
    ("fail", Attribute::optional(Type::Number, "The how many-eth operation of a kind on one with this name fails."))
}

/// Something in a box, with what all such have.
fn inside(client: Arc<Client>, ty: &'static str, mut schema: Schema) -> FakeResource {
    let holder = Attribute::required(access(), "The box that holds it: `fake_box.x.access`.").container();
    let common = [
        ("name", Attribute::required(Type::String, "Its name; a change replaces it.").replaces()),
        ("box", holder),
        ("text", Attribute::optional(Type::String, "Any text.")),
        ("id", Attribute::computed(Type::String, "Its identity, known when planning.")),
    ];
    schema.attributes.extend(common.map(|(name, attribute)| (name.into(), attribute)));
    let traits = Traits {
        ty,
        schema,
        generate: &[],
        complete: with_id,
        restart_on: &[],
        behaviour: well,
        claims: |_, values| {
            let holder = values.get("box").and_then(|holder| holder.get("id")).and_then(Value::as_str);
            holder.map(|id| Claim::shared(format!("machine:{id}"))).into_iter().collect()
        },
        together: false,
    };
    FakeResource { client, traits }
}
