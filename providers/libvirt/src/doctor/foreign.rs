//! What machines and images of another architecture need.

use std::path::Path;

use super::{Finding, find};
use crate::arch::Arch;
use crate::foreign;
use crate::settings::HostSettings;

/// Whether the host emulates the architecture that it does not have itself. A look writes and removes one small file in
/// the cache folder, where images are made.
pub(super) fn look(settings: &HostSettings) -> Finding {
    let arch = Arch::ALL.into_iter().find(|arch| *arch != Arch::of_this_host()).unwrap_or(Arch::Arm64);
    let existing = settings.cache_dir.ancestors().find(|path| path.is_dir());
    // Who cannot write there makes no images.
    let scratch = existing.and_then(|folder| tempfile::tempdir_in(folder).ok());
    let runs = scratch.is_none_or(|scratch| foreign::runs(arch, scratch.path()));
    finding(arch, find(arch.emulator().0).is_some(), Path::new(arch.firmware().0).exists(), runs)
}

fn finding(arch: Arch, emulator: bool, firmware: bool, runs: bool) -> Finding {
    let name = arch.name();
    let ((program, emulator_package), (_, firmware_package)) = (arch.emulator(), arch.firmware());
    let mut packages: Vec<&str> = Vec::new();
    let mut without: Vec<String> = Vec::new();
    if !emulator {
        packages.push(emulator_package);
        without.push(format!("without `{program}` no machine of {name} runs"));
    }
    if !firmware {
        packages.push(firmware_package);
        without.push(format!("without UEFI no cloud image of {name} starts"));
    }
    if !runs {
        without.push(format!("systemd images of {name} cannot be made, because this host runs no programs of {name}"));
    }
    if without.is_empty() {
        return Finding::good(name, format!("machines and images of {name} are emulated"));
    }
    let install = (!packages.is_empty()).then(|| format!("apt-get install -y {}", packages.join(" ")));
    let commands: Vec<String> = install.into_iter().chain((!runs).then(|| foreign::remedy(arch))).collect();
    Finding::lesser(name, without.join("; "), commands.join(" && "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn what_is_missing_comes_with_its_packages() {
        assert_eq!(finding(Arch::Arm64, true, true, true).health, Health::Good);
        let found = finding(Arch::Arm64, false, false, true);
        assert_eq!((found.health, found.what), (Health::Lesser, "arm64"));
        assert_eq!(found.remedy, "apt-get install -y qemu-system-arm qemu-efi-aarch64");
        assert!(found.found.contains("no machine of arm64 runs; without UEFI"), "{}", found.found);
        let found = finding(Arch::Arm64, true, true, false);
        assert!(found.remedy.ends_with("update-binfmts --enable qemu-aarch64"), "{}", found.remedy);
    }
}
