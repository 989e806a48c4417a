//! The whole way of a plan on `terraform_data`, which needs no world.

use cplan_model::Diagnostics;
use cplan_store::Store;

use crate::lab::{Lab, actions, said};

#[tokio::test(flavor = "multi_thread")]
async fn applies_what_it_planned_and_then_has_nothing_to_do() {
    let lab = Lab::new(
        r#"
        variable "n" { default = 2 }
        locals { names = { for i in range(var.n) : "k${i}" => i } }
        resource "terraform_data" "base" { input = "b" }
        resource "terraform_data" "many" {
          for_each = local.names
          input    = "${terraform_data.base.output}-${each.key}-${each.value}"
        }
        resource "terraform_data" "counted" {
          count = 2
          input = terraform_data.many["k${count.index}"].id
        }
        output "all" { value = [for k, v in terraform_data.many : v.output] }
        output "same" { value = terraform_data.counted[1].output == terraform_data.many["k1"].id }
        "#,
    );
    let plan = lab.plan(&[]).await.unwrap();
    assert_eq!(
        actions(&plan),
        [
            "Create terraform_data.base",
            "Create terraform_data.counted[0]",
            "Create terraform_data.counted[1]",
            "Create terraform_data.many[\"k0\"]",
            "Create terraform_data.many[\"k1\"]",
        ]
    );
    let report = lab.carry_out(&plan).await;
    assert_eq!((report.created, report.failures.len(), report.skipped.len()), (5, 0, 0));
    assert_eq!(lab.outputs()["all"], r#"["b-k0-0", "b-k1-1"]"#);
    assert_eq!(lab.outputs()["same"], "true");

    let again = lab.plan(&[]).await.unwrap();
    assert!(again.is_empty(), "{:?}", actions(&again));

    let fewer = lab.plan(&["n=3"]).await.unwrap();
    assert_eq!(actions(&fewer), ["Create terraform_data.many[\"k2\"]"]);

    let report = lab.destroy().await;
    assert_eq!(report.deleted, 5);
    let state = lab.store.load().unwrap();
    assert!(state.records.is_empty() && state.outputs.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_repeat_and_pass_unknowns_through() {
    let lab = Lab::new(
        r#"
        module "m" {
          source   = "./m"
          for_each = toset(["x", "y"])
          name     = each.key
          from     = terraform_data.seed.id
        }
        resource "terraform_data" "seed" { input = 1 }
        resource "terraform_data" "after" { input = module.m["y"].made }
        output "x" { value = module.m["x"].label }
        "#,
    );
    lab.write(
        "m/main.tf",
        r#"
        variable "name" { type = string }
        variable "from" { type = string }
        locals { label = "${var.name}:${var.from}" }
        resource "terraform_data" "in" { input = local.label }
        output "made" { value = terraform_data.in.output }
        output "label" { value = local.label }
        "#,
    );
    let report = lab.apply(&[]).await;
    assert_eq!((report.created, report.failures.len()), (4, 0), "{:?}", report.failures);
    let state = lab.store.load().unwrap();
    let id = |text: &str| {
        let record = state.records.iter().find(|(k, _)| k.address.to_string() == text).unwrap().1;
        record.values.clone()
    };
    let seed = id("terraform_data.seed").get("id").unwrap().as_str().unwrap().to_owned();
    assert_eq!(id("terraform_data.after").get("output").unwrap().as_str(), Some(&*format!("y:{seed}")));
    assert_eq!(lab.outputs()["x"], format!("{:?}", format!("x:{seed}")));
    assert!(lab.plan(&[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_replaces_and_what_hangs_on_it_follows() {
    let text = |trigger: &str| {
        format!(
            r#"
            resource "terraform_data" "a" {{ triggers_replace = "{trigger}" }}
            resource "terraform_data" "b" {{ input = terraform_data.a.id }}
            "#
        )
    };
    let lab = Lab::new(&text("1"));
    lab.apply(&[]).await;
    lab.write("main.tf", &text("2"));
    let plan = lab.plan(&[]).await.unwrap();
    assert_eq!(actions(&plan), ["Replace terraform_data.a", "Update terraform_data.b"]);
    let report = lab.carry_out(&plan).await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert!(lab.plan(&[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_plan_is_refused() {
    let lab = Lab::new(r#"resource "terraform_data" "a" { input = 1 }"#);
    let plan = lab.plan(&[]).await.unwrap();
    lab.apply(&[]).await;
    let context = cplan_sdk::Context::new("/tmp", std::sync::Arc::new(cplan_sdk::Silent), Default::default());
    let registry = cplan_engine::Registry::default();
    let error =
        cplan_engine::apply(&context, &plan, &lab.store, &registry, 1, "r", std::sync::Arc::new(cplan_engine::Deaf))
            .await
            .unwrap_err();
    assert!(error.to_string().contains("stale"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cycles_show_every_edge() {
    let lab = Lab::new(
        r#"
        locals {
          a = local.b
          b = terraform_data.c.output
        }
        resource "terraform_data" "c" { input = local.a }
        "#,
    );
    let found = lab.plan(&[]).await.err().unwrap();
    let cycle = found.iter().find(|d| d.id == "cycle").unwrap();
    assert_eq!(cycle.labels.len() + 1, 3, "{:?}", said(&found, None));
    for name in ["`local.a`", "`local.b`", "`terraform_data.c`"] {
        assert!(cycle.what.contains(name), "{}", cycle.what);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prevent_destroy_and_ignore_changes_hold() {
    let text = |input: &str, guard: &str| {
        format!(
            r#"
            resource "terraform_data" "kept" {{
              input = "{input}"
              lifecycle {{
                ignore_changes = [input]
                {guard}
              }}
            }}
            "#
        )
    };
    let lab = Lab::new(&text("1", "prevent_destroy = true"));
    lab.apply(&[]).await;
    lab.write("main.tf", &text("2", "prevent_destroy = true"));
    assert!(lab.plan(&[]).await.unwrap().is_empty());
    lab.write("main.tf", &text("2", "prevent_destroy = true").replace("input = \"2\"", "triggers_replace = 1"));
    let found = lab.plan(&[]).await.err().unwrap();
    assert_eq!(said(&found, None)[0].0, "prevent-destroy");
}

#[tokio::test(flavor = "multi_thread")]
async fn sensitive_values_stay_marked_and_outputs_must_say_so() {
    let lab = Lab::new(
        r#"
        variable "pw" {
          type      = string
          sensitive = true
        }
        resource "terraform_data" "a" { input = var.pw }
        output "leak" { value = terraform_data.a.input }
        "#,
    );
    let found = lab.plan(&["pw=hunter2"]).await.err().unwrap();
    assert_eq!(said(&found, None)[0].0, "output-sensitive", "{found:?}");
    lab.write(
        "main.tf",
        r#"
        variable "pw" {
          type      = string
          sensitive = true
        }
        resource "terraform_data" "a" { input = var.pw }
        output "leak" {
          value     = terraform_data.a.input
          sensitive = true
        }
        "#,
    );
    let plan = lab.plan(&["pw=hunter2"]).await.unwrap();
    assert!(!format!("{:?}", plan.changes).contains("hunter2"));
    lab.carry_out(&plan).await;
    let state = lab.store.load().unwrap();
    let record = state.records.values().next().unwrap();
    assert!(record.values.get("input").unwrap().marks().is_sensitive());
    // As in Terraform, the output of this type forgets it.
    assert!(!record.values.get("output").unwrap().marks().is_sensitive());
    assert!(state.outputs["leak"].sensitive);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknowns_say_what_is_known_of_them() {
    let lab = Lab::new(
        r#"
        resource "terraform_data" "t" { input = "i" }
        resource "terraform_data" "one" { count = terraform_data.t.id != null ? 1 : 0 }
        "#,
    );
    assert_eq!(actions(&lab.plan(&[]).await.unwrap()), ["Create terraform_data.one[0]", "Create terraform_data.t"]);
    lab.write("more.tf", "output \"o\" { value = terraform_data.t.output[\"x\"] }");
    let found = lab.plan(&[]).await.err().unwrap();
    assert_eq!(said(&found, None)[0].0, "invalid-index");
}

#[tokio::test(flavor = "multi_thread")]
async fn validations_wait_for_what_they_name() {
    let lab = Lab::new(
        r#"
        variable "a" {
          default = 5
          validation {
            condition     = var.a < var.b && local.z == 1
            error_message = "a ${var.a} must be less than ${local.top}."
          }
        }
        variable "b" { default = 3 }
        locals {
          z   = 1
          top = var.b
        }
        module "m" {
          source = "./m"
          n      = var.a
        }
        "#,
    );
    lab.write(
        "m/main.tf",
        r#"
        variable "n" {
          validation {
            condition     = var.n == local.five
            error_message = "n must be ${local.five}."
          }
        }
        locals { five = 5 }
        "#,
    );
    let said_of = |found: Diagnostics| said(&found, None).into_iter().map(|(_, what)| what).collect::<Vec<_>>();
    assert_eq!(said_of(lab.plan(&[]).await.err().unwrap()), ["a 5 must be less than 3."]);
    assert_eq!(said_of(lab.plan(&["a=1"]).await.err().unwrap()), ["n must be 5."]);
    assert!(lab.plan(&["b=6"]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_make_nothing_are_checked_too() {
    let lab = Lab::new(
        r#"
        variable "none" { default = [] }
        resource "terraform_data" "off" {
          count = length(var.none)
          input = var.none[0].name
        }
        "#,
    );
    assert!(lab.plan(&[]).await.is_ok());
    lab.write("more.tf", "resource \"terraform_data\" \"wrong\" {\n  count = 0\n  inptu = 1\n}\n");
    assert_eq!(said(&lab.plan(&[]).await.err().unwrap(), None)[0].0, "unsupported-argument");
    lab.write("more.tf", "resource \"terraform_data\" \"x\" {\n  lifecycle {\n    ignore_changes = [inptu]\n  }\n}\n");
    let found = lab.plan(&[]).await.err().unwrap();
    assert_eq!(said(&found, None)[0].0, "unsupported-attribute");
    assert_eq!(found.iter().next().unwrap().remedy, "Did you mean `input`?");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_circle_is_told() {
    let lab = Lab::new(
        r#"
        locals {
          a = local.b
          b = local.a
          c = local.b
          d = local.d
        }
        resource "terraform_data" "x" { input = terraform_data.y.id }
        resource "terraform_data" "y" { input = [terraform_data.x.id, local.c] }
        "#,
    );
    let found = lab.plan(&[]).await.err().unwrap();
    let circles: Vec<_> =
        said(&found, None).into_iter().filter(|(id, _)| id == "cycle").map(|(_, what)| what).collect();
    assert_eq!(
        circles,
        [
            "These need each other in a circle: `local.a` -> `local.b` -> `local.a`.",
            "These need each other in a circle: `local.d` -> `local.d`.",
            "These need each other in a circle: `terraform_data.x` -> `terraform_data.y` -> `terraform_data.x`.",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_may_hang_on_a_secret() {
    let lab = Lab::new(
        r#"
        variable "secret" {
          default   = "s"
          sensitive = true
        }
        resource "terraform_data" "x" { count = var.secret == "s" ? 1 : 0 }
        "#,
    );
    assert_eq!(actions(&lab.plan(&[]).await.unwrap()), ["Create terraform_data.x[0]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_what_lives_in_the_state_alone_is_one_durable_step() {
    let link = |i: usize| match i {
        0 => "resource \"terraform_data\" \"x0\" { input = 0 }\n".to_owned(),
        i => format!("resource \"terraform_data\" \"x{i}\" {{ input = terraform_data.x{}.output }}\n", i - 1),
    };
    let text: String = (0..200).map(link).collect();
    let lab = Lab::new(&text);
    let before = lab.store.load().unwrap().serial;
    assert_eq!(lab.apply(&[]).await.created, 200);
    let state = lab.store.load().unwrap();
    assert_eq!((state.records.len(), state.serial - before), (200, 1), "every commit raises the serial");
    assert_eq!(lab.destroy().await.deleted, 200);
    assert_eq!(lab.store.load().unwrap().serial - before, 2);
}

/// What grows with every local value is refused at the value that is too much, before the memory is full of it.
#[tokio::test(flavor = "multi_thread")]
async fn values_beyond_all_memory_are_errors() {
    let chain = |length: usize, first: &str, next: &dyn Fn(usize) -> String| {
        let following: String = (1..length).map(|i| format!("a{i} = {}\n", next(i - 1))).collect();
        format!("locals {{\na0 = {first}\n{following}}}\noutput \"o\" {{ value = local.a{} }}\n", length - 1)
    };
    let too_much = [
        chain(40, "[\"x\"]", &|i| format!("[local.a{i}, local.a{i}]")),
        chain(40, "{}", &|i| format!("{{ l = local.a{i}, r = local.a{i} }}")),
        chain(40, "\"x\"", &|i| format!("\"${{local.a{i}}}${{local.a{i}}}\"")),
        chain(1_200, "[]", &|i| format!("[local.a{i}]")),
        "resource \"terraform_data\" \"a\" { count = 99999999999 }".to_owned(),
    ];
    for (at, text) in too_much.iter().enumerate() {
        let found = Lab::new(text).plan(&[]).await.err().unwrap();
        let ids: Vec<&str> = found.iter().map(|d| d.id).collect();
        assert_eq!(ids, [if at == 4 { "invalid-count" } else { "too-large" }], "{at}");
    }
}
