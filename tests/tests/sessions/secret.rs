//! Sensitive values are shown only where they are asked for.

use cplan_tests::session::Session;
use serde_json::json;

const SECRET: &str = "hunter2-of-the-fake-world";

const TOPOLOGY: &str = r#"
variable "password" {
  type      = string
  sensitive = true
}

resource "fake_thing" "marked" {
  name  = "marked"
  value = var.password
}

resource "fake_thing" "declared" {
  name   = "declared"
  secret = nonsensitive(var.password)
}

output "password" {
  value     = var.password
  sensitive = true
}
"#;

#[test]
fn a_sensitive_value_shows_only_where_it_is_asked_for() {
    let mut session = Session::new(TOPOLOGY);
    session.folder.set("TF_VAR_password", SECRET);
    let quiet = |arguments: &[&str], status: i32| {
        let finished = session.cplan(arguments).expect(status);
        assert!(!finished.text().contains(SECRET), "{arguments:?} tells:\n{}", finished.text());
    };
    quiet(&["plan", "-detailed-exitcode"], 2);
    quiet(&["plan", "-json"], 0);
    quiet(&["apply", "-auto-approve", "-v"], 0);
    session.world.poke(&session.object("fake_thing", "declared").id, [("secret", json!("changed"))]).unwrap();
    quiet(&["drift"], 2);
    quiet(&["apply", "-auto-approve", "-v"], 0);
    quiet(&["show"], 0);
    quiet(&["show", "-json"], 0);
    quiet(&["output"], 0);
    quiet(&["state", "show", "fake_thing.marked"], 0);
    quiet(&["state", "show", "fake_thing.declared"], 0);

    assert_eq!(session.cplan(&["output", "-raw", "password"]).expect(0).stdout.trim_end(), SECRET);
    assert!(session.cplan(&["output", "-json"]).expect(0).stdout.contains(SECRET));
    assert!(session.cplan(&["show", "-json", "-reveal"]).expect(0).stdout.contains(SECRET));
}
