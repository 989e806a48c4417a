//! References: what expressions name, and who answers them.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use cplan_model::{Diagnostic, InstanceKey, ResourceAddr, Span, Value};

/// What a traversal begins with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// `var.name`
    Variable(Arc<str>),
    /// `local.name`
    Local(Arc<str>),
    /// `type.name` or `data.type.name`: one object, or a tuple or object of them where it repeats.
    Resource(ResourceAddr),
    /// `module.name`: an object of its outputs, or a tuple or object of such.
    Module(Arc<str>),
    /// `count.index`
    CountIndex,
    /// `each.key`
    EachKey,
    /// `each.value`
    EachValue,
    /// `path.module`
    PathModule,
    /// `path.root`
    PathRoot,
    /// `path.cwd`
    PathCwd,
    /// `terraform.workspace`
    Workspace,
    /// `terraform.applying`: an ephemeral bool, true while a plan is carried out.
    Applying,
    /// `self`
    SelfObject,
}

/// A subject with its place; what follows it is applied by the evaluator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What is named.
    pub subject: Subject,
    /// The whole traversal in the file.
    pub span: Span,
    /// Whether an index stands right behind the subject.
    pub keyed: bool,
    /// For [`Subject::Module`]: the name behind it or behind its index (`module.lab.addresses`,
    /// `module.lab["a"].addresses`). [`crate::ModuleCall::output_of`] tells whether that is an output.
    pub output: Option<Arc<str>>,
    /// For [`Subject::Resource`]: the key of the instance, where it is a literal; only that one is waited for.
    pub key: Option<InstanceKey>,
}

/// What the functions go by that answer differently each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// When the plan is or was made: `plantimestamp()`. Not known while validating.
    pub planned: Option<SystemTime>,
    /// Now: `timestamp()`. Known during apply and in the console only, and so are `uuid()` and `bcrypt()`.
    pub now: Option<SystemTime>,
}

/// Answers references during evaluation.
pub trait Scope {
    /// The value of a subject. An error where there is nothing of that name (with the near name as remedy).
    fn lookup(&self, reference: &Reference) -> Result<Value, Diagnostic>;

    /// The folder of the module, for `file()` and its kin.
    fn module_dir(&self) -> &Path;

    /// What `timestamp()` and its kin answer; where this is not overridden, that they are not known yet.
    fn clock(&self) -> Clock {
        Clock::default()
    }

    /// Whether somebody typed the expression into the console, where no plan is made: there is no `plantimestamp()`,
    /// and a `type()` around a whole expression.
    fn is_console(&self) -> bool {
        false
    }

    /// The source that `required_providers` of the module gives a local name, for the functions of that provider.
    fn provider_source(&self, _local: &str) -> Option<&str> {
        None
    }
}
