//! Plan, apply, change, destroy.

use cplan_model::{Action, Identity, InstanceAddr, Type, Value};
use cplan_store::{Holder, Intent, IntentId, SledStore, Store as _};

use super::Session;

const LAB: &str = r#"
variable "delay" {
  default = "7.5ms"
}

resource "terraform_data" "link" {
  input            = { edge0 = { delay = var.delay, loss = "1%" } }
  triggers_replace = "v1"
}

resource "terraform_data" "probe" {
  count = 2
  input = "${terraform_data.link.id}/${count.index}"
}

output "delay" {
  value = terraform_data.link.input.edge0.delay
}
"#;

#[test]
fn from_nothing_to_nothing() {
    let lab = Session::new(LAB);
    let planned = lab.run("plan -detailed-exitcode");
    assert_eq!((planned.code, planned.err.as_str()), (Some(2), ""));
    assert_eq!(
        planned.out,
        r#"cplan will do this:
  + create

  # terraform_data.link will be created
  + resource "terraform_data" "link" {
      + id               = (known after apply)
      + input            = {
          + edge0 = {
              + delay = "7.5ms"
              + loss  = "1%"
            }
        }
      + output           = (known after apply)
      + triggers_replace = "v1"
    }

  # terraform_data.probe[0] will be created
  + resource "terraform_data" "probe" {
      + id     = (known after apply)
      + input  = (known after apply)
      + output = (known after apply)
    }

  # terraform_data.probe[1] will be created
  + resource "terraform_data" "probe" {
      + id     = (known after apply)
      + input  = (known after apply)
      + output = (known after apply)
    }

Changes to outputs:
  + delay = "7.5ms"

Plan: 3 to add, 0 to change, 0 to destroy.
"#
    );
    assert_eq!(lab.ok("state list"), "", "a plan leaves nothing behind but an empty state");

    let applied = lab.ok("apply -auto-approve -parallelism=1");
    let (_, after_plan) = applied.split_once("0 to destroy.\n").unwrap();
    assert_eq!(
        after_plan,
        r#"
terraform_data.link: Creating...
terraform_data.link: Creation complete after 0s
terraform_data.probe[0]: Creating...
terraform_data.probe[0]: Creation complete after 0s
terraform_data.probe[1]: Creating...
terraform_data.probe[1]: Creation complete after 0s

Apply complete! Resources: 3 added, 0 changed, 0 destroyed.

Outputs:

delay = "7.5ms"
"#
    );

    let again = lab.run("plan -detailed-exitcode");
    assert_eq!(again.code, Some(0));
    assert_eq!(again.out, "No changes. Your infrastructure matches the configuration.\n");
    assert!(lab.ok("apply -auto-approve").starts_with("No changes."));
    assert_eq!(lab.ok("drift"), "No drift. The world is as the last apply left it.\n");

    let destroyed = lab.ok("destroy -auto-approve");
    assert!(destroyed.contains("Destroy complete! Resources: 3 destroyed.\n"), "{destroyed}");
    assert!(destroyed.contains("Gone: 3 terraform_data.\n"), "{destroyed}");
    assert_eq!(lab.ok("state list"), "");
    assert_eq!(lab.ok("show"), "The state is empty. No objects are managed here.\n");
}

#[test]
fn a_changed_delay_is_shown_in_its_unit() {
    let lab = Session::new(LAB);
    lab.ok("apply -auto-approve");
    assert_eq!(
        lab.ok("plan -var delay=45ms"),
        r#"cplan will do this:
  ~ update in-place

  # terraform_data.link will be updated in-place
  ~ resource "terraform_data" "link" {
      ~ input.edge0.delay: 7.5ms -> 45ms
      ~ output = (known after apply)
        # (2 unchanged attributes hidden)
    }

Changes to outputs:
  ~ delay = "7.5ms" -> "45ms"

Plan: 0 to add, 1 to change, 0 to destroy.
"#
    );
}

#[test]
fn a_forced_replacement_says_what_forces_it() {
    let lab = Session::new(LAB);
    lab.ok("apply -auto-approve");
    lab.write("main.hcl", &LAB.replace("\"v1\"", "\"v2\"").replace("count = 2", "count = 1"));
    let plan = lab.ok("plan");
    assert!(plan.contains("# terraform_data.link must be replaced\n"), "{plan}");
    assert!(plan.contains("  # (because `triggers_replace` cannot change in place)\n"), "{plan}");
    assert!(plan.contains("~ triggers_replace = \"v1\" -> \"v2\" # forces replacement\n"), "{plan}");
    assert!(plan.contains("# terraform_data.probe[1] will be destroyed\n"), "{plan}");
    let applied = lab.ok("apply -auto-approve");
    assert!(applied.contains("Apply complete! Resources: "), "{applied}");
    assert_eq!(lab.run("plan -detailed-exitcode").code, Some(0));
}

#[test]
fn without_somebody_to_ask_nothing_is_done() {
    let lab = Session::new(LAB);
    let refused = lab.run("apply");
    assert_eq!(refused.code, Some(1));
    assert!(refused.out.contains("Plan: 3 to add"), "{refused:?}");
    assert!(refused.err.contains("error: Approval needed\n") && refused.err.contains("`-auto-approve`"), "{refused:?}");
    assert_eq!(lab.ok("state list"), "");
}

#[test]
fn a_killed_apply_is_gone_on_with() {
    let lab = Session::new(LAB);
    for boundary in 1..=3 {
        let died = super::said(lab.command("apply -auto-approve").env("CPLAN_ABORT_AT", boundary.to_string()));
        assert_eq!(died.code, None, "killed by a signal: {died:?}");
        lab.ok("state list");
    }
    lab.ok("apply -auto-approve");
    assert_eq!(lab.run("plan -detailed-exitcode").code, Some(0));
    assert_eq!(lab.ok("state list"), "terraform_data.link\nterraform_data.probe[0]\nterraform_data.probe[1]\n");
}

/// The store of a folder, with an intent that nobody has settled.
fn begun(lab: &Session) -> SledStore {
    let holder = Holder {
        user: "u".into(),
        host: "h".into(),
        pid: std::process::id(),
        command: "cplan apply".into(),
        since: "now".into(),
    };
    let store = SledStore::open(&lab.path().join(".cplan"), holder).unwrap();
    let id = "00000000-0000-4000-8000-000000000001";
    let intent = Intent {
        id: IntentId(1),
        run: "20261122-190700-1a2b".into(),
        key: "terraform_data.link".parse::<InstanceAddr>().unwrap().into(),
        action: Action::Create,
        provider: "terraform".into(),
        schema_version: 0,
        identity: Identity { id: id.into(), lab: "1a2b3c4d".into(), name: "link".into() },
        prior: None,
        planned: Some(Value::object([
            ("id", Value::string(id)),
            ("input", Value::string("x")),
            ("output", Value::string("x")),
            ("triggers_replace", Value::null(Type::Dynamic)),
        ])),
        private: Vec::new(),
        dependencies: Vec::new(),
        container: None,
    };
    store.begin(&[intent]).unwrap();
    store
}

#[test]
fn a_plan_says_what_a_killed_run_left_open() {
    let lab = Session::new(LAB);
    lab.ok("plan");
    drop(begun(&lab)); // as a kill leaves it
    let warning = "\
warning: An interrupted run is not settled
  = An interrupted run left 1 operation unsettled; the next apply looks there first, so it may find something else to do.
  = Run `cplan apply`; `cplan destroy` settles as well.
  = [unsettled-operations]

";
    for line in ["plan", "plan -destroy", "drift"] {
        let said = lab.run(line);
        assert_eq!((said.code, said.err.as_str()), (Some(0), warning), "{line}");
    }
    assert_eq!(lab.json("drift -json")["diagnostics"][0]["summary"], "An interrupted run is not settled");
    assert!(lab.ok("plan -json").contains("\"@message\":\"Warning: An interrupted run is not settled\""));
    lab.ok("apply -auto-approve");
    for line in ["plan", "drift"] {
        assert_eq!(lab.run(line).err, "", "{line}");
    }
}

#[test]
fn a_plan_beside_a_running_apply_says_so() {
    let lab = Session::new(LAB);
    lab.ok("plan");
    let store = begun(&lab);
    for line in ["plan", "drift"] {
        let said = lab.run(line);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.err.starts_with("warning: Another command is at work\n"), "{line}: {}", said.err);
        assert!(said.err.contains("A running command has 1 operation under way"), "{line}: {}", said.err);
    }
    drop(store);
}

#[test]
fn every_run_leaves_a_log() {
    let lab = Session::new(LAB);
    let applied = lab.ok("apply -auto-approve -v -var delay=1ms");
    let (_, run) = applied.split_once("The full output of every step: ").unwrap();
    let dir = lab.path().join(run.lines().next().unwrap());
    let header: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(dir.join("run.json")).unwrap()).unwrap();
    assert_eq!((&header["created"], &header["ssh_sessions"]), (&3.into(), &0.into()));
    assert_eq!(header["variables"]["delay"], "1ms");
    let step = std::fs::read_to_string(dir.join("terraform_data.probe[1].out")).unwrap();
    assert!(step.contains(" Create terraform_data.probe[1]\n== Create done after "), "{step}");
    assert!(applied.ends_with("ssh sessions opened: 0\n"), "{applied}");
}
