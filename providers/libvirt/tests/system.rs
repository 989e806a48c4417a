//! Machines with a whole Debian system, which need no cloud-init.

use cplan_sdk::Shell as _;
use serde_json::json;

use crate::lab::{Lab, Object, systemd};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_systemd_machine_takes_its_seed_at_every_start() {
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("y", "nat", "10.211.9.0/24").await;
    let mut config = lab.machine_config("whole", &management, "10.211.9.11").await;
    config["image"] = systemd().await;
    config["memory"] = json!("512MiB");
    let mut machine = Object::new(&lab.machines, &lab, "whole", config);
    // Ready: ssh answers with the host key that was made for it.
    machine.apply().await.unwrap();
    assert_eq!(machine.run("hostname; cat /proc/1/comm").await, "whole\nsystemd");
    assert_eq!(
        machine.run("systemctl --failed --no-legend --plain; cat /etc/resolv.conf").await,
        "nameserver 10.211.9.1"
    );
    // Nobody has a password, and nobody may try one.
    assert_eq!(machine.run("awk -F: '$2 !~ /^[!*]/' /etc/shadow").await, "");
    assert_eq!(
        machine.run("sshd -T -C user=root | grep -i ^permitrootlogin").await,
        "permitrootlogin without-password"
    );
    assert_eq!(machine.run("ls /etc/ssh/ssh_host_*").await, "/etc/ssh/ssh_host_ed25519_key");
    // dpkg and apt know what is there.
    assert_eq!(
        machine.run("dpkg --audit; apt-get -qq check; dpkg-query -W -f '${Status}' openssh-server").await,
        "install ok installed"
    );
    let (boot, id) = (machine.now.as_ref().unwrap().boot_id.clone(), machine.run("cat /etc/machine-id").await);
    assert_eq!(id.len(), 32, "{id}");

    // Another address is taken at the next start; what was written stays.
    machine.run("echo kept >/root/file; sync").await;
    machine.config["management"]["address"] = json!("10.211.9.12");
    machine.apply().await.unwrap();
    assert_ne!(machine.now.as_ref().unwrap().boot_id, boot);
    assert_eq!(machine.run("cat /root/file /etc/machine-id").await, format!("kept\n{id}"));
    assert!(!machine.run("ip -4 -o address").await.contains("10.211.9.11/"));
    machine.delete().await.unwrap();
    assert!(!lab.machine_dir(&machine.identity).exists());
    management.delete().await.unwrap();
    lab.shell.close().await;
}
