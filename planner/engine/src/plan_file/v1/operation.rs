//! Steps in format 1.

use cplan_sdk::{Claim, Share};
use cplan_store::v1::{ActionV1, BytesV1, IdentityV1};
use serde::{Deserialize, Serialize};

use super::address::KeyV1;
use super::change::ReasonV1;
use super::value::{Reader, Ref, Writer};
use super::{Wrong, address};
use crate::plan::{Operation, PlanStep, StepId, Work};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepV1 {
    id: usize,
    work: WorkV1,
    after: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WorkV1 {
    Join,
    Operation(Box<OperationV1>),
    Conditions(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationV1 {
    key: KeyV1,
    action: ActionV1,
    reason: ReasonV1,
    provider: String,
    identity: IdentityV1,
    prior: Option<Ref>,
    planned: Option<Ref>,
    config: Option<Ref>,
    private: BytesV1,
    finalise: bool,
    with_container: bool,
    claims: Vec<ClaimV1>,
    dependencies: Vec<String>,
    container: Option<String>,
    container_id: Option<String>,
    deposes: Option<String>,
    create_before_destroy: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimV1 {
    on: String,
    share: ShareV1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ShareV1 {
    Shared,
    Exclusive,
    /// So many of so many.
    Slots(u32, u32),
}

impl Writer {
    pub(super) fn step(&mut self, step: &PlanStep) -> StepV1 {
        StepV1 {
            id: step.id.0,
            work: match &step.work {
                Work::Join => WorkV1::Join,
                Work::Operation(operation) => WorkV1::Operation(Box::new(self.operation(operation))),
                Work::Conditions(address) => WorkV1::Conditions(address.to_string()),
            },
            after: step.after.iter().map(|id| id.0).collect(),
        }
    }

    fn operation(&mut self, operation: &Operation) -> OperationV1 {
        OperationV1 {
            key: (&operation.key).into(),
            action: operation.action.into(),
            reason: self.reason(&operation.reason),
            provider: operation.provider.clone(),
            identity: (&operation.identity).into(),
            prior: self.optional(operation.prior.as_ref()),
            planned: self.optional(operation.planned.as_ref()),
            config: self.optional(operation.config.as_ref()),
            private: operation.private.as_slice().into(),
            finalise: operation.finalise,
            with_container: operation.with_container,
            claims: operation.claims.iter().map(ClaimV1::from).collect(),
            dependencies: address::texts(&operation.dependencies),
            container: address::text(operation.container.as_ref()),
            container_id: operation.container_id.clone(),
            deposes: operation.deposes.clone(),
            create_before_destroy: operation.create_before_destroy,
        }
    }
}

impl Reader {
    pub(super) fn step(&self, dto: StepV1) -> Result<PlanStep, Wrong> {
        Ok(PlanStep {
            id: StepId(dto.id),
            work: match dto.work {
                WorkV1::Join => Work::Join,
                WorkV1::Operation(operation) => Work::Operation(Box::new(self.operation(*operation)?)),
                WorkV1::Conditions(address) => Work::Conditions(address::instance(&address)?),
            },
            after: dto.after.into_iter().map(StepId).collect(),
        })
    }

    fn operation(&self, dto: OperationV1) -> Result<Operation, Wrong> {
        Ok(Operation {
            key: dto.key.try_into()?,
            action: dto.action.into(),
            reason: self.reason(dto.reason)?,
            provider: dto.provider,
            identity: dto.identity.into(),
            prior: self.optional(dto.prior)?,
            planned: self.optional(dto.planned)?,
            config: self.optional(dto.config)?,
            private: Vec::try_from(dto.private).map_err(|e| e.to_string())?,
            finalise: dto.finalise,
            with_container: dto.with_container,
            claims: dto.claims.into_iter().map(Claim::from).collect(),
            dependencies: address::instances(&dto.dependencies)?,
            container: address::optional(dto.container.as_deref())?,
            container_id: dto.container_id,
            deposes: dto.deposes,
            create_before_destroy: dto.create_before_destroy,
        })
    }
}

impl From<&Claim> for ClaimV1 {
    fn from(claim: &Claim) -> Self {
        let share = match claim.share {
            Share::Shared => ShareV1::Shared,
            Share::Exclusive => ShareV1::Exclusive,
            Share::Slots { take, of } => ShareV1::Slots(take, of),
        };
        ClaimV1 { on: claim.on.clone(), share }
    }
}

impl From<ClaimV1> for Claim {
    fn from(dto: ClaimV1) -> Self {
        let share = match dto.share {
            ShareV1::Shared => Share::Shared,
            ShareV1::Exclusive => Share::Exclusive,
            ShareV1::Slots(take, of) => Share::Slots { take, of },
        };
        Claim { on: dto.on, share }
    }
}
