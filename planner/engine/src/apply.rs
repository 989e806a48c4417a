//! Doing what a plan says: steps in order, intents before, results after.

mod amend;
mod claims;
mod conditions;
mod gates;
mod places;
mod record;
mod schedule;
mod step;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cplan_model::{
    Action, CheckOwner, CheckedBlock, Checks, Diagnostic, Diagnostics, InstanceAddr, ModuleInstance, Reason, Span,
    Type, Value,
};
use cplan_sdk::{ApplyResponse, Context, ProviderError};
use cplan_store::{IntentId, State, StateOutput, Store, Transaction};
use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use hashbrown::HashSet;

use crate::event::{Event, EventSink};
use crate::failure::EngineError;
use crate::plan::{Operation, Plan, PlanMode, StepId, Work};
use crate::registry::Registry;
use crate::secret::Secrets;
use crate::values::{Live, Repeat, Values};
use schedule::Schedule;
use step::{Done, Outcome, Prepared, Ready, Task};

/// How an apply went.
#[derive(Debug, Default)]
pub struct ApplyReport {
    /// Objects made.
    pub created: usize,
    /// Objects changed in place.
    pub updated: usize,
    /// Objects deleted.
    pub deleted: usize,
    /// Objects taken in.
    pub imported: usize,
    /// Objects left in the world and forgotten.
    pub forgotten: usize,
    /// Steps that failed.
    pub failures: Vec<Failure>,
    /// Steps that were not begun, and why.
    pub skipped: Vec<(InstanceAddr, String)>,
    /// The root outputs as they are now.
    pub outputs: BTreeMap<String, StateOutput>,
    /// Warnings on the way.
    pub diagnostics: Diagnostics,
    /// Whether the user interrupted.
    pub cancelled: bool,
}

/// A step that failed.
#[derive(Debug)]
pub struct Failure {
    /// The object.
    pub address: InstanceAddr,
    /// What was tried.
    pub action: Action,
    /// Why it failed.
    pub cause: Cause,
    /// Its block in the configuration.
    pub place: Option<Span>,
}

/// Why a step failed.
#[derive(Debug)]
pub enum Cause {
    /// The provider could not do it.
    Provider(ProviderError),
    /// Conditions do not hold: all of them, of the object as it is (what is done is done).
    Conditions(Diagnostics),
}

/// Applies a plan. Independent branches go on after a failure; what depends on the failed step is skipped and said.
/// Errors are failures of the state itself, after which nothing more is begun.
pub async fn apply(
    ctx: &Context,
    plan: &Plan,
    store: &dyn Store,
    registry: &Registry,
    parallelism: usize,
    run: &str,
    events: Arc<dyn EventSink>,
) -> Result<ApplyReport, EngineError> {
    let state = store.load()?;
    if state.lineage != plan.lineage || state.serial != plan.serial {
        return Err(EngineError::Stale { planned: plan.serial, found: state.serial });
    }
    let next_intent = store.intents()?.iter().map(|i| i.id.0 + 1).max().unwrap_or(1);
    let mut run = Run {
        ctx,
        plan,
        store,
        registry,
        name: run,
        events,
        schedule: Schedule::new(plan, |operation| place(registry, operation)),
        values: plan.values.clone(),
        state,
        live: Live::applying(),
        next_intent,
        pending: Transaction::default(),
        skipped: HashSet::new(),
        unwritten: HashSet::new(),
        checks: plan.checks.clone(),
        gates: gates::gates(plan),
        unreached: HashSet::new(),
        secrets: Arc::new(Mutex::new(secrets(plan))),
        report: ApplyReport::default(),
    };
    run.amend()?;
    run.drive(parallelism.max(1)).await?;
    run.finish()
}

struct Run<'a> {
    ctx: &'a Context,
    plan: &'a Plan,
    store: &'a dyn Store,
    registry: &'a Registry,
    name: &'a str,
    events: Arc<dyn EventSink>,
    schedule: Schedule,
    values: Values,
    /// What has become known in this run.
    live: Live,
    /// The state as this run has changed it.
    state: State,
    next_intent: u64,
    /// What has ended and is not durable yet: never anything of a step that changed the world.
    pending: Transaction,
    /// The addresses among the report's skipped ones.
    skipped: HashSet<InstanceAddr>,
    /// Those of them that are not as planned; a leftover that stays is no matter of the object in its place.
    unwritten: HashSet<InstanceAddr>,
    /// What is known of all conditions.
    checks: Checks,
    gates: Vec<gates::Gate>,
    /// Those that were not come to because something before them failed.
    unreached: HashSet<CheckOwner>,
    /// What no log and no error may show, whichever step says it.
    secrets: Arc<Mutex<Secrets>>,
    report: ApplyReport,
}

/// How many in-process steps are done between two commits.
const BATCH: usize = 1000;

impl<'a> Run<'a> {
    async fn drive(&mut self, parallelism: usize) -> Result<(), EngineError> {
        let mut running: FuturesUnordered<Task<'_>> = FuturesUnordered::new();
        let mut prepared: Vec<Vec<Prepared>> = Vec::new();
        loop {
            if !self.ctx.cancel.is_cancelled() {
                self.start(&mut running, &mut prepared, parallelism);
            }
            self.perform(&mut running, &mut prepared)?;
            let first = match running.next().now_or_never() {
                Some(ended) => ended,
                None => {
                    // Nobody waits for anything while something that has ended is not durable.
                    self.commit()?;
                    running.next().await
                }
            };
            let Some(first) = first else { break };
            let mut done = vec![first];
            while done.len() < BATCH
                && let Some(Some(more)) = running.next().now_or_never()
            {
                done.push(more);
            }
            self.settle(done, &mut prepared)?;
        }
        self.commit()?;
        self.report.cancelled = self.ctx.cancel.is_cancelled();
        let because = if self.report.cancelled { "the run was interrupted" } else { "what it depends on was not done" };
        for step in self.schedule.left() {
            self.skip(step, because.to_owned());
        }
        Ok(())
    }

    /// Begins what is ready and fits: straight to `prepared`, or to its finalisation first.
    fn start<'f>(
        &mut self,
        running: &mut FuturesUnordered<Task<'f>>,
        prepared: &mut Vec<Vec<Prepared>>,
        parallelism: usize,
    ) where
        Self: 'f,
    {
        let mut inline = 0;
        while inline < BATCH {
            let plan = self.plan;
            let busy = running.len() + prepared.len() - inline.min(prepared.len());
            let idle = running.is_empty() && prepared.is_empty();
            let Some(ids) = self.schedule.next(plan, busy, parallelism, idle) else { break };
            let (mut now, mut later) = (Vec::new(), Vec::new());
            for id in ids {
                let Some(operation) = self.begin(id) else { continue };
                inline += usize::from(self.in_process(operation));
                match self.prepare(id, operation) {
                    Ok(Ready::Now(ready)) => now.push(*ready),
                    Ok(Ready::Later(task)) => later.push(task),
                    Err(error) => self.failed(id, operation, *error),
                }
            }
            if later.is_empty() {
                prepared.extend(Some(now).filter(|now| !now.is_empty()));
            } else {
                running.push(step::all(now, later));
            }
        }
    }

    /// The operation of a step that is to be begun. What takes no time is done here, and what must not be begun is
    /// refused.
    fn begin(&mut self, id: StepId) -> Option<&'a Operation> {
        let plan = self.plan;
        let operation = match &plan.steps[id.0].work {
            Work::Operation(operation) => operation,
            Work::Join => {
                self.schedule.succeeded(plan, id);
                return None;
            }
            Work::Conditions(address) => {
                match self.is_barred(address) {
                    true => self.bar(id, address),
                    false => match self.judge_again(address) {
                        Ok(()) => self.schedule.succeeded(plan, id),
                        Err(refused) => self.refuse(id, address, Action::NoOp, refused),
                    },
                }
                return None;
            }
        };
        // A refusal comes before anything is begun.
        if operation.action != Action::Delete {
            let address = &operation.key.address;
            if self.is_barred(address) {
                self.bar(id, address);
                return None;
            }
            if let Err(refused) = self.preconditions(address) {
                self.refuse(id, address, operation.action, refused);
                return None;
            }
        }
        if !clears_away(operation) {
            self.events.event(Event::StepStarted {
                step: id,
                address: operation.key.address.clone(),
                action: operation.action,
            });
        }
        Some(operation)
    }

    /// Makes the intents of prepared steps durable and lets the steps run.
    fn perform<'f>(
        &mut self,
        running: &mut FuturesUnordered<Task<'f>>,
        prepared: &mut Vec<Vec<Prepared>>,
    ) -> Result<(), EngineError>
    where
        Self: 'f,
    {
        let mut intents = Vec::new();
        let mut tasks = Vec::new();
        for batch in prepared.drain(..) {
            let mut begun = Vec::with_capacity(batch.len());
            for ready in batch {
                let plan = self.plan;
                let Work::Operation(operation) = &plan.steps[ready.id.0].work else { continue };
                let intent = self.journalled(operation).then(|| {
                    let id = IntentId(self.next_intent);
                    self.next_intent += 1;
                    intents.push(self.intent(id, operation, &ready));
                    id
                });
                begun.push((&**operation, ready, intent));
            }
            tasks.push(self.run(begun));
        }
        if !intents.is_empty() {
            self.commit()?;
            tokio::task::block_in_place(|| self.store.begin(&intents))?;
        }
        running.extend(tasks);
        Ok(())
    }

    /// Takes in what has ended: one transaction for all of it, then what follows from it. What lives in the state alone
    /// can wait for more of its kind: were it lost, nothing in the world would be.
    fn settle(&mut self, done: Vec<Vec<Done>>, prepared: &mut Vec<Vec<Prepared>>) -> Result<(), EngineError> {
        let mut transaction = Transaction::default();
        let mut ended = Vec::new();
        let mut can_wait = true;
        for batch in done {
            let mut finalised = Vec::new();
            for done in batch {
                let plan = self.plan;
                let Work::Operation(operation) = &plan.steps[done.id.0].work else { continue };
                can_wait &= done.intent.is_none() && self.in_process(operation);
                transaction.settled.extend(done.intent);
                match done.outcome {
                    Outcome::Finalised(ready) => finalised.push(*ready),
                    Outcome::Unchanged(ready) => {
                        let Prepared { planned, private, .. } = *ready;
                        let values = planned.clone().unwrap_or_else(|| Value::null(Type::Dynamic));
                        let result = Ok(ApplyResponse { values, private, boot_id: None });
                        let verdict = self.take_in(operation, planned.as_ref(), result, &mut transaction);
                        ended.push((done.id, verdict, false));
                    }
                    Outcome::Applied { planned, result } => {
                        let verdict = self.take_in(operation, planned.as_ref(), result, &mut transaction);
                        ended.push((done.id, verdict, true));
                    }
                }
            }
            prepared.extend(Some(finalised).filter(|f| !f.is_empty()));
        }
        self.pending.follow(transaction);
        if !can_wait || self.pending.put.len() + self.pending.delete.len() >= BATCH {
            self.commit()?;
        }
        for (id, verdict, counts) in ended {
            let plan = self.plan;
            let Work::Operation(operation) = &plan.steps[id.0].work else { continue };
            match verdict {
                None => self.succeeded(id, operation, counts),
                Some(error) => self.failed(id, operation, error),
            }
        }
        Ok(())
    }

    /// Makes durable what is not yet.
    fn commit(&mut self) -> Result<(), EngineError> {
        let transaction = std::mem::take(&mut self.pending);
        if !transaction.is_empty() {
            tokio::task::block_in_place(|| self.store.commit(&transaction))?;
        }
        Ok(())
    }

    /// `counts` says that there was something to do.
    fn succeeded(&mut self, id: StepId, operation: &Operation, counts: bool) {
        if clears_away(operation) {
            return self.schedule.succeeded(self.plan, id);
        }
        let address = &operation.key.address;
        match operation.action {
            Action::Create => self.report.created += 1,
            Action::Update => self.report.updated += usize::from(counts),
            // A replaced object is counted by its create, as it is planned.
            Action::Delete => self.report.deleted += 1,
            _ => {}
        }
        self.events.event(Event::StepFinished { step: id, address: address.clone(), action: operation.action });
        // It is done, whatever is to be said of it.
        let verdict = match operation.action {
            Action::Delete => Ok(()),
            _ => self.postconditions(address),
        };
        match verdict {
            Ok(()) => self.schedule.succeeded(self.plan, id),
            Err(refused) => self.refuse(id, address, operation.action, refused),
        }
    }

    fn failed(&mut self, id: StepId, operation: &Operation, error: ProviderError) {
        self.fail(id, &operation.key.address, operation.action, error);
    }

    fn fail(&mut self, id: StepId, address: &InstanceAddr, action: Action, error: ProviderError) {
        self.events.event(Event::StepFailed {
            step: id,
            address: address.clone(),
            action,
            error: error.message.clone(),
        });
        self.end(id, address, action, Cause::Provider(error));
    }

    /// Ends a step that is not under way, for conditions that do not hold.
    fn refuse(&mut self, id: StepId, address: &InstanceAddr, action: Action, refused: Diagnostics) {
        self.end(id, address, action, Cause::Conditions(refused));
    }

    fn end(&mut self, id: StepId, address: &InstanceAddr, action: Action, cause: Cause) {
        let address = address.clone();
        let place = crate::planning::block_at(&self.plan.config, &address).map(|b| b.span);
        let skipped = self.schedule.failed(self.plan, id);
        self.report.failures.push(Failure { address: address.clone(), action, cause, place });
        for step in skipped {
            self.skip(step, format!("{address} failed"));
        }
    }

    /// Ends a step that hangs on a condition that does not hold, which is told already.
    fn bar(&mut self, id: StepId, address: &InstanceAddr) {
        let skipped = self.schedule.failed(self.plan, id);
        self.skip(id, "a condition that it hangs on does not hold".to_owned());
        for step in skipped {
            self.skip(step, format!("{address} was skipped"));
        }
    }

    fn skip(&mut self, step: StepId, because: String) {
        let Work::Operation(operation) = &self.plan.steps[step.0].work else { return };
        let address = operation.key.address.clone();
        self.events.event(Event::StepSkipped { step, address: address.clone(), because: because.clone() });
        if operation.action != Action::Delete {
            self.unwritten.insert(address.clone());
        }
        if self.skipped.insert(address.clone()) {
            self.report.skipped.push((address, because));
        }
    }

    /// The root outputs, evaluated with what is known now; stored if they changed.
    fn finish(mut self) -> Result<ApplyReport, EngineError> {
        self.live.renew();
        let root = ModuleInstance::root();
        let complete = self.report.failures.is_empty() && self.report.skipped.is_empty();
        let concluded = self.conclude();
        let mut outputs = self.state.outputs.clone();
        // What the plan does not speak of was left out of it by a flag.
        outputs.retain(|name, _| self.plan.partial && self.plan.outputs.iter().all(|o| *o.name != **name));
        for change in &self.plan.outputs {
            let Some(planned) = &change.after else { continue };
            let declared = self.plan.config.root.outputs.get(&change.name);
            let owner = CheckOwner::Output(root.clone(), change.name.clone());
            let judged = declared.is_some_and(|o| !o.preconditions.is_empty()) && !self.unreached.contains(&owner);
            let refused = if judged { self.judge_owner(&owner) } else { Diagnostics::new() };
            // What is there is taken in all the same.
            let is_refused = refused.has_errors() && self.plan.mode != PlanMode::RefreshOnly;
            self.report.diagnostics.extend(refused);
            // What hangs on a failed step keeps the value it had.
            if is_refused || self.unreached.contains(&owner) {
                if let Some(old) = self.state.outputs.get(&*change.name) {
                    outputs.insert(change.name.to_string(), old.clone());
                }
                continue;
            }
            let value = match declared {
                Some(output) if !planned.is_wholly_known() => {
                    let view = self.values.view(&root, &Repeat::None, Some(&self.live));
                    let (value, found) = cplan_config::evaluate(&output.value, &view);
                    if complete {
                        self.report.diagnostics.extend(found);
                    }
                    value.unmarked_deep()
                }
                _ => planned.clone(),
            };
            let value = match (value.is_wholly_known(), self.state.outputs.get(&*change.name)) {
                (true, _) => value,
                (false, Some(old)) => old.value.clone(),
                (false, None) => continue,
            };
            if value.is_null() {
                continue;
            }
            outputs.insert(change.name.to_string(), StateOutput { value, sensitive: change.sensitive });
        }
        self.report.diagnostics.extend(concluded);
        if self.plan.partial {
            self.report.diagnostics.push(incomplete());
        }
        for block in self.checks.values_mut().filter(|block| !block.objects.is_empty()) {
            *block = CheckedBlock::of(std::mem::take(&mut block.objects));
        }
        if outputs != self.state.outputs || self.checks != self.state.checks {
            let transaction = Transaction {
                outputs: Some(outputs.clone()),
                checks: Some(std::mem::take(&mut self.checks)),
                ..Transaction::default()
            };
            tokio::task::block_in_place(|| self.store.commit(&transaction))?;
        }
        self.report.outputs = outputs;
        Ok(self.report)
    }

    fn in_process(&self, operation: &Operation) -> bool {
        let ty = &operation.key.address.resource.ty;
        self.registry.resource(&operation.provider, ty).is_some_and(|r| r.in_process())
    }

    /// Whether an operation changes the world, and so needs an intent.
    fn journalled(&self, operation: &Operation) -> bool {
        operation.action != Action::Read && !operation.with_container && !self.in_process(operation)
    }
}

/// The secrets that a plan knows of.
fn secrets(plan: &Plan) -> Secrets {
    let mut secrets = Secrets::default();
    let values = plan.operations().flat_map(|(_, o)| o.prior.iter().chain(&o.planned).chain(&o.config));
    let outputs = plan.outputs.iter().flat_map(|o| o.before.iter().chain(&o.after));
    let changes = plan.changes.iter().flat_map(|c| c.before.iter().chain(&c.after));
    values.chain(outputs).chain(changes).for_each(|value| secrets.learn(value));
    secrets
}

/// Where an operation is done together with others, if it is.
fn place<'p>(registry: &Registry, operation: &'p Operation) -> Option<places::Place<'p>> {
    let ty = &*operation.key.address.resource.ty;
    let together = |o: &Operation| registry.resource(&o.provider, ty).is_some_and(|r| r.applied_together());
    let container = operation.container_id.as_deref().filter(|_| !operation.with_container)?;
    (operation.action != Action::Read && together(operation)).then_some((&operation.provider, ty, container))
}

fn incomplete() -> Diagnostic {
    Diagnostic::warning(
        "applied-incomplete",
        "Applied changes may be incomplete",
        "-target or -exclude left things out of the plan, so not all that the configuration asks for may be done.",
    )
    .remedy("Run `cplan plan` to see whether anything is left.")
}

/// Whether a delete only clears away what an object left that is gone already; the plan tells it as a create.
fn clears_away(operation: &Operation) -> bool {
    operation.action == Action::Delete && operation.reason == Reason::Missing
}
