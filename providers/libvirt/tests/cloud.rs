//! A cloud image: a disk with a boot loader and cloud-init, made here of an image that was built here.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use cplan_sdk::Shell as _;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::lab::{Lab, Object, image, image_cache, image_for, release, systemd, try_image};

/// The menu of the boot loader: the kernel at once.
const GRUB: &str = "set timeout=0\nmenuentry cplan {\n linux /boot/vmlinuz root=/dev/vda1 console=ttyS0 quiet random.trust_cpu=on tsc=reliable mitigations=off no_timer_check\n initrd /boot/initrd.img\n}\n";

/// Makes the file of a cloud image: nothing in it reads a seed but cloud-init.
async fn cloud_image(folder: &Path) -> std::path::PathBuf {
    let base = systemd().await;
    let at = |name: &str| base[name].as_str().unwrap().to_owned();
    let manifest = std::fs::read(Path::new(&at("disk")).with_file_name("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let kernel = manifest["made_of"]["kernel"].as_object().unwrap().values().next().unwrap().as_str().unwrap();
    let kernel = image_cache().join(format!("packages/{}.deb", kernel.split_once("sha256:").unwrap().1));
    let with = image(json!({
        "from": base,
        "packages": ["cloud-init", "grub-common", "grub-pc-bin", "netplan.io"],
        "files": {
            "/boot/grub/grub.cfg": {"content": GRUB},
            "/boot/initrd.img": {"source": at("initrd")},
            "/tmp/kernel.deb": {"source": kernel},
            "/etc/fstab": {"content": ""},
        },
        "run": [
            "dpkg-deb --fsys-tarfile /tmp/kernel.deb | tar -x -C /tmp --wildcards './boot/vmlinuz-*'; mv /tmp/boot/vmlinuz-* /boot/vmlinuz",
            "grub-mkimage -O i386-pc -o /boot/core.img -p '(hd0,msdos1)/boot/grub' biosdisk part_msdos ext2 linux normal",
            "cp /usr/lib/grub/i386-pc/boot.img /boot/boot.img",
            "cd /etc/systemd/system; rm ssh.service basic.target.wants/ssh.service; systemctl enable ssh",
            "systemctl disable cplan-seed; rm -r /usr/lib/cplan; systemctl enable systemd-networkd; systemctl mask systemd-networkd-wait-online",
        ],
    }))
    .await;
    let disk = with["disk"].as_str().unwrap();
    let (part, file) = (folder.join("part.raw"), folder.join("disk.raw"));
    done(Command::new("qemu-img").args(["convert", "-O", "raw", disk]).arg(&part));
    for name in ["boot.img", "core.img"] {
        let dump = format!("dump /boot/{name} {}", folder.join(name).display());
        done(Command::new("debugfs").args(["-R", &dump]).arg(&part));
    }
    // The loader in the first sector, the rest of it behind, one partition from the first MiB on.
    let mut first = std::fs::read(folder.join("boot.img")).unwrap();
    let sectors = u32::try_from(std::fs::metadata(&part).unwrap().len() / 512).unwrap();
    first.resize(512, 0);
    first[446..510].fill(0);
    first[446..462].copy_from_slice(&[0x80, 0, 2, 0, 0x83, 0xff, 0xff, 0xff, 0, 8, 0, 0, 0, 0, 0, 0]);
    first[458..462].copy_from_slice(&sectors.to_le_bytes());
    first[510..].copy_from_slice(&[0x55, 0xaa]);
    done(
        Command::new("dd")
            .args(["bs=1M", "seek=1", "conv=sparse", "status=none"])
            .arg(format!("if={}", part.display()))
            .arg(format!("of={}", file.display())),
    );
    let mut out = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    out.set_len((u64::from(sectors) + 2048) * 512).unwrap();
    out.seek(SeekFrom::Start(0)).unwrap();
    out.write_all(&first).unwrap();
    out.write_all(&std::fs::read(folder.join("core.img")).unwrap()).unwrap();
    // As clouds publish them.
    let packed = folder.join("disk.qcow2");
    done(Command::new("qemu-img").args(["convert", "-O", "qcow2"]).arg(&file).arg(&packed));
    std::fs::remove_file(part).unwrap();
    std::fs::remove_file(file).unwrap();
    packed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloud_image_is_changed_in_a_machine_and_takes_its_seed_through_cloud_init() {
    let Some(lab) = Lab::new() else { return };
    let file = cloud_image(lab.folder.path()).await;
    release("cloud").await;
    let bytes = std::fs::read(&file).unwrap();
    let sha256: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
    // Another content than was asked for is refused, and nothing of it stays.
    let refused = try_image("cloud", json!({"path": file, "sha256": "0".repeat(64)})).await.unwrap_err();
    assert!(refused.message.contains(&sha256) && !refused.remedy.is_empty(), "{refused}");
    let plain = image(json!({"path": file, "sha256": sha256})).await;

    // What changes it runs in the machine, as root, with a first start of its own.
    let from = json!({
        "from": plain,
        "files": {"/opt/greet": {"content": "#!/bin/sh\necho hello\n", "mode": "0755"}},
        "run": ["cat >/dev/null; /opt/greet >/etc/greeting; hostname >>/etc/greeting"],
    });
    let (changed, log) = image_for("cloud", from.clone()).await;
    assert!(log.contains("tidying up"), "{log}");
    let (again, log) = image_for("cloud", from).await;
    assert_eq!((again, log.as_str()), (changed.clone(), ""));

    let mut management = lab.network("o", "nat", "10.211.11.0/24").await;
    let mut config = lab.machine_config("cloudy", &management, "10.211.11.11").await;
    config["image"] = changed;
    config["memory"] = json!("512MiB");
    let mut machine = Object::new(&lab.machines, &lab, "cloudy", config);
    machine.apply().await.unwrap();
    assert_eq!(machine.run("hostname; test -e /run/cplan || echo foreign").await, "cloudy\nforeign");
    assert_eq!(machine.run("cat /etc/greeting").await, "hello\ncplan-image");
    assert!(machine.run("ip -4 -o address show dev eth0").await.contains("10.211.11.11/24"));
    assert!(machine.run("ip route").await.contains("default via 10.211.11.1 dev eth0"));
    assert_eq!(machine.run("awk -F: '$2 !~ /^[!*]/' /etc/shadow").await, "");
    assert_eq!(machine.run("sshd -T | grep -i ^passwordauthentication").await, "passwordauthentication no");
    assert_eq!(machine.run("ls /etc/ssh/ssh_host_*_key").await, "/etc/ssh/ssh_host_ed25519_key");
    // Only its own lab gets in: the key of the machine that changed the image is gone.
    assert_eq!(machine.run("wc -l </root/.ssh/authorized_keys").await, "1");
    machine.delete().await.unwrap();
    assert!(!lab.machine_dir(&machine.identity).exists());
    management.delete().await.unwrap();
    release("cloud").await;
    lab.shell.close().await;
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
