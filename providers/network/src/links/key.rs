//! What a link's key says: which pairs of machines, in which directions.

use std::collections::BTreeMap;

use cplan_model::Diagnostic;

use super::error;
use super::near::near;

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Machine(String),
    Tier(String),
}

/// A key, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) from: End,
    pub(super) to: End,
    pub(super) directed: bool,
}

/// Machine name to tier.
pub(super) type Tiers = BTreeMap<String, Option<String>>;

impl End {
    fn holds(&self, machine: &str, tiers: &Tiers) -> bool {
        match self {
            End::Machine(name) => name == machine,
            End::Tier(tier) => tiers.get(machine).is_some_and(|t| t.as_ref() == Some(tier)),
        }
    }

    fn is_machine(&self) -> bool {
        matches!(self, End::Machine(_))
    }
}

impl Key {
    /// Whether it is about packets from one machine to another.
    pub(super) fn covers(&self, from: &str, to: &str, tiers: &Tiers) -> bool {
        let forth = self.from.holds(from, tiers) && self.to.holds(to, tiers);
        let back = self.from.holds(to, tiers) && self.to.holds(from, tiers);
        forth || (!self.directed && back)
    }

    /// The larger, the narrower.
    pub(super) fn narrowness(&self) -> u8 {
        2 * (u8::from(self.from.is_machine()) + u8::from(self.to.is_machine())) + u8::from(self.directed)
    }

    /// Understands a key; the error says what is wrong and names the near name.
    pub(super) fn parse(text: &str, tiers: &Tiers) -> Result<Key, Box<Diagnostic>> {
        // A name that is both is the tier: where they differ, the machine can be renamed.
        let end = |name: &str| {
            if tiers.values().flatten().any(|t| t == name) {
                Some(End::Tier(name.to_owned()))
            } else {
                tiers.contains_key(name).then(|| End::Machine(name.to_owned()))
            }
        };
        let key = |from, to, directed| {
            if from == to && matches!(from, End::Machine(_)) {
                let what = format!("The link `{text}` joins a machine with itself.");
                return Err(Box::new(error("link-with-itself", text, what, "Name two machines, or one tier.")));
            }
            Ok(Key { from, to, directed })
        };
        if let Some((from, to)) = text.split_once("->") {
            let (from, to) = (from.trim(), to.trim());
            return match (end(from), end(to)) {
                (Some(a), Some(b)) => key(a, b, true),
                (a, _) => Err(unknown(text, if a.is_none() { from } else { to }, tiers)),
            };
        }
        match end(text) {
            Some(End::Tier(tier)) => return key(End::Tier(tier.clone()), End::Tier(tier), false),
            Some(End::Machine(name)) if !text.contains('-') => {
                let what = format!("The link `{text}` names the machine `{name}` alone.");
                let remedy = "Name two machines, such as `a-b`, or one tier.";
                return Err(Box::new(error("link-with-itself", text, what, remedy)));
            }
            _ => {}
        }
        // Names may hold dashes themselves, so every dash may be the one between them.
        let splits = || text.match_indices('-').map(|(i, _)| (&text[..i], &text[i + 1..]));
        let mut fits: Vec<_> = splits().filter_map(|(a, b)| Some((end(a)?, end(b)?))).collect();
        match (fits.pop(), fits.is_empty()) {
            (Some((from, to)), true) => key(from, to, false),
            (Some(_), false) => {
                let what = format!("The link `{text}` can be read in more than one way.");
                Err(Box::new(error("link-ambiguous", text, what, "Write both directions, as `a->b` and `b->a`.")))
            }
            (None, _) => {
                let known_side = splits().find_map(|(a, b)| end(a).map(|_| b).or_else(|| end(b).map(|_| a)));
                let missing = known_side.or_else(|| splits().next().map(|(a, _)| a)).unwrap_or(text);
                Err(unknown(text, missing, tiers))
            }
        }
    }
}

fn unknown(text: &str, name: &str, tiers: &Tiers) -> Box<Diagnostic> {
    let mut names: Vec<&str> = tiers.values().flatten().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let all: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
    let remedy = match near(name, names.iter().copied().chain(tiers.keys().map(String::as_str))) {
        Some(meant) => format!("Did you mean `{meant}`?"),
        None if all.is_empty() => "Name two machines, such as `a-b`; no machine has a tier.".to_owned(),
        None => format!("The tiers are {}; machines can be named too.", all.join(", ")),
    };
    Box::new(error(
        "link-end-unknown",
        text,
        format!("The link `{text}` names `{name}`, which is neither a tier nor a machine."),
        remedy,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiers() -> Tiers {
        [("cloud0", "cloud"), ("edge-0", "edge"), ("edge-1", "edge")]
            .map(|(m, t)| (m.to_owned(), Some(t.to_owned())))
            .into()
    }

    #[test]
    fn names_may_hold_dashes() {
        let key = Key::parse("cloud0-edge-1", &tiers()).unwrap();
        assert_eq!((key.from, key.to), (End::Machine("cloud0".into()), End::Machine("edge-1".into())));
        assert!(Key::parse("edge-0-edge-1", &tiers()).unwrap().covers("edge-1", "edge-0", &tiers()));
        assert!(!Key::parse("edge-0->edge-1", &tiers()).unwrap().covers("edge-1", "edge-0", &tiers()));
        assert_eq!(Key::parse("edge", &tiers()), Key::parse("edge-edge", &tiers()));
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| {
            let d = Key::parse(text, &tiers()).unwrap_err();
            (d.id, d.remedy)
        };
        assert_eq!(wrong("cloud-edg"), ("link-end-unknown", "Did you mean `edge`?".into()));
        assert_eq!(wrong("clod->edge"), ("link-end-unknown", "Did you mean `cloud`?".into()));
        assert_eq!(wrong("edge-0-edge-0").0, "link-with-itself");
        assert_eq!(wrong("cloud0").0, "link-with-itself");
        assert!(wrong("fog-edge").1.contains("`cloud`, `edge`"));
    }
}
