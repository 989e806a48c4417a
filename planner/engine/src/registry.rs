//! The providers that exist, by name; filled by the binary.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cplan_config::{Module, ResourceBlock, Schemas};
use cplan_model::{Mode, Schema};
use cplan_sdk::{DataSource, Provider, Resource};

/// Makes one more instance of a provider, for another configuration of it.
pub type MakeProvider = Arc<dyn Fn() -> Arc<dyn Provider> + Send + Sync>;

/// The providers that exist.
#[derive(Clone, Default)]
pub struct Registry {
    providers: BTreeMap<String, Arc<dyn Provider>>,
    makers: BTreeMap<String, MakeProvider>,
    /// Further configurations, by key (`lab.west`); known when the first configuration has been read.
    aliases: OnceLock<BTreeMap<String, Arc<dyn Provider>>>,
}

impl Registry {
    /// A registry of these providers.
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        let providers = providers.into_iter().map(|p| (p.name().to_owned(), p)).collect();
        Registry { providers, ..Registry::default() }
    }

    /// With a way to make one more instance of a provider. Where there is none, all its configurations share one.
    #[must_use]
    pub fn with_maker(mut self, name: &str, make: MakeProvider) -> Self {
        self.makers.insert(name.to_owned(), make);
        self
    }

    /// Makes the instances that a configuration declares beside the default ones: pairs of key and provider name.
    /// Only the first call counts, because a process works on one configuration.
    pub fn aliases<'a>(&self, declared: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.aliases.get_or_init(|| {
            let wanted = declared.into_iter().filter(|(key, _)| !self.providers.contains_key(*key));
            let instance = |name: &str| match self.makers.get(name) {
                Some(make) => Some(make()),
                None => self.providers.get(name).cloned(),
            };
            wanted.filter_map(|(key, name)| Some((key.to_owned(), instance(name)?))).collect()
        });
    }

    /// The provider of a key.
    pub fn provider(&self, key: &str) -> Option<&dyn Provider> {
        self.providers.get(key).or_else(|| self.aliases.get()?.get(key)).map(|p| &**p)
    }

    /// All providers with their keys, in order of key, the default ones first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &dyn Provider)> {
        self.providers.iter().chain(self.aliases.get().into_iter().flatten()).map(|(key, p)| (key.as_str(), &**p))
    }

    /// A resource type of a provider.
    pub fn resource(&self, key: &str, ty: &str) -> Option<&dyn Resource> {
        self.provider(key)?.resource(ty)
    }

    /// A data source of a provider.
    pub fn data_source(&self, key: &str, ty: &str) -> Option<&dyn DataSource> {
        self.provider(key)?.data_source(ty)
    }

    /// Closes all connections.
    pub async fn close(&self) {
        for provider in self.providers.values().chain(self.aliases.get().into_iter().flat_map(BTreeMap::values)) {
            provider.close().await;
        }
    }
}

impl Schemas for Registry {
    fn schema(&self, module: &Module, block: &ResourceBlock) -> Option<&Schema> {
        let provider = module.provider_type(&block.provider.name);
        match block.addr.mode {
            Mode::Managed => self.resource(&provider, &block.addr.ty).map(Resource::schema),
            Mode::Data => self.data_source(&provider, &block.addr.ty).map(DataSource::schema),
        }
    }
}
