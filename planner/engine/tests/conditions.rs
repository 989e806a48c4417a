//! Preconditions, postconditions, output preconditions and checks, while planning and while applying.

use cplan_engine::{Cause, PlanMode, PlanOptions};
use cplan_model::{CheckStatus, Checks, Severity};
use cplan_store::Store as _;

use crate::lab::{Lab, actions};

#[tokio::test(flavor = "multi_thread")]
async fn a_known_condition_stops_the_plan() {
    let lab = Lab::new(
        r#"
        variable "n" { default = 1 }
        resource "terraform_data" "a" {
          input = var.n
          lifecycle {
            precondition {
              condition     = var.n < 3
              error_message = "n is ${var.n}"
            }
            postcondition {
              condition     = self.input < 2
              error_message = "input is ${self.input}"
            }
          }
        }
        output "o" {
          value = terraform_data.a.id
          precondition {
            condition     = var.n > 0
            error_message = "too small"
          }
        }
        "#,
    );
    let told = async |flag: &str| {
        let found = lab.plan(&[flag]).await.err().unwrap();
        let first = found.iter().next().unwrap().clone();
        (first.id, first.what)
    };
    assert_eq!(told("n=3").await, ("precondition", "n is 3".to_owned()));
    assert_eq!(told("n=2").await, ("postcondition", "input is 2".to_owned()));
    assert_eq!(told("n=0").await, ("output-precondition", "too small".to_owned()));
    let plan = lab.plan(&[]).await.unwrap();
    assert!(plan.checks.values().all(|c| c.status == CheckStatus::Pass) && plan.checks.len() == 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_condition_waits_for_apply() {
    let text = |wanted: &str| {
        format!(
            r#"
            variable "n" {{
              type    = number
              default = 1
            }}
            resource "terraform_data" "a" {{ input = var.n }}
            resource "terraform_data" "still" {{
              lifecycle {{
                precondition {{
                  condition     = terraform_data.a.output == {wanted}
                  error_message = "a is ${{terraform_data.a.output}}"
                }}
              }}
            }}
            resource "terraform_data" "behind" {{
              input = terraform_data.still.id
              triggers_replace = var.n
            }}
            check "c" {{
              assert {{
                condition     = terraform_data.a.output == 7
                error_message = "not seven"
              }}
            }}
            "#
        )
    };
    let lab = Lab::new(&text("var.n"));
    let report = lab.apply(&[]).await;
    assert!(report.failures.is_empty());
    assert_eq!(
        report.diagnostics.iter().map(|d| (d.id, d.severity)).collect::<Vec<_>>(),
        [("assertion", Severity::Warning)]
    );
    lab.write("main.tf", &text("1"));
    let plan = lab.plan(&["n=2"]).await.unwrap();
    assert_eq!(actions(&plan), ["Update terraform_data.a", "Replace terraform_data.behind"]);
    let report = lab.carry_out(&plan).await;
    assert_eq!(report.failures[0].address.to_string(), "terraform_data.still");
    let Cause::Conditions(refused) = &report.failures[0].cause else { panic!("{:?}", report.failures) };
    let refused: Vec<_> = refused.iter().map(|d| (&*d.summary, &*d.what)).collect();
    assert_eq!(refused, [("Resource precondition failed", "a is 2")]);
    assert_eq!(report.updated, 1, "what came before was done");
    assert!(report.skipped.iter().any(|(a, _)| a.to_string() == "terraform_data.behind"));
}

#[tokio::test(flavor = "multi_thread")]
async fn under_refresh_only_a_condition_warns() {
    let lab = Lab::new("resource \"terraform_data\" \"a\" { input = 1 }");
    lab.apply(&[]).await;
    lab.write(
        "main.tf",
        r#"
        variable "n" { default = 2 }
        resource "terraform_data" "a" {
          input = 2
          lifecycle {
            precondition {
              condition     = var.n == 1
              error_message = "no"
            }
          }
        }
        "#,
    );
    let options = PlanOptions { mode: PlanMode::RefreshOnly, ..PlanOptions::default() };
    let (plan, found) = lab.plan_with(options).await;
    assert!(plan.unwrap().is_empty());
    assert_eq!(found.iter().map(|d| (d.id, d.severity)).collect::<Vec<_>>(), [("precondition", Severity::Warning)]);
}

/// `OWNER STATUS MESSAGE…` of every object; of a block without objects, the block's own.
fn told(checks: &Checks) -> Vec<String> {
    let blocks = checks.iter().flat_map(|(block, found)| match found.objects.is_empty() {
        true => vec![format!("{block} {} (none)", found.status.word())],
        false => {
            let object = |o: &cplan_model::CheckResult| {
                let words = [o.owner.to_string(), o.status.word().to_owned()];
                words.into_iter().chain(o.problems.clone()).collect::<Vec<_>>().join(" ")
            };
            found.objects.iter().map(object).collect()
        }
    });
    blocks.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_keeps_what_came_of_conditions() {
    let lab = Lab::new(
        r#"
        variable "n" {
          type    = number
          default = 1
        }
        resource "terraform_data" "a" {
          count = 2
          input = var.n
          lifecycle {
            postcondition {
              condition     = self.output != 7 || count.index == 0
              error_message = "seven"
            }
          }
        }
        resource "terraform_data" "b" {
          input = terraform_data.a[1].id
          triggers_replace = var.n
          lifecycle {
            precondition {
              condition     = var.n > 0
              error_message = "no"
            }
          }
        }
        resource "terraform_data" "none" {
          count = 0
          lifecycle {
            precondition {
              condition     = var.n > 0
              error_message = "no"
            }
          }
        }
        check "c" {
          assert {
            condition     = [for a in terraform_data.a : a.output][0] < 3
            error_message = "${var.n} is large"
          }
        }
        "#,
    );
    lab.apply(&[]).await;
    let state = lab.store.load().unwrap();
    let passed = [
        "terraform_data.a[0] pass",
        "terraform_data.a[1] pass",
        "terraform_data.b pass",
        "terraform_data.none pass (none)",
        "check.c pass",
    ];
    assert_eq!(told(&state.checks), passed);
    lab.apply(&[]).await;
    assert_eq!(lab.store.load().unwrap().serial, state.serial, "nothing new was found");
    // What is behind a failure is not known any more, though the plan could judge it.
    let report = lab.apply(&["n=7"]).await;
    assert_eq!(report.failures.len(), 1);
    assert_eq!(
        told(&lab.store.load().unwrap().checks),
        [
            "terraform_data.a[0] pass",
            "terraform_data.a[1] fail seven",
            "terraform_data.b unknown",
            "terraform_data.none pass (none)",
            "check.c unknown",
        ]
    );
    lab.apply(&["n=4"]).await;
    assert_eq!(told(&lab.store.load().unwrap().checks).last().unwrap(), "check.c fail 4 is large");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_on_a_false_condition_is_not_done() {
    let lab = Lab::new(
        r#"
        variable "n" { default = 1 }
        resource "terraform_data" "a" { input = var.n }
        module "m" {
          source = "./m"
          n      = terraform_data.a.output
        }
        resource "terraform_data" "behind" { input = module.m.n }
        resource "terraform_data" "beside" { input = terraform_data.a.id }
        "#,
    );
    lab.write(
        "m/main.tf",
        r#"
        variable "n" {}
        output "n" {
          value = var.n
          precondition {
            condition     = var.n > 5
            error_message = "small"
          }
        }
        "#,
    );
    let report = lab.apply(&[]).await;
    assert_eq!((report.created, report.failures.len()), (2, 0));
    let said: Vec<_> = report.diagnostics.iter().map(|d| (d.id, d.severity, d.what.as_str())).collect();
    assert_eq!(said, [("output-precondition", Severity::Error, "small")], "once");
    assert_eq!(report.skipped.iter().map(|(a, _)| a.to_string()).collect::<Vec<_>>(), ["terraform_data.behind"]);
}
