//! Why this host cannot make an image.

use std::path::Path;

use cplan_model::{AttrPath, Diagnostic, Value};

use super::is_given;
use crate::arch::Arch;
use crate::foreign;
use crate::image::Flavor;
use crate::image::wanted::UEFI;

/// Why this host cannot make an image that is not there yet; `runs` tells whether it runs programs of an architecture.
pub(in crate::image) fn host(values: &Value, runs: impl FnOnce(Arch) -> bool) -> Option<Diagnostic> {
    let arch = values.get("arch").and_then(Value::as_str).and_then(Arch::of)?;
    match Flavor::of_values(values)? {
        Flavor::Micro => None,
        Flavor::Systemd if !foreign::is_root() => {
            let what = "A system is installed in a chroot, which only root may enter.".to_owned();
            let diagnostic = Diagnostic::error("image-needs-root", "Image made by root", what);
            let remedy = "Let root apply it once: what is in the cache then serves every user of this host.";
            Some(diagnostic.remedy(remedy))
        }
        Flavor::Systemd if !runs(arch) => {
            let arch_name = arch.name();
            let what = format!(
                "Packages of {arch_name} run their scripts when they are installed, and this host runs no programs of {arch_name}."
            );
            let diagnostic = Diagnostic::error("image-foreign", "Image of another architecture", what);
            let remedy = format!("Let it emulate them: `{}`.", foreign::remedy(arch));
            Some(diagnostic.remedy(remedy).attribute(AttrPath::attr("arch")))
        }
        Flavor::Systemd => None,
        Flavor::Cloud if is_given(values, "from") => {
            let uefi = values.get("firmware").and_then(Value::as_str) == Some(UEFI);
            no_machine(arch, uefi).map(|diagnostic| diagnostic.attribute(AttrPath::attr("from")))
        }
        Flavor::Cloud => None,
    }
}

/// Why no throw-away machine can change a disk.
fn no_machine(arch: Arch, uefi: bool) -> Option<Diagnostic> {
    let ((program, package), (firmware, firmware_package)) = (arch.emulator(), arch.firmware());
    let (missing, package) = if crate::doctor::find(program).is_none() {
        (program, package)
    } else if uefi && !Path::new(firmware).exists() {
        (firmware, firmware_package)
    } else {
        return None;
    };
    let what = format!("A machine of {} changes the disk of this image, and needs `{missing}`.", arch.name());
    let diagnostic = Diagnostic::error("image-no-emulator", "No machine to make the image with", what);
    Some(diagnostic.remedy(format!("Install it: `apt-get install -y {package}`.")))
}
