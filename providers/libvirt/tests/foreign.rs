//! Images and machines of arm64, which hosts of another architecture emulate.

use std::process::Command;

use cplan_sdk::{Disruption, Shell as _};
use serde_json::json;

use crate::capability::{require, runs};
use crate::lab::{Lab, Object, image, image_for, release, virsh};

/// QEMU for machines of arm64.
pub(crate) fn arm64() -> Result<(), String> {
    runs("qemu-system-aarch64", &["--version"])
}

/// A host that runs programs of arm64, and so the scripts of packages.
pub(crate) fn arm64_programs() -> Result<(), String> {
    let machine = Command::new("uname").arg("-m").output().map_err(|e| format!("uname: {e}"))?;
    if machine.stdout.trim_ascii() == b"aarch64" {
        return Ok(());
    }
    let registered = std::fs::read_to_string("/proc/sys/fs/binfmt_misc/qemu-aarch64").unwrap_or_default();
    if registered.starts_with("enabled") { Ok(()) } else { Err("this host runs no programs of arm64".into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_micro_machine_of_arm64_lives_like_any_other() {
    if !require("arm64", arm64) {
        return;
    }
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("a", "nat", "10.211.30.0/24").await;
    let mut config = lab.machine_config("arm", &management, "10.211.30.11").await;
    config["image"] = image(json!({"arch": "arm64", "packages": []})).await;
    let mut machine = Object::new(&lab.machines, &lab, "arm", config);
    machine.apply().await.unwrap();
    assert_eq!(machine.run("uname -m; hostname").await, "aarch64\narm");
    assert_eq!(machine.text("arch"), "arm64");
    let xml = virsh(&["dumpxml", machine.text("domain")]);
    assert!(xml.contains("arch='aarch64' machine='virt") && xml.contains("qemu-system-aarch64"), "{xml}");
    // Links are shaped in it, and what no package took is busybox's.
    let shaped = "tc qdisc add dev eth0 root netem delay 20ms 2ms distribution normal; tc qdisc show dev eth0; tc qdisc del dev eth0 root";
    assert!(machine.run(shaped).await.contains("delay 20ms  2ms"));
    assert_eq!(machine.run("readlink -f $(command -v awk)").await, "/usr/bin/busybox");
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec![], None));

    // It is asked to stop, and does: what was just written is there after a restart, as is what is on its console.
    machine.run("echo kept >/root/file").await;
    machine.config["cpus"] = json!(2);
    assert_eq!(machine.plan().await.1, Some(Disruption::Restart));
    machine.apply().await.unwrap();
    assert_eq!(machine.run("cat /root/file; grep -c ^processor /proc/cpuinfo").await, "kept\n2");
    let console = std::fs::read_to_string(lab.machine_dir(&machine.identity).join("console.log")).unwrap();
    assert!(console.contains("cplan: ready"), "{console}");

    machine.delete().await.unwrap();
    assert!(!machine.read().await && !lab.machine_dir(&machine.identity).exists());
    management.delete().await.unwrap();
    lab.shell.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_systemd_image_of_arm64_is_made_and_changed_and_boots() {
    if !(require("arm64", arm64) && require("arm64-programs", arm64_programs)) {
        return;
    }
    let Some(lab) = Lab::new() else { return };
    let base = image(json!({"flavor": "systemd", "arch": "arm64"})).await;
    let (changed, _) = image_for("arm64", json!({"from": base, "run": ["uname -m >/etc/made-on"]})).await;
    assert_eq!(changed["arch"], "arm64");
    let mut management = lab.network("b", "nat", "10.211.31.0/24").await;
    let mut config = lab.machine_config("whole-arm", &management, "10.211.31.11").await;
    config["image"] = changed;
    config["memory"] = json!("384MiB");
    let mut machine = Object::new(&lab.machines, &lab, "whole-arm", config);
    machine.apply().await.unwrap();
    assert_eq!(machine.run("uname -m; cat /etc/made-on /proc/1/comm").await, "aarch64\naarch64\nsystemd");
    assert_eq!(machine.run("dpkg --print-architecture; systemctl --failed --no-legend --plain").await, "arm64");
    assert_eq!(machine.run("systemctl is-active serial-getty@ttyAMA0").await, "active");
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec![], None));
    machine.delete().await.unwrap();
    assert!(!lab.machine_dir(&machine.identity).exists());
    management.delete().await.unwrap();
    release("arm64").await;
    lab.shell.close().await;
}
