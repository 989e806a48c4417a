//! A lab whose machines are of two architectures.

use cplan_tests::capability::{arm64, require};
use cplan_tests::folder::Folder;

use super::{capable, virsh};

const TOPOLOGY: &str = r#"
module "lab" {
  source = "./modules/continuum"
  tiers = {
    cloud = { machines = 1, memory = "160MiB" }
    edge  = { machines = 1, memory = "160MiB", arch = "arm64" }
  }
  links    = { "cloud-edge" = { one_way_delay = "20ms" } }
  wireless = null
  packages = ["mosquitto"]
}

output "domain" {
  value = module.lab.machines["edge0"].domain
}

output "cloud" {
  value = module.lab.machines["cloud0"].lab_address
}
"#;

const BENCHMARK: &str = r#"
resource "lab_benchmark" "b" {
  kind      = "mqtt"
  workers   = { w = module.lab.machines["cloud0"].access }
  payload   = "1KiB"
  rate      = 10
  duration  = "5s"
  work      = 1
  endpoints = {
    e = { machine = module.lab.machines["edge0"].access, broker = module.lab.machines["cloud0"].lab_address, worker = "w" }
  }
}
"#;

#[test]
fn machines_of_two_architectures_are_one_lab() {
    if !(capable() && require("arm64", arm64)) {
        return;
    }
    let folder = Folder::with(TOPOLOGY);
    folder.copy_in("modules/continuum");
    let applied = folder.cplan(&["apply", "-auto-approve"]);
    let on = |machine: &str, script: &str| folder.cplan(&["ssh", machine, script]).stdout.trim().to_owned();
    let output = |name: &str| folder.cplan(&["output", "-raw", name]).stdout.trim().to_owned();
    let (domain, cloud) = (output("domain"), output("cloud"));
    let said = on("edge0", "uname -m; mosquitto -h | head -n 1 | cut -d ' ' -f 1");
    // Twice the delay, there and back; other work on the host only adds to it.
    let ping = on("edge0", &format!("ping -c 4 -q {cloud}"));
    let shortest = ping.rsplit(" = ").next().and_then(|v| v.split('/').next()?.trim().parse::<f64>().ok());
    let again = folder.cplan(&["plan", "-detailed-exitcode"]);
    folder.write("benchmark.hcl", BENCHMARK);
    let refused = folder.cplan(&["plan"]);
    folder.write("benchmark.hcl", "");
    folder.write("main.hcl", &TOPOLOGY.replace("arm64", "amd64"));
    let other = folder.cplan(&["plan"]);
    let destroyed = folder.cplan(&["destroy", "-auto-approve"]);
    let left = virsh(&["list", "--all", "--name"]).stdout;

    applied.expect(0);
    assert_eq!(said, "aarch64\nmosquitto");
    assert!(shortest.is_some_and(|ms| ms >= 39.0), "{ping}");
    again.expect(0);
    let refused = refused.expect(1).stderr;
    assert!(refused.contains("Machine `edge0` is of arm64") && refused.contains("[benchmark-arch]"), "{refused}");
    let other = other.expect(0).stdout;
    for part in [
        r#"module.lab.lab_machine.all["edge0"] must be replaced"#,
        r#"arch         = "arm64" -> "amd64" # forces replacement"#,
    ] {
        assert!(other.contains(part), "`{part}` is missing in:\n{other}");
    }
    assert!(!other.contains(r#"lab_machine.all["cloud0"] must"#), "{other}");
    destroyed.expect(0);
    assert!(!domain.is_empty() && !left.contains(&domain), "{left}");
}
