//! The fake world: a provider `fake` for fast tests, whose objects live in a process of their own.
//!
//! The process (`cplan-fake-world`) outlives a killed cplan, finishes what it was told, and keeps a log of everything
//! that happened, so that cplan can be judged against it. [`FakeWorld`] starts it and meddles with it.

mod client;
mod contained;
mod control;
mod lookup;
mod plain;
mod protocol;
mod resource;
mod world;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Diagnostics, Schema};

use crate::{Access, Assembly, Context, Output, Provider, ProviderError, Shell};
use client::Client;

pub use control::FakeWorld;
pub use protocol::{Event, LogEntry, Object};
pub use world::serve;

/// The provider `fake`.
#[derive(Debug)]
pub struct FakeProvider;

impl FakeProvider {
    /// A provider that speaks to the world at a socket. Nothing is connected before the first call.
    ///
    /// Types: `fake_thing`, `fake_slow`, `fake_failing`, `fake_drifting`, `fake_box` (a container), `fake_content` (in a
    /// box), `fake_parcel` (in a box, handed over together), and the data source `fake_lookup`.
    pub fn connect(socket: PathBuf) -> impl Provider {
        let client = Arc::new(Client::new(socket));
        let schema = Schema::new("The fake world.", []);
        Assembly::new("fake", schema, Arc::new(NoShell), |_| Ok(Diagnostics::new()))
            .resource(plain::thing(Arc::clone(&client)))
            .resource(plain::slow(Arc::clone(&client)))
            .resource(plain::failing(Arc::clone(&client)))
            .resource(plain::drifting(Arc::clone(&client)))
            .resource(contained::boxes(Arc::clone(&client)))
            .resource(contained::contents(Arc::clone(&client)))
            .resource(contained::parcels(Arc::clone(&client)))
            .data_source(lookup::Lookup::new(client))
    }
}

/// There are no machines here: a box is asked through the world.
struct NoShell;

#[async_trait]
impl Shell for NoShell {
    async fn run(&self, _: &Context, access: &Access, _: &str, _: &[u8]) -> Result<Output, ProviderError> {
        Err(ProviderError::failed(format!("`{}` has no shell", access.name)))
    }

    async fn probe(&self, _: &Context, access: &Access) -> Result<String, ProviderError> {
        Err(ProviderError::failed(format!("`{}` has no shell", access.name)))
    }

    async fn disconnect(&self, _: &Access) {}

    fn sessions(&self) -> usize {
        0
    }

    async fn close(&self) {}
}
