//! What a `lab_image` block may contain.

use cplan_model::{Attribute, Schema, Type};

use super::boot_type;

pub(super) fn schema() -> Schema {
    let file = Type::object_with_optional(
        ["content", "source", "mode", "owner", "group"].map(|name| (name, Type::String)),
        ["content", "source", "mode", "owner", "group"],
    );
    let text = |doc| Attribute::optional(Type::String, doc);
    let list = |doc| Attribute::optional(Type::list(Type::String), doc);
    Schema::new(
        "A lease on a guest image in the host's cache, addressed by what went into it.",
        [
            (
                "flavor",
                Attribute::optional_computed(
                    Type::String,
                    "How it boots: `micro` (the default), a kernel and an initramfs with the programs of the packages; \
                     `systemd`, a whole Debian system with the packages installed; `cloud`, a disk with cloud-init.",
                ),
            ),
            ("suite", text("The Debian release of a `systemd` image, the host's by default.")),
            (
                "arch",
                Attribute::optional_computed(
                    Type::String,
                    "`amd64` or `arm64`, the host's by default; a machine has that of its image.",
                ),
            ),
            (
                "firmware",
                Attribute::optional_computed(
                    Type::String,
                    "With `path` or `url`: what starts the disk, `bios` or `uefi`; `uefi` by default where `arch` is \
                     `arm64`, which has nothing else.",
                ),
            ),
            ("packages", list("Debian packages that are in the image; with `from`, in addition to those below.")),
            ("path", text("A cloud image: a disk with cloud-init, as a file of this host.")),
            ("url", text("A cloud image from the web; what is fetched must have the `sha256`.")),
            ("sha256", text("The digest of the file at `path` or `url`, 64 hex digits.")),
            ("from", Attribute::optional(boot_type(), "The image that this one is made of: `lab_image.x.boot`.")),
            (
                "files",
                Attribute::optional(
                    Type::map(file),
                    "With `from`: files by their path in the image, each with `content` or `source` (a file of this \
                     host), `mode` (octal), `owner` and `group`.",
                ),
            ),
            ("run", list("With `from`: commands of a shell that run in the image in order, after packages and files.")),
            ("digest", Attribute::computed(Type::String, "The content address, 64 hex digits.")),
            ("boot", Attribute::computed(boot_type(), "What a machine needs to boot it.")),
        ],
    )
}
