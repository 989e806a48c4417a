//! What is refused, with carets at its place.

use super::Session;

fn refused(main: &str, expect: &str) {
    let lab = Session::new(main);
    for line in ["validate", "plan", "apply -auto-approve"] {
        let said = lab.run(line);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{line}");
        assert_eq!(said.err, expect, "{line}");
    }
    assert!(!lab.path().join(".cplan").exists(), "nothing is touched");
}

#[test]
fn an_unknown_argument() {
    refused(
        "resource \"terraform_data\" \"a\" {\n\tinptu = 1\n}\n",
        r"error: Unsupported argument
 --> main.hcl:2:2
  |
2 |     inptu = 1
  |     ^^^^^
  |
  = while checking: terraform_data.a
  = An argument named `inptu` is not expected here.
  = Did you mean `input`?
  = [unsupported-argument]

",
    );
}

#[test]
fn a_cycle() {
    refused(
        "resource \"terraform_data\" \"a\" {\n  input = terraform_data.b.id\n}\nresource \"terraform_data\" \"b\" {\n  input = terraform_data.a.id\n}\n",
        r"error: Cycle
 --> main.hcl:2:11
  |
2 |   input = terraform_data.b.id
  |           ^^^^^^^^^^^^^^^^ `terraform_data.a` needs `terraform_data.b`
 ::: main.hcl:5:11
  |
5 |   input = terraform_data.a.id
  |           ---------------- `terraform_data.b` needs `terraform_data.a`
  |
  = These need each other in a circle: `terraform_data.a` -> `terraform_data.b` -> `terraform_data.a`.
  = Break the circle: let one of them not refer to the next.
  = [cycle]

",
    );
}

#[test]
fn machines_read_the_same_in_json() {
    let lab = Session::new("output \"x\" {\n  value = local.nope\n}\n");
    let place = |diagnostic: &serde_json::Value| {
        let range = &diagnostic["range"];
        assert_eq!(range["start"], serde_json::json!({"line": 2, "column": 11, "byte": 23}));
        assert_eq!(diagnostic["snippet"]["code"], "  value = local.nope");
        assert_eq!(diagnostic["snippet"]["context"], "output \"x\"");
    };
    let said = lab.run("validate -json");
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&json["valid"], &json["error_count"]), (&false.into(), &1.into()));
    place(&json["diagnostics"][0]);
    for line in ["plan -json", "apply -auto-approve -json"] {
        let said = lab.run(line);
        assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{line}");
        let lines: Vec<serde_json::Value> = said.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.iter().map(|l| &l["type"]).collect::<Vec<_>>(), ["version", "diagnostic"], "{line}");
        assert_eq!((&lines[1]["@level"], lines.len()), (&"error".into(), 2), "{line}");
        place(&lines[1]["diagnostic"]);
    }
}
