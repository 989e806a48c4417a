//! From values to what is wanted, and from what is found to values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cplan_model::{Format, Identity, Type, Value, parse_quantity};
use cplan_sdk::{Access, PlanRequest, ProviderError, from_value};
use serde::Deserialize;

use super::timezone;
use crate::arch::Arch;
use crate::image::UEFI;
use crate::naming::{libvirt_name, mac_address};
use crate::ownership::Mark;
use crate::settings::HostSettings;
use crate::xml::domain::{Accelerator, DiskSpec, DomainSpec, InterfaceSpec, KernelSpec, PERIOD};

/// The values of a machine, all known.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) cpus: u64,
    memory: String,
    maximum_memory: Option<String>,
    cpu_quota: Option<f64>,
    cpu_pin: Option<Vec<u64>>,
    disk_size: Option<String>,
    disk_read_limit: Option<String>,
    disk_write_limit: Option<String>,
    tier: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    timezone: Option<String>,
    pub(super) image: Boot,
    accel: Option<String>,
    boot_timeout: Option<String>,
    management: Plug,
    #[serde(default)]
    interface: Vec<Plug>,
}

/// `lab_image.x.boot`
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Boot {
    pub(crate) kernel: Option<PathBuf>,
    pub(crate) initrd: Option<PathBuf>,
    pub(crate) disk: PathBuf,
    pub(crate) cmdline: Option<String>,
    pub(crate) seed: Option<String>,
    pub(crate) flavor: Option<String>,
    arch: Option<String>,
    firmware: Option<String>,
}

impl Boot {
    /// What is entered directly; without, the disk boots by itself.
    fn kernel(&self) -> Option<KernelSpec> {
        Some(KernelSpec {
            file: self.kernel.clone()?,
            initrd: self.initrd.clone().unwrap_or_default(),
            cmdline: self.cmdline.clone().unwrap_or_default(),
        })
    }

    /// What it is made for.
    pub(crate) fn arch(&self) -> Arch {
        self.arch.as_deref().and_then(Arch::of).unwrap_or(Arch::of_this_host())
    }

    /// Whether cloud-init takes over the seed.
    pub(crate) fn is_cloud(&self) -> bool {
        self.flavor.as_deref() == Some("cloud")
    }

    /// Whether the guest reads a NoCloud volume, not a bare archive.
    pub(crate) fn is_nocloud(&self) -> bool {
        self.seed.as_deref() == Some("nocloud")
    }
}

/// One interface.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Plug {
    pub(super) network: Attachment,
    pub(super) address: String,
    mac: Option<String>,
    up: Option<bool>,
}

/// `lab_network.x.attachment`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) cidr: String,
    pub(super) gateway: Option<String>,
    pub(super) mode: Option<String>,
}

/// The default of `boot_timeout`.
const BOOT_TIMEOUT: &str = "180s";
/// That of machines whose cloud-init has to come first, which takes many minutes where they are emulated.
const CLOUD_BOOT_TIMEOUT: &str = "900s";
/// Those of machines that are emulated whatever the host can: where KVM works the others are not.
const FOREIGN_BOOT_TIMEOUTS: [&str; 2] = ["540s", "2700s"];

impl Machine {
    pub(super) fn from_values(values: &Value) -> Result<Machine, ProviderError> {
        from_value(values)
    }

    /// The MAC addresses of the interfaces in order, lower case.
    pub(super) fn macs(&self, id: &str) -> Vec<String> {
        let mac = |(i, plug): (usize, &Plug)| {
            plug.mac.as_ref().map_or_else(|| mac_address(id, i), |m| m.to_ascii_lowercase())
        };
        self.plugs().enumerate().map(mac).collect()
    }

    /// How large the disk should be, in bytes; `None` is as the image has it.
    pub(super) fn disk_size(&self) -> Result<Option<u64>, ProviderError> {
        self.disk_size.as_deref().map(disk_bytes).transpose()
    }

    /// The time zone by its name.
    pub(super) fn timezone(&self) -> Option<&str> {
        self.timezone.as_deref()
    }

    /// What is noted in the domain's metadata.
    fn notes(&self) -> BTreeMap<String, String> {
        let labels = self.labels.iter().flatten().map(|(key, text)| (format!("{LABEL}{key}"), text.clone()));
        let own = [(TIER, &self.tier), (TIMEZONE, &self.timezone)];
        let own = own.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.clone()?)));
        labels.chain(own).collect()
    }

    /// The interfaces in order, the management one first.
    pub(super) fn plugs(&self) -> impl Iterator<Item = &Plug> {
        std::iter::once(&self.management).chain(&self.interface)
    }

    /// What the guest is told of each interface: `ADDRESS/PREFIX [GATEWAY]`; only a management network that leads
    /// outside has a gateway.
    pub(super) fn told(&self) -> Vec<String> {
        let told = self.plugs().enumerate().map(|(i, plug)| {
            let Attachment { cidr, gateway, mode, .. } = &plug.network;
            let prefix = cidr.split_once('/').map_or("32", |(_, prefix)| prefix);
            let gateway = gateway.as_deref().filter(|_| i == 0 && mode.as_deref() == Some("nat"));
            let gateway = gateway.map(|g| format!(" {g}")).unwrap_or_default();
            format!("{}/{prefix}{gateway}", plug.address)
        });
        told.collect()
    }

    /// What a running guest cannot take over: its processors, and where its interfaces are plugged in and what it is told
    /// of them.
    pub(super) fn wiring(&self) -> (u64, Vec<(&str, String)>) {
        let networks = self.plugs().map(|plug| plug.network.name.as_str());
        (self.cpus, networks.zip(self.told()).collect())
    }

    pub(super) fn accel(&self) -> &str {
        self.accel.as_deref().unwrap_or("auto")
    }

    pub(super) fn boot_timeout(&self) -> Duration {
        let text = self.boot_timeout.as_deref().unwrap_or(BOOT_TIMEOUT);
        Duration::from_nanos(parse_quantity(Format::Duration, text).unwrap_or(180_000_000_000))
    }

    /// The domain that should be.
    pub(super) fn domain(
        &self,
        identity: &Identity,
        settings: &HostSettings,
        accelerator: Accelerator,
    ) -> Result<DomainSpec, ProviderError> {
        let folder = settings.machine_dir(&identity.id);
        let interfaces =
            self.plugs().zip(self.told()).zip(self.macs(&identity.id)).map(|((plug, told), mac)| InterfaceSpec {
                mac,
                network: plug.network.name.clone(),
                up: plug.up != Some(false),
                told: Some(told),
                tap: None,
            });
        let disk = |name: &str, format: &str, read_only| DiskSpec {
            file: folder.join(name),
            format: format.into(),
            read_only,
            read_limit: None,
            write_limit: None,
        };
        let limit = |text: &Option<String>| text.as_deref().map(|t| amount(Format::Throughput, t)).transpose();
        let overlay = DiskSpec {
            read_limit: limit(&self.disk_read_limit)?,
            write_limit: limit(&self.disk_write_limit)?,
            ..disk("overlay.qcow2", "qcow2", false)
        };
        let memory_kib = memory_kib(&self.memory)?;
        let maximum_kib = self.maximum_memory.as_deref().map_or(Ok(memory_kib), self::memory_kib)?;
        let pins = self.cpu_pin.iter().flatten();
        Ok(DomainSpec {
            mark: Some(Mark::from(identity)),
            name: libvirt_name(identity),
            uuid: identity.id.clone(),
            arch: self.image.arch(),
            accelerator,
            memory_kib,
            maximum_kib,
            cpus: self.cpus,
            quota: self.cpu_quota.map(quota),
            pins: pins.zip(0..).map(|(host, own)| (own, [*host].into())).collect(),
            notes: self.notes(),
            kernel: self.image.kernel(),
            uefi: self.image.firmware.as_deref() == Some(UEFI),
            disks: vec![overlay, disk("seed.img", "raw", true)],
            interfaces: interfaces.collect(),
            console: folder.join("console.log"),
        })
    }
}

/// The keys of the notes in a domain's metadata.
pub(super) const TIER: &str = "tier";
pub(super) const TIMEZONE: &str = "timezone";
pub(super) const LABEL: &str = "label:";

/// QEMU gives memory in whole MiB; libvirt rounds up.
pub(super) fn memory_kib(text: &str) -> Result<u64, ProviderError> {
    Ok(amount(Format::Bytes, text)?.div_ceil(1024 * 1024) * 1024)
}

/// A disk has whole sectors of 512 bytes; QEMU rounds up.
pub(super) fn disk_bytes(text: &str) -> Result<u64, ProviderError> {
    let bytes = amount(Format::Bytes, text)?;
    Ok(bytes.checked_next_multiple_of(512).unwrap_or(bytes))
}

fn amount(format: Format, text: &str) -> Result<u64, ProviderError> {
    parse_quantity(format, text).map_err(|e| ProviderError::failed(e.what).remedy(e.remedy))
}

/// A share of a processor in microseconds of a period.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "checked")]
pub(super) fn quota(share: f64) -> u64 {
    (share * PERIOD as f64).round() as u64
}

/// The larger of what is asked for now and what it was started with: so less memory, and more up to that, needs no restart.
fn maximum(request: &PlanRequest) -> Value {
    let base = &request.proposed;
    let memory = base.get("memory").cloned().unwrap_or_else(|| Value::unknown(Type::String));
    if let Some(set) = request.config.get("maximum_memory").filter(|v| !v.is_null()) {
        return set.clone();
    }
    let kib = |value: &Value| value.as_str().and_then(|text| memory_kib(text).ok());
    let kept = request.prior.as_ref().and_then(|prior| prior.get("maximum_memory"));
    match (kept, kept.and_then(kib), kib(&memory)) {
        (Some(kept), Some(had), Some(wanted)) if wanted <= had => kept.clone(),
        _ => memory,
    }
}

fn boot_timeout(values: &Value) -> &'static str {
    let of_image = |name: &str| values.get("image").and_then(|image| image.get(name)).and_then(Value::as_str);
    let foreign = of_image("arch").and_then(Arch::of).is_some_and(|arch| arch != Arch::of_this_host());
    let [other, cloud] = if foreign { FOREIGN_BOOT_TIMEOUTS } else { [BOOT_TIMEOUT, CLOUD_BOOT_TIMEOUT] };
    if of_image("flavor") == Some("cloud") { cloud } else { other }
}

/// The client key of a lab.
pub(super) fn key_file(data_dir: &Path) -> PathBuf {
    data_dir.join("keys").join("id_ed25519")
}

/// Values of a state from before there were other architectures than the host's.
pub(super) fn with_arch(values: &Value) -> Value {
    let Some(image) = values.get("image").cloned() else { return values.clone() };
    let image = Arch::filled_in(image, &Value::string(Arch::of_this_host().name()));
    let Some(arch) = image.get("arch").cloned() else { return values.clone() };
    Arch::filled_in(values.with("image", image), &arch)
}

/// What will be: all that follows from the identity and the known configuration is known.
pub(super) fn planned(request: &PlanRequest, data_dir: &Path) -> Value {
    let (id, base) = (&request.identity.id, &request.proposed);
    let default = |name: &str, default: &str| match request.config.get(name) {
        Some(value) if !value.is_null() => value.clone(),
        _ => Value::string(default),
    };
    let address = base.get("management").and_then(|m| m.get("address")).cloned();
    let lab_address = match base.get("interface").map(|list| (list.as_slice(), list.is_known())) {
        Some((Some([first, ..]), _)) => first.get("address").cloned(),
        Some((None, false)) => Some(Value::unknown(Type::String)),
        _ => Some(Value::null(Type::String)),
    };
    let unknown = || Value::unknown(Type::String);
    let arch = request.config.get("arch").filter(|arch| !arch.is_null());
    let arch = arch.or_else(|| base.get("image")?.get("arch").filter(|arch| !arch.is_null()));
    let host = || Value::string(Arch::of_this_host().name());
    let told_by_image =
        base.get("image").is_some_and(|image| !image.is_null() && image.get("arch").is_some_and(Value::is_null));
    let arch = arch.cloned().unwrap_or_else(|| if told_by_image { host() } else { unknown() });
    // The host key stays with the machine; it is made when the machine is.
    let host_key = request.prior.as_ref().and_then(|p| p.get("access")?.get("host_key")).cloned();
    // What is on a machine that was made before there were others knows its access without, and should stay as it is.
    let told = request.prior.as_ref().and_then(|p| p.get("access")?.get("arch")).filter(|arch| arch.is_null()).cloned();
    let access = Value::object([
        ("id", Value::string(id.as_str())),
        ("name", base.get("name").cloned().unwrap_or_else(unknown)),
        ("address", address.unwrap_or_else(unknown)),
        ("port", Value::number(22)),
        ("user", Value::string("root")),
        ("host_key", host_key.filter(|k| !k.is_null()).unwrap_or_else(unknown)),
        ("key_file", Value::string(key_file(data_dir).to_string_lossy().as_ref())),
        ("flavor", base.get("image").and_then(|i| i.get("flavor")).cloned().unwrap_or_else(unknown)),
        ("arch", told.unwrap_or_else(|| arch.clone())),
    ]);
    base.with("accel", default("accel", "auto"))
        .with("arch", arch)
        .with("maximum_memory", maximum(request))
        .with("timezone", default("timezone", &timezone::of_this_host()))
        .with("boot_timeout", default("boot_timeout", boot_timeout(base)))
        .with("id", Value::string(id.as_str()))
        .with("domain", Value::string(libvirt_name(&request.identity)))
        .with("running", Value::bool(true))
        .with("connected", Value::bool(true))
        .with("defined", Value::bool(true))
        .with("has_disk", Value::bool(true))
        .with("lab_address", lab_address.unwrap_or_else(unknown))
        .with("access", access)
}

/// The planned values with the host key that was made.
pub(super) fn with_host_key(values: &Value, host_key: &str) -> Value {
    let access = values.get("access").map(|a| a.with("host_key", Value::string(host_key)));
    access.map_or_else(|| values.clone(), |access| values.with("access", access))
}

/// How to reach the machine, once all of it is known.
pub(super) fn access(values: &Value) -> Option<Access> {
    values.get("access").and_then(Access::from_value)
}

#[cfg(test)]
mod tests {
    use cplan_sdk::from_json;
    use serde_json::json;

    use super::*;
    use crate::machine::schema::schema;

    #[test]
    fn the_architecture_is_that_of_the_image_and_an_access_from_before_stays() {
        let other = Arch::ALL.into_iter().find(|arch| *arch != Arch::of_this_host()).unwrap();
        let config = json!({
            "name": "a", "cpus": 1, "memory": "256MiB",
            "image": {"arch": other.name(), "flavor": "micro", "disk": "/d"},
            "management": {"network": {"id": "n", "name": "n", "cidr": "10.0.0.0/24"}, "address": "10.0.0.2"},
        });
        let config = from_json(&config, &schema().object_type()).unwrap();
        let identity = Identity { id: "i".into(), lab: "l".into(), name: "a".into() };
        let plan = |prior: Option<Value>| {
            let (config, proposed) = (config.clone(), config.clone());
            let request = PlanRequest { identity: identity.clone(), config, prior, proposed, private: Vec::new() };
            planned(&request, Path::new("/t/.cplan"))
        };
        let text = |values: &Value, name: &str| values.get(name).and_then(Value::as_str).map(str::to_owned);
        let first = plan(None);
        assert_eq!(text(&first, "arch").as_deref(), Some(other.name()));
        assert_eq!(text(first.get("access").unwrap(), "arch").as_deref(), Some(other.name()));
        assert_eq!(text(&first, "boot_timeout").as_deref(), Some(FOREIGN_BOOT_TIMEOUTS[0]));
        let without = |values: &Value| {
            let image = values.get("image").unwrap().with("arch", Value::null(Type::String));
            values.with("arch", Value::null(Type::String)).with("image", image)
        };
        let host = Value::string(Arch::of_this_host().name());
        let known = with_arch(&without(&first));
        assert_eq!((known.get("arch"), known.get("image").unwrap().get("arch")), (Some(&host), Some(&host)));
        assert_eq!(with_arch(&first), first, "what is said stays");
        let access = first.get("access").unwrap().with("arch", Value::null(Type::String));
        let again = plan(Some(first.with("access", access.clone())));
        assert_eq!(again.get("access"), Some(&access));
    }
}
