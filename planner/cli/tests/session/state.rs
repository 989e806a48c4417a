//! `cplan state`, `show -json`, `plan -json`, `ssh` without machines.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use serde_json::json;

use super::Session;

const TREE: &str = "module \"m\" {\n  source   = \"./m\"\n  for_each = toset([\"x\"])\n}\nresource \"terraform_data\" \"a\" {\n  count = 1\n  input = \"one\\ntwo\\n\"\n}\n";

fn tree() -> Session {
    let lab = Session::new(TREE);
    lab.write("m/main.hcl", "resource \"terraform_data\" \"b\" {\n  input = true\n}\n");
    lab
}

#[test]
fn objects_are_listed_and_shown() {
    let lab = tree();
    lab.ok("apply -auto-approve");
    assert_eq!(lab.ok("state list"), "terraform_data.a[0]\nmodule.m[\"x\"].terraform_data.b\n");
    assert_eq!(lab.ok("state list module.m"), "module.m[\"x\"].terraform_data.b\n");
    assert_eq!(
        lab.ok("state show terraform_data.a[0]"),
        r#"# terraform_data.a[0]:
resource "terraform_data" "a" {
    id     = "UUID"
    input  = <<-EOT
        one
        two
    EOT
    output = <<-EOT
        one
        two
    EOT
}
"#
    );
    let unknown = lab.run("state show terraform_data.a[1]");
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("Did you mean `terraform_data.a[0]`?"), "{}", unknown.err);
    assert!(lab.run("state show nonsense").err.contains("[invalid-address]"));
}

#[test]
fn the_state_as_json_has_terraforms_shape() {
    let lab = tree();
    assert_eq!(lab.json("show -json")["format_version"], "1.0");
    lab.ok("apply -auto-approve");
    let shown = lab.json("show -json");
    let child = &shown["values"]["root_module"]["child_modules"][0];
    assert_eq!(child["address"], "module.m[\"x\"]");
    assert_eq!(child["resources"][0]["address"], "module.m[\"x\"].terraform_data.b");
    assert_eq!(child["resources"][0]["provider_name"], "terraform.io/builtin/terraform");
    assert_eq!(shown["values"]["root_module"]["resources"][0]["index"], 0);
}

#[test]
fn a_plan_as_json_has_terraforms_shape() {
    let lab = tree();
    lab.ok("apply -auto-approve");
    lab.write("main.hcl", &TREE.replace("one", "eins"));
    let plan = lab.plan("");
    assert_eq!(
        (&plan["format_version"], &plan["errored"], &plan["applyable"]),
        (&json!("1.2"), &json!(false), &json!(true))
    );
    let changes = plan["resource_changes"].as_array().unwrap();
    let change = changes.iter().find(|c| c["address"] == "terraform_data.a[0]").unwrap();
    assert_eq!(change["change"]["actions"], json!(["update"]));
    assert_eq!(change["change"]["before"]["input"], "one\ntwo\n");
    assert_eq!(change["change"]["after"]["input"], "eins\ntwo\n");
    assert_eq!(change["change"]["after_unknown"], json!({"output": true}));
    let same = changes.iter().find(|c| c["address"] == "module.m[\"x\"].terraform_data.b").unwrap();
    assert_eq!(same["change"]["actions"], json!(["no-op"]));
    assert_eq!(same["module_address"], "module.m[\"x\"]");
    assert_eq!(plan["prior_state"]["values"]["root_module"]["resources"][0]["values"]["input"], "one\ntwo\n");
}

#[test]
fn only_a_replacement_says_what_forces_it() {
    let lab = Session::new("resource \"terraform_data\" \"a\" {\n  triggers_replace = \"v1\"\n}\n");
    lab.ok("apply -auto-approve");
    let gone = lab.plan("-destroy")["resource_changes"][0]["change"].clone();
    assert_eq!((&gone["actions"], &gone["after_unknown"]), (&json!(["delete"]), &json!({})));
    assert_eq!(gone.get("replace_paths"), None);
    lab.write("main.hcl", "resource \"terraform_data\" \"a\" {\n  triggers_replace = \"v2\"\n}\n");
    let again = lab.plan("")["resource_changes"][0]["change"].clone();
    assert_eq!(
        (&again["actions"], &again["replace_paths"]),
        (&json!(["delete", "create"]), &json!([["triggers_replace"]]))
    );
}

#[test]
fn a_machine_that_is_not_there() {
    let lab = tree();
    let refused = lab.run("ssh edge0 true");
    assert_eq!(refused.code, Some(1));
    assert_eq!(
        refused.err,
        "error: No such machine\n  = The state has no machine `edge0`.\n  = There is no machine yet: run `cplan apply` first.\n  = [unknown-machine]\n\n"
    );
}

#[test]
fn the_graph_is_dot() {
    let dot = tree().ok("graph");
    assert!(dot.starts_with("digraph G {\n") && dot.contains("\"module.m.terraform_data.b\""), "{dot}");
}

#[test]
fn a_damaged_database_goes_back_to_the_snapshot() {
    let lab = Session::new("resource \"terraform_data\" \"a\" {\n  input = 1\n}\n");
    lab.ok("apply -auto-approve");
    let database = lab.path().join(".cplan/state/db");
    let bytes = std::fs::read(&database).unwrap();
    std::fs::write(&database, vec![0xff; bytes.len()]).unwrap();
    let refused = lab.run("apply -auto-approve");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("cplan state restore"), "{}", refused.err);
    let restored = lab.ok("state restore");
    assert!(restored.contains("1 objects"), "{restored}");
    assert!(lab.ok("apply -auto-approve").starts_with("No changes."));
}

#[test]
fn a_plan_and_its_apply_speak_of_the_same_state() {
    let lab = Session::new("resource \"terraform_data\" \"a\" {\n  input = 1\n}\n");
    let lineage = |lab: &Session| {
        let state = std::fs::read_to_string(lab.path().join(".cplan/snapshot")).unwrap();
        let (_, rest) = state.split_once("\"lineage\":\"").unwrap();
        rest[..36].to_owned()
    };
    lab.ok("plan");
    let planned = lineage(&lab);
    lab.ok("apply -auto-approve");
    assert_eq!(lineage(&lab), planned);
}

#[test]
fn first_plans_at_the_same_time_speak_of_one_state() {
    let lab = Session::new("resource \"terraform_data\" \"a\" {\n  input = 1\n}\n");
    std::thread::scope(|scope| {
        for n in 0..4 {
            let lab = &lab;
            scope.spawn(move || lab.ok(&format!("plan -out=p{n}")));
        }
    });
    // A plan of another lineage than the state's would be refused as stale in another way.
    lab.ok("apply p2");
    for n in [0, 1, 3] {
        let refused = lab.run(&format!("apply p{n}"));
        assert!(refused.code == Some(1) && refused.err.contains("[stale-plan]"), "{refused:?}");
    }
}

#[test]
fn what_stands_in_the_place_of_the_state_is_refused() {
    let lab = tree();
    let refused = |line: &str| {
        let said = lab.run(line);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{line}: {said:?}");
        let place = lab.path().canonicalize().unwrap().join(".cplan");
        let expect = format!(
            "error: The state has no folder\n  = The state is kept in the folder `{}`, and what stands there is not a folder.\n  = Move it away, and run this again.\n  = [state-folder-taken]\n\n",
            place.display()
        );
        assert_eq!(said.err, expect, "{line}");
    };
    let lines =
        ["plan", "apply -auto-approve", "destroy -auto-approve", "drift", "show", "state list", "state restore"];
    lab.write(".cplan", "");
    lines.iter().copied().for_each(refused);
    std::fs::remove_file(lab.path().join(".cplan")).unwrap();
    std::os::unix::fs::symlink("nowhere", lab.path().join(".cplan")).unwrap();
    lines.iter().copied().for_each(refused);
}

/// Runs a line without the right of root to write everywhere.
fn bound(lab: &Session, line: &str) -> super::Said {
    let command = lab.command(line);
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return lab.run(line);
    }
    let mut without = std::process::Command::new("setpriv");
    without.args(["--bounding-set=-dac_override,-dac_read_search", "--"]);
    without.arg(command.get_program()).args(command.get_args()).current_dir(lab.path());
    for (name, _) in command.get_envs() {
        without.env_remove(name);
    }
    super::said(without.stdin(std::process::Stdio::null()))
}

#[test]
fn a_folder_that_cannot_be_written_is_planned_and_not_applied() {
    let lab = tree();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    mode(lab.path(), 0o555);
    let place = lab.path().canonicalize().unwrap().join(".cplan");
    let refused = |what: &str, at: &std::path::Path| {
        let said = bound(&lab, "apply -auto-approve");
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
        let expect = format!(
            "error: cannot {what} {at}\n  = because: Permission denied (os error 13)\n  = Look at the owner and the mode of `{at}`, or run cplan as a user who may write there.\n",
            at = at.display()
        );
        assert_eq!(said.err, expect);
        let plan = bound(&lab, "plan");
        assert_eq!((plan.code, plan.err.as_str()), (Some(0), ""), "{plan:?}");
        assert!(plan.out.contains("Plan: 2 to add"), "{plan:?}");
    };
    refused("make the folder", &place);
    std::fs::create_dir(&place).unwrap();
    mode(&place, 0o555);
    refused("open", &place.join("lock"));
    mode(lab.path(), 0o755);
    mode(&place, 0o755);
}
