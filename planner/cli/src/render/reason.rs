//! What happens to an instance and why, in words.

use cplan_engine::Change;
use cplan_model::{Action, InstanceKey, Reason};
use cplan_sdk::Disruption;

use super::style::Tone;
use super::value::quote;

/// The symbol of a change, three columns wide, as Terraform draws it.
pub(crate) fn symbol(change: &Change) -> (&'static str, Tone) {
    match change.action {
        Action::NoOp => ("   ", Tone::Faint),
        Action::Read => (" <=", Tone::Info),
        Action::Create => ("  +", Tone::Good),
        Action::Update => ("  ~", Tone::Change),
        Action::Replace if change.create_first => ("+/-", Tone::Bad),
        Action::Replace => ("-/+", Tone::Bad),
        Action::Delete => ("  -", Tone::Bad),
        Action::Forget => ("  .", Tone::Faint),
    }
}

/// What the symbol means, for the legend.
pub(crate) fn meaning(change: &Change) -> &'static str {
    match change.action {
        Action::NoOp => "nothing",
        Action::Read => "read (data sources)",
        Action::Create => "create",
        Action::Update => "update in-place",
        Action::Replace if change.create_first => "create replacement and then destroy",
        Action::Replace => "destroy and then create replacement",
        Action::Delete => "destroy",
        Action::Forget => "forget (the object stays)",
    }
}

/// What will happen to it: `will be updated in-place (restarts the machine, because of cpus)`.
pub(crate) fn headline(change: &Change) -> String {
    let text = match (change.action, &change.reason) {
        (Action::NoOp, _) if change.importing.is_some() => "will be imported",
        (Action::NoOp, _) if change.moved_from.is_some() => "has moved",
        (Action::NoOp, _) => "will stay as it is",
        (Action::Read, _) => "will be read during apply",
        (Action::Create, Some(Reason::Missing)) => "will be created again",
        (
            Action::Create | Action::Update,
            Some(Reason::ContainerRestarted | Reason::LostByRestart | Reason::Unread(_)),
        ) => "will be applied again",
        (Action::Create, _) => "will be created",
        (Action::Update, _) => "will be updated in-place",
        (Action::Replace, Some(Reason::Tainted)) => "is tainted, so must be replaced",
        (Action::Replace, Some(Reason::Requested)) => "will be replaced, as requested",
        (Action::Replace, Some(Reason::Triggered(_))) => "will be replaced due to changes in replace_triggered_by",
        (Action::Replace, _) => "must be replaced",
        (Action::Delete, _) => "will be destroyed",
        (Action::Forget, _) => "will no longer be managed by cplan, but will not be destroyed",
    }
    .to_owned();
    text + &disruption(change)
}

/// ` (restarts the machine, because of cpus)`
fn disruption(change: &Change) -> String {
    let what = match change.disruption {
        Some(Disruption::Restart) => "restarts the machine",
        Some(Disruption::Start) => "starts the machine",
        None => return String::new(),
    };
    let names: Vec<String> = change.disrupted_by.iter().map(ToString::to_string).collect();
    if names.is_empty() { format!(" ({what})") } else { format!(" ({what}, because of {})", names.join(", ")) }
}

/// Why, where the headline does not say it; stands on a line of its own.
pub(crate) fn because(change: &Change) -> Option<String> {
    let container = change.container.as_ref().map_or_else(|| "its machine".to_owned(), ToString::to_string);
    if change.action == Action::Forget {
        return Some("`destroy` is false in its `removed` block".to_owned());
    }
    Some(match change.reason.as_ref()? {
        Reason::New | Reason::Configuration | Reason::Destroy => return None,
        Reason::Drift => "it was changed behind our back".to_owned(),
        Reason::Missing => "it is gone from the world".to_owned(),
        Reason::Removed => "it is not in the configuration any more".to_owned(),
        Reason::Tainted => "an earlier apply did not finish it, or `cplan taint` has marked it".to_owned(),
        Reason::CannotUpdate(paths) => {
            let names: Vec<_> = paths.iter().map(|p| format!("`{p}`")).collect();
            match names.as_slice() {
                [] => return None,
                [one] => format!("{one} cannot change in place"),
                many => format!("{} cannot change in place", many.join(", ")),
            }
        }
        Reason::ContainerReplaced => format!("{container} is replaced, and this is inside it"),
        Reason::ContainerRestarted => format!("{container} restarts, and this lives only while it runs"),
        Reason::LostByRestart => format!("{container} was restarted, and this lives only while it runs"),
        Reason::Unread(why) => format!("it could not be read: {why}"),
        Reason::InputsUnknown => "its inputs are known only then".to_owned(),
        Reason::DependencyPending => "what it depends on changes".to_owned(),
        Reason::CheckNested => "it belongs to a check, which is judged after apply".to_owned(),
        Reason::Requested => return None,
        Reason::Triggered(what) => format!("{what} changes"),
        Reason::CountIndex => match &change.address.key {
            Some(key) => format!("index {} is out of range for count", key_text(key)),
            None => "count no longer reaches it".to_owned(),
        },
        Reason::EachKey => match &change.address.key {
            Some(key) => format!("key {} is not in for_each", key_text(key)),
            None => "for_each no longer has its key".to_owned(),
        },
        Reason::WrongRepetition => "its block repeats in another way now".to_owned(),
        Reason::NoModule => "its module instance is gone".to_owned(),
        Reason::NoMoveTarget => "it was moved to an address that the configuration does not have".to_owned(),
        Reason::Deposed => "it was left over when its replacement was made".to_owned(),
        Reason::RemovedBlock => "a removed block says so".to_owned(),
    })
}

/// `[2]`, `["x"]`
fn key_text(key: &InstanceKey) -> String {
    match key {
        InstanceKey::Int(n) => format!("[{n}]"),
        InstanceKey::Str(text) => format!("[{}]", quote(text)),
    }
}

/// Terraform's words for a reason, for the plan's JSON (`action_reason`); our own where Terraform has none.
pub(crate) fn action_reason(action: Action, reason: &Reason) -> Option<&'static str> {
    match (action, reason) {
        (Action::Replace, Reason::Tainted) => Some("replace_because_tainted"),
        (Action::Replace, Reason::CannotUpdate(_)) => Some("replace_because_cannot_update"),
        (Action::Replace, Reason::Requested) => Some("replace_by_request"),
        (Action::Replace, Reason::Triggered(_)) => Some("replace_by_triggers"),
        (Action::Delete | Action::Forget, Reason::Removed | Reason::RemovedBlock) => {
            Some("delete_because_no_resource_config")
        }
        (Action::Delete | Action::Forget, Reason::CountIndex) => Some("delete_because_count_index"),
        (Action::Delete | Action::Forget, Reason::EachKey) => Some("delete_because_each_key"),
        (Action::Delete | Action::Forget, Reason::WrongRepetition) => Some("delete_because_wrong_repetition"),
        (Action::Delete | Action::Forget, Reason::NoModule) => Some("delete_because_no_module"),
        (Action::Delete | Action::Forget, Reason::NoMoveTarget) => Some("delete_because_no_move_target"),
        (Action::Read, Reason::DependencyPending) => Some("read_because_dependency_pending"),
        (Action::Read, Reason::CheckNested) => Some("read_because_check_nested"),
        (Action::Read, _) => Some("read_because_config_unknown"),
        (_, Reason::Drift) => Some("cplan_drift"),
        (_, Reason::Missing) => Some("cplan_missing"),
        (_, Reason::ContainerReplaced) => Some("cplan_container_replaced"),
        (_, Reason::ContainerRestarted) => Some("cplan_container_restarted"),
        (_, Reason::Unread(_)) => Some("cplan_unread"),
        (_, Reason::LostByRestart) => Some("cplan_lost_by_restart"),
        _ => None,
    }
}
