//! How a step ends, and what that means for those that wait for it.

use cplan_model::{Action, Diagnostics, InstanceAddr, Reason};
use cplan_sdk::ProviderError;

use super::{Cause, Failure, Run};
use crate::event::Event;
use crate::plan::{Operation, StepId, Work};

impl Run<'_> {
    /// `counts` says that there was something to do.
    pub(super) fn succeeded(&mut self, id: StepId, operation: &Operation, counts: bool) {
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

    pub(super) fn failed(&mut self, id: StepId, operation: &Operation, error: ProviderError) {
        self.fail(id, &operation.key.address, operation.action, error);
    }

    pub(super) fn fail(&mut self, id: StepId, address: &InstanceAddr, action: Action, error: ProviderError) {
        self.events.event(Event::StepFailed {
            step: id,
            address: address.clone(),
            action,
            error: error.message.clone(),
        });
        self.end(id, address, action, Cause::Provider(error));
    }

    /// Ends a step that is not under way, for conditions that do not hold.
    pub(super) fn refuse(&mut self, id: StepId, address: &InstanceAddr, action: Action, refused: Diagnostics) {
        self.end(id, address, action, Cause::Conditions(refused));
    }

    pub(super) fn end(&mut self, id: StepId, address: &InstanceAddr, action: Action, cause: Cause) {
        let address = address.clone();
        let place = crate::planning::block_at(&self.plan.config, &address).map(|b| b.span);
        let skipped = self.schedule.failed(self.plan, id);
        self.report.failures.push(Failure { address: address.clone(), action, cause, place });
        for step in skipped {
            self.skip(step, format!("{address} failed"));
        }
    }

    /// Ends a step that hangs on a condition that does not hold, which is told already.
    pub(super) fn bar(&mut self, id: StepId, address: &InstanceAddr) {
        let skipped = self.schedule.failed(self.plan, id);
        self.skip(id, "a condition that it hangs on does not hold".to_owned());
        for step in skipped {
            self.skip(step, format!("{address} was skipped"));
        }
    }

    pub(super) fn skip(&mut self, step: StepId, because: String) {
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
}

/// Whether a delete only clears away what an object left that is gone already; the plan tells it as a create.
pub(super) fn clears_away(operation: &Operation) -> bool {
    operation.action == Action::Delete && operation.reason == Reason::Missing
}
