//! cplan is killed at every boundary of its journal, and run again. The world knows whether that left an orphan, made
//! something twice, or called a half-done step done.

use std::collections::BTreeMap;

use cplan_sdk::fake::{Event, Object};
use cplan_tests::folder::Finished;
use cplan_tests::session::Session;

const TOPOLOGY: &str = r#"
variable "value" {
  type    = string
  default = "old"
}

variable "memory" {
  type    = string
  default = "1GiB"
}

variable "extra" {
  type    = bool
  default = true
}

variable "generation" {
  type    = string
  default = "one"
}

resource "fake_thing" "base" {
  name  = "base"
  value = var.value
}

resource "fake_thing" "extra" {
  count = var.extra ? 1 : 0
  name  = "extra"
}

resource "fake_slow" "named" {
  name   = "named-${var.generation}"
  value  = fake_thing.base.token
  before = "5ms"
  after  = "5ms"
}

resource "fake_box" "box" {
  name   = "box"
  memory = var.memory
}

resource "fake_content" "kept" {
  name = "kept"
  box  = fake_box.box.access
  text = fake_thing.base.token
}

resource "fake_content" "fleeting" {
  name     = "fleeting"
  box      = fake_box.box.access
  text     = var.value
  volatile = true
}

output "token" {
  value = fake_thing.base.token
}
"#;

/// A value, a restart, a removal and a replacement at once.
const CHANGED: [&str; 8] =
    ["-var", "value=new", "-var", "memory=2GiB", "-var", "extra=false", "-var", "generation=two"];

/// More boundaries than any of these runs has; a run that never ends is a failure of its own.
const MANY: u64 = 200;

/// Runs cplan killed at its n-th boundary for n = 1, 2, … on a fresh session each, until it survives; `judge` sees each
/// session after the kill. Returns how many boundaries there were.
fn at_every_boundary(fresh: impl Fn() -> Session, run: &[&str], judge: impl Fn(u64, &Session)) -> u64 {
    for n in 1..=MANY {
        let session = fresh();
        let mut command = session.folder.command(run);
        command.env("CPLAN_ABORT_AT", n.to_string());
        let finished = cplan_tests::folder::finish(command);
        if finished.status == Some(0) {
            judge(n, &session);
            return n - 1;
        }
        assert_eq!(
            finished.status,
            None,
            "boundary {n} ended it in another way than by the abort:\n{}",
            finished.text()
        );
        judge(n, &session);
    }
    panic!("{MANY} boundaries and no end");
}

/// The world holds exactly these, nothing was made twice, and cplan has nothing left to do.
fn settled(n: u64, session: &Session, rerun: &Finished, wanted: &[&str], plan: &[&str]) -> BTreeMap<String, Object> {
    let said = rerun.text();
    assert_eq!(rerun.status, Some(0), "after a kill at boundary {n}:\n{said}");
    let objects = session.objects();
    let names: Vec<&str> = objects.keys().map(String::as_str).collect();
    assert_eq!(names, wanted, "after a kill at boundary {n}:\n{said}");
    let doubled: Vec<_> = session.log().into_iter().filter(|e| e.event == Event::Duplicate).collect();
    assert_eq!(doubled, [], "after a kill at boundary {n}");
    assert_eq!(session.state().len(), wanted.len(), "after a kill at boundary {n}: {:?}", session.state());
    let plan = session.cplan(&[&["plan", "-detailed-exitcode"], plan].concat());
    assert_eq!(plan.status, Some(0), "a step was called done and was not, at boundary {n}:\n{}", plan.text());
    objects
}

/// How often the world made something of a type and name.
fn made(session: &Session, ty: &str, name: &str) -> usize {
    let is_it = |op: &str| op == format!("create {ty}/{name}");
    session.done_since(0).iter().filter(|op| is_it(op)).count()
}

const FULL: [&str; 6] = [
    "fake_box/box",
    "fake_content/fleeting",
    "fake_content/kept",
    "fake_slow/named-one",
    "fake_thing/base",
    "fake_thing/extra",
];

#[test]
fn an_apply_that_is_killed_anywhere_goes_on() {
    let boundaries = at_every_boundary(
        || Session::new(TOPOLOGY),
        &["apply", "-auto-approve"],
        |n, session| {
            let rerun = session.apply(&[]);
            let objects = settled(n, session, &rerun, &FULL, &[]);
            for (ty, name) in FULL.iter().filter_map(|o| o.split_once('/')) {
                assert_eq!(made(session, ty, name), 1, "{ty}/{name} was made again after a kill at boundary {n}");
            }
            assert_eq!(objects["fake_content/kept"].values["text"], objects["fake_thing/base"].values["token"]);
        },
    );
    assert!(boundaries >= 12, "{boundaries} boundaries are fewer than one before and one behind each of six creates");
}

#[test]
fn a_change_that_is_killed_anywhere_goes_on() {
    let before = Session::new(TOPOLOGY);
    before.apply(&[]).expect(0);
    let wanted =
        ["fake_box/box", "fake_content/fleeting", "fake_content/kept", "fake_slow/named-two", "fake_thing/base"];
    let boundaries = at_every_boundary(
        || before.twin(),
        &[&["apply", "-auto-approve"], &CHANGED[..]].concat(),
        |n, session| {
            let rerun = session.apply(&CHANGED);
            let objects = settled(n, session, &rerun, &wanted, &CHANGED);
            assert_eq!(objects["fake_thing/base"].values["value"], "new");
            assert_eq!(objects["fake_content/fleeting"].values["text"], "new");
            assert_eq!(made(session, "fake_slow", "named-two"), 1);
            let lost = session.log().into_iter().any(|e| e.event == Event::Lost && e.name == "fleeting");
            assert!(lost, "the box has other memory and was not restarted, at boundary {n}");
        },
    );
    assert!(boundaries >= 8, "{boundaries} boundaries");
}

/// The new object is made beside the old one, which is deleted when all have turned to the new.
const BESIDE: &str = r#"
variable "generation" {
  type    = string
  default = "one"
}

resource "fake_slow" "below" {
  name = "below-${var.generation}"
}

resource "fake_slow" "first" {
  name  = "first-${var.generation}"
  value = fake_slow.below.id
  lifecycle {
    create_before_destroy = true
  }
}

resource "fake_thing" "user" {
  name  = "user"
  value = fake_slow.first.id
}
"#;

#[test]
fn a_replacement_that_is_made_first_goes_on_wherever_it_is_killed() {
    let before = Session::new(BESIDE);
    before.apply(&[]).expect(0);
    let two = ["-var", "generation=two"];
    let boundaries = at_every_boundary(
        || before.twin(),
        &[&["apply", "-auto-approve"], &two[..]].concat(),
        |n, session| {
            let rerun = session.apply(&two);
            let wanted = ["fake_slow/below-two", "fake_slow/first-two", "fake_thing/user"];
            let objects = settled(n, session, &rerun, &wanted, &two);
            assert_eq!(objects["fake_thing/user"].values["value"], objects["fake_slow/first-two"].values["id"]);
            for name in ["below-two", "first-two"] {
                assert_eq!(made(session, "fake_slow", name), 1, "{name} was made again after a kill at boundary {n}");
            }
            let done = session.done_since(0);
            let at = |op: &str| done.iter().position(|o| o == op);
            assert!(at("create fake_slow/first-two") < at("delete fake_slow/first-one"), "{done:?}");
            assert!(at("delete fake_slow/first-one") < at("delete fake_slow/below-one"), "{done:?}");
        },
    );
    assert!(
        boundaries >= 10,
        "{boundaries} boundaries are fewer than one before and one behind each of five operations"
    );
}

#[test]
fn a_destroy_that_is_killed_anywhere_goes_on() {
    let before = Session::new(TOPOLOGY);
    before.apply(&[]).expect(0);
    let boundaries = at_every_boundary(
        || before.twin(),
        &["destroy", "-auto-approve"],
        |n, session| {
            let rerun = session.destroy();
            assert_eq!(rerun.status, Some(0), "after a kill at boundary {n}:\n{}", rerun.text());
            assert!(session.objects().is_empty(), "after a kill at boundary {n}: {:?}", session.objects());
            assert_eq!(session.state(), Vec::<String>::new());
        },
    );
    assert!(boundaries >= 8, "{boundaries} boundaries");
}

/// Killed, begun again, killed again: what the second finds half gone must not stand in the way of the third.
#[test]
fn a_destroy_that_is_killed_twice_anywhere_goes_on() {
    let before = Session::new(TOPOLOGY);
    before.apply(&[]).expect(0);
    let kill = |session: &Session, n: u64| {
        let mut command = session.folder.command(&["destroy", "-auto-approve"]);
        command.env("CPLAN_ABORT_AT", n.to_string());
        cplan_tests::folder::finish(command).status != Some(0)
    };
    let mut rounds = 0;
    for first in (1..MANY).step_by(2) {
        let session = before.twin();
        if !kill(&session, first) {
            break;
        }
        for second in [2, 4, 6] {
            kill(&session, second);
        }
        let last = session.destroy();
        assert_eq!(last.status, Some(0), "after a kill at boundary {first} and more:\n{}", last.text());
        assert!(session.objects().is_empty(), "after a kill at boundary {first}: {:?}", session.objects());
        assert_eq!(session.state(), Vec::<String>::new());
        rounds += 1;
    }
    assert!(rounds >= 4, "{rounds} rounds");
}
