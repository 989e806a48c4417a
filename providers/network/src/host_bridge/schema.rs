//! What a `lab_host_bridge` block may contain.

use cplan_model::{Attribute, Format, Schema, Type};

pub(super) fn schema() -> Schema {
    let addresses = "Its addresses in CIDR notation; those of the interface by default, which move to the bridge.";
    let persistent = "What makes it anew when the host starts: `ifupdown`, `netplan` or `systemd-networkd`, by default \
                      the one that the host has, or `none`.";
    let reachable = "Addresses that must answer through the bridge; the gateway by default. While none of them does, \
                     the management path counts as lost.";
    Schema::new(
        "A bridge on an interface of this host: the machines of a `lab_network` in mode `bridge` stand beside the host.",
        [
            ("interface", Attribute::required(Type::String, "The interface that becomes its port.").replaces()),
            ("name", Attribute::optional_computed(Type::String, "The name of the bridge, such as `br0`.").replaces()),
            ("addresses", Attribute::optional_computed(Type::set(Type::String), addresses)),
            (
                "gateway",
                Attribute::optional_computed(Type::String, "The default gateway; that of the interface by default."),
            ),
            ("dns", Attribute::optional(Type::list(Type::String), "Name servers for when the host starts.")),
            (
                "stp",
                Attribute::optional_computed(Type::Bool, "Whether it takes part in a spanning tree; not by default."),
            ),
            (
                "netfilter",
                Attribute::optional(
                    Type::Bool,
                    "Whether what crosses bridges of this host goes through its packet filter (the three settings \
                     net.bridge.bridge-nf-call-*); left as it is by default.",
                ),
            ),
            ("persistent", Attribute::optional_computed(Type::String, persistent)),
            ("reachable", Attribute::optional(Type::list(Type::String), reachable)),
            (
                "undo_after",
                Attribute::optional_computed(
                    Type::String,
                    "How long the management path may be lost before everything is undone; `30s` by default.",
                )
                .format(Format::Duration),
            ),
            ("id", Attribute::computed(Type::String, "Its identity, which the bridge carries as its alias.")),
            (
                "intact",
                Attribute::computed(Type::Bool, "Whether it is up, has its port, and will be there after a restart."),
            ),
        ],
    )
}
