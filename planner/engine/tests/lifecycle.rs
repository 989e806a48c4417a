//! Replacements: what asks for them, and which object goes first.

use cplan_engine::PlanOptions;
use cplan_model::Reason;
use cplan_store::Store;

use crate::lab::{Lab, actions, order};

const FIRST: &str = r#"
    variable "t" { default = 1 }
    resource "terraform_data" "base" { triggers_replace = var.t }
    resource "terraform_data" "mid" { triggers_replace = terraform_data.base.id }
    resource "terraform_data" "top" {
      triggers_replace = terraform_data.mid.id
      lifecycle { create_before_destroy = true }
    }
    resource "terraform_data" "user" { input = terraform_data.top.id }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_first_carries_what_it_stands_on_along() {
    let lab = Lab::new(FIRST);
    lab.apply(&[]).await;
    assert!(lab.store.load().unwrap().records.values().filter(|r| r.create_before_destroy).count() == 3);
    let plan = lab.plan(&["t=2"]).await.unwrap();
    assert!(plan.changes.iter().filter(|c| c.create_first).count() == 3);
    assert_eq!(
        order(&plan),
        [
            "Create terraform_data.base",
            "Create terraform_data.mid",
            "Create terraform_data.top",
            "Update terraform_data.user",
            "Delete terraform_data.top (deposed)",
            "Delete terraform_data.mid (deposed)",
            "Delete terraform_data.base (deposed)",
        ]
    );
    let before = lab.store.load().unwrap();
    let report = lab.carry_out(&plan).await;
    assert_eq!((report.created, report.updated, report.deleted, report.failures.len()), (3, 1, 3, 0));
    let after = lab.store.load().unwrap();
    assert_eq!(after.records.len(), 4);
    for (key, record) in &after.records {
        let old = &before.records[key].identity;
        let same = key.address.resource.name.as_ref() == "user";
        assert_eq!(record.identity.id == old.id, same, "{}", key.address);
        assert_eq!(record.identity.name == old.name, same, "two objects stand side by side, so names differ");
    }
    assert!(lab.plan(&["t=2"]).await.unwrap().is_empty());
    // A chain that was built so is taken down without a circle.
    lab.write("main.tf", "");
    assert_eq!(order(&lab.plan(&[]).await.unwrap()).len(), 4);
    assert_eq!(lab.apply(&[]).await.deleted, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_a_trigger_names_replaces() {
    let lab = Lab::new(
        r#"
        variable "n" { default = 1 }
        resource "terraform_data" "seen" {
          count = 2
          input = "${var.n}-${count.index}"
        }
        resource "terraform_data" "whole" {
          lifecycle { replace_triggered_by = [terraform_data.seen] }
        }
        resource "terraform_data" "one" {
          count = 2
          lifecycle { replace_triggered_by = [terraform_data.seen[count.index].output] }
        }
        resource "terraform_data" "id" {
          lifecycle { replace_triggered_by = [terraform_data.seen[0].id] }
        }
        "#,
    );
    let first = lab.plan(&[]).await.unwrap();
    assert!(first.changes.iter().all(|c| c.reason == Some(Reason::New)), "to be made is no trigger");
    lab.carry_out(&first).await;
    let plan = lab.plan(&["n=2"]).await.unwrap();
    assert_eq!(
        actions(&plan),
        [
            "Replace terraform_data.one[0]",
            "Replace terraform_data.one[1]",
            "Update terraform_data.seen[0]",
            "Update terraform_data.seen[1]",
            "Replace terraform_data.whole",
        ]
    );
    let one = plan.changes.iter().find(|c| c.address.to_string() == "terraform_data.one[1]").unwrap();
    assert_eq!(one.reason, Some(Reason::Triggered("terraform_data.seen[1].output".into())));
    lab.carry_out(&plan).await;
    assert!(lab.plan(&["n=2"]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_can_be_asked_for() {
    let lab = Lab::new("resource \"terraform_data\" \"a\" {\n count = 2\n}");
    lab.apply(&[]).await;
    let asked = |address: &str| PlanOptions { replace: vec![address.parse().unwrap()], ..PlanOptions::default() };
    let (plan, found) = lab.plan_with(asked("terraform_data.a[1]")).await;
    assert!(found.is_empty());
    let plan = plan.unwrap();
    assert_eq!(actions(&plan), ["Replace terraform_data.a[1]"]);
    assert_eq!(plan.changes[1].reason, Some(Reason::Requested));
    let (plan, found) = lab.plan_with(asked("terraform_data.a")).await;
    assert!(plan.unwrap().is_empty());
    assert_eq!(found.iter().next().unwrap().id, "replace-without-key");
    let (plan, found) = lab.plan_with(asked("terraform_data.nothing")).await;
    assert!(plan.unwrap().is_empty() && found.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn prevention_may_be_an_expression_and_ignored_changes_are_told() {
    let lab = Lab::new(
        r#"
        variable "guard" { default = true }
        variable "n" { default = 1 }
        variable "t" { default = 1 }
        resource "terraform_data" "a" {
          input            = var.n
          triggers_replace = var.t
          lifecycle {
            prevent_destroy = var.guard
            ignore_changes  = [input]
          }
        }
        "#,
    );
    lab.apply(&[]).await;
    let plan = lab.plan(&["n=2"]).await.unwrap();
    assert!(plan.is_empty());
    assert_eq!(plan.changes[0].ignored.iter().map(ToString::to_string).collect::<Vec<_>>(), ["input"]);
    let found = lab.plan(&["t=2"]).await.err().unwrap();
    assert_eq!(found.iter().next().unwrap().id, "prevent-destroy");
    let plan = lab.plan(&["t=2", "n=2", "guard=false"]).await.unwrap();
    assert_eq!(actions(&plan), ["Replace terraform_data.a"]);
    let after = plan.changes[0].after.as_ref().unwrap().get("input").unwrap();
    assert_eq!(after.as_str(), Some("2"), "what is made anew is made as it is written");
}
