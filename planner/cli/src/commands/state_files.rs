//! States in files: what `cplan state pull` or Terraform wrote.

use cplan_store::{State, StoreError, import, import_terraform, terraform_version};

use super::state::Schemas;
use crate::session::Session;

/// The state in a text.
pub(super) fn read(session: &Session, text: &str) -> Result<State, StoreError> {
    match terraform_version(text) {
        Some(_) => import_terraform(text, &Schemas(&session.providers.registry)),
        None => import(text),
    }
}
