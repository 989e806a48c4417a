//! `state mv|rm|pull|push`, `taint`, `untaint`, `import`: the state changed by hand.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Session, said};

const LAB: &str = r#"
resource "terraform_data" "a" {
  count = 2
  input = count.index
}
resource "terraform_data" "b" { input = [terraform_data.a[0].output, sensitive("hunter2"), null, 1.5] }
resource "terraform_data" "c" { input = "c" }
output "o" { value = terraform_data.c.output }
"#;

fn applied() -> Session {
    let lab = Session::new(LAB);
    lab.ok("apply -auto-approve");
    lab
}

fn backups(lab: &Session) -> usize {
    fs::read_dir(lab.path().join(".cplan/backups")).map_or(0, Iterator::count)
}

#[test]
fn objects_move_and_are_forgotten() {
    let lab = applied();
    assert_eq!(
        lab.ok("state mv -dry-run terraform_data.c terraform_data.d"),
        "Would move \"terraform_data.c\" to \"terraform_data.d\"\n"
    );
    assert_eq!(backups(&lab), 0);
    let moved = lab.ok("state mv terraform_data.c module.m.terraform_data.d");
    assert!(
        moved
            .starts_with("Move \"terraform_data.c\" to \"module.m.terraform_data.d\"\nSuccessfully moved 1 object(s)."),
        "{moved}"
    );
    assert_eq!(backups(&lab), 1);
    lab.ok("state mv terraform_data.a terraform_data.z");
    assert_eq!(
        lab.ok("state list"),
        "terraform_data.b\nterraform_data.z[0]\nterraform_data.z[1]\nmodule.m.terraform_data.d\n"
    );
    assert_eq!(lab.json("state pull")["resources"][0]["instances"][0]["dependencies"], json!(["terraform_data.z"]));
    for (line, summary) in [
        ("state mv terraform_data.z[0] terraform_data.b", "Invalid target address"),
        ("state mv terraform_data.q terraform_data.r", "Invalid source address"),
        ("state mv terraform_data.b null_resource.b", "Invalid state move request"),
        ("state mv terraform_data.b a.b.c", "Invalid address"),
        ("state rm terraform_data.q", "Invalid target address"),
    ] {
        let refused = lab.run(line);
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{line}: {refused:?}");
        assert!(refused.err.starts_with(&format!("error: {summary}\n")), "{line}: {}", refused.err);
    }
    lab.write("main.hcl", &LAB.replace("\"a\" {", "\"z\" {").replace("data.a", "data.z"));
    assert!(lab.ok("plan").contains("Plan: 1 to add, 0 to change, 1 to destroy."));

    assert_eq!(lab.ok("state rm -dry-run module.m"), "Would remove module.m.terraform_data.d\n");
    let gone = lab.ok("state rm module.m terraform_data.z");
    assert!(
        gone.contains("Removed terraform_data.z[1]\n") && gone.contains("Successfully removed 3 resource instance(s).")
    );
    assert_eq!(lab.ok("state list"), "terraform_data.b\n");
    assert_eq!(backups(&lab), 3);
}

#[test]
fn a_backup_is_the_way_back() {
    let lab = applied();
    lab.ok("state rm terraform_data.b");
    let backup = fs::read_dir(lab.path().join(".cplan/backups")).unwrap().next().unwrap().unwrap().path();
    let back = lab.run(&format!("state push {}", backup.display()));
    assert!(back.err.contains("cannot import state with serial"), "{back:?}");
    lab.ok(&format!("state push -force {}", backup.display()));
    assert!(lab.ok("plan").starts_with("No changes."));
}

#[test]
fn a_state_that_was_pulled_is_pushed_by_terraforms_rules() {
    let lab = applied();
    let pulled = lab.ok("state pull");
    let state: Value = lab.json("state pull");
    assert_eq!((&state["version"], &state["resources"][0]["name"]), (&json!(4), &json!("a")));
    let push = |change: &dyn Fn(&mut Value), flags: &str| {
        // Not masked, as the tests' own reading is.
        let mut state: Value = serde_json::from_slice(&lab.command("state pull").output().unwrap().stdout).unwrap();
        change(&mut state);
        lab.write("s.json", &state.to_string());
        lab.run(&format!("state push {flags} s.json"))
    };
    let serial = state["serial"].as_u64().unwrap();
    assert_eq!(push(&|_| {}, "").code, Some(0));
    let older = push(&|s| s["serial"] = json!(serial - 1), "");
    assert!(
        older
            .err
            .contains(&format!("cannot import state with serial {} over newer state with serial {serial}", serial - 1))
    );
    let same = push(&|s| s["outputs"] = json!({}), "");
    assert!(
        same.err.contains(&format!("cannot overwrite existing state with serial {serial} with a different state")),
        "{same:?}"
    );
    let other = push(&|s| s["lineage"] = json!("another"), "");
    assert!(
        other.err.contains("cannot import state with lineage \"another\" over unrelated state with lineage"),
        "{other:?}"
    );
    assert_eq!((older.code, same.code, other.code), (Some(1), Some(1), Some(1)));
    let newer = push(
        &|s| {
            s["serial"] = json!(serial + 5);
            s["outputs"] = json!({});
        },
        "",
    );
    assert_eq!(newer.code, Some(0), "{newer:?}");
    assert_eq!(lab.json("state pull")["serial"], json!(serial + 5));
    assert_eq!(push(&|s| s["lineage"] = json!("another"), "-force").code, Some(0));
    assert_eq!(lab.json("state pull")["lineage"], "another");
    assert!(lab.ok("plan").contains("Plan: 0 to add, 0 to change, 0 to destroy."));
    let wrong = lab.run("state push main.hcl");
    assert!(wrong.err.contains("[unsupported-state]"), "{wrong:?}");
    assert!(lab.run("state push nowhere.json").err.starts_with("error: cannot read nowhere.json\n"));

    let empty = Session::new(LAB);
    assert_eq!(empty.ok("state pull"), "");
    empty.write("own.json", &lab.ok("state pull -format=cplan"));
    assert!(pulled.contains("hunter2"));
}

#[test]
fn terraform_reads_our_state_and_we_read_its() {
    if Command::new("terraform").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        assert!(!std::env::var("CPLAN_REQUIRE").unwrap_or_default().split(',').any(|c| c == "terraform"));
        println!("skipped: terraform: there is none on PATH");
        return;
    }
    let lab = applied();
    let theirs = tempfile::tempdir().unwrap();
    fs::write(theirs.path().join("main.tf"), LAB).unwrap();
    fs::write(theirs.path().join("s.json"), lab.command("state pull").output().unwrap().stdout).unwrap();
    let terraform = |line: &str| {
        let mut command = Command::new("terraform");
        command.args(line.split(' ')).current_dir(theirs.path()).stdin(Stdio::null());
        command.env("CHECKPOINT_DISABLE", "1").env("HOME", theirs.path()).env_remove("TF_CLI_CONFIG_FILE");
        command.output().unwrap()
    };
    assert!(terraform("state push s.json").status.success());
    let plan = terraform("plan -no-color -detailed-exitcode");
    assert_eq!(plan.status.code(), Some(0), "{}", String::from_utf8_lossy(&plan.stdout));
    assert!(terraform("apply -auto-approve -replace=terraform_data.c").status.success());
    let back = Session::new(LAB);
    fs::write(back.path().join("t.json"), terraform("state pull").stdout).unwrap();
    back.ok("state push t.json");
    let plan = back.run("plan -detailed-exitcode");
    assert_eq!(plan.code, Some(0), "{plan:?}");
}

#[test]
fn objects_are_tainted_and_untainted() {
    let lab = applied();
    assert_eq!(lab.ok("taint terraform_data.c"), "Resource instance terraform_data.c has been marked as tainted.\n");
    assert!(lab.ok("plan").contains("terraform_data.c is tainted, so must be replaced"));
    assert_eq!(
        lab.ok("untaint terraform_data.c"),
        "Resource instance terraform_data.c has been successfully untainted.\n"
    );
    assert!(lab.ok("plan").starts_with("No changes."));
    for (line, summary) in [
        ("untaint terraform_data.c", "Resource instance is not tainted"),
        ("taint terraform_data.a", "No such resource instance"),
        ("untaint terraform_data.q", "No such resource instance"),
        ("taint data.x.y", "Invalid address"),
        ("taint module.m", "Invalid address"),
    ] {
        let refused = lab.run(line);
        assert_eq!(refused.code, Some(1), "{line}: {refused:?}");
        assert!(refused.err.starts_with(&format!("error: {summary}\n")), "{line}: {}", refused.err);
    }
    let missing = lab.run("taint -allow-missing terraform_data.q");
    assert_eq!(missing.code, Some(0));
    assert!(missing.err.starts_with("warning: No such resource instance\n"), "{missing:?}");
}

#[test]
fn an_object_is_imported_by_its_id() {
    let lab = Session::new(LAB);
    let done = lab.ok("import terraform_data.c 5f0c9b6e-0000-4000-8000-000000000001");
    assert!(done.contains("Import successful!"), "{done}");
    assert_eq!(lab.ok("state list"), "terraform_data.c\n");
    assert!(lab.ok("plan").contains("Plan: 3 to add, 1 to change, 0 to destroy."));
    lab.ok("import terraform_data.a[1] x");
    for (line, summary) in [
        ("import terraform_data.c x", "Resource already managed by cplan"),
        ("import terraform_data.q x", "Configuration for import target does not exist"),
        ("import terraform_data.a[7] x", "Configuration for import target does not exist"),
        ("import data.x.y x", "Invalid address"),
    ] {
        let refused = lab.run(line);
        assert_eq!(refused.code, Some(1), "{line}: {refused:?}");
        assert!(refused.err.starts_with(&format!("error: {summary}\n")), "{line}: {}", refused.err);
    }
}

#[test]
fn a_kill_at_any_boundary_leaves_all_of_a_change_or_none() {
    for boundary in 1..=4 {
        let lab = applied();
        let line = "state mv terraform_data.a terraform_data.z";
        let killed = said(lab.command(line).env("CPLAN_ABORT_AT", boundary.to_string()));
        let after = lab.ok("state list");
        let (old, new) = (after.matches("data.a[").count(), after.matches("data.z[").count());
        assert!(matches!((old, new), (2, 0) | (0, 2)), "boundary {boundary}: {killed:?}: {after}");
        lab.ok("plan");
    }
}
