//! Values, as in cty: typed null, typed unknown with refinements, primitives and collections.
//!
//! Collections are shared by reference; a clone costs a counter. Marks live in the node that they were put on
//! and every operation carries them on.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use self::arrange::arrange;
pub use self::members::Members;
use crate::{AttrPath, Marks, Number, ObjectType, Step, Type};

mod arrange;
mod members;

/// A value with its marks.
#[derive(Clone)]
pub struct Value {
    kind: Kind,
    marks: Marks,
    extent: Extent,
}

/// How much a value is when it is written out: what is shared counts as often as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Values and values in them, and one for every 32 bytes of text; [`u32::MAX`] stands for all that is more.
    pub parts: u32,
    /// How many collections stand in one another; [`u16::MAX`] stands for all that is more.
    pub depth: u16,
}

impl Extent {
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Null(_) | Kind::Unknown(_) | Kind::Bool(_) | Kind::Number(_) => Extent { parts: 1, depth: 0 },
            Kind::String(text) => {
                Extent { parts: u32::try_from(text.len() / 32).unwrap_or(u32::MAX).saturating_add(1), depth: 0 }
            }
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => Self::around(items.iter()),
            Kind::Map(_, members) | Kind::Object(members) => Self::around(members.values()),
        }
    }

    fn around<'v>(children: impl Iterator<Item = &'v Value>) -> Self {
        children.fold(Extent { parts: 1, depth: 1 }, |whole, child| Extent {
            parts: whole.parts.saturating_add(child.extent.parts),
            depth: whole.depth.max(child.extent.depth.saturating_add(1)),
        })
    }
}

/// What a value is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `null` of a type.
    Null(Type),
    /// Known after apply.
    Unknown(Arc<Unknown>),
    /// `true` or `false`.
    Bool(bool),
    /// An exact number.
    Number(Number),
    /// A string in Unicode's normal form C, if [`Value::string`] built it.
    String(Arc<str>),
    /// A list with its element type.
    List(Type, Arc<[Value]>),
    /// A set with its element type: in cty's order, without duplicates. Build with [`Value::set`].
    Set(Type, Arc<[Value]>),
    /// A tuple.
    Tuple(Arc<[Value]>),
    /// A map with its element type.
    Map(Type, Members),
    /// An object.
    Object(Members),
}

/// What is known of an unknown value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unknown {
    /// Its type; [`Type::Dynamic`] when not even that is known.
    pub ty: Type,
    /// Limits of what it can turn out to be.
    pub refinement: Refinement,
}

/// Limits of what an unknown value can turn out to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// A string will begin so.
    pub prefix: Option<Arc<str>>,
    /// A collection will have at least so many elements.
    pub min_length: Option<usize>,
    /// A collection will have at most so many elements.
    pub max_length: Option<usize>,
    /// A number will not be below this.
    pub min: Option<Bound>,
    /// A number will not be above this.
    pub max: Option<Bound>,
}

/// One end of a range of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bound {
    /// Where the range ends.
    pub at: Number,
    /// Whether it holds its end.
    pub inclusive: bool,
}

/// Lists of a length known up to this are told element by element, the elements unknown.
const MAX_UNKNOWN_ELEMENTS: usize = 10_000;

impl Value {
    /// A value without marks.
    pub fn new(kind: Kind) -> Self {
        Self::marked(kind, Marks::NONE)
    }

    fn marked(kind: Kind, marks: Marks) -> Self {
        let extent = Extent::of(&kind);
        Value { kind, marks, extent }
    }

    /// How much it is; known without looking at what is in it.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// `null` of a type.
    pub fn null(ty: Type) -> Self {
        Self::new(Kind::Null(ty))
    }

    /// Unknown of a type, nothing more known.
    pub fn unknown(ty: Type) -> Self {
        Self::refined(ty, Refinement::default())
    }

    /// Unknown of a type with limits. Where the limits leave one value only, it is that, and a list of a known length
    /// is a known list of unknown elements.
    pub fn refined(ty: Type, refinement: Refinement) -> Self {
        if refinement.not_null {
            let element = || match &ty {
                Type::List(t) | Type::Set(t) | Type::Map(t) => Type::clone(t),
                _ => Type::Dynamic,
            };
            let length = refinement.min_length.filter(|n| refinement.max_length == Some(*n));
            match (&ty, length, &refinement.min, &refinement.max) {
                (Type::Number, _, Some(low), Some(high))
                    if low.inclusive && high.inclusive && low.at.compare(&high.at).is_eq() =>
                {
                    return Self::new(Kind::Number(low.at.clone()));
                }
                (Type::List(_), Some(n), ..) if n <= MAX_UNKNOWN_ELEMENTS => {
                    return Self::list(element(), std::iter::repeat_n(Self::unknown(element()), n));
                }
                (Type::Set(_), Some(n), ..) if n <= 1 => {
                    return Self::set(element(), std::iter::repeat_n(Self::unknown(element()), n));
                }
                (Type::Map(_), Some(0), ..) => return Self::map::<Arc<str>>(element(), []),
                _ => {}
            }
        }
        Self::new(Kind::Unknown(Arc::new(Unknown { ty, refinement })))
    }

    /// A bool.
    pub fn bool(b: bool) -> Self {
        Self::new(Kind::Bool(b))
    }

    /// A number.
    pub fn number(n: impl Into<Number>) -> Self {
        Self::new(Kind::Number(n.into()))
    }

    /// A string, brought to Unicode's normal form C, as in cty.
    pub fn string(s: impl Into<Arc<str>>) -> Self {
        Self::new(Kind::String(normalized(s.into())))
    }

    /// A list; the elements must be of the element type already.
    pub fn list(element: Type, items: impl IntoIterator<Item = Value>) -> Self {
        Self::new(Kind::List(element, items.into_iter().collect()))
    }

    /// A set: sorts as cty does and removes duplicates; element marks move to the set.
    pub fn set(element: Type, items: impl IntoIterator<Item = Value>) -> Self {
        let mut marks = Marks::NONE;
        let items: Vec<Value> = items
            .into_iter()
            .map(|v| {
                marks = marks | v.marks_deep();
                v.unmarked_deep()
            })
            .collect();
        let items = arrange(&element, items);
        Self::marked(Kind::Set(element, items.into()), marks)
    }

    /// A tuple.
    pub fn tuple(items: impl IntoIterator<Item = Value>) -> Self {
        Self::new(Kind::Tuple(items.into_iter().collect()))
    }

    /// A map; the elements must be of the element type already.
    pub fn map<K: Into<Arc<str>>>(element: Type, items: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::new(Kind::Map(element, items.into_iter().map(|(k, v)| (k.into(), v)).collect()))
    }

    /// An object.
    pub fn object<K: Into<Arc<str>>>(items: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::new(Kind::Object(items.into_iter().map(|(k, v)| (k.into(), v)).collect()))
    }

    /// What it is, without its own marks.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The marks on this node itself.
    pub fn marks(&self) -> Marks {
        self.marks
    }

    /// The marks on this node and everything below.
    pub fn marks_deep(&self) -> Marks {
        // Not by `children`, which would put an iterator on the heap for every node.
        match &self.kind {
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
                items.iter().fold(self.marks, |marks, v| marks | v.marks_deep())
            }
            Kind::Map(_, items) | Kind::Object(items) => {
                items.values().fold(self.marks, |marks, v| marks | v.marks_deep())
            }
            _ => self.marks,
        }
    }

    /// With more marks.
    #[must_use]
    pub fn mark(mut self, marks: Marks) -> Self {
        self.marks = self.marks | marks;
        self
    }

    /// Without the marks of this node.
    #[must_use]
    pub fn unmarked(mut self) -> Self {
        self.marks = Marks::NONE;
        self
    }

    /// Without any marks.
    #[must_use]
    pub fn unmarked_deep(&self) -> Self {
        if self.marks_deep().is_empty() {
            return self.clone();
        }
        self.map_children(Value::unmarked_deep).unmarked()
    }

    /// Its type.
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Null(ty) => ty.clone(),
            Kind::Unknown(u) => u.ty.clone(),
            Kind::Bool(_) => Type::Bool,
            Kind::Number(_) => Type::Number,
            Kind::String(_) => Type::String,
            Kind::List(t, _) => Type::list(t.clone()),
            Kind::Set(t, _) => Type::set(t.clone()),
            Kind::Map(t, _) => Type::map(t.clone()),
            Kind::Tuple(items) => Type::tuple(items.iter().map(Value::ty)),
            Kind::Object(items) => Type::Object(Arc::new(ObjectType {
                attributes: items.iter().map(|(k, v)| (k.clone(), v.ty())).collect(),
                optional: Default::default(),
            })),
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null(_))
    }

    /// Whether this node is known (its children may not be).
    pub fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Unknown(_))
    }

    /// Whether it and everything below is known.
    pub fn is_wholly_known(&self) -> bool {
        match &self.kind {
            Kind::Unknown(_) => false,
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => items.iter().all(Value::is_wholly_known),
            Kind::Map(_, items) | Kind::Object(items) => items.values().all(Value::is_wholly_known),
            _ => true,
        }
    }

    /// The bool, if it is a known one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// The number, if it is a known one.
    pub fn as_number(&self) -> Option<&Number> {
        match &self.kind {
            Kind::Number(n) => Some(n),
            _ => None,
        }
    }

    /// The number as an unsigned integer, if it is a known whole one that fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number().and_then(Number::as_i64).and_then(|n| u64::try_from(n).ok())
    }

    /// The string, if it is a known one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(s) => Some(s),
            _ => None,
        }
    }

    /// The elements, if it is a known list, set or tuple.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if it is a known map or object.
    pub fn as_map(&self) -> Option<&Members> {
        match &self.kind {
            Kind::Map(_, items) | Kind::Object(items) => Some(items),
            _ => None,
        }
    }

    /// The entry of a known map or object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map().and_then(|m| m.get(name))
    }

    /// The value at a path, if every step of it exists and is known; marks above it are not carried.
    pub fn at(&self, path: &AttrPath) -> Option<&Value> {
        path.0.iter().try_fold(self, |value, step| match step {
            Step::Attr(name) | Step::Key(name) => value.get(name),
            Step::Index(n) => value.as_slice().and_then(|items| items.get(*n)),
            Step::Element(e) => value.as_slice().and_then(|items| items.iter().find(|i| *i == e)),
        })
    }

    /// An object with one attribute set or replaced; anything but a known object is returned as it is.
    #[must_use]
    pub fn with(&self, name: &str, value: Value) -> Self {
        match &self.kind {
            Kind::Object(items) => Self::marked(Kind::Object(items.with(name.into(), value)), self.marks),
            _ => self.clone(),
        }
    }

    /// The direct children of a known collection.
    pub fn children(&self) -> Box<dyn Iterator<Item = &Value> + '_> {
        match &self.kind {
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => Box::new(items.iter()),
            Kind::Map(_, items) | Kind::Object(items) => Box::new(items.values()),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// The same with every direct child passed through `f`; own marks stay.
    #[must_use]
    pub fn map_children(&self, f: impl Fn(&Value) -> Value) -> Self {
        let kind = match &self.kind {
            Kind::List(t, items) => Kind::List(t.clone(), items.iter().map(f).collect()),
            Kind::Set(t, items) => return Value::set(t.clone(), items.iter().map(f)).mark(self.marks),
            Kind::Tuple(items) => Kind::Tuple(items.iter().map(f).collect()),
            Kind::Map(t, items) => Kind::Map(t.clone(), items.iter().map(|(k, v)| (k.clone(), f(v))).collect()),
            Kind::Object(items) => Kind::Object(items.iter().map(|(k, v)| (k.clone(), f(v))).collect()),
            other => other.clone(),
        };
        Self::marked(kind, self.marks)
    }
}

/// The text in Unicode's normal form C.
pub fn normalized(text: Arc<str>) -> Arc<str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return text;
    }
    text.nfc().collect::<String>().into()
}

/// Equal in kind, content and marks. (The language's `==` ignores marks and types of null: that is the evaluator's.)
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        if self.marks != other.marks {
            return false;
        }
        match (&self.kind, &other.kind) {
            (Kind::Object(a), Kind::Object(b)) if a.is_same(b) => true,
            (Kind::Map(t, a), Kind::Map(u, b)) if a.is_same(b) => t == u,
            (Kind::Tuple(a), Kind::Tuple(b)) if Arc::ptr_eq(a, b) => true,
            (Kind::List(t, a), Kind::List(u, b)) | (Kind::Set(t, a), Kind::Set(u, b)) if Arc::ptr_eq(a, b) => t == u,
            (a, b) => a == b,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.marks.hash(state);
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A total order: strings by bytes, numbers by size. (Sets have one of their own.)
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind).then(self.marks.cmp(&other.marks))
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Null(ty) => write!(f, "null({ty})"),
            Kind::Unknown(u) => write!(f, "unknown({})", u.ty),
            Kind::Bool(b) => write!(f, "{b}"),
            Kind::Number(n) => write!(f, "{n}"),
            Kind::String(s) => write!(f, "{s:?}"),
            Kind::List(_, items) => f.debug_list().entries(items.iter()).finish(),
            Kind::Set(_, items) => f.debug_set().entries(items.iter()).finish(),
            Kind::Tuple(items) => f.debug_list().entries(items.iter()).finish(),
            Kind::Map(_, items) | Kind::Object(items) => f.debug_map().entries(items.iter()).finish(),
        }
    }
}

/// Sensitive values do not print themselves.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.marks.is_sensitive() { f.write_str("(sensitive)") } else { self.kind.fmt(f) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_sort_dedup_and_lift_marks() {
        let set = Value::set(
            Type::String,
            [Value::string("b"), Value::string("a").mark(Marks::SENSITIVE), Value::string("b")],
        );
        assert_eq!(set.as_slice().unwrap().len(), 2);
        assert!(set.marks().is_sensitive());
        assert!(set.children().all(|v| v.marks().is_empty()));
    }

    #[test]
    fn sensitive_values_do_not_print() {
        let value = Value::object([("pw", Value::string("hunter2").mark(Marks::SENSITIVE))]);
        assert!(!format!("{value:?}").contains("hunter2"));
        assert!(value.marks().is_empty());
        assert!(value.marks_deep().is_sensitive());
        assert!(value.unmarked_deep().marks_deep().is_empty());
    }

    #[test]
    fn strings_are_normalised_and_narrow_limits_leave_one_value() {
        assert_eq!(Value::string("e\u{301}"), Value::string("é"));
        let at = |n: i64| Some(Bound { at: n.into(), inclusive: true });
        let limits = |low, high| Refinement { not_null: true, min: at(low), max: at(high), ..Refinement::default() };
        assert_eq!(Value::refined(Type::Number, limits(5, 5)), Value::number(5));
        assert!(!Value::refined(Type::Number, limits(5, 6)).is_known());
        let two = Refinement { not_null: true, min_length: Some(2), max_length: Some(2), ..Refinement::default() };
        let list = Value::refined(Type::list(Type::Bool), two.clone());
        assert_eq!(list.as_slice().map(<[Value]>::len), Some(2));
        assert!(!list.is_wholly_known() && !Value::refined(Type::set(Type::Bool), two).is_known());
    }

    #[test]
    fn paths_reach_in() {
        let value = Value::object([("a", Value::tuple([Value::object([("b", Value::number(1))])]))]);
        let path = AttrPath::attr("a").then_index(0).then_attr("b");
        assert_eq!(value.at(&path).and_then(Value::as_u64), Some(1));
        assert_eq!(path.to_string(), "a[0].b");
    }
}
