//! Flags in Terraform's spelling, variables in Terraform's order.

use super::{Session, said};

const VARIABLE: &str =
    "variable \"v\" {\n  type    = string\n  default = \"default\"\n}\noutput \"v\" {\n  value = var.v\n}\n";

#[test]
fn the_last_of_var_and_var_file_wins() {
    let lab = Session::new(VARIABLE);
    lab.write("a.tfvars", "v = \"file\"\n");
    for (flags, wins) in [
        ("", "default"),
        ("-var v=typed", "typed"),
        ("-var v=typed -var-file=a.tfvars", "file"),
        ("-var-file=a.tfvars -var v=typed", "typed"),
        ("--var-file a.tfvars", "file"),
    ] {
        assert!(lab.ok(&format!("plan {flags}")).contains(&format!("+ v = \"{wins}\"\n")), "{flags}");
    }
    let plan = said(lab.command("plan").env("TF_VAR_v", "terraform").env("CPLAN_VAR_v", "cplan"));
    assert!(plan.out.contains("+ v = \"cplan\"\n"), "{plan:?}");
}

#[test]
fn another_folder_is_worked_in_and_shown() {
    let lab = Session::new("");
    lab.write("lab/main.hcl", "output \"x\" {\n  value = local.nope\n}\n");
    lab.write("lab/good/main.hcl", VARIABLE);
    let refused = lab.run("-chdir=lab plan");
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains(" --> lab/main.hcl:2:11\n"), "{}", refused.err);
    lab.ok("apply -auto-approve --chdir lab/good");
    assert!(lab.path().join("lab/good/.cplan").is_dir() && !lab.path().join(".cplan").exists());
    let nowhere = lab.run("-chdir=nowhere plan");
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.err.starts_with("error: cannot open the folder nowhere\n  = because: No such file"), "{nowhere:?}");
}

#[test]
fn what_is_not_a_flag_is_a_mistake_and_not_a_change() {
    let lab = Session::new(VARIABLE);
    for line in ["plan -refesh=false", "plan -parallelism=-1", "plan -parallelism=x", "nope", "output -raw", ""] {
        let refused = lab.run(line);
        assert_eq!(refused.code, Some(1), "{line}: exit code 2 means changes");
        assert!(!refused.err.is_empty() && refused.out.is_empty(), "{line}");
    }
    lab.ok("plan -var v=1 -parallelism=0 -out=");
    assert_eq!(lab.run("version -json").code, Some(0));
    let timeout = lab.run("plan -lock-timeout=5");
    assert_eq!(timeout.code, Some(1));
    assert!(timeout.err.contains("\"5\" has no unit."), "{}", timeout.err);
    assert!(lab.ok("-version").starts_with("cplan "));
    assert!(lab.ok("plan -help").contains("--detailed-exitcode"));
}

#[test]
fn help_and_version_are_words_too() {
    let lab = Session::new(VARIABLE);
    assert_eq!(lab.ok("version"), lab.ok("-version"));
    assert_eq!(lab.ok("help"), lab.ok("-help"));
    assert_eq!(lab.ok("help plan"), lab.ok("plan -help"));
    assert!(!lab.path().join(".cplan").exists());
}

#[test]
fn apply_destroy_is_terraforms_form_of_destroy() {
    let lab = Session::new("resource \"terraform_data\" \"a\" {}\n");
    lab.ok("apply -auto-approve");
    let destroyed = lab.ok("apply -destroy -auto-approve");
    assert!(destroyed.contains("Apply complete! Resources: 0 added, 0 changed, 1 destroyed."), "{destroyed}");
    assert_eq!(lab.ok("state list"), "");
    assert_eq!(lab.run("destroy -destroy").code, Some(1));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::Stdio;
    let lab = Session::new("resource \"terraform_data\" \"a\" {\n  count = 2000\n}\n");
    let mut plan = lab.command("plan").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(plan.stdout.take());
    let ended = plan.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn files_never_get_colours() {
    let lab = Session::new(VARIABLE);
    let plan = lab.run("plan");
    assert!(!plan.out.contains('\u{1b}') && !plan.err.contains('\u{1b}'), "{plan:?}");
}
