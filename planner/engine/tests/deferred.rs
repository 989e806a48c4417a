//! Instances that no plan can name yet: they wait, and the next plan has them.

use cplan_engine::DeferReason;

use crate::lab::{Lab, actions};

const TEXT: &str = r#"
    resource "terraform_data" "names" { input = ["a", "b"] }
    resource "terraform_data" "each" {
      for_each = toset(terraform_data.names.output)
      input    = each.key
    }
    resource "terraform_data" "user" { input = [for e in terraform_data.each : e.id] }
    module "m" {
      source = "./m"
      count  = length(toset(terraform_data.names.output))
    }
    resource "terraform_data" "free" {}
    output "n" { value = length(terraform_data.each) }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_unknown_keys_waits_for_the_next_plan() {
    let lab = Lab::new(TEXT);
    lab.write("m/main.tf", "resource \"terraform_data\" \"in\" {}");
    let plan = lab.plan(&[]).await.unwrap();
    assert_eq!(actions(&plan), ["Create terraform_data.free", "Create terraform_data.names"]);
    let waiting: Vec<_> = plan
        .deferred
        .iter()
        .map(|d| (d.address.to_string(), d.reason, d.waits_for.iter().map(ToString::to_string).collect::<Vec<_>>()))
        .collect();
    let names = || vec!["terraform_data.names".to_owned()];
    assert_eq!(
        waiting,
        [
            ("terraform_data.each".to_owned(), DeferReason::InstancesUnknown, names()),
            ("terraform_data.user".to_owned(), DeferReason::Prerequisite, vec!["terraform_data.each".to_owned()]),
            ("module.m.terraform_data.in".to_owned(), DeferReason::InstancesUnknown, names()),
        ]
    );
    let report = lab.carry_out(&plan).await;
    assert_eq!((report.created, report.failures.len()), (2, 0));
    let plan = lab.plan(&[]).await.unwrap();
    assert!(plan.deferred.is_empty());
    assert_eq!(lab.carry_out(&plan).await.created, 5);
    assert_eq!(lab.outputs()["n"], "2");
    assert!(lab.plan(&[]).await.unwrap().is_empty());
    // Unknown again: what exists stays as it is.
    lab.write("main.tf", &TEXT.replace("[\"a\", \"b\"]", "[\"a\", \"c\"]"));
    let plan = lab.plan(&[]).await.unwrap();
    assert_eq!(actions(&plan), ["Update terraform_data.names"]);
    assert_eq!(plan.deferred.len(), 3);
    lab.carry_out(&plan).await;
    let plan = lab.plan(&[]).await.unwrap();
    assert_eq!(
        actions(&plan),
        ["Delete terraform_data.each[\"b\"]", "Create terraform_data.each[\"c\"]", "Update terraform_data.user"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_apply_can_tell_is_an_error() {
    let lab = Lab::new("resource \"terraform_data\" \"a\" { count = length(timestamp()) }");
    let found = lab.plan(&[]).await.err().unwrap();
    assert_eq!(found.iter().next().unwrap().id, "count-unknown");
}
