//! The data source `fake_lookup`.

use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Attribute, Diagnostics, Schema, Type, Value};

use super::client::{Client, unexpected};
use super::protocol::{Request, Response};
use crate::{Context, DataSource, ErrorKind, ProviderError};

/// Finds an object by type and name.
pub(super) struct Lookup {
    client: Arc<Client>,
    schema: Schema,
}

impl Lookup {
    pub(super) fn new(client: Arc<Client>) -> Self {
        let schema = Schema::new(
            "Something that is in the fake world already.",
            [
                ("type", Attribute::required(Type::String, "`fake_thing`")),
                ("name", Attribute::required(Type::String, "Its name.")),
                ("id", Attribute::computed(Type::String, "Its identity.")),
                ("value", Attribute::computed(Type::String, "Its attribute `value`.")),
            ],
        );
        Lookup { client, schema }
    }
}

#[async_trait]
impl DataSource for Lookup {
    fn ty(&self) -> &'static str {
        "fake_lookup"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn read(&self, _: &Context, config: Value) -> Result<(Value, Diagnostics), ProviderError> {
        let text = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (ty, name) = (text("type"), text("name"));
        match self.client.ask(&Request::Find { ty: ty.clone(), name: name.clone() }).await? {
            Response::Object(Some(object)) => {
                let value = object.values.get("value").and_then(serde_json::Value::as_str);
                let value = value.map_or_else(|| Value::null(Type::String), Value::string);
                let found = config.with("id", Value::string(object.id)).with("value", value);
                Ok((found, Diagnostics::new()))
            }
            Response::Object(None) => {
                Err(ProviderError::new(ErrorKind::NotFound, format!("there is no `{ty}` with the name `{name}`")))
            }
            other => Err(unexpected(&other)),
        }
    }
}
