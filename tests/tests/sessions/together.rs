//! What is ready in one container goes with one call, where its type takes it so.

use cplan_tests::session::Session;

const TOPOLOGY: &str = r#"
resource "fake_box" "box" {
  count  = 2
  name   = "box${count.index}"
  memory = "1GiB"
}

resource "fake_parcel" "many" {
  count = 24
  name  = "many${count.index}"
  box   = fake_box.box[count.index % 2].access
}

module "more" {
  source = "./more"
  box    = fake_box.box[0].access
}

resource "fake_parcel" "later" {
  name = "later"
  box  = fake_parcel.many[0].box
}
"#;

const MORE: &str = r#"
variable "box" {}

resource "fake_parcel" "more" {
  name = "more"
  box  = var.box
  fail = 1
}
"#;

/// More parcels than may be worked on at once, from two modules, with inputs that become known in the same apply, and
/// at different times: `more` waits for one box only, `many` for both.
#[test]
fn all_that_is_ready_in_a_box_is_one_call() {
    let session = Session::new(TOPOLOGY);
    session.folder.write("more/main.hcl", MORE);
    let failed = session.apply(&["-parallelism=3"]).expect(1).text();
    assert!(failed.contains("module.more.fake_parcel.more"), "{failed}");
    let mut calls = session.together();
    calls.sort();
    assert_eq!(calls, ["1", "12", "13"], "one per box, and one that comes after another parcel");
    // One that fails fails alone.
    assert_eq!(session.objects().len(), 2 + 24 + 1);

    session.apply(&[]).expect(0);
    assert_eq!(session.together().len(), 4);
    session.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    session.folder.write("main.hcl", &TOPOLOGY.replace("count = 24", "count = 2"));
    session.apply(&[]).expect(0);
    let calls = session.together();
    assert_eq!(calls[4..], ["11", "11"], "deletes come together, too");
    session.destroy().expect(0);
    assert_eq!(session.together().len(), 6, "what goes with its box needs no call");
    assert!(session.objects().is_empty());
}
