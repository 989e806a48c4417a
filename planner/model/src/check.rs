//! Conditions of a configuration, by who has them, and what came of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::{InstanceAddr, ModuleInstance, Target};

/// Who has conditions: an object, or with [`CheckOwner::block`] the block that stands for all objects of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckOwner {
    /// A resource instance's preconditions and postconditions.
    Resource(InstanceAddr),
    /// An output's preconditions.
    Output(ModuleInstance, Arc<str>),
    /// A `check` block.
    Check(ModuleInstance, Arc<str>),
    /// A variable's validations.
    Variable(ModuleInstance, Arc<str>),
}

/// What came of conditions, the best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckStatus {
    /// All hold.
    #[default]
    Pass,
    /// Known only after apply, or not looked at.
    Unknown,
    /// One does not hold.
    Fail,
    /// One could not be evaluated.
    Error,
}

/// What came of the conditions of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    /// Whose they are.
    pub owner: CheckOwner,
    /// What came of all of them together.
    pub status: CheckStatus,
    /// The messages of those that failed, in alphabetical order.
    pub problems: Vec<String>,
}

/// What came of the conditions of a block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckedBlock {
    /// What came of all its objects together; of none, whether it was looked at.
    pub status: CheckStatus,
    /// Its objects, in order of address.
    pub objects: Vec<CheckResult>,
}

/// All conditions of a configuration, by their block.
pub type Checks = BTreeMap<CheckOwner, CheckedBlock>;

impl CheckOwner {
    /// The block in the configuration: without the keys of instances and modules.
    pub fn block(&self) -> CheckOwner {
        let bare =
            |module: &ModuleInstance| ModuleInstance(module.0.iter().map(|(name, _)| (name.clone(), None)).collect());
        match self {
            CheckOwner::Resource(address) => CheckOwner::Resource(InstanceAddr {
                module: bare(&address.module),
                resource: address.resource.clone(),
                key: None,
            }),
            CheckOwner::Output(module, name) => CheckOwner::Output(bare(module), name.clone()),
            CheckOwner::Check(module, name) => CheckOwner::Check(bare(module), name.clone()),
            CheckOwner::Variable(module, name) => CheckOwner::Variable(bare(module), name.clone()),
        }
    }

    /// The module that it is in.
    pub fn module(&self) -> &ModuleInstance {
        match self {
            CheckOwner::Resource(address) => &address.module,
            CheckOwner::Output(module, _) | CheckOwner::Check(module, _) | CheckOwner::Variable(module, _) => module,
        }
    }

    /// `resource`, `output`, `check` or `var`.
    pub fn kind(&self) -> &'static str {
        match self {
            CheckOwner::Resource(_) => "resource",
            CheckOwner::Output(..) => "output",
            CheckOwner::Check(..) => "check",
            CheckOwner::Variable(..) => "var",
        }
    }

    /// From its kind and its text; `None` where they do not fit.
    pub fn parse(kind: &str, text: &str) -> Option<CheckOwner> {
        if kind == "resource" {
            return text.parse().ok().map(CheckOwner::Resource);
        }
        let (head, name) = text.rsplit_once('.')?;
        let module = match head.strip_suffix(kind)? {
            "" => ModuleInstance::root(),
            above => match above.strip_suffix('.')?.parse().ok()? {
                Target { module, resource: None, .. } => module,
                _ => return None,
            },
        };
        let name = Arc::from(name);
        Some(match kind {
            "output" => CheckOwner::Output(module, name),
            "check" => CheckOwner::Check(module, name),
            "var" => CheckOwner::Variable(module, name),
            _ => return None,
        })
    }
}

impl fmt::Display for CheckOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, name) = match self {
            CheckOwner::Resource(address) => return address.fmt(f),
            CheckOwner::Output(module, name) | CheckOwner::Check(module, name) | CheckOwner::Variable(module, name) => {
                (module, name)
            }
        };
        if !module.is_root() {
            write!(f, "{module}.")?;
        }
        write!(f, "{}.{name}", self.kind())
    }
}

impl CheckStatus {
    /// `pass`, `unknown`, `fail` or `error`.
    pub fn word(self) -> &'static str {
        match self {
            CheckStatus::Pass => "pass",
            CheckStatus::Unknown => "unknown",
            CheckStatus::Fail => "fail",
            CheckStatus::Error => "error",
        }
    }

    /// From its word.
    pub fn parse(word: &str) -> Option<CheckStatus> {
        [CheckStatus::Pass, CheckStatus::Unknown, CheckStatus::Fail, CheckStatus::Error]
            .into_iter()
            .find(|status| status.word() == word)
    }
}

impl CheckedBlock {
    /// Of objects, in any order.
    pub fn of(mut objects: Vec<CheckResult>) -> Self {
        objects.sort_by(|a, b| a.owner.cmp(&b.owner));
        objects.iter_mut().for_each(|o| o.problems.sort());
        let status = objects.iter().map(|o| o.status).max().unwrap_or_default();
        CheckedBlock { status, objects }
    }

    /// A block that was not looked at.
    pub fn unseen() -> Self {
        CheckedBlock { status: CheckStatus::Unknown, objects: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_read_as_they_are_written() {
        for (kind, text) in [
            ("resource", "module.m[\"a.b\"].t.n[0]"),
            ("output", "output.o"),
            ("check", "module.m[\"x.check.y\"].module.n.check.c"),
            ("var", "module.m.var.v"),
        ] {
            let owner = CheckOwner::parse(kind, text).unwrap();
            assert_eq!((owner.kind(), owner.to_string().as_str()), (kind, text));
        }
        assert_eq!(CheckOwner::parse("output", "var.x"), None);
        assert_eq!(CheckOwner::parse("nope", "nope.x"), None);
        assert_eq!(CheckOwner::parse("var", "a.b.var.x"), None);
        let keyed = CheckOwner::parse("resource", "module.m[1].t.n[0]").unwrap();
        assert_eq!(keyed.block().to_string(), "module.m.t.n");
    }
}
