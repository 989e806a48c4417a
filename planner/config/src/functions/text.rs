//! Functions of strings.

use cplan_model::{Type, Value};

use super::{Function, Table, fixed, str_of, text};

pub(super) fn table() -> Table {
    vec![
        ("upper", Function::new([text("str")], fixed(Type::String), |_, a| Ok(Value::string(str_of(&a[0]).to_uppercase())))),
        ("lower", Function::new([text("str")], fixed(Type::String), |_, a| Ok(Value::string(str_of(&a[0]).to_lowercase())))),
    ]
}

/// What readers see as single characters.
pub(super) fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    unicode_segmentation::UnicodeSegmentation::graphemes(text, true)
}
