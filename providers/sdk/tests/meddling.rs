//! What the fake world does on command, and what it says of it.

use cplan_model::{Action, Type, Value};
use cplan_sdk::fake::{Event, FakeWorld};
use cplan_sdk::{Claim, ErrorKind, Observed, RecoverRequest};
use serde_json::json;

use crate::setting::{Setting, config, identity, read_request, text};

fn events(world: &FakeWorld, id: &str) -> Vec<(String, Event)> {
    world.log().unwrap().into_iter().filter(|e| e.id == id).map(|e| (e.op, e.event)).collect()
}

fn thing(setting: &Setting, name: &str) -> Value {
    config(setting.resource("fake_thing").schema(), [("name", text(name)), ("size", text("1024MiB"))])
}

#[tokio::test]
async fn an_identity_exists_once_and_the_log_says_so() {
    let setting = Setting::new();
    setting.create("fake_thing", "one", &thing(&setting, "a")).await.unwrap();
    let refused = setting.create("fake_thing", "one", &thing(&setting, "a")).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(refused.partial.is_none());
    let expected = [Event::Start, Event::Done, Event::Start, Event::Duplicate].map(|e| ("create".to_owned(), e));
    assert_eq!(events(&setting.world, "one"), expected);
}

#[tokio::test]
async fn drift_is_read_and_an_equal_quantity_is_none() {
    let setting = Setting::new();
    let made = setting.create("fake_thing", "one", &thing(&setting, "a")).await.unwrap();
    let object = setting.world.object("fake_thing", "a").unwrap().unwrap();
    assert_eq!(object.values["size"], json!("1GiB"), "the world has a spelling of its own");
    setting.world.poke("one", [("value", json!("moved"))]).unwrap();
    let Observed::Present { values, .. } = setting.read("fake_thing", "one", &made.values).await else { panic!() };
    assert_eq!(values.get("size"), Some(&text("1024MiB")));
    assert_eq!(values, made.values.with("value", text("moved")));
    assert!(setting.world.remove("one").unwrap());
    assert!(matches!(setting.read("fake_thing", "one", &made.values).await, Observed::Absent));
}

#[tokio::test]
async fn failures_come_when_they_are_told_to() {
    let setting = Setting::new();
    let schema = setting.resource("fake_failing").schema();
    for (name, after, exists) in [("before", false, false), ("after", true, true)] {
        let given = [("name", text(name)), ("fail_create", Value::number(2)), ("fail_after", Value::bool(after))];
        let config = config(schema, given);
        setting.create("fake_failing", &format!("{name}-1"), &config).await.unwrap();
        let id = format!("{name}-2");
        let error = setting.create("fake_failing", &id, &config).await.unwrap_err();
        assert_eq!((error.kind, error.partial.is_some()), (ErrorKind::Failed, exists));
        assert_eq!(setting.world.objects().unwrap().iter().any(|o| o.id == id), exists);
        setting.create("fake_failing", &format!("{name}-3"), &config).await.unwrap();
    }
}

#[tokio::test]
async fn a_slow_create_ends_without_its_asker_and_recovery_waits_for_it() {
    let setting = Setting::new();
    let resource = setting.resource("fake_slow");
    let config = config(resource.schema(), [("name", text("s")), ("before", text("300ms"))]);
    let create = setting.create("fake_slow", "slow", &config);
    let gone = tokio::time::timeout(std::time::Duration::from_millis(100), create).await;
    assert!(gone.is_err(), "the create ended before its delay");
    assert_eq!(setting.world.object("fake_slow", "s").unwrap(), None);
    let request = RecoverRequest { identity: identity("slow"), prior: None, planned: None, private: Vec::new() };
    let found = resource.recover(&setting.ctx, request).await.unwrap();
    assert!(matches!(found, Observed::Present { .. }));
}

#[tokio::test]
async fn claims_follow_the_attributes() {
    let setting = Setting::new();
    let slow = setting.resource("fake_slow");
    let claims = |share| slow.claims(Action::Create, &config(slow.schema(), [("claim", text("c")), ("share", share)]));
    assert_eq!(claims(Value::null(Type::String)), [Claim::exclusive("c")]);
    assert_eq!(claims(text("shared")), [Claim::shared("c")]);
    assert_eq!(claims(text("2/3")), [Claim::slots("c", 2, 3)]);
    assert_eq!(slow.claims(Action::Create, &config(slow.schema(), [])), []);
}

#[tokio::test]
async fn a_box_takes_its_contents_along() {
    let setting = Setting::new();
    let (boxes, contents) = (setting.resource("fake_box"), setting.resource("fake_content"));
    let wanted = config(boxes.schema(), [("name", text("b")), ("memory", text("1GiB"))]);
    let made = setting.create("fake_box", "box", &wanted).await.unwrap();
    let access = made.values.get("access").unwrap();
    assert_eq!(access.get("id"), Some(&text("box")));
    assert!(access.get("secret").and_then(Value::as_str).is_some());
    let content = |name: &str, volatile| {
        let given = [("name", text(name)), ("box", access.clone()), ("volatile", Value::bool(volatile))];
        config(contents.schema(), given)
    };
    let kept = setting.create("fake_content", "kept", &content("k", false)).await.unwrap();
    let lost = setting.create("fake_content", "lost", &content("l", true)).await.unwrap();
    assert_eq!((&kept.boot_id, &lost.boot_id), (&made.boot_id, &made.boot_id));
    assert!(contents.survives_restart(&kept.values) && !contents.survives_restart(&lost.values));

    // One read per box, whatever is in it.
    let reads = |world: &FakeWorld| events(world, "box").iter().filter(|(op, _)| op == "read").count();
    let before = reads(&setting.world);
    let both = [("kept", &kept), ("lost", &lost)].map(|(id, r)| ("fake_content".into(), read_request(id, &r.values)));
    let found = setting.provider.read(&setting.ctx, both.to_vec()).await;
    assert!(found.iter().all(|o| matches!(o, Ok(Observed::Present { .. }))));
    assert_eq!(reads(&setting.world), before + 1);

    // Restarted in place: a new boot id, and only what survives is there.
    let more = wanted.with("memory", text("2GiB"));
    let restarted = setting.apply("fake_box", "box", Some(&more), Some(&made.values)).await.unwrap();
    assert_ne!(restarted.boot_id, made.boot_id);
    assert!(matches!(setting.read("fake_content", "lost", &lost.values).await, Observed::Absent));
    let Observed::Present { boot_id, .. } = setting.read("fake_content", "kept", &kept.values).await else { panic!() };
    assert_eq!(boot_id, restarted.boot_id);

    // Stopped: nobody can say what is in it, nothing can be done in it, and it starts again.
    setting.world.stop("box").unwrap();
    assert!(matches!(setting.read("fake_content", "kept", &kept.values).await, Observed::Unreachable { .. }));
    let refused = setting.apply("fake_content", "kept", None, Some(&kept.values)).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Transient);
    let Observed::Present { values, .. } = setting.read("fake_box", "box", &restarted.values).await else { panic!() };
    assert_eq!(values.get("running"), Some(&Value::bool(false)));
    let started = setting.apply("fake_box", "box", Some(&more), Some(&values)).await.unwrap();
    assert_eq!(started.values.get("running"), Some(&Value::bool(true)));
    assert_ne!(started.boot_id, restarted.boot_id);

    // Deleted: its contents go with it, and nobody answers for them any more.
    setting.apply("fake_box", "box", None, Some(&started.values)).await.unwrap();
    assert_eq!(setting.world.objects().unwrap(), []);
    let refused = setting.apply("fake_content", "kept", None, Some(&kept.values)).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Transient);
    assert!(matches!(setting.read("fake_content", "kept", &kept.values).await, Observed::Unreachable { .. }));
}

#[tokio::test]
async fn a_world_comes_back_with_its_objects() {
    let folder = tempfile::tempdir().unwrap();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_cplan-fake-world"));
    let world = FakeWorld::spawn(bin, folder.path()).unwrap();
    let setting = Setting::new();
    let provider = cplan_sdk::fake::FakeProvider::connect(world.socket());
    let resource = cplan_sdk::Provider::resource(&provider, "fake_thing").unwrap();
    let request = cplan_sdk::ApplyRequest {
        identity: identity("one"),
        prior: None,
        planned: Some(thing(&setting, "a")),
        config: None,
        private: Vec::new(),
        run: "test".into(),
        twin: None,
    };
    resource.apply(&setting.ctx, request).await.unwrap();
    let before = world.objects().unwrap();
    drop(world);
    assert_eq!(FakeWorld::spawn(bin, folder.path()).unwrap().objects().unwrap(), before);
}
