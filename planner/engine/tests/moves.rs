//! `moved` and `removed` blocks.

use cplan_model::{Action, Reason};
use cplan_store::Store;

use crate::lab::{Lab, actions};

fn addresses(lab: &Lab) -> Vec<String> {
    lab.store.load().unwrap().records.keys().map(|k| k.address.to_string()).collect()
}

fn ids(lab: &Lab) -> Vec<String> {
    lab.store.load().unwrap().records.values().map(|r| r.identity.id.clone()).collect()
}

const MODULE: &str = r#"
    variable "n" { default = 1 }
    resource "terraform_data" "in" {
      count = var.n
      input = count.index
    }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn chains_modules_and_counts_move_without_a_change() {
    let lab = Lab::new(
        r#"
        module "a" {
          source = "./m"
          n      = 2
        }
        resource "terraform_data" "x" {}
        resource "terraform_data" "user" { input = module.a }
        "#,
    );
    lab.write("m/main.tf", MODULE);
    lab.apply(&[]).await;
    let before = ids(&lab);
    lab.write(
        "main.tf",
        r#"
        module "c" {
          source = "./m"
          n      = 2
        }
        moved {
          from = module.b
          to   = module.c
        }
        moved {
          from = module.a
          to   = module.b
        }
        resource "terraform_data" "x" { count = 1 }
        resource "terraform_data" "user" { input = module.c }
        "#,
    );
    let plan = lab.plan(&[]).await.unwrap();
    assert!(!plan.is_empty(), "a move is worth an apply");
    assert!(actions(&plan).is_empty(), "{:?}", actions(&plan));
    let from: Vec<_> = plan.changes.iter().filter_map(|c| c.moved_from.as_ref()).map(ToString::to_string).collect();
    assert_eq!(from, ["terraform_data.x", "module.a.terraform_data.in[0]", "module.a.terraform_data.in[1]"]);
    lab.carry_out(&plan).await;
    assert_eq!(
        addresses(&lab),
        [
            "terraform_data.user",
            "terraform_data.x[0]",
            "module.c.terraform_data.in[0]",
            "module.c.terraform_data.in[1]"
        ]
    );
    let mut after = ids(&lab);
    let mut expected = before;
    expected.sort();
    after.sort();
    assert_eq!(after, expected, "the objects are the same");
    let user =
        &lab.store.load().unwrap().records[&"terraform_data.user".parse::<cplan_model::InstanceAddr>().unwrap().into()];
    assert!(user.dependencies.iter().all(|d| !d.to_string().contains("module.a")), "{:?}", user.dependencies);
    assert!(lab.plan(&[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_gone_says_why() {
    let lab = Lab::new(
        r#"
        resource "terraform_data" "counted" { count = 2 }
        resource "terraform_data" "keyed" { for_each = toset(["a", "b"]) }
        resource "terraform_data" "other" { for_each = toset(["a"]) }
        resource "terraform_data" "moved" {}
        resource "terraform_data" "kept" {}
        resource "terraform_data" "gone" {}
        module "m" {
          source   = "./m"
          for_each = toset(["x", "y"])
        }
        "#,
    );
    lab.write("m/main.tf", MODULE);
    lab.apply(&[]).await;
    lab.write(
        "main.tf",
        r#"
        resource "terraform_data" "counted" { count = 1 }
        resource "terraform_data" "keyed" { for_each = toset(["a"]) }
        resource "terraform_data" "other" {}
        moved {
          from = terraform_data.moved
          to   = terraform_data.nowhere
        }
        removed {
          from = terraform_data.kept
          lifecycle { destroy = false }
        }
        module "m" {
          source   = "./m"
          for_each = toset(["x"])
        }
        "#,
    );
    let plan = lab.plan(&[]).await.unwrap();
    let why = |address: &str| {
        let change = plan.changes.iter().find(|c| c.address.to_string() == address).unwrap();
        (change.action, change.reason.clone().unwrap())
    };
    assert_eq!(why("terraform_data.counted[1]"), (Action::Delete, Reason::CountIndex));
    assert_eq!(why("terraform_data.keyed[\"b\"]"), (Action::Delete, Reason::EachKey));
    assert_eq!(why("terraform_data.other[\"a\"]"), (Action::Delete, Reason::WrongRepetition));
    assert_eq!(why("terraform_data.nowhere"), (Action::Delete, Reason::NoMoveTarget));
    assert_eq!(why("terraform_data.gone"), (Action::Delete, Reason::Removed));
    assert_eq!(why("terraform_data.kept"), (Action::Forget, Reason::Removed));
    assert_eq!(why("module.m[\"y\"].terraform_data.in[0]"), (Action::Delete, Reason::NoModule));
    let report = lab.carry_out(&plan).await;
    assert_eq!((report.deleted, report.forgotten, report.created), (6, 1, 1));
    assert!(lab.plan(&[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_that_cannot_be_are_refused() {
    let refused = async |text: &str| {
        let lab = Lab::new("resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {}");
        lab.apply(&[]).await;
        lab.write("main.tf", text);
        lab.plan(&[]).await.err().map(|found| found.iter().next().unwrap().id)
    };
    let moved =
        |from: &str, to: &str| format!("moved {{\n from = terraform_data.{from}\n to = terraform_data.{to}\n}}\n");
    let block = |name: &str| format!("resource \"terraform_data\" \"{name}\" {{}}\n");
    assert_eq!(refused(&(moved("a", "c") + &block("a") + &block("c"))).await, Some("moved-still-declared"));
    assert_eq!(refused(&(moved("a", "c") + &moved("a", "d"))).await, Some("moved-ambiguous"));
    assert_eq!(refused(&(moved("a", "c") + &moved("b", "c"))).await, Some("moved-ambiguous"));
    assert_eq!(refused(&(moved("a", "b") + &moved("b", "a"))).await, Some("moved-circle"));
    assert_eq!(refused(&(moved("a", "c") + &moved("c", "d") + &block("d"))).await, None);
}
