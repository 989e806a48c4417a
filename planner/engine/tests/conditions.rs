//! Preconditions, postconditions, output preconditions and checks, while planning and while applying.

use cplan_engine::{CheckStatus, PlanMode, PlanOptions};
use cplan_model::Severity;

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
    assert!(plan.checks.iter().all(|c| c.status == CheckStatus::Pass) && plan.checks.len() == 2);
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
    assert!(report.failures[0].error.message.contains("a is 2"), "{}", report.failures[0].error.message);
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
