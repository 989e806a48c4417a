//! What runs leave behind: everything that was said, by object, and nothing that is a secret.

use std::fs;

use cplan_tests::folder::Folder;

use super::{Debian, Repository, capable, machines};

const TOPOLOGY: &str = r#"
variable "password" {
  sensitive = true
}

variable "colour" {
  default = "blue"
}

variable "pin" {
  sensitive = true
}

resource "lab_file" "secret" {
  machine = local.machines.a
  path    = "/etc/secret"
  content = "one line\npassword=${var.password} pin=${var.pin}\n"
}

# It has nothing sensitive of its own, and shows what another one keeps.
resource "lab_command" "tell" {
  machine    = local.machines.a
  apply      = "cat /etc/secret; sed -n s/.*pin=//p /etc/secret; echo to the other >&2; echo ${var.colour}"
  depends_on = [lab_file.secret]
}

# What it knows itself is only a part of what it shows.
resource "lab_command" "show" {
  machine    = local.machines.a
  triggers   = { password = var.password }
  apply      = "cat /etc/secret; cat /etc/secret >&2"
  depends_on = [lab_file.secret]
}

resource "lab_command" "fail" {
  machine    = local.machines.a
  apply      = "cat /etc/secret; cat /etc/secret >&2; exit 3"
  depends_on = [lab_command.tell]
}
"#;

#[test]
fn logs_say_all_and_no_secret() {
    if !capable() {
        return;
    }
    let repository = Repository::new();
    let machine = Debian::start("a", &repository);
    let mut folder = Folder::with(&(machines(std::slice::from_ref(&machine)) + TOPOLOGY));
    folder.set("TF_VAR_password", "correct-horse");
    folder.set("TF_VAR_pin", "918273");
    let shows = |text: &str| text.contains("correct-horse") || text.contains("918273");
    let applied = folder.cplan(&["apply", "-auto-approve", "-v"]).expect(1);
    assert!(!shows(&applied.text()), "{}", applied.text());
    assert!(applied.text().contains("ended with status 3"));

    let logs = folder.path().join(".cplan/logs");
    let run = fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path();
    let read = |name: &str| fs::read_to_string(run.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    for entry in fs::read_dir(&run).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!shows(&text), "{}: {text}", path.display());
    }
    let (out, err) = (read("lab_command.tell.out"), read("lab_command.tell.err"));
    assert!(out.contains("(sensitive value)"), "{out}");
    assert!(out.contains("blue") && !out.contains("to the other"), "{out}");
    assert_eq!(err, "to the other\n");
    assert!(read("lab_file.secret.out").contains("writing /etc/secret"));
    let header: serde_json::Value = serde_json::from_str(&read("run.json")).unwrap();
    assert_eq!(header["variables"]["colour"], "blue");
    assert_eq!(header["variables"]["password"], "(sensitive value)");
    assert_eq!(header["failed"][0], "lab_command.fail");

    let shown = folder.cplan(&["logs", "lab_command.tell"]).expect(0).stdout;
    assert!(shown.contains("blue") && shown.contains("to the other") && !shown.contains("writing"), "{shown}");
    let whole = folder.cplan(&["logs"]).expect(0).stdout;
    assert!(whole.contains("3 created, 1 failed") && whole.contains("writing /etc/secret"), "{whole}");
    let json = folder.cplan(&["logs", "-json", "lab_command.tell"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["command"], &json["steps"][0]["err"]), (&"apply".into(), &"to the other\n".into()));
    folder.cplan(&["destroy", "-auto-approve"]).expect(0);
    let list = folder.cplan(&["logs", "-list"]).expect(0).stdout;
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.lines().next().unwrap().contains("destroy"), "the newest comes first: {list}");
    let shown = folder.cplan(&["logs", "lab_command.tell"]).expect(0).stdout;
    assert!(shown.contains("Delete"), "the newest log of an object is that of its delete: {shown}");
}
