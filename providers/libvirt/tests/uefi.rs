//! Disks of somebody else's that only UEFI starts: of arm64, which has nothing else, and of amd64 where it is asked for.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use cplan_sdk::Shell as _;
use fatfs::{FileSystem, FormatVolumeOptions, FsOptions};
use serde_json::{Value as Json, json};

use crate::capability::require;
use crate::foreign::{arm64, arm64_programs};
use crate::lab::{Lab, Object, image, image_cache, image_for, release, virsh};

/// An architecture, and what a disk of it is made of and needs.
struct Kind {
    arch: &'static str,
    console: &'static str,
    /// The boot loader's name for a start from any disk, and its file in its package.
    loader: [&'static str; 2],
    /// In libvirt's words, and in `uname`'s.
    machine: &'static str,
    firmware: &'static str,
    network: u8,
}

const ARM64: Kind = Kind {
    arch: "arm64",
    console: "ttyAMA0",
    loader: ["BOOTAA64.EFI", "systemd-bootaa64.efi"],
    machine: "aarch64",
    firmware: "/usr/share/AAVMF/AAVMF_CODE.fd",
    network: 32,
};
const AMD64: Kind = Kind {
    arch: "amd64",
    console: "ttyS0",
    loader: ["BOOTX64.EFI", "systemd-bootx64.efi"],
    machine: "x86_64",
    firmware: "/usr/share/OVMF/OVMF_CODE_4M.fd",
    network: 33,
};

/// Before the guest's own: its seed is an archive within a file system here, which its kernel does not know.
const FIRST: &str = "#!/bin/busybox sh
busybox sed -i 's,tar -xf /dev/vdb -C /,. /seed,' /etc/cplan/start
exec /init
";
/// Takes the first archive in the seed.
const SEED: &str = "set -- $(strings -t d -n 5 /dev/vdb | grep -m 1 ustar)
tail -c +$(($1 - 256)) /dev/vdb | tar -xf - -C /
";

/// The file of a disk that holds nothing but what UEFI reads: a boot loader, a kernel, and a root for the memory.
async fn disk(kind: &Kind, folder: &Path) -> PathBuf {
    let base = image(json!({"arch": kind.arch, "packages": ["systemd-boot-efi"]})).await;
    let more = cpio(&[("first", FIRST), ("seed", SEED)]);
    let options = format!("{} rdinit=/first", base["cmdline"].as_str().unwrap());
    let initrd = std::fs::read(base["initrd"].as_str().unwrap()).unwrap();
    let file = folder.join("uefi.raw");
    std::fs::write(&file, partition(kind, folder, [&base, &base], &options, &[more, initrd])).unwrap();
    file
}

/// A disk with a cloud image's usual content: a second partition with a system in which nothing reads a seed but cloud-init.
async fn cloud_disk(kind: &Kind, folder: &Path) -> PathBuf {
    let loader = image(json!({"arch": kind.arch, "packages": ["systemd-boot-efi"]})).await;
    let base = image(json!({"flavor": "systemd", "arch": kind.arch})).await;
    let with = image(json!({
        "from": base,
        "packages": ["cloud-init", "netplan.io"],
        "files": {"/etc/fstab": {"content": ""}},
        "run": [
            "cd /etc/systemd/system; rm ssh.service basic.target.wants/ssh.service; systemctl enable ssh",
            "systemctl disable cplan-seed; rm -r /usr/lib/cplan; systemctl enable systemd-networkd; systemctl mask systemd-networkd-wait-online",
        ],
    }))
    .await;
    let options = format!("{} root=/dev/vda2", base["cmdline"].as_str().unwrap());
    let initrd = std::fs::read(base["initrd"].as_str().unwrap()).unwrap();
    let mut head = partition(kind, folder, [&loader, &base], &options, &[initrd]);
    let (part, file) = (folder.join("part.raw"), folder.join("cloud.raw"));
    done(Command::new("qemu-img").args(["convert", "-O", "raw", with["disk"].as_str().unwrap()]).arg(&part));
    add_partition(&mut head, 1, 0x83, std::fs::metadata(&part).unwrap().len());
    std::fs::write(&file, &head).unwrap();
    done(
        Command::new("dd")
            .args(["bs=1M", "conv=sparse,notrunc", "status=none", &format!("seek={}", head.len() >> 20)])
            .arg(format!("if={}", part.display()))
            .arg(format!("of={}", file.display())),
    );
    let length = head.len() as u64 + std::fs::metadata(&part).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(length).unwrap();
    std::fs::remove_file(part).unwrap();
    file
}

/// The beginning of a disk, with one partition of UEFI's from the first MiB on and no boot code before it. The loader comes
/// from the packages of one image, the kernel from those of another.
fn partition(kind: &Kind, folder: &Path, images: [&Json; 2], options: &str, roots: &[Vec<u8>]) -> Vec<u8> {
    let unpacked = folder.join("unpacked");
    let wanted = images.into_iter().zip([("programs", "systemd-boot-efi"), ("kernel", "linux-image")]);
    for (image, (role, name)) in wanted {
        let made_of = made_of(image);
        let (_, pinned) = made_of[role].as_object().unwrap().iter().find(|(n, _)| n.starts_with(name)).unwrap();
        let sha256 = pinned.as_str().unwrap().split_once("sha256:").unwrap().1;
        let deb = image_cache().join(format!("packages/{sha256}.deb"));
        done(Command::new("dpkg-deb").arg("-x").arg(deb).arg(&unpacked));
    }
    let kernel = std::fs::read_dir(unpacked.join("boot")).unwrap().flatten().map(|entry| entry.path());
    let kernel = kernel.into_iter().find(|path| path.display().to_string().contains("vmlinuz")).unwrap();
    let initrds: String = (0..roots.len()).map(|n| format!("initrd /root{n}.img\n")).collect();
    let entry = format!("title lab\nlinux /vmlinuz\n{initrds}options {options}\n");

    let mut volume = Cursor::new(vec![0; 128 << 20]);
    fatfs::format_volume(&mut volume, FormatVolumeOptions::new()).unwrap();
    let files = FileSystem::new(&mut volume, FsOptions::new()).unwrap();
    for name in ["EFI", "EFI/BOOT", "loader", "loader/entries"] {
        files.root_dir().create_dir(name).unwrap();
    }
    let write = |name: &str, data: &[u8]| files.root_dir().create_file(name).unwrap().write_all(data).unwrap();
    let loader = std::fs::read(unpacked.join("usr/lib/systemd/boot/efi").join(kind.loader[1])).unwrap();
    write(&format!("EFI/BOOT/{}", kind.loader[0]), &loader);
    write("loader/loader.conf", b"timeout 0\n");
    write("loader/entries/lab.conf", entry.as_bytes());
    write("vmlinuz", &std::fs::read(kernel).unwrap());
    roots.iter().enumerate().for_each(|(n, root)| write(&format!("root{n}.img"), root));
    files.unmount().unwrap();

    let volume = volume.into_inner();
    let mut disk = vec![0; 1 << 20];
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    add_partition(&mut disk, 0, 0xef, volume.len() as u64);
    disk.extend(volume);
    disk
}

/// An entry of the partition table for what follows the disk's present end.
fn add_partition(disk: &mut [u8], index: usize, kind: u8, bytes: u64) {
    let sectors = |bytes: u64| u32::try_from(bytes / 512).unwrap().to_le_bytes();
    let (start, length) = (sectors(disk.len() as u64), sectors(bytes));
    let entry = &mut disk[446 + 16 * index..][..16];
    entry[..8].copy_from_slice(&[0, 0, 2, 0, kind, 0xff, 0xff, 0xff]);
    entry[8..12].copy_from_slice(&start);
    entry[12..].copy_from_slice(&length);
}

fn made_of(image: &Json) -> Json {
    let manifest = Path::new(image["disk"].as_str().unwrap()).with_file_name("manifest.json");
    serde_json::from_slice::<Json>(&std::fs::read(manifest).unwrap()).unwrap()["made_of"].clone()
}

/// An archive that the kernel unpacks before another one.
fn cpio(files: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (inode, (name, data)) in files.iter().chain([&("TRAILER!!!", "")]).enumerate() {
        let mode = if data.is_empty() { 0 } else { 0o100_755 };
        let fields = [inode + 1, mode, 0, 0, 1, 0, data.len(), 0, 0, 0, 0, name.len() + 1, 0];
        out.extend(b"070701");
        fields.iter().for_each(|field| out.extend(format!("{field:08X}").bytes()));
        for part in [format!("{name}\0").as_bytes(), data.as_bytes()] {
            out.extend(part);
            out.resize(out.len().next_multiple_of(4), 0);
        }
    }
    out
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn firmware(kind: &Kind) -> Result<(), String> {
    if Path::new(kind.firmware).exists() { Ok(()) } else { Err(format!("there is no {}", kind.firmware)) }
}

/// It starts, takes its seed, stops when its button is pressed, and goes without a trace.
async fn lives(kind: &Kind) {
    let Some(lab) = Lab::new() else { return };
    let file = disk(kind, lab.folder.path()).await;
    let owner = format!("uefi-{}", kind.arch);
    let (boot, _) = image_for(&owner, json!({"path": file, "arch": kind.arch, "firmware": "uefi"})).await;
    assert_eq!((&boot["flavor"], &boot["firmware"]), (&json!("cloud"), &json!("uefi")));
    let net = kind.network;
    let mut management = lab.network(&format!("u{net}"), "nat", &format!("10.211.{net}.0/24")).await;
    let mut config = lab.machine_config(&owner, &management, &format!("10.211.{net}.11")).await;
    config["image"] = boot;
    config["memory"] = json!("384MiB");
    config["boot_timeout"] = json!("240s");
    let mut machine = Object::new(&lab.machines, &lab, &owner, config);
    machine.apply().await.unwrap();
    let said = machine.run("uname -m; hostname; ls -d /sys/firmware/efi").await;
    assert_eq!(said, format!("{}\n{owner}\n/sys/firmware/efi", kind.machine));
    let xml = virsh(&["dumpxml", machine.text("domain")]);
    assert!(xml.contains("type='pflash'") && xml.contains(&format!("arch='{}'", kind.machine)), "{xml}");
    let variables = xml.split_once("<nvram").unwrap().1.split_once('>').unwrap().1.split_once('<').unwrap().0;
    assert!(Path::new(variables).exists(), "{variables}");
    assert!(machine.run("cat /proc/cmdline").await.contains(kind.console));
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec![], None));

    machine.config["cpus"] = json!(2);
    machine.apply().await.unwrap();
    assert_eq!(machine.run("grep -c ^processor /proc/cpuinfo").await, "2");
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec![], None));
    machine.delete().await.unwrap();
    assert!(!lab.machine_dir(&machine.identity).exists() && !Path::new(variables).exists());
    management.delete().await.unwrap();
    release(&owner).await;
    lab.shell.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_of_arm64_starts_through_uefi() {
    if require("arm64", arm64) && require("uefi-arm64", || firmware(&ARM64)) {
        lives(&ARM64).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_of_amd64_starts_through_uefi_where_that_is_asked_for() {
    if require("uefi-amd64", || firmware(&AMD64)) {
        lives(&AMD64).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloud_image_of_arm64_is_changed_in_a_machine_and_takes_its_seed_through_cloud_init() {
    let capable = require("arm64", arm64)
        && require("uefi-arm64", || firmware(&ARM64))
        && require("arm64-programs", arm64_programs);
    if !capable {
        return;
    }
    let Some(lab) = Lab::new() else { return };
    let file = cloud_disk(&ARM64, lab.folder.path()).await;
    release("cloud-arm64").await;
    let (plain, _) = image_for("cloud-arm64", json!({"path": file, "arch": "arm64"})).await;
    assert_eq!(plain["firmware"], "uefi");
    let from = json!({"from": plain, "run": ["uname -m >/etc/made-on"]});
    let (changed, log) = image_for("cloud-arm64", from).await;
    assert!(log.contains("tidying up"), "{log}");
    let mut management = lab.network("u34", "nat", "10.211.34.0/24").await;
    let mut config = lab.machine_config("cloudy-arm", &management, "10.211.34.11").await;
    config["image"] = changed;
    config["memory"] = json!("512MiB");
    let mut machine = Object::new(&lab.machines, &lab, "cloudy-arm", config);
    machine.apply().await.unwrap();
    let said = machine.run("uname -m; cat /etc/made-on; hostname; test -e /run/cplan || echo foreign").await;
    assert_eq!(said, "aarch64\naarch64\ncloudy-arm\nforeign");
    assert_eq!(machine.run("awk -F: '$2 !~ /^[!*]/' /etc/shadow").await, "");
    assert!(machine.run("ip -4 -o address show dev eth0").await.contains("10.211.34.11/24"));
    machine.delete().await.unwrap();
    assert!(!lab.machine_dir(&machine.identity).exists());
    management.delete().await.unwrap();
    release("cloud-arm64").await;
    lab.shell.close().await;
}
