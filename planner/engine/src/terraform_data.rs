//! The built-in provider `terraform`: the type `terraform_data`, and the outputs of other topologies.

use std::path::PathBuf;

use async_trait::async_trait;
use cplan_model::{AttrPath, Attribute, Diagnostics, Refinement, Schema, Type, Value, changes};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Context, DataSource, ImportRequest, Observed, PlanRequest, PlanResponse, Provider,
    ProviderError, ReadRequest, RecoverRequest, Resource,
};

use crate::remote_state::RemoteState;

/// The provider `terraform`.
pub struct TerraformProvider {
    schema: Schema,
    data: TerraformData,
    remote: RemoteState,
}

impl TerraformProvider {
    /// The provider; paths begin at the current folder.
    pub fn new() -> Self {
        Self::in_folder(PathBuf::new())
    }

    /// The provider of a topology in a folder.
    pub fn in_folder(dir: impl Into<PathBuf>) -> Self {
        let schema = Schema::new(
            "Holds values, and is replaced when told to.",
            [
                ("id", Attribute::computed(Type::String, "The identity of the object.")),
                ("input", Attribute::optional(Type::Dynamic, "Any value.")),
                ("output", Attribute::computed(Type::Dynamic, "The input, known after apply.")),
                ("triggers_replace", Attribute::optional(Type::Dynamic, "A change of it replaces the object.")),
            ],
        );
        let remote = RemoteState::new(dir.into());
        TerraformProvider { schema: Schema::default(), data: TerraformData { schema }, remote }
    }
}

impl Default for TerraformProvider {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Provider for TerraformProvider {
    fn name(&self) -> &str {
        "terraform"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn configure(&self, _: &Context, _: &Value) -> Result<Diagnostics, ProviderError> {
        Ok(Diagnostics::new())
    }

    fn resource(&self, ty: &str) -> Option<&dyn Resource> {
        (ty == "terraform_data").then_some(&self.data as &dyn Resource)
    }

    fn data_source(&self, ty: &str) -> Option<&dyn DataSource> {
        (ty == self.remote.ty()).then_some(&self.remote as &dyn DataSource)
    }

    fn resource_types(&self) -> Vec<&'static str> {
        vec!["terraform_data"]
    }

    fn data_source_types(&self) -> Vec<&'static str> {
        vec![self.remote.ty()]
    }

    async fn read(&self, ctx: &Context, requests: Vec<(String, ReadRequest)>) -> Vec<Result<Observed, ProviderError>> {
        self.data.read(ctx, requests.into_iter().map(|(_, r)| r).collect()).await
    }
}

struct TerraformData {
    schema: Schema,
}

#[async_trait]
impl Resource for TerraformData {
    fn ty(&self) -> &'static str {
        "terraform_data"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn read(&self, _: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        let present = |r: ReadRequest| Ok(Observed::Present { values: r.prior, private: Vec::new(), boot_id: None });
        requests.into_iter().map(present).collect()
    }

    async fn plan(&self, _: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let input = request.proposed.get("input").cloned().unwrap_or_else(|| Value::null(Type::Dynamic));
        let mut replace = Vec::new();
        let mut planned = request.proposed;
        let same = |prior: &Value, name: &str| {
            if prior.get(name).is_some_and(|v| planned.get(name) == Some(v) && v.is_wholly_known()) {
                return true;
            }
            let only =
                |v: &Value| Value::object([(name, v.get(name).cloned().unwrap_or_else(|| Value::null(Type::Dynamic)))]);
            let schema = Schema::new("", [(name, Attribute::optional(Type::Dynamic, ""))]);
            changes(&schema, &only(prior), &only(&planned)).is_empty()
        };
        let keep = match &request.prior {
            Some(prior) => {
                if !same(prior, "triggers_replace") {
                    replace.push(AttrPath::attr("triggers_replace"));
                }
                same(prior, "input")
            }
            None => false,
        };
        if !keep {
            // As in Terraform, the output does not know that the input is sensitive.
            let never = input.is_null() && request.prior.is_none();
            let output = if never { Value::null(Type::Dynamic) } else { Value::unknown(input.ty()) };
            planned = planned.with("output", output);
        }
        if let Some(id) = planned.get("id").filter(|id| !id.is_known()) {
            let given = Refinement { not_null: true, ..Refinement::default() };
            let id = Value::refined(Type::String, given).mark(id.marks());
            planned = planned.with("id", id);
        }
        Ok(PlanResponse { planned: Some(planned), replace, ..PlanResponse::default() })
    }

    async fn apply(&self, _: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let values = match request.planned {
            Some(planned) => {
                let id = match planned.get("id") {
                    Some(id) if id.is_known() => id.clone(),
                    _ => Value::string(request.identity.id.as_str()),
                };
                let output = planned.get("input").map_or_else(|| Value::null(Type::Dynamic), Value::unmarked_deep);
                planned.with("id", id).with("output", output)
            }
            None => Value::null(Type::Dynamic),
        };
        Ok(ApplyResponse { values, private: Vec::new(), boot_id: None })
    }

    async fn recover(&self, _: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        // It lives in the state alone, so what the state has is what there is.
        Ok(match request.prior {
            Some(values) => Observed::Present { values, private: Vec::new(), boot_id: None },
            None => Observed::Absent,
        })
    }

    async fn import(&self, _: &Context, request: ImportRequest) -> Result<Observed, ProviderError> {
        let nothing = || Value::null(Type::Dynamic);
        let values = Value::object([
            ("id", Value::string(request.id.as_str())),
            ("input", nothing()),
            ("output", nothing()),
            ("triggers_replace", nothing()),
        ]);
        Ok(Observed::Present { values, private: Vec::new(), boot_id: None })
    }

    fn in_process(&self) -> bool {
        true
    }
}
