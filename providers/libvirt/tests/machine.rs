//! `lab_machine` for real.

use std::sync::Arc;
use std::time::Duration;

use cplan_model::Schema;
use cplan_sdk::conformance::{Case, check};
use cplan_sdk::{Assembly, Disruption, ErrorKind, Resource, Shell, from_json};
use serde_json::json;

use crate::lab::{Lab, Object, virsh};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_lives_through_what_happens_to_it() {
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("m", "nat", "10.211.1.0/24").await;
    let config = lab.machine_config("edge", &management, "10.211.1.11").await;
    let mut machine = Object::new(&lab.machines, &lab, "edge", config);

    machine.apply().await.unwrap();
    assert_eq!(machine.run("hostname").await, "edge");
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec![], None));

    // Its plug is pulled behind our back; the disk stays.
    // Whatever became of the host key on it, a start puts ours back.
    machine.run("echo kept >/root/file; echo x >/etc/ssh/ssh_host_ed25519_key; rm -f /etc/dropbear/*; sync").await;
    let boot = machine.now.as_ref().unwrap().boot_id.clone();
    virsh(&["destroy", machine.text("domain")]);
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec!["running".to_owned()], Some(Disruption::Start)));
    machine.apply().await.unwrap();
    assert_eq!(machine.run("cat /root/file").await, "kept");
    assert_ne!(machine.now.as_ref().unwrap().boot_id, boot);

    // More memory is one restart, and so is one more interface.
    let mut lab_net = lab.network("l", "isolated", "10.211.2.0/24").await;
    let attachment = cplan_sdk::to_json(lab_net.values().get("attachment").unwrap());
    machine.config["memory"] = json!("320MiB");
    machine.config["interface"] = json!([{"network": attachment, "address": "10.211.2.11"}]);
    assert_eq!(machine.plan().await.1, Some(Disruption::Restart));
    machine.run("echo unsynced >/root/other").await;
    machine.apply().await.unwrap();
    assert!(machine.run("awk '/MemTotal/ {print $2}' /proc/meminfo").await.parse::<u64>().unwrap() > 262_144);
    assert!(machine.run("ip -4 -o address").await.contains("10.211.2.11/24"));
    assert_eq!(machine.run("cat /root/other").await, "unsynced");
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec![], None));

    // A network that was stopped is started again, with the machine plugged in.
    virsh(&["net-destroy", management.text("name")]);
    assert!(management.read().await && machine.read().await);
    assert_eq!(management.plan().await.0, ["active"]);
    assert_eq!(machine.plan().await, (vec!["connected".to_owned()], None));
    management.apply().await.unwrap();
    lab.shell.disconnect(&machine.access()).await;
    assert_eq!(machine.run("hostname").await, "edge");
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec![], None));

    // Undefined, it is only stopped: its disk is still here.
    virsh(&["destroy", machine.text("domain")]);
    virsh(&["undefine", machine.text("domain")]);
    assert!(machine.read().await);
    assert_eq!(machine.plan().await.1, Some(Disruption::Start));

    machine.delete().await.unwrap();
    assert!(!machine.read().await && !lab.machine_dir(&machine.identity).exists());
    machine.delete().await.unwrap();
    lab_net.delete().await.unwrap();
    management.delete().await.unwrap();
    lab.shell.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_a_start_changes_is_seen_and_done() {
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("s", "nat", "10.211.7.0/24").await;
    let mut lab_net = lab.network("i", "isolated", "10.211.8.0/24").await;
    let mut config = lab.machine_config("told", &management, "10.211.7.11").await;
    let attachment = cplan_sdk::to_json(lab_net.values().get("attachment").unwrap());
    config["interface"] = json!([{"network": attachment, "address": "10.211.8.11"}]);
    let mut machine = Object::new(&lab.machines, &lab, "told", config);
    machine.apply().await.unwrap();

    // Undefined while it runs: it would be gone with its next stop. Putting that right disturbs nobody.
    let boot = machine.now.as_ref().unwrap().boot_id.clone();
    virsh(&["undefine", machine.text("domain")]);
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec!["defined".to_owned()], None));
    machine.apply().await.unwrap();
    assert!(virsh(&["list", "--name", "--persistent"]).contains(machine.text("domain")));
    assert_eq!(machine.now.as_ref().unwrap().boot_id, boot);

    // A network that was made again is another value, and the same wire.
    machine.config["interface"][0]["network"]["id"] = json!("another");
    assert_eq!(machine.plan().await, (vec!["interface[0].network.id".to_owned()], None));

    // The guest takes an address at a start, so another one is a restart.
    machine.config["interface"][0]["address"] = json!("10.211.8.99");
    assert_eq!(machine.plan().await.1, Some(Disruption::Restart));
    let told = machine.now.clone();
    machine.apply().await.unwrap();
    assert_ne!(machine.now.as_ref().unwrap().boot_id, boot);
    assert!(machine.run("ip -4 -o address").await.contains("10.211.8.99/24"));
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec![], None));
    // Values that say otherwise, as after an interrupted update, are found out.
    machine.now = told;
    assert!(machine.read().await);
    assert_eq!(
        machine.values().get("interface").unwrap().as_slice().unwrap()[0].get("address").unwrap().as_str(),
        Some("10.211.8.99")
    );

    // Without its disk it is another machine, also while it still runs.
    std::fs::remove_file(lab.machine_dir(&machine.identity).join("overlay.qcow2")).unwrap();
    assert!(machine.read().await);
    assert_eq!(machine.replaced_for().await, ["has_disk"]);
    machine.delete().await.unwrap();
    lab_net.delete().await.unwrap();
    management.delete().await.unwrap();
    lab.shell.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_has_whole_sectors_and_a_pulled_cable_and_another_name_are_mended() {
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("h", "isolated", "10.211.12.0/24").await;
    let mut config = lab.machine_config("hand", &management, "10.211.12.11").await;
    config["disk_size"] = json!("9663676417B");
    let mut machine = Object::new(&lab.machines, &lab, "hand", config);
    machine.apply().await.unwrap();
    let settled = || (Vec::<String>::new(), None);
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, settled());
    machine.config["disk_size"] = json!("9663677000B");
    machine.apply().await.unwrap();
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, settled());

    let name = machine.text("domain").to_owned();
    let list = virsh(&["domiflist", &name]);
    let mac = list.split_whitespace().find(|word| word.starts_with("52:54:")).unwrap().to_owned();
    virsh(&["domif-setlink", &name, &mac, "down"]);
    assert!(machine.read().await);
    assert_eq!(machine.plan().await, (vec!["connected".to_owned()], None));
    machine.apply().await.unwrap();
    assert_eq!(machine.run("hostname").await.trim(), "hand");

    // libvirt gives a name only to what does not run.
    let other = format!("{name}-other");
    virsh(&["destroy", &name]);
    virsh(&["domrename", &name, &other]);
    assert!(machine.read().await);
    machine.apply().await.unwrap();
    assert!(!virsh(&["list", "--all", "--name"]).contains(&other));
    virsh(&["destroy", &name]);
    virsh(&["domrename", &name, &other]);
    virsh(&["start", &other]);
    machine.config["tier"] = json!("edge");
    machine.apply().await.unwrap();
    assert!(virsh(&["dumpxml", &other]).contains("edge"), "changed while it runs, under the name that it has");
    machine.config["cpus"] = json!(2);
    machine.apply().await.unwrap();
    assert!(!virsh(&["list", "--all", "--name"]).contains(&other));
    assert_eq!(machine.run("nproc").await.trim(), "2");

    // Without the key that is pinned for it nothing is changed: another one would be unknown to all.
    let (key, away) = (lab.machine_dir(&machine.identity).join("ssh_host_ed25519_key"), lab.folder.path().join("key"));
    std::fs::rename(&key, &away).unwrap();
    machine.config["cpus"] = json!(1);
    let error = machine.apply().await.unwrap_err();
    assert!(error.message.contains("the host key of `hand` is gone") && !key.exists(), "{error}");
    std::fs::copy(&away, &key).unwrap();
    assert_eq!(machine.run("nproc").await.trim(), "2");
    machine.delete().await.unwrap();
    management.delete().await.unwrap();
    lab.shell.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_never_answers_says_what_was_seen() {
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("t", "isolated", "10.211.3.0/24").await;
    let mut config = lab.machine_config("mute", &management, "10.211.3.11").await;
    config["boot_timeout"] = json!("2s");
    config["accel"] = json!("tcg");
    config["image"]["cmdline"] = json!("console=ttyS0 rdinit=/nowhere panic=-1 loglevel=7");
    let mut machine = Object::new(&lab.machines, &lab, "mute", config);

    let error = machine.apply().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimedOut, "{error}");
    assert!(error.message.contains("ssh on `mute` (10.211.3.11:22)"), "{}", error.message);
    let values = error.partial.unwrap();
    assert!(values.get("access").unwrap().get("host_key").unwrap().as_str().unwrap().starts_with("ssh-ed25519 "));
    // What is left can be removed by what is known of it.
    machine.now = Some(cplan_sdk::ApplyResponse { values: *values, private: vec![], boot_id: None });
    assert!(machine.read().await);
    machine.delete().await.unwrap();
    assert!(!machine.read().await);
    management.delete().await.unwrap();
}

#[tokio::test]
async fn a_domain_that_is_not_ours_is_not_touched() {
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("c", "isolated", "10.211.4.0/24").await;
    let config = lab.machine_config("theirs", &management, "10.211.4.11").await;
    let mut machine = Object::new(&lab.machines, &lab, "theirs", config);
    let name = format!("cplan-{}-{}", machine.identity.lab, machine.identity.name);
    let xml = |uuid: &str| {
        format!(
            "<domain type='qemu'><name>{name}</name>{uuid}<memory unit='MiB'>64</memory><os><type>hvm</type></os></domain>"
        )
    };
    let file = lab.folder.path().join("theirs.xml");
    for uuid in [String::new(), format!("<uuid>{}</uuid>", machine.identity.id)] {
        std::fs::write(&file, xml(&uuid)).unwrap();
        virsh(&["define", file.to_str().unwrap()]);
        let before = virsh(&["dumpxml", &name]);
        let error = machine.apply().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Conflict, "{error}");
        assert!(!error.remedy.is_empty() && !lab.machine_dir(&machine.identity).exists());
        if !uuid.is_empty() {
            assert_eq!(machine.delete().await.unwrap_err().kind, ErrorKind::Conflict);
        }
        assert_eq!(virsh(&["dumpxml", &name]), before);
        virsh(&["undefine", &name]);
    }
    management.delete().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_keep_the_promises_of_a_resource() {
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("p", "isolated", "10.211.5.0/24").await;
    let provider = Assembly::new("lab", Schema::default(), Arc::clone(&lab.shell) as _, |_| Ok(Default::default()))
        .resource(cplan_libvirt::MachineResource::new(lab.client.clone(), Arc::clone(&lab.shell) as _));
    let mut config = lab.machine_config("promise", &management, "10.211.5.11").await;
    let ty = lab.machines.schema().object_type();
    let before = from_json(&config, &ty).unwrap();
    config["memory"] = json!("0.25GiB");
    config["cpus"] = json!(2);
    let case = Case { config: before, changed: from_json(&config, &ty).unwrap() };
    check(&lab.machines, &provider, &lab.ctx, &[case]).await.unwrap_or_else(|e| panic!("{e} {:?}", e.source));
    management.delete().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_began_is_settled() {
    let Some(lab) = Lab::new() else { return };
    let mut management = lab.network("k", "isolated", "10.211.6.0/24").await;
    let config = lab.machine_config("killed", &management, "10.211.6.11").await;
    let mut machine = Object::new(&lab.machines, &lab, "killed", config);
    // Interrupted while it starts: nothing was told to anybody, and the domain runs.
    let runs = async {
        while !virsh(&["list", "--name"]).contains("-killed-") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = machine.apply() => panic!("it was ready before it could be interrupted"),
        () = runs => {}
    }
    assert!(machine.recover().await);
    assert_eq!(machine.plan().await, (vec![], None));
    assert_eq!(machine.run("hostname").await, "killed");
    // A delete that was begun is finished.
    machine.begin_delete().await;
    assert!(!machine.read().await && !lab.machine_dir(&machine.identity).exists());
    // Only files: they go.
    let dir = lab.machine_dir(&machine.identity);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("overlay.qcow2.new"), "").unwrap();
    machine.now = None;
    assert!(!machine.recover().await);
    assert!(!dir.exists());
    management.delete().await.unwrap();
}
