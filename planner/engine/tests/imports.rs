//! `import` blocks.

use cplan_store::Store;

use crate::lab::{Lab, actions};

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_taken_in_once() {
    let lab = Lab::new(
        r#"
        locals { ids = { a = "one", b = "two" } }
        import {
          for_each = local.ids
          to       = terraform_data.x[each.key]
          id       = each.value
        }
        resource "terraform_data" "x" {
          for_each = local.ids
          input    = each.key == "a" ? null : 1
        }
        output "ids" { value = [for x in terraform_data.x : x.id] }
        "#,
    );
    let plan = lab.plan(&[]).await.unwrap();
    assert_eq!(actions(&plan), ["Update terraform_data.x[\"b\"]"]);
    assert_eq!((plan.summary().import, plan.summary().create, plan.summary().update), (2, 0, 1));
    let report = lab.carry_out(&plan).await;
    assert_eq!((report.imported, report.updated), (2, 1));
    assert_eq!(lab.outputs()["ids"], r#"["one", "two"]"#);
    assert_eq!(lab.store.load().unwrap().records.len(), 2);
    assert!(lab.plan(&[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_that_cannot_be_are_refused() {
    let refused = async |import: &str| {
        let lab = Lab::new(&format!(
            "resource \"terraform_data\" \"a\" {{}}\nresource \"terraform_data\" \"b\" {{}}\nresource \"terraform_data\" \"c\" {{\nfor_each = toset([\"k\"])\n}}\nimport {{\n{import}\n}}\n"
        ));
        lab.plan(&[]).await.err().map(|found| found.iter().next().unwrap().id)
    };
    assert_eq!(refused("to = terraform_data.a\nid = \"\"").await, Some("import-id"));
    assert_eq!(refused("to = terraform_data.a\nid = null").await, Some("import-id"));
    assert_eq!(refused("to = terraform_data.a\nid = terraform_data.b.id").await, Some("import-unknown"));
    assert_eq!(refused("to = terraform_data.c[\"z\"]\nid = \"x\"").await, Some("import-without-resource"));
    assert_eq!(
        refused("for_each = toset([\"x\", \"y\"])\nto = terraform_data.a\nid = each.key").await,
        Some("import-twice")
    );
    assert_eq!(refused("to = terraform_data.a\nid = sensitive(\"x\")").await, None);
}
