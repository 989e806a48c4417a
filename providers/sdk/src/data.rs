//! One data source.

use async_trait::async_trait;
use cplan_model::{Diagnostics, Schema, Value};

use crate::{Context, ProviderError};

/// Something that is read, or computed, and never changed.
#[async_trait]
pub trait DataSource: Send + Sync {
    /// `lab_links`
    fn ty(&self) -> &'static str;

    /// What its block may contain.
    fn schema(&self) -> &Schema;

    /// Checks a configuration (unknowns possible) beyond what the schema says.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Whether the answer follows from the configuration alone; then [`DataSource::read`] is called with unknowns
    /// too, and answers what can be said already.
    fn is_pure(&self) -> bool {
        false
    }

    /// Reads; the diagnostics may be warnings (lints) beside a result.
    async fn read(&self, ctx: &Context, config: Value) -> Result<(Value, Diagnostics), ProviderError>;
}
