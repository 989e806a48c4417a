//! The modules of software on a machine that installs Debian's own packages. `time` is not among them: the clock of such a
//! machine is this host's.

use std::net::TcpListener;
use std::process::Command;

use cplan_tests::capability::require;
use cplan_tests::debian::online;
use cplan_tests::folder::{Finished, Folder, finish};

use super::{Debian, machines};

const TOPOLOGY: &str = r#"
variable "ports" {
  type = list(number)
}

variable "release" {
  default = null
}

locals {
  all = { a = { access = local.machines.a, lab_address = "127.0.0.1" } }
}

module "mqtt" {
  source   = "./modules/mqtt"
  machines = local.all
  port     = var.ports[0]
  users    = { sensor = "o'hara: $HOME ", other = "x" }
  tls      = { certificate = file("broker.crt"), private_key = file("broker.key") }
}

module "registry" {
  source   = "./modules/registry"
  machines = local.all
  port     = var.ports[1]
}

module "containerd" {
  source     = "./modules/containerd"
  machines   = local.all
  release    = var.release
  registries = { "docker.io" = "http://${module.registry.addresses["a"]}" }
}

output "environment" {
  value = [module.mqtt.environment, module.registry.environment, module.containerd.environment]
}
"#;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn run(folder: &Folder, program: &str, arguments: &[&str]) -> Finished {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder.path());
    finish(command)
}

#[test]
fn modules_of_software_are_set_up_used_healed_and_removed() {
    if !require("debian-packages", online) {
        return;
    }
    let machine = Debian::online("a");
    let mut folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + TOPOLOGY));
    for module in ["mqtt", "registry", "containerd"] {
        folder.copy_in(&format!("modules/{module}"));
    }
    let (mqtt, registry) = (free_port(), free_port());
    folder.set("TF_VAR_ports", format!("[{mqtt},{registry}]"));
    let request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
    let names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    let files = ["-keyout", "broker.key", "-out", "broker.crt"];
    run(&folder, "openssl", &[&request[..], &names, &files].concat()).expect(0);
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    assert_eq!(machine.transactions(), 1, "three modules, one transaction");
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);

    let publish = |password: &str| {
        let port = mqtt.to_string();
        let to = ["-h", "127.0.0.1", "-p", &port, "--cafile", "broker.crt", "-t", "t", "-m", "x", "-u", "sensor"];
        run(&folder, "mosquitto_pub", &[&to[..], &["-P", password]].concat()).status
    };
    assert_eq!(publish("o'hara: $HOME "), Some(0));
    assert_ne!(publish("wrong"), Some(0));
    let catalog = run(&folder, "curl", &["-sS", &format!("http://127.0.0.1:{registry}/v2/_catalog")]).stdout;
    assert_eq!(catalog.trim(), r#"{"repositories":[]}"#);
    machine.run("ctr version && grep -q 'SystemdCgroup = true' /etc/containerd/config.toml").expect(0);

    // By hand: a service stopped, a file edited, a package removed.
    let meddle =
        "systemctl stop mosquitto && echo >>/etc/docker/registry/config.yml && apt-get -q -y remove containerd";
    machine.run(meddle).expect(0);
    let drift = folder.cplan(&["drift"]).expect(2).text();
    for part in ["mqtt.lab_service.broker", "registry.lab_file.config", "containerd.lab_package.containerd"] {
        assert!(drift.contains(part), "`{part}` is missing in:\n{drift}");
    }
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    assert_eq!(publish("o'hara: $HOME "), Some(0));
    let nowhere = folder.cplan(&["apply", "-auto-approve", "-var", "release=9*"]).expect(1).text();
    assert!(nowhere.contains("the package `containerd` has no version 9*"), "{nowhere}");

    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    let packages = "mosquitto docker-registry containerd runc";
    machine.run(&format!("! dpkg-query -W -f '${{db:Status-Status}}\\n' {packages} 2>/dev/null | grep .")).expect(0);
    machine.run("test ! -e /etc/mosquitto && test ! -e /etc/containerd && test ! -e /var/lib/cplan").expect(0);
}

/// A broker and a registry that were there before, with a configuration of their own.
const OWN: &str = r#"
export DEBIAN_FRONTEND=noninteractive
apt-get -q -y --no-install-recommends install mosquitto docker-registry >/dev/null || exit 1
echo "listener $1" >/etc/mosquitto/mosquitto.conf
sed -i "s/addr: :5000/addr: :$2/" /etc/docker/registry/config.yml
grep -q ":$2" /etc/docker/registry/config.yml && systemctl restart mosquitto docker-registry
"#;

const SHORT: &str = r#"
variable "ports" {
  type = list(number)
}

locals {
  all = { a = { access = local.machines.a, lab_address = "127.0.0.1" } }
}

module "mqtt" {
  source   = "./modules/mqtt"
  machines = local.all
  port     = var.ports[0]
}

module "registry" {
  source   = "./modules/registry"
  machines = local.all
  port     = var.ports[1]
}
"#;

#[test]
fn software_that_was_there_before_runs_by_its_own_configuration_again() {
    if !require("debian-packages", online) {
        return;
    }
    let machine = Debian::online("a");
    let mut folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + SHORT));
    for module in ["mqtt", "registry"] {
        folder.copy_in(&format!("modules/{module}"));
    }
    let [own, ours] = [(); 2].map(|()| [free_port(), free_port()]);
    folder.set("TF_VAR_ports", format!("{ours:?}"));
    machine.run(&format!("set -- {} {}\n{OWN}", own[0], own[1])).expect(0);
    let listens = |there: [u16; 2], gone: [u16; 2]| {
        let port = |port: u16| format!("(echo >/dev/tcp/127.0.0.1/{port}) 2>/dev/null");
        let [a, b] = there.map(port);
        let [c, d] = gone.map(port);
        let wanted = format!("for i in $(seq 600); do {a} && {b} && ! {c} && ! {d} && exit 0; sleep 0.2; done; exit 1");
        let mut command = Command::new("bash");
        command.args(["-c", &wanted]);
        finish(command).expect(0);
    };
    listens(own, ours);
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    listens(ours, own);
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    listens(own, ours);
}
