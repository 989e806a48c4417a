//! Values and types in format 1.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cplan_model::{Bound, Kind, Marks, Members, Number, ObjectType, Refinement, Type, Value};
use serde::{Deserialize, Serialize};

use super::FormatError;

/// A value: `{"string":"a"}`, `{"list":["number",[{"number":"1"}]]}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueV1 {
    /// `null` of a type.
    Null(TypeV1),
    /// `true` or `false`.
    Bool(bool),
    /// In decimal, as [`Number`] prints it: exact.
    Number(String),
    /// A string.
    String(String),
    /// A list with its element type.
    List(TypeV1, Vec<ValueV1>),
    /// A set with its element type.
    Set(TypeV1, Vec<ValueV1>),
    /// A map with its element type.
    Map(TypeV1, BTreeMap<String, ValueV1>),
    /// A tuple.
    Tuple(Vec<ValueV1>),
    /// An object.
    Object(BTreeMap<String, ValueV1>),
    /// A value that must not be shown.
    Sensitive(Box<ValueV1>),
    /// Known after apply: in plans only, and refused in a state.
    Unknown(UnknownV1),
}

/// What is known of an unknown value.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownV1 {
    ty: TypeV1,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    not_null: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min_length: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<BoundV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<BoundV1>,
}

/// One end of a range of numbers: where it is, and whether it belongs to the range.
#[derive(Serialize, Deserialize)]
struct BoundV1(String, bool);

impl From<&Bound> for BoundV1 {
    fn from(bound: &Bound) -> Self {
        BoundV1(bound.at.to_string(), bound.inclusive)
    }
}

impl TryFrom<BoundV1> for Bound {
    type Error = FormatError;

    fn try_from(BoundV1(at, inclusive): BoundV1) -> Result<Self, FormatError> {
        Ok(Bound { at: number(&at)?, inclusive })
    }
}

/// A type.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeV1 {
    /// `any`
    Any,
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `list(T)`
    List(Box<TypeV1>),
    /// `set(T)`
    Set(Box<TypeV1>),
    /// `map(T)`
    Map(Box<TypeV1>),
    /// `tuple([T, ...])`
    Tuple(Vec<TypeV1>),
    /// The attributes, and the names of those that may be left out.
    Object(BTreeMap<String, TypeV1>, BTreeSet<String>),
}

impl From<&Value> for ValueV1 {
    fn from(value: &Value) -> Self {
        let plain = match value.kind() {
            Kind::Null(ty) => ValueV1::Null(ty.into()),
            Kind::Unknown(u) => ValueV1::Unknown(UnknownV1 {
                ty: (&u.ty).into(),
                not_null: u.refinement.not_null,
                prefix: u.refinement.prefix.as_deref().map(str::to_owned),
                min_length: u.refinement.min_length,
                max_length: u.refinement.max_length,
                min: u.refinement.min.as_ref().map(Into::into),
                max: u.refinement.max.as_ref().map(Into::into),
            }),
            Kind::Bool(b) => ValueV1::Bool(*b),
            Kind::Number(n) => ValueV1::Number(n.to_string()),
            Kind::String(s) => ValueV1::String(s.to_string()),
            Kind::List(t, items) => ValueV1::List(t.into(), items.iter().map(Into::into).collect()),
            Kind::Set(t, items) => ValueV1::Set(t.into(), items.iter().map(Into::into).collect()),
            Kind::Map(t, items) => ValueV1::Map(t.into(), entries(items)),
            Kind::Tuple(items) => ValueV1::Tuple(items.iter().map(Into::into).collect()),
            Kind::Object(items) => ValueV1::Object(entries(items)),
        };
        if value.marks().is_sensitive() { ValueV1::Sensitive(Box::new(plain)) } else { plain }
    }
}

fn entries(items: &Members) -> BTreeMap<String, ValueV1> {
    items.iter().map(|(name, value)| (name.to_string(), value.into())).collect()
}

/// The value of a state: refused where any of it is unknown.
impl TryFrom<ValueV1> for Value {
    type Error = FormatError;

    fn try_from(dto: ValueV1) -> Result<Self, FormatError> {
        let value = dto.planned()?;
        if value.is_wholly_known() { Ok(value) } else { Err("a stored value is unknown".into()) }
    }
}

impl ValueV1 {
    /// The value of a plan, of which anything may be unknown.
    pub fn planned(self) -> Result<Value, FormatError> {
        let all = |items: Vec<ValueV1>| items.into_iter().map(ValueV1::planned).collect::<Result<Vec<_>, _>>();
        let named = |items: BTreeMap<String, ValueV1>| {
            items
                .into_iter()
                .map(|(name, value)| Ok((Arc::<str>::from(name), value.planned()?)))
                .collect::<Result<Vec<_>, FormatError>>()
        };
        Ok(match self {
            ValueV1::Null(ty) => Value::null(ty.into()),
            ValueV1::Unknown(unknown) => {
                let refinement = Refinement {
                    not_null: unknown.not_null,
                    prefix: unknown.prefix.map(Into::into),
                    min_length: unknown.min_length,
                    max_length: unknown.max_length,
                    min: unknown.min.map(TryInto::try_into).transpose()?,
                    max: unknown.max.map(TryInto::try_into).transpose()?,
                };
                Value::refined(unknown.ty.into(), refinement)
            }
            ValueV1::Bool(b) => Value::bool(b),
            ValueV1::Number(text) => Value::number(number(&text)?),
            ValueV1::String(s) => Value::string(s),
            ValueV1::List(t, items) => Value::list(t.into(), all(items)?),
            ValueV1::Set(t, items) => Value::set(t.into(), all(items)?),
            ValueV1::Map(t, items) => Value::map(t.into(), named(items)?),
            ValueV1::Tuple(items) => Value::tuple(all(items)?),
            ValueV1::Object(items) => Value::object(named(items)?),
            ValueV1::Sensitive(inner) => inner.planned()?.mark(Marks::SENSITIVE),
        })
    }
}

fn number(text: &str) -> Result<Number, FormatError> {
    Number::parse(text).map_err(|_| format!("`{text}` is not a number").into())
}

impl From<&Type> for TypeV1 {
    fn from(ty: &Type) -> Self {
        let boxed = |t: &Type| Box::new(TypeV1::from(t));
        match ty {
            Type::Dynamic => TypeV1::Any,
            Type::Bool => TypeV1::Bool,
            Type::Number => TypeV1::Number,
            Type::String => TypeV1::String,
            Type::List(t) => TypeV1::List(boxed(t)),
            Type::Set(t) => TypeV1::Set(boxed(t)),
            Type::Map(t) => TypeV1::Map(boxed(t)),
            Type::Tuple(ts) => TypeV1::Tuple(ts.iter().map(Into::into).collect()),
            Type::Object(o) => TypeV1::Object(
                o.attributes.iter().map(|(name, t)| (name.to_string(), t.into())).collect(),
                o.optional.iter().map(|name| name.to_string()).collect(),
            ),
        }
    }
}

impl From<TypeV1> for Type {
    fn from(dto: TypeV1) -> Self {
        match dto {
            TypeV1::Any => Type::Dynamic,
            TypeV1::Bool => Type::Bool,
            TypeV1::Number => Type::Number,
            TypeV1::String => Type::String,
            TypeV1::List(t) => Type::list((*t).into()),
            TypeV1::Set(t) => Type::set((*t).into()),
            TypeV1::Map(t) => Type::map((*t).into()),
            TypeV1::Tuple(ts) => Type::tuple(ts.into_iter().map(Type::from)),
            TypeV1::Object(attributes, optional) => Type::Object(Arc::new(ObjectType {
                attributes: attributes.into_iter().map(|(name, t)| (name.into(), t.into())).collect(),
                optional: optional.into_iter().map(Into::into).collect(),
            })),
        }
    }
}
