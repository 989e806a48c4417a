//! What a `lab_network` block may contain.

use cplan_model::{Attribute, Schema, Type};

/// The type of `attachment`, which machines take as their `network`.
pub fn attachment_type() -> Type {
    Type::object([
        ("id", Type::String),
        ("name", Type::String),
        ("cidr", Type::String),
        ("gateway", Type::String),
        ("mode", Type::String),
    ])
}

pub(super) fn schema() -> Schema {
    let reservation = Type::object([("mac", Type::String), ("address", Type::String)]);
    Schema::new(
        "A network of the lab: a bridge on the host that machines are plugged into.",
        [
            (
                "mode",
                Attribute::optional_computed(
                    Type::String,
                    "`isolated` (the default), `nat`, or `bridge`: a bridge of the host.",
                )
                .replaces(),
            ),
            (
                "cidr",
                Attribute::optional_computed(
                    Type::String,
                    "The network in CIDR notation; but in mode `bridge` the host has its first address, and without it a free one is \
                     chosen.",
                )
                .replaces(),
            ),
            (
                "prefix",
                Attribute::optional(
                    Type::Number,
                    "The length of the prefix of a network that is chosen; 24 by default.",
                )
                .replaces(),
            ),
            ("reservations", Attribute::optional(Type::map(reservation), "Fixed DHCP reservations by host name.")),
            ("id", Attribute::computed(Type::String, "The libvirt UUID.")),
            ("name", Attribute::computed(Type::String, "The libvirt name.")),
            (
                "bridge",
                Attribute::optional_computed(
                    Type::String,
                    "The bridge on the host; in mode `bridge` the one to use, such as `lab_host_bridge.lan.name`.",
                )
                .replaces(),
            ),
            (
                "gateway",
                Attribute::optional_computed(
                    Type::String,
                    "The host's address in the network; in mode `bridge` the router of the network, if it has one.",
                )
                .replaces(),
            ),
            ("active", Attribute::computed(Type::Bool, "Whether it runs and will run after the host starts again.")),
            ("attachment", Attribute::computed(attachment_type(), "What a machine needs to be plugged in.")),
        ],
    )
}
