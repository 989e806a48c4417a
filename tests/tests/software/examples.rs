//! The example of each module of software, as it stands in the repository, on machines with a network of their own: only
//! what makes the machines is another module. Their clocks are this host's, which they may not set.

use cplan_tests::capability::require;
use cplan_tests::debian::{Debian, Lan, online};
use cplan_tests::folder::Folder;
use cplan_tests::repository::top;

/// Stands for modules/continuum, whose variables it takes.
const TWIN: &str = r#"
variable "flavor" { default = null }
variable "packages" { default = null }
variable "tiers" { default = null }
variable "links" { default = null }

output "machines" {
  value = {
    for name in [for tier in keys(var.tiers) : "${tier}0"] :
    name => { access = local.machines[name], lab_address = local.machines[name].address }
  }
}
"#;

/// A module, what somebody does by hand to the machine of an example, what of that is named as drift, and what is so again.
struct Case {
    module: &'static str,
    on: usize,
    works: &'static str,
    meddle: &'static str,
    drifts: &'static [&'static str],
    packages: &'static str,
    gone: &'static str,
}

/// On `cloud0` (0) or `edge0` (1).
const CASES: [Case; 5] = [
    Case {
        module: "mqtt",
        on: 1,
        works: "grep -q password_file /etc/mosquitto/mosquitto.conf && systemctl is-active -q mosquitto",
        meddle: "systemctl stop mosquitto && echo 'allow_anonymous true' >>/etc/mosquitto/mosquitto.conf",
        drifts: &["mqtt.lab_service.broker[\"edge0\"]", "mqtt.lab_file.config[\"edge0\"]", "lab_command.greeting"],
        packages: "mosquitto mosquitto-clients",
        gone: "/etc/mosquitto /var/lib/mosquitto /run/mosquitto",
    },
    Case {
        module: "docker",
        on: 0,
        works: "docker info -f '{{.LoggingDriver}}' | grep -qx local",
        meddle: "systemctl -q disable --now docker.socket docker.service && echo '{}' >/etc/docker/daemon.json",
        drifts: &["docker.lab_service.docker[\"cloud0\"]", "docker.lab_file.daemon[\"cloud0\"]"],
        packages: "docker.io containerd runc",
        gone: "/etc/docker /var/lib/docker /var/lib/containerd /etc/containerd /sys/class/net/docker0",
    },
    Case {
        module: "containerd",
        on: 0,
        works: "ctr version >/dev/null && grep -q mirror.gcr.io /etc/containerd/certs.d/docker.io/hosts.toml",
        meddle: "apt-get -q -y remove containerd && rm -r /etc/containerd/certs.d",
        drifts: &["lab_package.containerd[\"cloud0\"]", "lab_file.registry[\"cloud0/docker.io\"]"],
        packages: "containerd runc",
        gone: "/etc/containerd /var/lib/containerd",
    },
    Case {
        module: "registry",
        on: 0,
        works: "bash -c 'echo >/dev/tcp/10.213.0.10/5000'",
        meddle: "systemctl mask -q --now docker-registry && chmod 700 /var/lib/docker-registry",
        drifts: &["registry.lab_service.registry[\"cloud0\"]", "registry.lab_file.storage[\"cloud0\"]"],
        packages: "docker-registry",
        gone: "/etc/docker/registry /var/lib/docker-registry",
    },
    Case {
        module: "time",
        on: 1,
        works: "chronyc -n sources | grep -q '^^\\* 10.213.0.10 '",
        meddle: "systemctl stop chrony && echo 'server 192.0.2.1' >/etc/chrony/chrony.conf",
        drifts: &["time.lab_service.chrony[\"edge0\"]", "time.lab_file.config[\"edge0\"]", "lab_command.synchronised"],
        packages: "chrony",
        gone: "/etc/chrony /var/lib/chrony",
    },
];

fn examples() -> Vec<String> {
    let modules = std::fs::read_dir(top().join("modules")).unwrap().map(|entry| entry.unwrap().path());
    let with = modules.filter(|m| m.join("example/main.hcl").exists());
    with.map(|m| m.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_example_of_a_module_is_valid() {
    let folder = Folder::new();
    folder.copy_in("modules");
    let mut names = examples();
    names.sort();
    let mut tested: Vec<&str> = CASES.iter().map(|case| case.module).collect();
    tested.sort_unstable();
    assert_eq!(names, tested, "examples that are tried, and those that are there");
    for name in names {
        folder.cplan(&[&format!("-chdir=modules/{name}/example"), "validate"]).expect(0);
    }
}

/// One test for each, because much of them is waiting.
fn runs_heals_and_goes_without_a_trace(module: &str) {
    if !require("debian-packages", online) {
        return;
    }
    let case = CASES.iter().find(|case| case.module == module).unwrap();
    let lan = Lan::new();
    let both = [lan.machine("cloud0", 10), lan.machine("edge0", 11)];
    let mut folder = Folder::new();
    folder.run_by(lan.inside());
    folder.copy_in("modules");
    folder.write("twin/main.hcl", TWIN);
    folder.write("twin/machines.hcl", &super::machines(&both));
    run(case, &folder, &both);
}

macro_rules! examples {
    ($($name:ident: $module:literal),*) => { $(
        #[test]
        fn $name() {
            runs_heals_and_goes_without_a_trace($module);
        }
    )* };
}

examples! {
    the_example_of_mqtt_runs_heals_and_goes: "mqtt",
    the_example_of_docker_runs_heals_and_goes: "docker",
    the_example_of_containerd_runs_heals_and_goes: "containerd",
    the_example_of_registry_runs_heals_and_goes: "registry",
    the_example_of_time_runs_heals_and_goes: "time"
}

fn run(case: &Case, folder: &Folder, both: &[Debian; 2]) {
    let Case { module, meddle, works, .. } = case;
    let example = format!("modules/{module}/example");
    folder.write(&format!("{example}/override.hcl"), "module \"lab\" {\n  source = \"../../../twin\"\n}\n");
    let chdir = format!("-chdir={example}");
    let cplan = |arguments: &[&str]| folder.cplan(&[&[chdir.as_str()], arguments].concat());
    cplan(&["apply", "-auto-approve"]).expect(0);
    both[case.on].run(works).expect(0);
    cplan(&["plan", "-detailed-exitcode"]).expect(0);

    both[case.on].run(meddle).expect(0);
    let drift = cplan(&["drift"]).expect(2).text();
    for part in case.drifts {
        assert!(drift.contains(part), "{module}: `{part}` is missing in:\n{drift}");
    }
    cplan(&["apply", "-auto-approve"]).expect(0);
    both[case.on].run(works).expect(0);
    cplan(&["plan", "-detailed-exitcode"]).expect(0);

    cplan(&["destroy", "-auto-approve"]).expect(0);
    for machine in both {
        let installed =
            format!("! dpkg-query -W -f '${{db:Status-Status}}\\n' {} 2>/dev/null | grep -x installed", case.packages);
        machine.run(&installed).expect(0);
        let left = machine.run(&format!("ls -d {} /var/lib/cplan 2>/dev/null", case.gone)).stdout;
        assert_eq!(left, "", "{module} leaves something on {}", machine.access.name);
    }
}
