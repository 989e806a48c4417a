//! How to reach a machine, as a value that resources pass around: `machine = lab_machine.x.access`.

use std::path::PathBuf;

use cplan_model::{Type, Value};

/// Everything that ssh needs; the host key is pinned, there is no trust on first use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// The [`cplan_model::Identity::id`] of the machine.
    pub id: String,
    /// The machine's name, for messages.
    pub name: String,
    /// The management address.
    pub address: String,
    /// The ssh port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The public host key in OpenSSH form: `ssh-ed25519 AAAA…`.
    pub host_key: String,
    /// The private key file.
    pub key_file: PathBuf,
    /// The flavor of its image: what software can live on it. Empty where nobody knows, as on a machine that was there
    /// before.
    pub flavor: String,
    /// Its architecture by Debian's name: what programs run on it. Empty where nobody knows.
    pub arch: String,
}

/// The flavor of machines that are a kernel and a few programs: no package manager and no service manager.
pub const MICRO: &str = "micro";

impl Access {
    /// The object type of the value.
    pub fn ty() -> Type {
        let attributes = [
            ("id", Type::String),
            ("name", Type::String),
            ("address", Type::String),
            ("port", Type::Number),
            ("user", Type::String),
            ("host_key", Type::String),
            ("key_file", Type::String),
            ("flavor", Type::String),
            ("arch", Type::String),
        ];
        Type::object_with_optional(attributes, ["flavor", "arch"])
    }

    /// The value.
    pub fn to_value(&self) -> Value {
        Value::object([
            ("id", Value::string(self.id.as_str())),
            ("name", Value::string(self.name.as_str())),
            ("address", Value::string(self.address.as_str())),
            ("port", Value::number(u32::from(self.port))),
            ("user", Value::string(self.user.as_str())),
            ("host_key", Value::string(self.host_key.as_str())),
            ("key_file", Value::string(self.key_file.to_string_lossy().as_ref())),
            ("flavor", Value::string(self.flavor.as_str())),
            ("arch", Value::string(self.arch.as_str())),
        ])
    }

    /// Reads the value; `None` when any part but the flavor and the architecture is null, unknown or missing.
    pub fn from_value(value: &Value) -> Option<Access> {
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Access {
            id: text("id")?,
            name: text("name")?,
            address: text("address")?,
            port: value.get("port").and_then(Value::as_u64).and_then(|n| u16::try_from(n).ok())?,
            user: text("user")?,
            host_key: text("host_key")?,
            key_file: text("key_file")?.into(),
            flavor: text("flavor").unwrap_or_default(),
            arch: text("arch").unwrap_or_default(),
        })
    }
}
