//! Flags that say what a plan is about, arguments from the environment, and waves.

use super::{Session, said};

const TWO: &str = r#"
resource "terraform_data" "a" { input = "a" }
resource "terraform_data" "b" { input = terraform_data.a.output }
"#;

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let lab = Session::new(TWO);
    for (line, summary) in [
        ("plan -destroy -refresh-only", "Incompatible plan mode options"),
        ("plan -refresh-only -refresh=false", "Incompatible refresh options"),
        ("plan -destroy -replace=terraform_data.a", "Unsupported plan mode"),
        ("plan -target=foo", "Invalid target \"foo\""),
        ("plan -replace=module.x", "Invalid force-replace address \"module.x\""),
        ("plan -replace=data.x.y", "Invalid force-replace address \"data.x.y\""),
        ("plan -refresh-only -generate-config-out=x.tf", "Invalid generate-config-out flag"),
    ] {
        let refused = lab.run(line);
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{line}: {refused:?}");
        assert!(refused.err.starts_with(&format!("error: {summary}\n")), "{line}: {}", refused.err);
    }
    let asked = lab.run("apply -json");
    assert_eq!(asked.code, Some(1));
    assert!(asked.out.contains("Plan file or auto-approve required"), "{asked:?}");
    assert_eq!(lab.run("plan extra").code, Some(1));
    assert_eq!(lab.run("apply one two").code, Some(1));
}

#[test]
fn targets_and_replacements_are_planned() {
    let lab = Session::new(TWO);
    let only = lab.run("plan -target=terraform_data.a");
    assert!(only.out.contains("Plan: 1 to add, 0 to change, 0 to destroy."), "{only:?}");
    assert!(only.err.contains("warning: Resource targeting is in effect\n"), "{only:?}");
    let compact = lab.run("plan -target=terraform_data.a -compact-warnings");
    assert_eq!(
        compact.err,
        "warnings:\n\n- Resource targeting is in effect [targeting]\n\nTo see them whole, run this without -compact-warnings.\n\n"
    );
    assert!(lab.ok("plan -exclude=terraform_data.b").contains("Plan: 1 to add"));
    lab.ok("apply -auto-approve");
    let replaced = lab.run("plan -replace=terraform_data.a -detailed-exitcode");
    assert_eq!(replaced.code, Some(2));
    assert!(replaced.out.contains("will be replaced, as requested"), "{}", replaced.out);
    assert!(replaced.out.contains("Plan: 1 to add, 1 to change, 1 to destroy."), "{}", replaced.out);
}

#[test]
fn switches_take_a_value_as_go_has_it_and_the_last_one_counts() {
    let lab = Session::new(TWO);
    assert_eq!(lab.run("plan -detailed-exitcode=true").code, Some(2));
    assert_eq!(lab.run("plan -detailed-exitcode=false").code, Some(0));
    assert_eq!(lab.run("plan -parallelism=3 -parallelism=4 -lock=false -lock-timeout=3s -input=0").code, Some(1));
    assert_eq!(lab.run("plan -parallelism=3 -parallelism=4 -lock=false -lock-timeout=3s").code, Some(0));
    assert_eq!(lab.run("plan -json=perhaps").code, Some(1));
    let run = |line: &str, name: &str, value: &str| said(lab.command(line).env(name, value));
    assert_eq!(run("plan", "TF_CLI_ARGS_plan", "-detailed-exitcode").code, Some(2));
    assert_eq!(run("plan", "TF_CLI_ARGS", "-target='terraform_data.a'").out.matches("will be created").count(), 1);
    assert_eq!(run("plan", "CPLAN_CLI_ARGS_apply", "-nonsense").code, Some(0));
    let unclosed = run("plan", "TF_CLI_ARGS", "'");
    assert_eq!(unclosed.code, Some(1));
    assert!(unclosed.err.contains("[environment-arguments]"), "{unclosed:?}");
}

#[test]
fn what_was_put_off_comes_in_waves() {
    let lab = Session::new(
        r#"
resource "terraform_data" "a" { input = ["x", "y"] }
resource "terraform_data" "b" {
  for_each = toset(terraform_data.a.output)
  input    = each.key
}
output "n" { value = length(terraform_data.b) }
"#,
    );
    let one = lab.ok("apply -auto-approve");
    assert!(one.contains("1 added") && !one.contains("2 added"), "{one}");
    lab.ok("destroy -auto-approve");
    let all = lab.ok("apply -auto-approve -converge");
    assert!(all.contains("1 added") && all.contains("2 added"), "{all}");
    assert_eq!(lab.ok("output n"), "2\n");
    // A saved plan is the first wave; those that follow need somebody's consent.
    lab.ok("destroy -auto-approve");
    lab.ok("plan -out=p");
    let asked = lab.run("apply -converge p");
    assert_eq!(asked.code, Some(1));
    assert!(asked.out.contains("1 added") && asked.err.contains("[approval-needed]"), "{asked:?}");
    assert_eq!(lab.ok("state list"), "terraform_data.a\n");
}

#[test]
fn what_terraform_users_type_first_does_no_harm() {
    let lab = Session::new(TWO);
    assert!(lab.ok("init -upgrade -input=false").starts_with("Nothing to initialize"));
    assert_eq!(lab.ok("get"), "");
    let unlock = lab.run("force-unlock -force 1234");
    assert_eq!(unlock.code, Some(1));
    assert!(unlock.err.contains("[no-lock-to-break]"), "{unlock:?}");
    lab.write("main.hcl", "resource \"terraform_data\" {}\n");
    assert_eq!(lab.run("init").code, Some(1));
}
