//! What Terraform's format does not say: the types of attributes, and the names of objects.

use cplan_engine::{Registry, choose_identity, provider_type};
use cplan_model::{Identity, InstanceAddr, ResourceAddr, Type};
use cplan_store::{State, Types};
use uuid::Uuid;

/// The schemas of the providers that exist.
pub(in crate::commands) struct Schemas<'a>(pub(in crate::commands) &'a Registry);

impl Types for Schemas<'_> {
    fn of(&self, provider: &str, resource: &ResourceAddr) -> Option<Type> {
        Some(self.0.resource(provider_type(provider), &resource.ty)?.schema().object_type())
    }

    fn identity(&self, state: &State, address: &InstanceAddr, id: Option<&str>) -> Identity {
        let chosen = choose_identity(&state.lineage, state.serial, address);
        match id.filter(|id| Uuid::parse_str(id).is_ok()) {
            Some(id) => Identity { id: id.to_owned(), ..chosen },
            None => chosen,
        }
    }
}
