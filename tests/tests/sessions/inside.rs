//! What lives in a container shares its fate.

use cplan_tests::session::Session;

const TOPOLOGY: &str = r#"
variable "memory" {
  type    = string
  default = "1GiB"
}

variable "box" {
  type    = string
  default = "box"
}

resource "fake_box" "box" {
  name   = var.box
  memory = var.memory
}

resource "fake_content" "kept" {
  name = "kept"
  box  = fake_box.box.access
}

resource "fake_content" "fleeting" {
  name     = "fleeting"
  box      = fake_box.box.access
  volatile = true
}
"#;

fn applied() -> (Session, usize) {
    let session = Session::new(TOPOLOGY);
    session.apply(&[]).expect(0);
    let length = session.log().len();
    (session, length)
}

#[test]
fn a_planned_restart_brings_back_what_it_takes_in_the_same_apply() {
    let (session, length) = applied();
    let plan = session.cplan(&["plan", "-var", "memory=2GiB"]).expect(0).text();
    assert!(plan.contains("restarts the machine"), "{plan}");
    session.apply(&["-var", "memory=2GiB"]).expect(0);
    let done = session.done_since(length);
    assert_eq!(done[0], "update fake_box/box");
    assert!(done[1..].iter().all(|op| op.ends_with("fake_content/fleeting")) && done.len() > 1, "{done:?}");
    assert_eq!(session.objects().len(), 3);
    session.cplan(&["plan", "-detailed-exitcode", "-var", "memory=2GiB"]).expect(0);
}

#[test]
fn a_replaced_box_gets_its_contents_again() {
    let (session, length) = applied();
    let old: Vec<String> = session.objects().into_values().map(|o| o.id).collect();
    session.apply(&["-var", "box=crate"]).expect(0);
    let objects = session.objects();
    assert_eq!(objects.len(), 3);
    assert!(objects.values().all(|o| !old.contains(&o.id)), "something old is left");
    let done = session.done_since(length);
    assert!(
        !done.iter().any(|op| op.starts_with("delete fake_content")),
        "what goes with its box needs no delete: {done:?}"
    );
    session.cplan(&["plan", "-detailed-exitcode", "-var", "box=crate"]).expect(0);
}

#[test]
fn an_unplanned_stop_is_drift_and_healed_with_what_it_took() {
    let (session, _) = applied();
    session.world.stop(&session.object("fake_box", "box").id).unwrap();
    let drift = session.cplan(&["drift"]).expect(2).text();
    assert!(drift.contains("running") && drift.contains("true -> false"), "{drift}");
    session.apply(&[]).expect(0);
    assert_eq!(session.objects().len(), 3);
    session.cplan(&["drift"]).expect(0);
}

#[test]
fn a_dead_box_does_not_block_a_destroy() {
    let (session, length) = applied();
    session.world.stop(&session.object("fake_box", "box").id).unwrap();
    session.destroy().expect(0);
    assert!(session.objects().is_empty() && session.state().is_empty());
    assert_eq!(session.done_since(length), ["delete fake_box/box"]);
}
