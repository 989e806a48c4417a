//! Whole texts of whole plans.

use cplan_engine::{Change, DeferReason, Deferred, DriftEntry, DriftKind, OutputChange, Registry, Summary};
use cplan_model::{Action, AttrChange, AttrPath, Reason, Step, Type, Value};
use cplan_sdk::Disruption;

use super::{PlanView, plan};
use crate::render::style::Style;

fn instance(address: &str, action: Action, reason: Reason) -> Change {
    Change::new(address.parse().unwrap(), action, Some(reason))
}

fn moved(path: AttrPath, before: Option<Value>, after: Option<Value>) -> AttrChange {
    AttrChange { path, before, after, sensitive: false, forces_replace: false }
}

fn show(changes: &[Change], drift: &[DriftEntry], outputs: &[OutputChange], summary: Summary) -> String {
    let empty = changes.iter().all(|c| c.action == Action::NoOp) && outputs.is_empty();
    let registry = Registry::default();
    plan(
        PlanView {
            changes,
            drift,
            outputs,
            summary,
            empty,
            deferred: &[],
            all_drift: false,
            moves: Vec::new(),
            registry: &registry,
        },
        Style::plain(),
    )
}

#[test]
fn a_create_shows_what_will_be() {
    let mut create = instance("lab_machine.edge", Action::Create, Reason::New);
    create.after = Some(Value::object([
        ("name", Value::string("edge0")),
        ("memory", Value::string("512MiB")),
        ("host_key", Value::unknown(Type::String)),
        ("tier", Value::null(Type::String)),
        ("tags", Value::tuple([Value::string("a")])),
    ]));
    let output = OutputChange {
        name: "pw".into(),
        before: None,
        after: Some(Value::string("x")),
        sensitive: true,
        was_sensitive: true,
    };
    assert_eq!(
        show(&[create], &[], &[output], Summary { create: 1, update: 0, delete: 0, ..Summary::default() }),
        r#"cplan will do this:
  + create

  # lab_machine.edge will be created
  + resource "lab_machine" "edge" {
      + host_key = (known after apply)
      + memory   = "512MiB"
      + name     = "edge0"
      + tags     = [
          + "a",
        ]
    }

Changes to outputs:
  + pw = (sensitive value)

Plan: 1 to add, 0 to change, 0 to destroy.
"#
    );
}

#[test]
fn an_update_shows_the_leaf_in_field_units() {
    let rule = |delay: &str| Value::object([("peer", Value::string("edge0")), ("delay", Value::string(delay))]);
    let values = |delay: &str| Value::object([("id", Value::string("x")), ("rules", Value::tuple([rule(delay)]))]);
    let mut shaper = instance("module.lab.lab_shaper.this[\"edge0\"]", Action::Update, Reason::Configuration);
    shaper.before = Some(values("7.5ms"));
    shaper.after = Some(values("45ms"));
    let path = AttrPath::attr("rules").then_index(0).then(Step::Attr("delay".into()));
    shaper.attributes = vec![moved(path, Some(Value::string("7.5ms")), Some(Value::string("45ms")))];

    let mut machine = instance("lab_machine.edge", Action::Update, Reason::Configuration);
    machine.disruption = Some(Disruption::Restart);
    machine.disrupted_by = vec![AttrPath::attr("memory")];
    machine.attributes =
        vec![moved(AttrPath::attr("memory"), Some(Value::string("512MiB")), Some(Value::string("1GiB")))];

    let mut again = instance("lab_shaper.edge", Action::Create, Reason::ContainerRestarted);
    again.container = Some("lab_machine.edge".parse().unwrap());
    assert_eq!(
        show(&[shaper, machine, again], &[], &[], Summary { create: 1, update: 2, delete: 0, ..Summary::default() }),
        r#"cplan will do this:
  + create
  ~ update in-place

  # module.lab.lab_shaper.this["edge0"] will be updated in-place
  ~ resource "lab_shaper" "this" {
      ~ rules["edge0"].delay: 7.5ms -> 45ms
        # (1 unchanged attribute hidden)
    }

  # lab_machine.edge will be updated in-place (restarts the machine, because of memory)
  ~ resource "lab_machine" "edge" {
      ~ memory = "512MiB" -> "1GiB"
    }

  # lab_shaper.edge will be applied again
  # (because lab_machine.edge restarts, and this lives only while it runs)
  + resource "lab_shaper" "edge" {}

Plan: 1 to add, 2 to change, 0 to destroy.
"#
    );
}

#[test]
fn replacements_texts_and_deletes() {
    let mut file = instance("lab_file.conf", Action::Replace, Reason::CannotUpdate(vec![AttrPath::attr("path")]));
    let mut path = moved(AttrPath::attr("path"), Some(Value::string("/a")), Some(Value::string("/b")));
    path.forces_replace = true;
    let content = moved(
        AttrPath::attr("content"),
        Some(Value::string("1\n2\n3\n4\n5\n6\n")),
        Some(Value::string("1\n2\n3\nfour\n5\n6\n")),
    );
    file.attributes = vec![content, path];
    let mut gone = instance("lab_machine.old[0]", Action::Delete, Reason::Removed);
    gone.before =
        Some(Value::object([("name", Value::string("old")), ("access", Value::object([("id", Value::bool(true))]))]));
    assert_eq!(
        show(&[file, gone], &[], &[], Summary { create: 1, update: 0, delete: 2, ..Summary::default() }),
        r#"cplan will do this:
-/+ destroy and then create replacement
  - destroy

  # lab_file.conf must be replaced
  # (because `path` cannot change in place)
-/+ resource "lab_file" "conf" {
      ~ content = <<-EOT
            2
            3
          - 4
          + four
            5
            6
        EOT
      ~ path    = "/a" -> "/b" # forces replacement
    }

  # lab_machine.old[0] will be destroyed
  # (because it is not in the configuration any more)
  - resource "lab_machine" "old" {
      - name = "old"
        # (1 more attribute hidden)
    }

Plan: 1 to add, 0 to change, 2 to destroy.
"#
    );
}

#[test]
fn drift_is_a_note_where_it_matters() {
    let mut heal = instance("lab_machine.edge", Action::Update, Reason::Drift);
    heal.disruption = Some(Disruption::Start);
    heal.attributes = vec![moved(AttrPath::attr("running"), Some(Value::bool(false)), Some(Value::bool(true)))];
    let drift = |address: &str| DriftEntry {
        address: address.parse().unwrap(),
        kind: DriftKind::Changed(vec![moved(
            AttrPath::attr("running"),
            Some(Value::bool(true)),
            Some(Value::bool(false)),
        )]),
    };
    assert_eq!(
        show(
            &[heal],
            &[drift("lab_machine.edge"), drift("lab_machine.other")],
            &[],
            Summary { create: 0, update: 1, delete: 0, ..Summary::default() }
        ),
        r#"Note: objects changed since the last apply, not by cplan (state -> world):

  ~ lab_machine.edge has changed:
      ~ running = true -> false

cplan will do this:
  ~ update in-place

  # lab_machine.edge will be updated in-place (starts the machine)
  # (because it was changed behind our back)
  ~ resource "lab_machine" "edge" {
      ~ running = false -> true
    }

Plan: 0 to add, 1 to change, 0 to destroy.
"#
    );
}

#[test]
fn nothing_to_do_is_one_line() {
    let same = instance("terraform_data.a", Action::NoOp, Reason::New);
    assert_eq!(
        show(&[same], &[], &[], Summary::default()),
        "No changes. Your infrastructure matches the configuration.\n"
    );
}

#[test]
fn moves_leftovers_triggers_and_what_is_put_off_say_why() {
    let change = |address: &str, action, reason| Change::new(address.parse().unwrap(), action, reason);
    let object = || Some(Value::object([("id", Value::string("7"))]));
    let moved = Change { moved_from: Some("a.old[0]".parse().unwrap()), ..change("a.moved", Action::NoOp, None) };
    let imported = Change {
        importing: Some("abc".into()),
        after: object(),
        ignored: vec![AttrPath::attr("tags")],
        ..change("a.taken", Action::Update, Some(Reason::Configuration))
    };
    let first = Change {
        create_first: true,
        before: object(),
        ..change("a.first", Action::Replace, Some(Reason::Triggered("a.b.id".into())))
    };
    let deposed = Change {
        deposed: Some("0123abcd".into()),
        before: object(),
        ..change("a.first", Action::Delete, Some(Reason::Deposed))
    };
    let left = Change { before: object(), ..change("a.left", Action::Forget, Some(Reason::RemovedBlock)) };
    let index = Change { before: object(), ..change("a.n[2]", Action::Delete, Some(Reason::CountIndex)) };
    let deferred = [Deferred {
        address: "a.later".parse().unwrap(),
        reason: DeferReason::InstancesUnknown,
        waits_for: vec!["a.first".parse().unwrap()],
        place: cplan_model::Span::new(cplan_model::SourceId(0), 0, 0),
        known: None,
    }];
    let registry = Registry::default();
    let changes = [deposed, first, index, left, moved, imported];
    let view = PlanView {
        changes: &changes,
        drift: &[],
        outputs: &[],
        summary: Summary { create: 1, update: 1, delete: 3, import: 1, forget: 1 },
        empty: false,
        deferred: &deferred,
        all_drift: false,
        moves: Vec::new(),
        registry: &registry,
    };
    assert_eq!(
        plan(view, Style::plain()),
        r#"cplan will do this:
  ~ update in-place
+/- create replacement and then destroy
  - destroy
  . forget (the object stays)

  # a.first will be destroyed
  # (because it was left over when its replacement was made)
  # (deposed object 0123abcd)
  - resource "a" "first" {
      - id = "7"
    }

  # a.first will be replaced due to changes in replace_triggered_by
  # (because a.b.id changes)
+/- resource "a" "first" {
        # (1 unchanged attribute hidden)
    }

  # a.n[2] will be destroyed
  # (because index [2] is out of range for count)
  - resource "a" "n" {
      - id = "7"
    }

  # a.left will no longer be managed by cplan, but will not be destroyed
  # (because `destroy` is false in its `removed` block)
  . resource "a" "left" {
        id = "7"
    }

  # a.moved has moved
  # (moved from a.old[0])

  # a.taken will be updated in-place
  # (imported from "abc")
  ~ resource "a" "taken" {
        # (1 unchanged attribute hidden)
    }

Left as it is, because ignore_changes says so:
  a.taken: tags

Put off, because it cannot be planned before this is applied:
  a.later: how many there will be is not known; waits for a.first
Another plan after this apply has it; `cplan apply -converge` goes on by itself.

Plan: 1 to import, 1 to add, 1 to change, 3 to destroy, 1 to forget.
"#
    );
}
