//! What a `lab_machine` block may contain.

use cplan_model::{Attribute, Format, Nesting, Schema, Type};
use cplan_sdk::Access;

use super::existing;
use crate::image::boot_type;
use crate::network::attachment_type;

pub(super) fn schema() -> Schema {
    let throughput = |doc| Attribute::optional(Type::String, doc).format(Format::Throughput);
    let size = |doc| Attribute::optional(Type::String, doc).format(Format::Bytes);
    let memory = Attribute::optional(Type::String, "Memory; up to `maximum_memory` it changes while the machine runs.");
    let maximum = Attribute::optional_computed(
        Type::String,
        "How much `memory` may become while it runs; what it was started with by default. A change restarts it.",
    );
    let timeout = Attribute::optional_computed(
        Type::String,
        "How long ssh may take to answer after a start; \"180s\" by default, \"900s\" with cloud-init, and thrice that where \
         `arch` is not the host's.",
    );
    Schema::new(
        "A virtual machine of the lab; it is ready when ssh answers with the host key that cplan made for it.",
        [
            ("name", Attribute::required(Type::String, "Its host name, and its name in links.").replaces()),
            ("tier", Attribute::optional(Type::String, "The tier it belongs to, such as `edge`.")),
            ("cpus", Attribute::optional(Type::Number, "Processors; a change restarts the machine.")),
            ("memory", memory.format(Format::Bytes)),
            ("maximum_memory", maximum.format(Format::Bytes)),
            (
                "cpu_quota",
                Attribute::optional(Type::Number, "The share of each of its processors that it may use: 0.5 is half."),
            ),
            (
                "cpu_pin",
                Attribute::optional(
                    Type::list(Type::Number),
                    "The host's processor for each of its own; no other machine may have the same.",
                ),
            ),
            ("disk_size", size("How large its disk is; the image's own size by default. It can only grow in place.")),
            ("disk_read_limit", throughput("How fast it may read its disk: \"10MB/s\".")),
            ("disk_write_limit", throughput("How fast it may write its disk: \"10MB/s\".")),
            ("labels", Attribute::optional(Type::map(Type::String), "Notes of yours; they stand in its metadata.")),
            (
                "timezone",
                Attribute::optional_computed(
                    Type::String,
                    "Its time zone, such as `Europe/Amsterdam`; the host's by default.",
                ),
            ),
            ("image", Attribute::optional(boot_type(), "What it starts from: `lab_image.x.boot`.").replaces()),
            (
                "arch",
                Attribute::optional_computed(
                    Type::String,
                    "`amd64` or `arm64`: that of its image, which is the default. One that is not the host's is emulated.",
                )
                .replaces(),
            ),
            (
                "accel",
                Attribute::optional_computed(
                    Type::String,
                    "`auto` (the default: KVM where it can really run a guest), `kvm` or `tcg`.",
                ),
            ),
            (
                "existing",
                Attribute::optional(
                    existing::ty(),
                    "How to reach a machine that was there before; it is never powered off, reinstalled or deleted.",
                ),
            ),
            ("boot_timeout", timeout.format(Format::Duration)),
            ("id", Attribute::computed(Type::String, "The libvirt UUID.")),
            ("domain", Attribute::computed(Type::String, "The libvirt name.")),
            ("running", Attribute::computed(Type::Bool, "Whether it runs.")),
            ("connected", Attribute::computed(Type::Bool, "Whether its interfaces are plugged into their bridges, and the cable of the management network is in.")),
            ("defined", Attribute::computed(Type::Bool, "Whether libvirt keeps it when it stops.")),
            ("has_disk", Attribute::computed(Type::Bool, "Whether its disk is there; without it, all on it is lost.")),
            (
                "lab_address",
                Attribute::computed(Type::String, "The address of its first lab interface, if it has one."),
            ),
            ("access", Attribute::computed(Access::ty(), "How to reach it; what runs on it takes this as `machine`.")),
        ],
    )
    .block("management", Nesting::Single, 0, Some(1), plug("The network that ssh uses; it is never shaped."))
    .block("interface", Nesting::List, 0, None, interface())
}

/// A card of the lab; unlike that of the management network its cable may be pulled.
pub(super) fn interface() -> Schema {
    let mut schema = plug("A network card in a network of the lab.");
    let up = Attribute::optional(Type::Bool, "Whether its cable is plugged in; `true` by default.");
    schema.attributes.insert("up".into(), up);
    schema
}

fn plug(doc: &'static str) -> Schema {
    Schema::new(
        doc,
        [
            ("network", Attribute::required(attachment_type(), "The network: `lab_network.x.attachment`.")),
            ("address", Attribute::required(Type::String, "The machine's fixed IPv4 address in it.")),
            (
                "mac",
                Attribute::optional(Type::String, "Its MAC address; one that follows from its identity by default."),
            ),
        ],
    )
}
