//! Doing what a plan says: steps in order, intents before, results after.

mod amend;
mod claims;
mod conditions;
mod ending;
mod gates;
mod outputs;
mod places;
mod record;
mod report;
mod schedule;
mod step;

use std::sync::{Arc, Mutex};

use cplan_model::{Action, CheckOwner, Checks, InstanceAddr, Type, Value};
use cplan_sdk::{ApplyResponse, Context, ErrorKind};
use cplan_store::{IntentId, State, Store, Transaction};
use futures::FutureExt;
use futures::stream::{FuturesUnordered, StreamExt};
use hashbrown::HashSet;

use crate::event::{Event, EventSink};
use crate::failure::EngineError;
use crate::plan::{Operation, Plan, StepId, Work};
use crate::registry::Registry;
use crate::secret::Secrets;
use crate::values::{Live, Values};
use ending::clears_away;
pub use report::{ApplyReport, Cause, Failure};
use schedule::Schedule;
use step::{Done, Outcome, Prepared, Ready, Task};

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
                if !is_open(&done.outcome) {
                    transaction.settled.extend(done.intent);
                }
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

    fn in_process(&self, operation: &Operation) -> bool {
        let ty = &operation.key.address.resource.ty;
        self.registry.resource(&operation.provider, ty).is_some_and(|r| r.in_process())
    }

    /// Whether an operation changes the world, and so needs an intent.
    fn journalled(&self, operation: &Operation) -> bool {
        operation.action != Action::Read && !operation.with_container && !self.in_process(operation)
    }
}

/// Whether nobody knows what came of a step: its intent stays, and the next command settles it.
fn is_open(outcome: &Outcome) -> bool {
    let Outcome::Applied { result: Err(error), .. } = outcome else { return false };
    error.partial.is_none() && (error.unsettled || error.kind == ErrorKind::Cancelled)
}

/// The secrets that a plan knows of.
fn secrets(plan: &Plan) -> Secrets {
    let mut secrets = Secrets::default();
    let values = plan.operations().flat_map(|(_, o)| o.prior.iter().chain(&o.planned).chain(&o.config));
    let outputs = plan.outputs.iter().flat_map(|o| o.before.iter().chain(&o.after));
    let changes = plan.changes.iter().flat_map(|c| c.before.iter().chain(&c.after));
    values.chain(outputs).chain(changes).for_each(|value| secrets.learn(value));
    // Mostly they are only parts of those, and a program may well show just them.
    let modules = plan.values.all_modules();
    let modules = modules.iter().filter_map(|module| plan.values.module(module));
    let parts = modules.flat_map(|module| module.variables.values().chain(module.locals.values()));
    parts.for_each(|value| secrets.learn(value));
    secrets
}

/// Where an operation is done together with others, if it is.
fn place<'p>(registry: &Registry, operation: &'p Operation) -> Option<places::Place<'p>> {
    let ty = &*operation.key.address.resource.ty;
    let together = |o: &Operation| registry.resource(&o.provider, ty).is_some_and(|r| r.applied_together());
    let container = operation.container_id.as_deref().filter(|_| !operation.with_container)?;
    (operation.action != Action::Read && together(operation)).then_some((&operation.provider, ty, container))
}
