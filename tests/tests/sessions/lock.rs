//! One cplan works, others read.

use std::process::Child;
use std::time::{Duration, Instant};

use cplan_sdk::fake::Event;
use cplan_tests::session::Session;

const TOPOLOGY: &str = r#"
resource "fake_thing" "early" {
  name = "early"
}

resource "fake_slow" "long" {
  name   = "long"
  value  = fake_thing.early.token
  before = "4s"
}

output "token" {
  value = fake_thing.early.token
}
"#;

/// A session whose cplan is in the middle of its long step, and that cplan.
fn busy() -> (Session, Child) {
    let session = Session::new(TOPOLOGY);
    let cplan = session.folder.start(&["apply", "-auto-approve"]);
    let begin = Instant::now();
    while !session.log().iter().any(|e| e.event == Event::Start && e.name == "long") {
        assert!(begin.elapsed() < Duration::from_secs(60), "the long step does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    (session, cplan)
}

#[test]
fn a_second_cplan_is_refused_and_told_who_holds_the_state() {
    let (session, mut first) = busy();
    let second = session.apply(&[]);
    let ended = first.try_wait().unwrap();
    assert!(ended.is_none(), "the first was over before the second was refused");
    let said = second.expect(1).text();
    assert!(said.contains(&first.id().to_string()) && said.contains("apply"), "the holder is not named:\n{said}");
    assert!(first.wait().unwrap().success());
    session.apply(&[]).expect(0);
}

#[test]
fn readers_see_what_is_done_so_far_beside_a_running_apply() {
    let (session, mut first) = busy();
    let state = session.state();
    let shown = session.cplan(&["show"]).expect(0);
    session.cplan(&["output"]).expect(0);
    assert!(first.try_wait().unwrap().is_none(), "the apply was over before it was read beside");
    assert_eq!(state, ["fake_thing.early"]);
    assert!(shown.stdout.contains("fake_thing"), "{}", shown.text());
    assert!(first.wait().unwrap().success());
    assert_eq!(session.state(), ["fake_slow.long", "fake_thing.early"]);
}
