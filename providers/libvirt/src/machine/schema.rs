//! What a `lab_machine` block may contain.

use cplan_model::{Attribute, Format, Nesting, Schema, Type};
use cplan_sdk::Access;

use crate::image::boot_type;
use crate::network::attachment_type;

pub(super) fn schema() -> Schema {
    let plug = |doc| {
        Schema::new(
            doc,
            [
                ("network", Attribute::required(attachment_type(), "The network: `lab_network.x.attachment`.")),
                ("address", Attribute::required(Type::String, "The machine's fixed IPv4 address in it.")),
            ],
        )
    };
    let bytes = Attribute::required(Type::String, "Memory; a change restarts the machine.").format(Format::Bytes);
    let timeout = Attribute::optional_computed(
        Type::String,
        "How long ssh may take to answer after a start; \"180s\" by default.",
    );
    Schema::new(
        "A virtual machine of the lab; it is ready when ssh answers with the host key that cplan made for it.",
        [
            ("name", Attribute::required(Type::String, "Its host name, and its name in links.").replaces()),
            ("tier", Attribute::optional(Type::String, "The tier it belongs to, such as `edge`.")),
            ("cpus", Attribute::required(Type::Number, "Processors; a change restarts the machine.")),
            ("memory", bytes),
            ("image", Attribute::required(boot_type(), "What it starts from: `lab_image.x.boot`.").replaces()),
            (
                "accel",
                Attribute::optional_computed(
                    Type::String,
                    "`auto` (the default: KVM where it can really run a guest), `kvm` or `tcg`.",
                ),
            ),
            ("boot_timeout", timeout.format(Format::Duration)),
            ("id", Attribute::computed(Type::String, "The libvirt UUID.")),
            ("domain", Attribute::computed(Type::String, "The libvirt name.")),
            ("running", Attribute::computed(Type::Bool, "Whether it runs.")),
            ("connected", Attribute::computed(Type::Bool, "Whether its interfaces are plugged into their bridges.")),
            ("defined", Attribute::computed(Type::Bool, "Whether libvirt keeps it when it stops.")),
            ("has_disk", Attribute::computed(Type::Bool, "Whether its disk is there; without it, all on it is lost.")),
            (
                "lab_address",
                Attribute::computed(Type::String, "The address of its first lab interface, if it has one."),
            ),
            ("access", Attribute::computed(Access::ty(), "How to reach it; what runs on it takes this as `machine`.")),
        ],
    )
    .block("management", Nesting::Single, 1, Some(1), plug("The network that ssh uses; it is never shaped."))
    .block("interface", Nesting::List, 0, None, plug("A network card in a network of the lab."))
}
