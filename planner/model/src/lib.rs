//! The words of cplan: addresses, values, types, schemas, changes and diagnostics.
//!
//! Nothing here does IO, is async or knows serde: on-disk and on-wire formats belong to whoever crosses
//! the boundary.

mod address;
mod change;
mod check;
mod convert;
mod diagnostic;
mod identity;
mod marks;
mod number;
mod path;
mod quantity;
mod schema;
mod source;
mod target;
mod types;
mod value;

pub use address::{InstanceAddr, InstanceKey, Mode, ModuleInstance, ParseAddressError, ResourceAddr};
pub use change::{Action, AttrChange, Reason, changes};
pub use check::{CheckOwner, CheckResult, CheckStatus, CheckedBlock, Checks};
pub use convert::{ConvertError, convert, unify};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use identity::Identity;
pub use marks::Marks;
pub use number::{Number, ParseNumberError};
pub use path::{AttrPath, Step};
pub use quantity::{Format, QuantityError, parse_quantity, spelling_for};
pub use schema::{Attribute, AttributeMode, NestedBlock, Nesting, Schema};
pub use source::{Piece, SourceFile, SourceId, SourceMap, Span};
pub use target::Target;
pub use types::{ObjectType, Type};
pub use value::{Bound, Extent, Kind, Members, Refinement, Unknown, Value, normalized};
