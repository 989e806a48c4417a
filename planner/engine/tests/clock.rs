//! Functions that answer differently each time: a plan dates itself, the rest waits for apply, and what a local value
//! holds is one for all that read it.

use std::time::UNIX_EPOCH;

use cplan_model::Value;

use crate::lab::Lab;

const TEXT: &str = r#"
locals {
  id = uuid()
}
resource "terraform_data" "a" {
  input = { id = local.id, planned = plantimestamp(), at = timestamp() }
}
resource "terraform_data" "b" {
  input = [local.id, terraform_data.a.id]
}
output "same" {
  value = terraform_data.a.output.id == terraform_data.b.output[0]
}
output "id" {
  value = local.id
}
output "planned" {
  value = plantimestamp()
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn times_and_ids_are_known_when_they_are_due() {
    let lab = Lab::new(TEXT);
    let made = lab.plan(&[]).await.unwrap();
    assert_eq!(made.timestamp(), Some(UNIX_EPOCH));
    let a = made.changes.iter().find(|c| c.address.to_string() == "terraform_data.a").unwrap();
    let input = a.after.as_ref().unwrap().get("input").unwrap().clone();
    assert_eq!(input.get("planned").and_then(Value::as_str), Some("1970-01-01T00:00:00Z"));
    assert!(!input.get("id").unwrap().is_known() && !input.get("at").unwrap().is_known());
    let report = lab.carry_out(&made).await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let outputs = lab.outputs();
    assert_eq!((outputs["same"].as_str(), outputs["planned"].as_str()), ("true", "\"1970-01-01T00:00:00Z\""));
    assert_eq!(outputs["id"].len(), 38);
}
