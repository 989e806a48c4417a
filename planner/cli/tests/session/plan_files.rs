//! `plan -out`, `apply PLAN` and `show PLAN`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::{Session, said};

const LAB: &str = r#"
variable "v" { default = "one" }
variable "pw" {
  default   = "hunter2"
  sensitive = true
}
resource "terraform_data" "a" {
  count = 2
  input = "${var.v}-${count.index}"
}
resource "terraform_data" "b" { input = [terraform_data.a[0].output, var.pw] }
output "o" { value = terraform_data.a[1].output }
"#;

fn hash_in(out: &str) -> String {
    out.lines().find_map(|line| line.strip_prefix("Its hash: ")).unwrap().to_owned()
}

#[test]
fn what_was_planned_is_applied_whatever_the_folder_says_now() {
    let lab = Session::new(LAB);
    let planned = lab.ok("plan -out=p -var v=two");
    let hash = hash_in(&planned);
    assert!(planned.ends_with(&format!(
        "\nSaved the plan to: p\nIts hash: {hash}\n\nTo do exactly this, run:\n    cplan apply \"p\"\nTo be sure that it is this plan:\n    cplan apply -plan-hash={hash} \"p\"\n"
    )));
    let mode = |name: &str| fs::metadata(lab.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("p"), mode(".cplan/plan.key")), (0o600, 0o600));
    let bytes = fs::read(lab.path().join("p")).unwrap();
    assert!(!bytes.windows(7).any(|w| w == b"hunter2"));

    let plan = lab.run("plan -var v=two");
    assert_eq!(lab.ok("show p"), plan.out);
    let shown = lab.json("show -json p");
    assert_eq!(shown["resource_changes"][0]["change"]["actions"], json!(["create"]));
    assert_eq!(shown["variables"]["v"]["value"], "two");

    lab.write("main.hcl", "this is no configuration");
    let other = lab.run("apply -plan-hash=00 p");
    assert_eq!(other.code, Some(1));
    assert!(other.err.contains("[plan-hash]"), "{}", other.err);
    let applied = lab.ok(&format!("apply -plan-hash=sha256:{hash} p"));
    assert!(applied.contains("Apply complete! Resources: 3 added, 0 changed, 0 destroyed."), "{applied}");
    assert_eq!(lab.ok("output -raw o").trim_end(), "two-1");

    let again = lab.run("apply p");
    assert_eq!(again.code, Some(1));
    assert_eq!(
        again.err,
        "error: Saved plan is stale\n  = The given plan file can no longer be applied because the state was changed by another operation after the plan was created.\n  = Plan again.\n  = [stale-plan]\n\n"
    );
}

#[test]
fn plans_of_every_mode_are_saved() {
    let lab = Session::new(LAB);
    lab.ok("apply -auto-approve");
    let said = lab.run("plan -detailed-exitcode -destroy -out=p");
    assert_eq!(said.code, Some(2), "{said:?}");
    let gone = lab.ok("apply p");
    assert!(gone.contains("Resources: 0 added, 0 changed, 3 destroyed."), "{gone}");
    assert_eq!(lab.ok("state list"), "");
    lab.ok("apply -auto-approve");
    lab.ok("plan -refresh-only -out=p");
    assert!(lab.ok("apply p").contains("0 added, 0 changed, 0 destroyed."));
    let nothing = lab.ok("plan -out=p");
    assert!(nothing.contains("No changes.") && nothing.contains("Saved the plan to: p\n"), "{nothing}");
    assert!(!nothing.contains("cplan apply"), "{nothing}");
    lab.ok("apply p");
}

#[test]
fn what_does_not_go_with_a_saved_plan_is_refused() {
    let lab = Session::new(LAB);
    lab.ok("plan -out=p");
    for (line, id) in [
        ("apply -var v=2 p", "saved-plan-variables"),
        ("apply main.hcl", "plan-file"),
        ("show main.hcl", "shown-file-unreadable"),
    ] {
        let refused = lab.run(line);
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{line}: {refused:?}");
        assert!(refused.err.contains(&format!("[{id}]")), "{line}: {}", refused.err);
    }
    assert!(lab.run("apply nowhere").err.starts_with("error: Failed to load \"nowhere\" as a plan file\n"));

    let elsewhere = Session::new(LAB);
    fs::copy(lab.path().join("p"), elsewhere.path().join("p")).unwrap();
    assert!(elsewhere.run("apply p").err.contains("[plan-of-another-state]"));
    elsewhere.ok("plan -out=own");
    let refused = elsewhere.run("apply p");
    assert!(refused.err.contains("[plan-of-another-state]"), "{}", refused.err);

    let mut bytes = fs::read(lab.path().join("p")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(lab.path().join("p"), &bytes).unwrap();
    let refused = lab.run("apply p");
    assert!(refused.err.contains("its seal cannot be opened"), "{}", refused.err);
    fs::write(lab.path().join(".cplan/plan.key"), "short").unwrap();
    assert!(lab.run("apply p").err.contains("[plan-key]"));
}

#[test]
fn other_configurations_of_a_provider_are_set_up_again() {
    let lab = Session::new(
        "provider \"terraform\" {\n  alias = \"west\"\n}\nresource \"terraform_data\" \"a\" {\n  provider = terraform.west\n  input    = 1\n}\n",
    );
    lab.ok("plan -out=p");
    assert!(lab.ok("apply p").contains("1 added"));
    assert!(lab.ok("plan").starts_with("No changes."));
}

#[test]
fn automation_is_not_told_what_to_do_next() {
    let lab = Session::new(LAB);
    let quiet = said(lab.command("plan -out=p").env("TF_IN_AUTOMATION", "1"));
    assert!(quiet.out.contains("Saved the plan to: p\n") && !quiet.out.contains("cplan apply"), "{quiet:?}");
}
