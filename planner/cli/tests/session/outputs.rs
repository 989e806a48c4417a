//! `cplan output`, and what stays secret.

use super::Session;

const SECRET: &str = r#"
variable "pw" {
  default   = "hunter2"
  sensitive = true
}

resource "terraform_data" "a" {
  input = { pw = var.pw, port = 22 }
}

output "pw" {
  value     = var.pw
  sensitive = true
}

output "ports" {
  value = tolist([terraform_data.a.input.port])
}
"#;

#[test]
fn outputs_are_shown_in_every_form() {
    let lab = Session::new(SECRET);
    lab.ok("apply -auto-approve");
    assert_eq!(lab.ok("output"), "ports = tolist([\n  22,\n])\npw = <sensitive>\n");
    assert_eq!(lab.ok("output pw"), "\"hunter2\"\n", "who names it wants to see it");
    assert_eq!(lab.ok("output -raw pw"), "hunter2");
    assert_eq!(lab.ok("output -json ports"), "[\n  22\n]\n");
    let all = lab.json("output -json");
    assert_eq!(all["pw"], serde_json::json!({"sensitive": true, "type": "string", "value": "hunter2"}));
    let unknown = lab.run("output port");
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.err.contains("Did you mean `ports`?"), "{}", unknown.err);
    assert!(lab.run("output -raw ports").err.contains("[output-not-text]"));
}

#[test]
fn a_secret_stays_secret_elsewhere() {
    let lab = Session::new(SECRET);
    let mut said = String::new();
    for line in [
        "plan",
        "plan -json -out=p",
        "show -json p",
        "show p",
        "apply -auto-approve -v",
        "state show terraform_data.a",
        "output",
        "graph",
    ] {
        said.push_str(&lab.ok(line));
    }
    lab.write("main.hcl", &SECRET.replace("hunter2", "hunter3"));
    for line in
        ["plan", "plan -json -out=p", "show -json p", "show p", "apply -auto-approve -json", "destroy -auto-approve"]
    {
        said.push_str(&lab.ok(line));
    }
    if let Some(i) = said.find("hunter") {
        panic!("a secret is shown: …{}…", &said[i.saturating_sub(200)..(i + 50).min(said.len())]);
    }
}

#[test]
fn show_reveals_only_what_it_is_told_to() {
    let lab = Session::new(SECRET);
    lab.ok("apply -auto-approve");
    let masked = lab.json("show -json");
    let resource = |json: &serde_json::Value| json["values"]["root_module"]["resources"][0].clone();
    assert_eq!(resource(&masked)["values"]["input"]["pw"], "(sensitive value)");
    assert_eq!(resource(&masked)["sensitive_values"]["input"], serde_json::json!({"pw": true}));
    assert_eq!(resource(&lab.json("show -json -reveal"))["values"]["input"]["pw"], "hunter2");
}

#[test]
fn a_null_output_is_none() {
    let lab = Session::new(
        "variable \"v\" {\n  default = null\n}\nresource \"terraform_data\" \"a\" {\n  input = 1\n}\noutput \"n\" {\n  value = var.v\n}\noutput \"late\" {\n  value = terraform_data.a.output == 1 ? var.v : 2\n}\n",
    );
    let plan = lab.plan("");
    assert_eq!(plan["output_changes"]["n"]["actions"], serde_json::json!(["no-op"]));
    assert!(!lab.ok("plan").contains("  + n "));
    lab.ok("apply -auto-approve");
    assert_eq!(lab.json("output -json"), serde_json::json!({}), "neither what is null nor what turned out to be");
    assert_eq!(lab.run("plan -detailed-exitcode").code, Some(0));

    assert!(lab.ok("apply -auto-approve -var v=x").contains("  + n    = \"x\"\n"));
    assert_eq!(lab.json("output -json")["n"]["value"], "x");
    let plan = lab.plan("");
    assert_eq!(plan["output_changes"]["n"]["actions"], serde_json::json!(["update"]));
    assert!(lab.ok("apply -auto-approve").contains("  - n    = \"x\"\n"));
    assert_eq!(lab.json("output -json"), serde_json::json!({}));
}

#[test]
fn the_masks_of_outputs_are_terraforms() {
    let lab = Session::new(&format!("{SECRET}output \"id\" {{\n  value = [terraform_data.a.id, 1]\n}}\n"));
    let masks = |flags: &str| {
        let plan = lab.plan(flags);
        ["id", "ports", "pw"].map(|name| {
            let one = &plan["output_changes"][name];
            let mask = |key: &str| one[key].to_string();
            format!("{} {} {}", mask("after_unknown"), mask("before_sensitive"), mask("after_sensitive"))
        })
    };
    let secret = "false true true".to_owned();
    let plain = || "false false false".to_owned();
    assert_eq!(masks(""), ["[true,false] false false".to_owned(), plain(), secret.clone()]);
    lab.ok("apply -auto-approve");
    for flags in ["", "-destroy"] {
        assert_eq!(masks(flags), [plain(), plain(), secret.clone()], "{flags}");
    }
}
