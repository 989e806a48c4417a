//! `-target` and `-exclude`.

use cplan_engine::{PlanMode, PlanOptions};

use crate::lab::{Lab, actions};

const TEXT: &str = r#"
    resource "terraform_data" "a" {
      count = 2
      input = "a"
    }
    resource "terraform_data" "b" { input = terraform_data.a[0].id }
    resource "terraform_data" "c" { input = "c" }
    resource "terraform_data" "d" { input = terraform_data.c.id }
    output "a" { value = terraform_data.a[0].id }
    output "c" { value = terraform_data.c.id }
    output "k" { value = "k" }
"#;

fn options(targets: &[&str], excludes: &[&str], mode: PlanMode) -> PlanOptions {
    let read = |list: &[&str]| list.iter().map(|t| t.parse().unwrap()).collect();
    PlanOptions { mode, targets: read(targets), excludes: read(excludes), ..PlanOptions::default() }
}

async fn planned(lab: &Lab, targets: &[&str], excludes: &[&str], mode: PlanMode) -> (Vec<String>, Vec<String>) {
    let (plan, found) = lab.plan_with(options(targets, excludes, mode)).await;
    let plan = plan.unwrap_or_else(|| panic!("{found:?}"));
    assert!(found.iter().any(|d| d.id == "targeting"));
    let outputs = plan.outputs.iter().filter(|o| o.before != o.after).map(|o| o.name.to_string()).collect();
    (actions(&plan), outputs)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_brings_what_it_needs_and_nothing_else() {
    let lab = Lab::new(TEXT);
    let (changes, outputs) = planned(&lab, &["terraform_data.b"], &[], PlanMode::Normal).await;
    assert_eq!(
        changes,
        ["Create terraform_data.a[0]", "Create terraform_data.a[1]", "Create terraform_data.b"],
        "all instances of what is needed"
    );
    assert_eq!(outputs, ["a"]);
    let (changes, outputs) = planned(&lab, &["terraform_data.a[1]"], &[], PlanMode::Normal).await;
    assert_eq!(changes, ["Create terraform_data.a[1]"]);
    assert_eq!(outputs, ["a"]);
    let (changes, outputs) = planned(&lab, &["terraform_data.c"], &[], PlanMode::Normal).await;
    assert_eq!((changes, outputs), (vec!["Create terraform_data.c".to_owned()], vec!["c".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusion_takes_what_needs_it_along() {
    let lab = Lab::new(TEXT);
    let (changes, outputs) = planned(&lab, &[], &["terraform_data.c"], PlanMode::Normal).await;
    assert_eq!(changes, ["Create terraform_data.a[0]", "Create terraform_data.a[1]", "Create terraform_data.b"]);
    assert_eq!(outputs, ["a", "k"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_stays_as_it_is() {
    let lab = Lab::new(TEXT);
    lab.apply(&[]).await;
    lab.write("main.tf", "resource \"terraform_data\" \"c\" { input = \"new\" }\nresource \"terraform_data\" \"e\" { input = terraform_data.c.output }");
    let (changes, _) = planned(&lab, &["terraform_data.d"], &[], PlanMode::Normal).await;
    assert_eq!(changes, ["Delete terraform_data.d"]);
    let (changes, _) = planned(&lab, &["terraform_data.c"], &[], PlanMode::Destroy).await;
    assert_eq!(changes, ["Delete terraform_data.c", "Delete terraform_data.d"], "and what depends on it");
}
