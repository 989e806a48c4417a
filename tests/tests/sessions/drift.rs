//! The world moves behind our back: named with both values, left alone, then healed.

use cplan_tests::session::Session;
use serde_json::json;

const TOPOLOGY: &str = r#"
resource "fake_drifting" "moved" {
  name  = "moved"
  value = "as wanted"
  size  = "512MiB"
}

resource "fake_drifting" "gone" {
  name = "gone"
}

resource "fake_drifting" "still" {
  name = "still"
  size = "0.5GiB"
}
"#;

#[test]
fn drift_is_named_and_changes_nothing_and_apply_heals_exactly_it() {
    let session = Session::new(TOPOLOGY);
    session.apply(&[]).expect(0);
    session.cplan(&["drift"]).expect(0);
    let id = |name| session.object("fake_drifting", name).id;
    session.world.poke(&id("moved"), [("value", json!("somebody else's"))]).unwrap();
    session.world.remove(&id("gone")).unwrap();

    let (length, serial) = (session.log().len(), session.cplan(&["show", "-json"]).stdout);
    let drift = session.cplan(&["drift"]).expect(2).text();
    for part in ["fake_drifting.moved", "value", "as wanted", "somebody else's", "fake_drifting.gone", "is gone"] {
        assert!(drift.contains(part), "`{part}` is missing in:\n{drift}");
    }
    assert!(!drift.contains("fake_drifting.still"), "{drift}");
    assert_eq!(session.log().len(), length, "drift changed the world");
    assert_eq!(session.cplan(&["show", "-json"]).stdout, serial, "drift changed the state");

    session.apply(&[]).expect(0);
    let mut done = session.done_since(length);
    done.sort();
    assert_eq!(done, ["create fake_drifting/gone", "update fake_drifting/moved"]);
    session.cplan(&["drift"]).expect(0);
}

/// A quantity is what it means, not how it is spelt: the world has a spelling of its own.
#[test]
fn another_spelling_is_no_drift_and_no_change() {
    let session = Session::new(TOPOLOGY);
    session.apply(&[]).expect(0);
    session.folder.write("main.hcl", &TOPOLOGY.replace("\"512MiB\"", "\"524288KiB\""));
    let length = session.log().len();
    session.apply(&[]).expect(0);
    assert_eq!(session.done_since(length), Vec::<String>::new());
}
