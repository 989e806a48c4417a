//! `cplan fmt`.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use super::Session;

const UGLY: &str = "locals {\na=1\n  bbb  =  2\n}\n";
const NEAT: &str = "locals {\n  a   = 1\n  bbb = 2\n}\n";

#[test]
fn check_says_and_touches_nothing() {
    let lab = Session::new(UGLY);
    lab.write("neat.tf", NEAT);
    lab.write("sub/x.hcl", UGLY);
    lab.write("other.pkr.hcl", UGLY);
    let checked = lab.run("fmt -check");
    assert_eq!((checked.code, checked.out.as_str()), (Some(3), "main.hcl\n"));
    let all = lab.run("fmt -check -recursive -diff");
    assert_eq!(all.code, Some(3));
    assert_eq!(
        all.out,
        "main.hcl\n--- old/main.hcl\n+++ new/main.hcl\n@@ -1,4 +1,4 @@\n locals {\n-a=1\n-  bbb  =  2\n+  a   = 1\n+  bbb = 2\n }\n\
         sub/x.hcl\n--- old/sub/x.hcl\n+++ new/sub/x.hcl\n@@ -1,4 +1,4 @@\n locals {\n-a=1\n-  bbb  =  2\n+  a   = 1\n+  bbb = 2\n }\n"
    );
    assert_eq!(fs::read_to_string(lab.path().join("main.hcl")).unwrap(), UGLY);
}

#[test]
fn files_are_written_once() {
    let lab = Session::new(UGLY);
    assert_eq!(lab.ok("fmt"), "main.hcl\n");
    assert_eq!(fs::read_to_string(lab.path().join("main.hcl")).unwrap(), NEAT);
    assert_eq!(lab.ok("fmt"), "");
    assert_eq!(lab.ok("fmt -check"), "");
}

#[test]
fn broken_files_are_named_and_the_others_formatted() {
    let lab = Session::new(UGLY);
    lab.write("broken.tf", "locals {\n  a = = 1\n}\n");
    let formatted = lab.run("fmt");
    assert_eq!((formatted.code, formatted.out.as_str()), (Some(2), "main.hcl\n"));
    assert!(formatted.err.contains(" --> broken.tf:2:"), "{}", formatted.err);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let lab = Session::new("");
    let mut fmt = lab.command("fmt -").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    fmt.stdin.take().unwrap().write_all(UGLY.as_bytes()).unwrap();
    let ended = fmt.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), NEAT);
}
