//! What a `lab_image` block may contain.

use cplan_model::{Attribute, Schema, Type};

use super::boot_type;

pub(super) fn schema() -> Schema {
    Schema::new(
        "A lease on a guest image in the host's cache, addressed by what went into it.",
        [
            (
                "flavor",
                Attribute::optional_computed(
                    Type::String,
                    "How it boots: `micro` (the default), a kernel and an initramfs with the programs of the packages; \
                     `systemd`, a whole Debian system with the packages installed.",
                ),
            ),
            (
                "suite",
                Attribute::optional(Type::String, "The Debian release of a `systemd` image, the host's by default."),
            ),
            ("arch", Attribute::optional_computed(Type::String, "`amd64` or `arm64`, the host's by default.")),
            ("packages", Attribute::optional(Type::list(Type::String), "Debian packages that are in the image.")),
            ("digest", Attribute::computed(Type::String, "The content address, 64 hex digits.")),
            ("boot", Attribute::computed(boot_type(), "What a machine needs to boot it.")),
        ],
    )
}
