//! `console` from standard input: the last answer, or the first mistake.

use std::io::Write as _;
use std::process::Stdio;

use super::{Said, Session, masked};

/// Types lines into the console.
fn typed(lab: &Session, line: &str, input: &str) -> Said {
    let mut command = lab.command(line);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code(),
        out: masked(&String::from_utf8(output.stdout).unwrap()),
        err: masked(&String::from_utf8(output.stderr).unwrap()),
    }
}

const LAB: &str = r#"
variable "given" {}
variable "pw" {
  default   = "hunter2"
  sensitive = true
}
locals {
  texts = { long = "a\nb\n", none = tostring(null), list = tolist([1, 2]) }
}
resource "terraform_data" "each" {
  for_each = toset(["x", "y"])
  input    = { name = each.key, pw = var.pw }
}
"#;

#[test]
fn the_last_answer_is_printed_in_terraforms_notation() {
    let lab = Session::new(LAB);
    for (input, out) in [
        ("1 + 1\n2 + 2\n", "4\n"),
        (
            "local.texts\n",
            "{\n  \"list\" = tolist([\n    1,\n    2,\n  ])\n  \"long\" = <<-EOT\n  a\n  b\n  \n  EOT\n  \"none\" = tostring(null)\n}\n",
        ),
        ("{ a = var.pw }", "{\n  \"a\" = (sensitive value)\n}\n"),
        ("type(local.texts)\n", "object({\n    list: list(number),\n    long: string,\n    none: string,\n})\n"),
        ("[1, # one\n2]\n", "[\n  1,\n  2,\n]\n"),
        ("1\nexit\n3\n", ""),
        ("", "\n"),
        ("var.given\n", "(known after apply)\n"),
        ("terraform_data.each[\"x\"].id\n", "(known after apply)\n"),
    ] {
        let said = typed(&lab, "console", input);
        assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), out, ""), "{input}");
    }
    assert_eq!(typed(&lab, "console -var given=7", "var.given").out, "\"7\"\n");
}

#[test]
fn resources_are_what_the_state_says_or_what_is_planned() {
    let lab = Session::new(LAB);
    lab.ok("apply -auto-approve -var given=1");
    let state = typed(&lab, "console", "terraform_data.each[\"x\"]\n").out;
    assert_eq!(state.lines().nth(1), Some("  \"id\" = \"UUID\""));
    assert!(state.contains("    \"name\" = \"x\"\n    \"pw\" = (sensitive value)\n"), "{state}");
    lab.write("main.hcl", &LAB.replace("\"y\"]", "\"z\"]"));
    assert_eq!(typed(&lab, "console", "keys(terraform_data.each)").out, "[\n  \"x\",\n  \"y\",\n]\n");
    let planned = typed(&lab, "console -plan -var given=1", "keys(terraform_data.each)");
    assert_eq!(planned.out, "[\n  \"x\",\n  \"z\",\n]\n", "{}", planned.err);
}

#[test]
fn the_first_mistake_ends_it() {
    let lab = Session::new(LAB);
    for (input, id) in [
        ("1\nnope\n2\n", "[invalid-reference]"),
        ("local.nope", "[undeclared-reference]"),
        ("nope(1)", "[unknown-function]"),
        ("[type(1)]", "[misplaced-type]"),
        ("1 +", "[syntax]"),
        ("(1", "[syntax]"),
        ("# nothing", "[syntax]"),
        ("each.key", "[invalid-reference]"),
    ] {
        let said = typed(&lab, "console", input);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{input}");
        assert!(said.err.contains(id), "{input}: {}", said.err);
    }
}

#[test]
fn what_hangs_on_a_mistake_is_unknown() {
    let lab = Session::new("locals {\n  a = upper(1, 2)\n  b = 3\n}\n");
    let said = typed(&lab, "console", "[local.a, local.b]\n");
    assert_eq!((said.code, said.out.as_str()), (Some(0), "[\n  (known after apply),\n  3,\n]\n"), "{}", said.err);
    assert!(said.err.contains("some expressions may give unexpected results"), "{}", said.err);
}
