//! A step fails; what does not depend on it goes on.

use cplan_tests::session::Session;

const TOPOLOGY: &str = r#"
resource "fake_failing" "bad" {
  name        = "bad"
  fail_create = 1
}

resource "fake_thing" "behind" {
  name  = "behind"
  value = fake_failing.bad.id
}

resource "fake_thing" "beside" {
  name = "beside"
}

resource "fake_thing" "beside_too" {
  name  = "beside-too"
  value = fake_thing.beside.token
}
"#;

#[test]
fn independent_branches_go_on_and_the_next_apply_mends_the_rest() {
    let session = Session::new(TOPOLOGY);
    let failed = session.apply(&[]).expect(1).text();
    let names: Vec<String> = session.objects().into_keys().collect();
    assert_eq!(names, ["fake_thing/beside", "fake_thing/beside-too"], "{failed}");
    assert!(failed.contains("fake_failing.bad"), "{failed}");
    let skipped = failed.lines().any(|l| l.contains("fake_thing.behind") && l.contains("Skipped"));
    assert!(skipped, "it is not said what was skipped:\n{failed}");

    let from = session.log().len();
    session.apply(&[]).expect(0);
    assert_eq!(session.done_since(from), ["create fake_failing/bad", "create fake_thing/behind"]);
}

/// The world has changed and the answer is an error: what exists is known, and is neither lost nor made twice.
#[test]
fn a_create_that_fails_after_its_effect_leaves_no_orphan() {
    let session = Session::new(&TOPOLOGY.replace("fail_create = 1", "fail_create = 1\n  fail_after = true"));
    session.apply(&[]).expect(1);
    session.apply(&[]).expect(0);
    assert_eq!(session.objects().len(), 4, "{:?}", session.objects().keys());
    session.cplan(&["plan", "-detailed-exitcode"]).expect(0);
    session.destroy().expect(0);
    assert!(session.objects().is_empty());
}

#[test]
fn a_delete_that_fails_keeps_its_record() {
    let session = Session::new("resource \"fake_failing\" \"bad\" {\n  name = \"bad\"\n  fail_delete = 1\n}\n");
    session.apply(&[]).expect(0);
    session.destroy().expect(1);
    assert_eq!(session.state(), ["fake_failing.bad"]);
    session.destroy().expect(0);
    assert!(session.objects().is_empty() && session.state().is_empty());
}
