//! A machine that does not answer in time.

use cplan_tests::folder::Folder;

use super::capable;

const TOPOLOGY: &str = r#"
variable "patience" {
  type = string
}

resource "lab_network" "management" {
  mode = "isolated"
  cidr = "10.85.0.0/24"
}

resource "lab_image" "micro" {
  flavor   = "micro"
  packages = ["mosquitto"]
}

resource "lab_machine" "late" {
  name         = "late"
  cpus         = 1
  memory       = "160MiB"
  image        = lab_image.micro.boot
  boot_timeout = var.patience

  management {
    network = lab_network.management.attachment
    address = "10.85.0.11"
  }
}
"#;

#[test]
fn a_machine_that_never_answers_is_an_error_and_the_next_apply_goes_on() {
    if !capable() {
        return;
    }
    let folder = Folder::with(TOPOLOGY);
    let late = folder.cplan(&["apply", "-auto-approve", "-var", "patience=2s"]);
    let listed = folder.cplan(&["state", "list"]).stdout;
    let again = folder.cplan(&["apply", "-auto-approve", "-var", "patience=180s"]);
    let destroyed = folder.cplan(&["destroy", "-auto-approve", "-var", "patience=180s"]);

    let said = late.expect(1).text();
    for part in ["ssh", "2s", "lab_machine.late", "onsole"] {
        assert!(said.contains(part), "`{part}` is missing in:\n{said}");
    }
    assert!(listed.contains("lab_network.management"), "{listed}");
    assert!(listed.contains("lab_machine.late"), "what exists is not in the state:\n{listed}");
    let _ = again.expect(0);
    let _ = destroyed.expect(0);
}
