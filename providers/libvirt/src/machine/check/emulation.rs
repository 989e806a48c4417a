//! Machines of another architecture than their host's, and firmware that a disk needs.

use std::collections::BTreeMap;

use cplan_model::{AttrPath, Diagnostic, InstanceAddr, Value};
use cplan_sdk::ProviderError;
use virt::connect::Connect;
use virt::enumutil::Enum::Known;
use virt::error::ErrorNumber;

use crate::arch::Arch;
use crate::client::{Client, LibvirtError};
use crate::host::HostFacts;
use crate::image::UEFI;

/// A word that is no architecture.
pub(super) fn one(config: &Value) -> Option<Diagnostic> {
    let name = config.get("arch").and_then(Value::as_str).filter(|name| Arch::of(name).is_none())?;
    let what = format!("\"{name}\" is not an architecture of machines.");
    let diagnostic = Diagnostic::error("machine-arch", "Architecture does not fit", what);
    Some(diagnostic.remedy("Write \"amd64\" or \"arm64\", or leave it to the image.").attribute(AttrPath::attr("arch")))
}

fn wanted(values: &Value) -> Option<Arch> {
    values.get("arch").and_then(Value::as_str).and_then(Arch::of)
}

fn of_image<'a>(values: &'a Value, name: &str) -> Option<&'a str> {
    values.get("image").and_then(|image| image.get(name)).and_then(Value::as_str)
}

/// A machine that should be of another architecture than what it starts from.
pub(super) fn conflict(values: &Value) -> Option<Diagnostic> {
    let (own, image) = (wanted(values)?, of_image(values, "arch").and_then(Arch::of)?);
    if own == image {
        return None;
    }
    let (own, image) = (own.name(), image.name());
    let what = format!("The machine should be of {own}, and the image that it starts from is of {image}.");
    let diagnostic = Diagnostic::error("machine-arch", "Architecture does not fit", what);
    let remedy = format!("Leave `arch` out here, or write `arch = \"{own}\"` in the `lab_image`.");
    let place = AttrPath::attr("image");
    Some(diagnostic.remedy(remedy).attribute(AttrPath::attr("arch")).also(place, format!("of {image}")))
}

/// KVM runs what the host itself is.
pub(super) fn not_accelerated(values: &Value, facts: &HostFacts) -> Option<Diagnostic> {
    let (own, host) = (wanted(values)?, facts.arch?);
    if own == host || values.get("accel").and_then(Value::as_str) != Some("kvm") {
        return None;
    }
    let what = format!("KVM runs machines of {}, as the host is, and this one is of {}.", host.name(), own.name());
    let diagnostic = Diagnostic::error("machine-kvm", "KVM does not work", what);
    Some(diagnostic.remedy("Write \"auto\" or \"tcg\".").attribute(AttrPath::attr("accel")))
}

/// What libvirt's host has for machines of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offer {
    emulator: bool,
    uefi: bool,
}

/// What speaks against each of these machines; libvirt is asked once for each architecture that is not the host's own, or
/// whose machines need firmware.
pub(super) async fn missing(
    client: &Client,
    planned: &[(InstanceAddr, Value)],
    facts: &HostFacts,
) -> Result<Vec<Diagnostic>, ProviderError> {
    let uefi = |values: &Value| of_image(values, "firmware") == Some(UEFI);
    let special = |values: &Value| {
        let arch = wanted(values).or_else(|| of_image(values, "arch").and_then(Arch::of))?;
        (Some(arch) != facts.arch || uefi(values)).then_some(arch)
    };
    let mut asked: BTreeMap<Arch, Option<Offer>> =
        planned.iter().filter_map(|(_, v)| Some((special(v)?, None))).collect();
    for (arch, answer) in &mut asked {
        let arch = *arch;
        *answer = client.call(move |connection| offer(connection, arch)).await?;
    }
    let found = planned.iter().filter_map(|(address, values)| {
        let arch = special(values)?;
        let lacking = lacking(arch, asked.get(&arch).copied().flatten()?, uefi(values))?;
        Some(lacking.address(address.clone()))
    });
    Ok(found.collect())
}

fn lacking(arch: Arch, offer: Offer, uefi: bool) -> Option<Diagnostic> {
    let (name, ((_, emulator), (_, firmware))) = (arch.name(), (arch.emulator(), arch.firmware()));
    if !offer.emulator {
        let what = format!("The machine is of {name}, and its host has no QEMU for that.");
        let diagnostic = Diagnostic::error("machine-no-emulator", "No emulator for the machine", what);
        let remedy = format!("Install it there: `apt-get install -y {emulator}`.");
        return Some(diagnostic.remedy(remedy).attribute(AttrPath::attr("arch")));
    }
    if uefi && !offer.uefi {
        let what = format!("The machine's disk starts through UEFI, and its host has no such firmware for {name}.");
        let diagnostic = Diagnostic::error("machine-no-firmware", "No firmware for the machine", what);
        let remedy = format!("Install it there: `apt-get install -y {firmware}`.");
        return Some(diagnostic.remedy(remedy).attribute(AttrPath::attr("image")));
    }
    None
}

/// `None` of a libvirt that cannot tell.
fn offer(connection: &Connect, arch: Arch) -> Result<Option<Offer>, LibvirtError> {
    let asked = connection.domain_capabilities(None, Some(arch.kernel_name()), Some(arch.board()), Some("qemu"), 0);
    match asked {
        Ok(xml) => {
            let uefi = crate::xml::capabilities::firmwares(&xml).map_err(|source| LibvirtError::Xml {
                what: format!("what the host has for {}", arch.name()),
                source,
            })?;
            Ok(Some(Offer { emulator: true, uefi: uefi.iter().any(|name| name == "efi") }))
        }
        Err(error) if error.code() == Known(ErrorNumber::NoSupport) => Ok(None),
        // "unable to find any emulator to serve 'aarch64' architecture"
        Err(error) if error.code() == Known(ErrorNumber::ConfigUnsupported) => {
            Ok(Some(Offer { emulator: false, uefi: false }))
        }
        Err(error) => Err(LibvirtError::call(format!("ask for an emulator of {}", arch.name()))(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_comes_with_its_package() {
        let told = |emulator, uefi_there, uefi| {
            let found = lacking(Arch::Arm64, Offer { emulator, uefi: uefi_there }, uefi)?;
            Some((found.id, found.remedy))
        };
        let install = |package: &str| format!("Install it there: `apt-get install -y {package}`.");
        assert_eq!(told(false, false, true), Some(("machine-no-emulator", install("qemu-system-arm"))));
        assert_eq!(told(true, false, true), Some(("machine-no-firmware", install("qemu-efi-aarch64"))));
        assert_eq!(told(true, false, false), None);
        assert_eq!(told(true, true, true), None);
    }
}
