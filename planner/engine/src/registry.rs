//! The providers that exist, by name; filled by the binary.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_sdk::{DataSource, Provider, Resource};

/// The providers that exist.
#[derive(Clone, Default)]
pub struct Registry {
    providers: BTreeMap<String, Arc<dyn Provider>>,
}

impl Registry {
    /// A registry of these providers.
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        Registry { providers: providers.into_iter().map(|p| (p.name().to_owned(), p)).collect() }
    }

    /// The provider of a name.
    pub fn provider(&self, name: &str) -> Option<&dyn Provider> {
        self.providers.get(name).map(|p| &**p)
    }

    /// All providers, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Provider> {
        self.providers.values().map(|p| &**p)
    }

    /// A resource type of a provider.
    pub fn resource(&self, provider: &str, ty: &str) -> Option<&dyn Resource> {
        self.provider(provider)?.resource(ty)
    }

    /// A data source of a provider.
    pub fn data_source(&self, provider: &str, ty: &str) -> Option<&dyn DataSource> {
        self.provider(provider)?.data_source(ty)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        for provider in self.providers.values() {
            provider.close().await;
        }
    }
}
