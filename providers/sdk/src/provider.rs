//! A provider: resource types, data sources, and reads in bulk.

use async_trait::async_trait;
use cplan_model::{Diagnostics, Schema, Value};

use crate::{Context, DataSource, Observed, ProviderError, ReadRequest, Resource};

/// A set of resource types with a configuration in common.
#[async_trait]
pub trait Provider: Send + Sync {
    /// `lab`
    fn name(&self) -> &str;

    /// What its `provider` block may contain.
    fn schema(&self) -> &Schema;

    /// Takes the `provider` block's values; called once before any plan, read or apply, and not before `validate`.
    async fn configure(&self, ctx: &Context, config: &Value) -> Result<Diagnostics, ProviderError>;

    /// The resource of a type.
    fn resource(&self, ty: &str) -> Option<&dyn Resource>;

    /// The data source of a type.
    fn data_source(&self, ty: &str) -> Option<&dyn DataSource>;

    /// All types of resources.
    fn resource_types(&self) -> Vec<&'static str>;

    /// All types of data sources.
    fn data_source_types(&self) -> Vec<&'static str>;

    /// Reads many objects (type and request) with one look per locality; answers in the order of the requests.
    async fn read(&self, ctx: &Context, requests: Vec<(String, ReadRequest)>) -> Vec<Result<Observed, ProviderError>>;

    /// Closes connections; called once at the end of every command.
    async fn close(&self) {}
}
