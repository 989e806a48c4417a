//! `-json` of plan and apply, line by line.

use serde_json::{Value as Json, json};

use super::Session;

fn lines(out: &str) -> Vec<Json> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Type and message of each line.
fn told(out: &str) -> Vec<String> {
    let text = |line: &Json, name: &str| line[name].as_str().unwrap().to_owned();
    lines(out).iter().map(|l| format!("{}: {}", text(l, "type"), text(l, "@message"))).collect()
}

const LAB: &str = r#"
resource "terraform_data" "a" {
  count = 2
  input = count.index
}
resource "terraform_data" "b" {
  triggers_replace = "v1"
}
output "id" {
  value = terraform_data.a[0].id
}
output "pw" {
  value     = "hunter2"
  sensitive = true
}
"#;

#[test]
fn a_plan_and_an_apply_go_on_as_terraforms_do() {
    let lab = Session::new(LAB);
    let out = lab.ok("plan -json");
    assert_eq!(
        told(&out)[1..],
        [
            "planned_change: terraform_data.a[0]: Plan to create",
            "planned_change: terraform_data.a[1]: Plan to create",
            "planned_change: terraform_data.b: Plan to create",
            "change_summary: Plan: 3 to add, 0 to change, 0 to destroy.",
            "outputs: Outputs: 2",
        ]
    );
    let first = &lines(&out)[0];
    assert_eq!(
        (&first["type"], &first["ui"], &first["@module"]),
        (&json!("version"), &json!("1.2"), &json!("terraform.ui"))
    );
    assert_eq!(
        lines(&out)[5]["outputs"],
        json!({"id": {"sensitive": false, "action": "create"}, "pw": {"sensitive": true, "action": "create"}})
    );

    let out = lab.ok("apply -auto-approve -json");
    let all = told(&out);
    assert!(all.contains(&"apply_start: terraform_data.a[0]: Creating...".to_owned()), "{all:?}");
    assert!(
        all.contains(&"apply_complete: terraform_data.b: Creation complete after 0s [id=UUID]".to_owned()),
        "{all:?}"
    );
    assert_eq!(
        all[all.len() - 2..],
        ["change_summary: Apply complete! Resources: 3 added, 0 changed, 0 destroyed.", "outputs: Outputs: 2"]
    );
    let outputs = &lines(&out).pop().unwrap()["outputs"];
    assert_eq!(outputs["id"], json!({"sensitive": false, "type": "string", "value": "UUID"}));
    assert_eq!(outputs["pw"], json!({"sensitive": true, "type": "string"}));
}

#[test]
fn reasons_and_ids_stand_in_the_lines() {
    let lab = Session::new(LAB);
    lab.ok("apply -auto-approve");
    lab.write("main.hcl", &LAB.replace("v1", "v2").replace("count = 2", "count = 1"));
    let out = lab.ok("plan -json");
    assert_eq!(
        told(&out)[1..7],
        [
            "refresh_start: terraform_data.a[0]: Refreshing state... [id=UUID]",
            "refresh_start: terraform_data.a[1]: Refreshing state... [id=UUID]",
            "refresh_start: terraform_data.b: Refreshing state... [id=UUID]",
            "refresh_complete: terraform_data.a[0]: Refresh complete [id=UUID]",
            "refresh_complete: terraform_data.a[1]: Refresh complete [id=UUID]",
            "refresh_complete: terraform_data.b: Refresh complete [id=UUID]",
        ]
    );
    let reason = |address: &str| {
        let line = lines(&out).into_iter().find(|l| l["change"]["resource"]["addr"] == address).unwrap();
        (line["change"]["action"].clone(), line["change"]["reason"].clone())
    };
    assert_eq!(reason("terraform_data.a[1]"), (json!("delete"), json!("delete_because_count_index")));
    assert_eq!(reason("terraform_data.b"), (json!("replace"), json!("cannot_update")));
    let out = lab.ok("apply -auto-approve -json");
    let all = told(&out);
    assert!(all.contains(&"apply_start: terraform_data.a[1]: Destroying... [id=UUID]".to_owned()), "{all:?}");
    assert!(all.contains(&"apply_complete: terraform_data.a[1]: Destruction complete after 0s".to_owned()), "{all:?}");
    let out = lab.ok("destroy -auto-approve -json");
    assert!(told(&out).contains(&"change_summary: Destroy complete! Resources: 2 destroyed.".to_owned()), "{out}");
}
