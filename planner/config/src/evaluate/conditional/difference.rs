//! How the types of a conditional's results differ, in Terraform's words.

use cplan_model::Type;

/// One sentence without its full stop.
pub(super) fn difference(yes: &Type, no: &Type) -> String {
    match (yes, no) {
        (Type::Object(x), Type::Object(y)) => {
            for (name, ty) in &x.attributes {
                match y.attributes.get(name) {
                    None => return absent("true", name, "false"),
                    Some(other) if ty != other => {
                        return format!("Type mismatch for object attribute {name:?}: {}", difference(ty, other));
                    }
                    Some(_) => {}
                }
            }
            if let Some(name) = y.attributes.keys().find(|name| !x.attributes.contains_key(*name)) {
                return absent("false", name, "true");
            }
        }
        (Type::Tuple(x), Type::Tuple(y)) if x.len() != y.len() => {
            return format!("The 'true' tuple has length {}, but the 'false' tuple has length {}", x.len(), y.len());
        }
        (Type::Tuple(x), Type::Tuple(y)) => {
            if let Some((i, (a, b))) = x.iter().zip(y.iter()).enumerate().find(|(_, (a, b))| a != b) {
                return format!("Type mismatch for tuple element {i}: {}", difference(a, b));
            }
        }
        (Type::List(x), Type::List(y)) if structural(x, y) => return elements("list", x, y),
        (Type::Set(x), Type::Set(y)) if structural(x, y) => return elements("set", x, y),
        (Type::Map(x), Type::Map(y)) if structural(x, y) => return elements("map", x, y),
        _ => {}
    }
    let (a, b) = (yes.friendly(), no.friendly());
    if a == b {
        return "At least one deeply-nested attribute or element is not compatible across both the 'true' and the 'false' value".into();
    }
    format!("The 'true' value is {a}, but the 'false' value is {b}")
}

fn absent(here: &str, name: &str, there: &str) -> String {
    format!("The '{here}' value includes object attribute {name:?}, which is absent in the '{there}' value")
}

fn structural(a: &Type, b: &Type) -> bool {
    matches!((a, b), (Type::Object(_), Type::Object(_)) | (Type::Tuple(_), Type::Tuple(_)))
}

fn elements(noun: &str, a: &Type, b: &Type) -> String {
    format!("Mismatched {noun} element types: {}", difference(a, b))
}
