//! A plan that is saved, read where nothing else of it is left, and applied.

use std::path::Path;

use cplan_engine::{Plan, PlanFile, PlanFileError, PlanKey};
use cplan_store::Store;

use crate::lab::{Lab, actions};

const KEY: PlanKey = PlanKey([3; 32]);

const MANY: &str = r#"
variable "secret" {
  default   = "hunter2"
  sensitive = true
}
locals { names = { for i in range(3) : "k${i}" => { n = i } } }
resource "terraform_data" "base" { input = [1.5, null, "x"] }
resource "terraform_data" "safe" { input = [1.5, var.secret] }
resource "terraform_data" "many" {
  for_each = local.names
  input    = "${terraform_data.base.output[2]}-${each.key}-${each.value.n}"
}
module "m" {
  source   = "./m"
  for_each = toset(["a", "b"])
  up       = terraform_data.many["k1"].output
}
resource "terraform_data" "counted" {
  count            = 2
  input            = count.index
  triggers_replace = [for m in module.m : m.down]
}
output "all" { value = [for k, v in terraform_data.many : v.output] }
output "down" { value = module.m["b"].down }
"#;

const INNER: &str = r#"
variable "up" {}
locals { both = "${var.up}/${terraform_data.i.id != ""}" }
resource "terraform_data" "i" { input = var.up }
output "down" { value = local.both }
"#;

fn lab() -> Lab {
    let lab = Lab::new(MANY);
    lab.write("m/main.tf", INNER);
    lab
}

/// What comes back from a file, and that writing it again gives the same bytes.
fn reread(lab: &Lab, plan: &Plan) -> Plan {
    let file = lab.file(plan.clone());
    let bytes = file.seal(&KEY).unwrap();
    assert!(!bytes.windows(7).any(|w| w == b"hunter2"));
    let back = PlanFile::open(&bytes, &KEY, Path::new("/nowhere")).unwrap();
    assert_eq!(back.document().unwrap(), file.document().unwrap());
    assert_eq!(back.seal(&KEY).unwrap(), bytes);
    assert_eq!(
        (back.plan.variables(), &back.state, &back.version),
        (file.plan.variables(), &file.state, &file.version)
    );
    assert_eq!(PlanFile::label(&bytes).unwrap().lineage, plan.lineage);
    back.plan
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_applied_without_its_folder() {
    let lab = lab();
    let plan = lab.plan(&[]).await.unwrap();
    let back = reread(&lab, &plan);
    assert_eq!(actions(&back), actions(&plan));
    lab.write("main.tf", "this is no configuration");
    let report = lab.carry_out(&back).await;
    assert_eq!((report.created, report.failures.len()), (9, 0), "{report:?}");
    assert_eq!(lab.outputs()["all"], r#"["x-k0-0", "x-k1-1", "x-k2-2"]"#);
    assert_eq!(lab.outputs()["down"], r#""x-k1-1/true""#);
    lab.write("main.tf", MANY);
    assert!(lab.plan(&[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_deletes_and_replacements_are_saved_too() {
    let lab = lab();
    lab.apply(&[]).await;
    lab.write("main.tf", &MANY.replace("range(3)", "range(2)").replace("\"x\"", "\"y\""));
    let plan = lab.plan(&[]).await.unwrap();
    let back = reread(&lab, &plan);
    let report = lab.carry_out(&back).await;
    assert_eq!((report.created, report.updated, report.deleted, report.failures.len()), (2, 5, 3, 0), "{report:?}");
    assert!(lab.plan(&[]).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_such_a_plan_are_refused() {
    let lab = lab();
    let plan = lab.plan(&[]).await.unwrap();
    let file = lab.file(plan);
    let bytes = file.seal(&KEY).unwrap();
    let here = Path::new(".");
    assert!(matches!(PlanFile::open(&bytes, &PlanKey([4; 32]), here), Err(PlanFileError::Sealed)));
    assert!(matches!(PlanFile::open(b"PK\x03\x04", &KEY, here), Err(PlanFileError::Foreign)));
    let document = String::from_utf8(file.document().unwrap()).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(document.contains(from), "{from}");
        PlanFile::from_document(document.replacen(from, to, 1).as_bytes(), here).err().map(|e| e.to_string())
    };
    for (from, to, what) in [
        ("\"format\":1", "\"format\":2", "its format is 2"),
        ("[\"main.tf\"", "[\"x/main.tf\"", "configuration"),
        ("\"steps\":[{\"id\":0", "\"steps\":[{\"id\":7", "steps"),
        ("\"instance\":\"module.m", "\"instance\":\"module.n", "no module"),
        ("\"partial\":false", "\"partial\":false,\"more\":1", "unknown field"),
        ("\"address\":\"terraform_data", "\"address\":\"terraform data", "not an address"),
    ] {
        let said = changed(from, to).unwrap_or_else(|| panic!("{from} -> {to} is taken"));
        assert!(said.contains(what), "{said}");
    }
    for cut in (0..document.len()).step_by(97) {
        if document.is_char_boundary(cut) {
            assert!(PlanFile::from_document(&document.as_bytes()[..cut], here).is_err(), "cut at {cut}");
        }
    }
    assert_eq!(lab.store.load().unwrap().serial, 0);
}
