//! A folder with a configuration, a state in memory, and the verbs on them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use cplan_engine::{
    ApplyReport, Deaf, Plan, PlanFile, PlanInput, PlanMode, PlanOptions, Registry, TerraformProvider, Work, apply, plan,
};
use cplan_model::{Action, Diagnostics};
use cplan_sdk::{Context, Silent};
use cplan_store::{MemoryStore, Store};
use tokio_util::sync::CancellationToken;

pub(crate) struct Lab {
    dir: tempfile::TempDir,
    pub(crate) store: MemoryStore,
    registry: Registry,
}

impl Lab {
    pub(crate) fn new(text: &str) -> Lab {
        let registry = Registry::new([Arc::new(TerraformProvider::new()) as _]);
        let lab = Lab { dir: tempfile::tempdir().unwrap(), store: MemoryStore::new(), registry };
        lab.write("main.tf", text);
        lab
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn input(&self, flags: &[&str]) -> Result<PlanInput<'_>, Diagnostics> {
        let (config, found) = cplan_config::load(self.dir.path());
        if found.has_errors() {
            return Err(found);
        }
        let flags: Vec<_> = flags.iter().map(|f| cplan_config::VariableFlag::Value((*f).to_owned())).collect();
        let (variables, found) = cplan_config::collect_variables(&config, &[], &flags);
        if found.has_errors() {
            return Err(found);
        }
        let state = self.store.load().unwrap();
        Ok(PlanInput {
            config: Arc::new(config),
            variables: variables.values,
            given: variables.given,
            state,
            registry: &self.registry,
            options: PlanOptions::default(),
            now: Some(SystemTime::UNIX_EPOCH),
            cwd: None,
        })
    }

    fn context(&self) -> Context {
        Context::new(self.dir.path().join(".cplan"), Arc::new(Silent), CancellationToken::new())
    }

    pub(crate) async fn plan(&self, flags: &[&str]) -> Result<Plan, Diagnostics> {
        let (made, found) = plan(&self.context(), self.input(flags)?, Arc::new(Deaf)).await;
        if found.has_errors() { Err(found) } else { Ok(made.unwrap()) }
    }

    /// A plan with flags of its own, and what was said beside it.
    pub(crate) async fn plan_with(&self, options: PlanOptions) -> (Option<Plan>, Diagnostics) {
        let mut input = self.input(&[]).unwrap();
        input.options = options;
        let (made, found) = plan(&self.context(), input, Arc::new(Deaf)).await;
        (made.filter(|plan| !plan.errored), found)
    }

    /// A plan that was just made, with what it was made from.
    pub(crate) fn file(&self, plan: Plan) -> PlanFile {
        let input = self.input(&[]).unwrap();
        PlanFile::new(plan, input.state, &self.registry)
    }

    pub(crate) async fn apply(&self, flags: &[&str]) -> ApplyReport {
        let made = self.plan(flags).await.unwrap_or_else(|d| panic!("{d:#?}"));
        self.carry_out(&made).await
    }

    pub(crate) async fn carry_out(&self, made: &Plan) -> ApplyReport {
        apply(&self.context(), made, &self.store, &self.registry, 10, "test", Arc::new(Deaf)).await.unwrap()
    }

    pub(crate) async fn destroy(&self) -> ApplyReport {
        let mut input = self.input(&[]).unwrap();
        input.options.mode = PlanMode::Destroy;
        let (made, found) = plan(&self.context(), input, Arc::new(Deaf)).await;
        self.carry_out(&made.unwrap_or_else(|| panic!("{found:#?}"))).await
    }

    pub(crate) fn outputs(&self) -> BTreeMap<String, String> {
        let state = self.store.load().unwrap();
        state.outputs.iter().map(|(k, v)| (k.clone(), format!("{:?}", v.value))).collect()
    }
}

/// The changes that are not no-ops, as `Action address`.
pub(crate) fn actions(plan: &Plan) -> Vec<String> {
    plan.changes.iter().filter(|c| c.action != Action::NoOp).map(|c| format!("{:?} {}", c.action, c.address)).collect()
}

/// The order in which a plan's operations can run, one after the other, as `Action address`; deposed objects say so.
pub(crate) fn order(plan: &Plan) -> Vec<String> {
    let mut done = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    while let Some(next) = plan.steps.iter().find(|s| !done.contains(&s.id) && s.after.iter().all(|a| done.contains(a)))
    {
        done.insert(next.id);
        if let Work::Operation(o) = &next.work {
            let deposed = if o.key.deposed.is_some() { " (deposed)" } else { "" };
            out.push(format!("{:?} {}{deposed}", o.action, o.key.address));
        }
    }
    assert_eq!(done.len(), plan.steps.len(), "the steps have a circle");
    out
}

/// The ids and texts of diagnostics.
pub(crate) fn said(found: &Diagnostics, _dir: Option<&Path>) -> Vec<(String, String)> {
    found.iter().map(|d| (d.id.to_owned(), d.what.clone())).collect()
}
