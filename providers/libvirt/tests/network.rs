//! `lab_network` for real.

use std::sync::Arc;

use cplan_model::Schema;
use cplan_sdk::Resource;
use cplan_sdk::conformance::{Case, check};
use cplan_sdk::{Assembly, ErrorKind, from_json};
use serde_json::json;

use crate::lab::{Lab, Object, virsh};

#[tokio::test]
async fn networks_keep_the_promises_of_a_resource() {
    let Some(lab) = Lab::new() else { return };
    let provider = Assembly::new("lab", Schema::default(), Arc::clone(&lab.shell) as _, |_| Ok(Default::default()))
        .resource(cplan_libvirt::NetworkResource::new(lab.client.clone()));
    let ty = lab.networks.schema().object_type();
    let case = |mode: &str, cidr: &str, before, after| {
        let config =
            |reservations| from_json(&json!({"mode": mode, "cidr": cidr, "reservations": reservations}), &ty).unwrap();
        Case { config: config(before), changed: config(after) }
    };
    let one = json!({"a": {"mac": "52:54:00:00:01:01", "address": "10.212.1.5"}});
    let two = json!({"a": {"mac": "52:54:00:00:01:02", "address": "10.212.1.5"}, "b": {"mac": "52:54:00:00:01:01", "address": "10.212.1.6"}});
    let cases = [
        case("nat", "10.212.1.0/24", json!(null), one.clone()),
        case("isolated", "10.212.1.0/24", one.clone(), two),
        case("isolated", "10.212.1.0/24", one, json!({})),
    ];
    check(&lab.networks, &provider, &lab.ctx, &cases).await.unwrap_or_else(|e| panic!("{e} {:?}", e.source));
    assert!(!virsh(&["net-list", "--all"]).contains("case-"));
}

#[tokio::test]
async fn reservations_change_while_machines_stay_connected() {
    let Some(lab) = Lab::new() else { return };
    let reserved = |address: &str| json!({"a": {"mac": "52:54:00:00:02:01", "address": address}});
    let config = json!({"mode": "isolated", "cidr": "10.212.2.0/24", "reservations": reserved("10.212.2.5")});
    let mut network = Object::new(&lab.networks, &lab, "r", config);
    network.apply().await.unwrap();
    let index = std::fs::read_to_string(format!("/sys/class/net/{}/ifindex", network.text("bridge"))).unwrap();
    network.config["reservations"] = reserved("10.212.2.6");
    assert_eq!(network.plan().await.0, ["reservations[\"a\"].address"]);
    network.apply().await.unwrap();
    // The bridge is the same one: nobody lost the connection.
    assert_eq!(std::fs::read_to_string(format!("/sys/class/net/{}/ifindex", network.text("bridge"))).unwrap(), index);
    assert!(virsh(&["net-dumpxml", network.text("name")]).contains("10.212.2.6"));

    // Drift of a reservation is named and healed.
    let host = "<host mac='52:54:00:00:02:09' name='x' ip='10.212.2.9'/>";
    virsh(&["net-update", network.text("name"), "add", "ip-dhcp-host", host, "--live"]);
    assert!(network.read().await);
    assert_eq!(network.plan().await.0, ["reservations[\"x\"]"]);
    network.apply().await.unwrap();
    assert!(network.read().await);
    assert_eq!(network.plan().await.0, Vec::<String>::new());
    network.delete().await.unwrap();
}

#[tokio::test]
async fn a_bridge_of_the_host_stays_as_it_is() {
    let Some(lab) = Lab::new() else { return };
    let config = json!({"mode": "bridge", "bridge": "brtest0", "cidr": "10.212.5.0/24", "gateway": "10.212.5.1"});
    let mut network = Object::new(&lab.networks, &lab, "b", config);
    let missing = network.apply().await.unwrap_err();
    assert_eq!((missing.kind, missing.message.as_str()), (ErrorKind::NotFound, "the interface `brtest0` is not there"));
    let ip = |arguments: &str| {
        let output = std::process::Command::new("ip").args(arguments.split(' ')).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    ip("link add brtest0 type bridge");
    ip("address add 10.212.5.1/24 dev brtest0");
    ip("link set brtest0 up");
    let before = ip("address show dev brtest0");
    network.apply().await.unwrap();
    assert!(network.read().await, "nothing drifts");
    assert_eq!(network.plan().await.0, Vec::<String>::new());
    assert_eq!(network.text("gateway"), "10.212.5.1");
    let xml = virsh(&["net-dumpxml", network.text("name")]);
    assert!(xml.contains("<forward mode='bridge'/>") && xml.contains("<bridge name='brtest0'/>"), "{xml}");
    network.delete().await.unwrap();
    assert_eq!(ip("address show dev brtest0"), before);
    ip("link delete brtest0");
}

#[tokio::test]
async fn a_network_that_is_not_ours_is_not_touched() {
    let Some(lab) = Lab::new() else { return };
    let mut network = Object::new(&lab.networks, &lab, "n", json!({"mode": "isolated", "cidr": "10.212.3.0/24"}));
    let name = format!("cplan-{}-{}", network.identity.lab, network.identity.name);
    let file = lab.folder.path().join("theirs.xml");
    std::fs::write(&file, format!("<network><name>{name}</name><ip address='10.212.4.1' prefix='24'/></network>"))
        .unwrap();
    virsh(&["net-define", file.to_str().unwrap()]);
    let before = virsh(&["net-dumpxml", &name]);
    assert_eq!(network.apply().await.unwrap_err().kind, ErrorKind::Conflict);
    assert_eq!(virsh(&["net-dumpxml", &name]), before);

    // Addresses that somebody else uses are refused before anything is made, and it is said by whom.
    let values = |cidr: &str| {
        let id = &network.identity.id;
        let json = json!({"cidr": cidr, "id": id, "name": name, "bridge": "cplnone"});
        [("lab_network.n".parse().unwrap(), from_json(&json, &lab.networks.schema().object_type()).unwrap())]
    };
    let found = lab.networks.check(&lab.ctx, &values("10.212.4.0/25")).await.unwrap();
    let what = &found.iter().next().unwrap().what;
    assert!(what.contains(&format!("the libvirt network `{name}`")), "{what}");
    let found = lab.networks.check(&lab.ctx, &values("127.0.0.0/16")).await.unwrap();
    assert!(found.iter().next().unwrap().what.contains("the host's interface `lo`"));
    assert!(lab.networks.check(&lab.ctx, &values("10.212.3.0/24")).await.unwrap().is_empty());
    virsh(&["net-undefine", &name]);
}
