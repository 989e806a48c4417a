//! A state as JSON, for people and other programs; everything in it comes back.

use std::path::Path;

use crate::contents::Contents;
use crate::format::{self, FormatError};
use crate::{State, StoreError};

/// The state as indented JSON, versioned; sensitive values are in it.
pub fn export(state: &State) -> String {
    let contents = Contents { state: state.clone(), ..Contents::default() };
    // Serialising plain structs of strings into memory has no way to fail.
    format::encode_pretty(&contents).unwrap_or_default()
}

/// The state from what [`export`] wrote.
pub fn import(text: &str) -> Result<State, StoreError> {
    let not_a_state = |source: FormatError| StoreError::NotAState { source };
    let found = format::claimed(text.as_bytes()).map_err(not_a_state)?;
    format::known(found, Path::new("the exported state"))?;
    Ok(format::decode_contents(text.as_bytes()).map_err(not_a_state)?.state)
}
