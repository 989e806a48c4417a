//! Changes: what is to be done to an instance, why, and which attributes move.

use std::sync::Arc;

use crate::{AttrPath, Format, Kind, Schema, Step, Type, Value, parse_quantity};

/// What is to be done to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// A data source is read during apply.
    Read,
    /// Made.
    Create,
    /// Changed in place.
    Update,
    /// Deleted, then made anew.
    Replace,
    /// Deleted.
    Delete,
    /// Left as it is in the world, and forgotten by the state.
    Forget,
}

/// Why it is done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It is in the configuration and not in the state.
    New,
    /// The configuration differs from what is.
    Configuration,
    /// The world was changed behind our back, and goes back to what the configuration says.
    Drift,
    /// The object is gone from the world.
    Missing,
    /// It is no longer in the configuration.
    Removed,
    /// A destroy was asked for.
    Destroy,
    /// An earlier apply failed half-way.
    Tainted,
    /// These attributes cannot change in place.
    CannotUpdate(Vec<AttrPath>),
    /// Its container is replaced.
    ContainerReplaced,
    /// Its container restarts in the same apply, and it lives only while the container runs.
    ContainerRestarted,
    /// Its container was restarted behind our back, and it lived only while that ran.
    LostByRestart,
    /// It could not be read, because its container runs and does not answer: it is applied again, which fails if the
    /// container still does not.
    Unread(String),
    /// A data source whose inputs are known only during apply.
    InputsUnknown,
    /// A data source that may read what this plan changes.
    DependencyPending,
    /// A data source of a `check` block that hangs on what this plan changes.
    CheckNested,
    /// The user named it with `-replace`.
    Requested,
    /// `replace_triggered_by` names what this is, and that changes.
    Triggered(Arc<str>),
    /// The `count` of its block became smaller.
    CountIndex,
    /// The `for_each` of its block has its key no more.
    EachKey,
    /// Its block repeats in another way, or no longer, or now.
    WrongRepetition,
    /// Its module instance is gone.
    NoModule,
    /// It was moved to an address that the configuration does not have.
    NoMoveTarget,
    /// It was replaced by an object that was made first, and was not deleted then.
    Deposed,
    /// A `removed` block says so.
    RemovedBlock,
}

/// One attribute that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrChange {
    /// Which.
    pub path: AttrPath,
    /// Before; `None` when it did not exist.
    pub before: Option<Value>,
    /// After, possibly unknown; `None` when it will not exist.
    pub after: Option<Value>,
    /// Never shown.
    pub sensitive: bool,
    /// It cannot change in place.
    pub forces_replace: bool,
}

/// The attributes in which `after` differs from `before`, leaf by leaf, in order. Quantities are compared by
/// what they mean; an unknown counts as changed, and so does another type where the schema allows any; marks do not count.
pub fn changes(schema: &Schema, before: &Value, after: &Value) -> Vec<AttrChange> {
    let mut out = Vec::new();
    // Most objects of a large plan stay as they are.
    if before != after || !after.is_wholly_known() {
        walk_block(schema, &AttrPath::default(), Some(before), Some(after), false, &mut out);
    }
    out
}

fn walk_block(
    schema: &Schema,
    at: &AttrPath,
    before: Option<&Value>,
    after: Option<&Value>,
    forces: bool,
    out: &mut Vec<AttrChange>,
) {
    for (name, attribute) in &schema.attributes {
        let path = at.then(Step::Attr(name.clone()));
        let mut found = Vec::new();
        let (b, a) = (child(before, name), child(after, name));
        walk(&path, b, a, attribute.format, &mut found);
        if found.is_empty() && attribute.ty == Type::Dynamic && retyped(b, a) {
            push(&path, b, a, &mut found);
        }
        for mut change in found {
            change.sensitive |= attribute.sensitive;
            // Another container is one of another identity; how the same one is reached may change.
            let another = !attribute.container || change.path == path || change.path == path.then_attr("id");
            change.forces_replace |= forces || (attribute.replace_on_change && another);
            out.push(change);
        }
    }
    for (name, nested) in &schema.blocks {
        let path = at.then(Step::Attr(name.clone()));
        let (b, a) = (child(before, name), child(after, name));
        let lists = (b.and_then(Value::as_slice), a.and_then(Value::as_slice));
        if let (Some(olds), Some(news)) = lists {
            for i in 0..olds.len().max(news.len()) {
                walk_block(&nested.block, &path.then_index(i), olds.get(i), news.get(i), forces, out);
            }
        } else if b.is_none_or(|v| v.as_map().is_some()) && a.is_none_or(|v| v.as_map().is_some()) {
            walk_block(&nested.block, &path, b, a, forces, out);
        } else {
            walk(&path, b, a, None, out);
        }
    }
}

fn child<'a>(value: Option<&'a Value>, name: &Arc<str>) -> Option<&'a Value> {
    value.and_then(|v| v.get(name))
}

fn walk(
    path: &AttrPath,
    before: Option<&Value>,
    after: Option<&Value>,
    format: Option<Format>,
    out: &mut Vec<AttrChange>,
) {
    let present = |v: Option<&Value>| v.filter(|v| !v.is_null()).cloned();
    let (Some(b), Some(a)) = (present(before), present(after)) else {
        if present(before) != present(after) {
            push(path, before, after, out);
        }
        return;
    };
    if same(&b, &a, format) {
        return;
    }
    match (b.kind(), a.kind()) {
        (Kind::Object(x) | Kind::Map(_, x), Kind::Object(y) | Kind::Map(_, y))
            if b.marks().is_empty() && a.marks().is_empty() =>
        {
            let attr = matches!(a.kind(), Kind::Object(_));
            let mut names: Vec<_> = x.keys().chain(y.keys()).cloned().collect();
            names.sort();
            names.dedup();
            for name in names {
                let step = if attr { Step::Attr(name.clone()) } else { Step::Key(name.clone()) };
                walk(&path.then(step), x.get(&name), y.get(&name), format, out);
            }
        }
        (Kind::List(_, x) | Kind::Tuple(x), Kind::List(_, y) | Kind::Tuple(y))
            if b.marks().is_empty() && a.marks().is_empty() =>
        {
            for i in 0..x.len().max(y.len()) {
                walk(&path.then_index(i), x.get(i), y.get(i), format, out);
            }
        }
        _ => push(path, before, after, out),
    }
}

/// Whether a value of any type is of another type than it was: a set is read otherwise than a list of the same elements.
fn retyped(before: Option<&Value>, after: Option<&Value>) -> bool {
    let present = |v: Option<&Value>| v.filter(|v| !v.is_null()).map(Value::ty);
    matches!((present(before), present(after)), (Some(b), Some(a)) if b != a)
}

fn push(path: &AttrPath, before: Option<&Value>, after: Option<&Value>, out: &mut Vec<AttrChange>) {
    let sensitive = [before, after].into_iter().flatten().any(|v| v.marks_deep().is_sensitive());
    let keep = |v: Option<&Value>| v.filter(|v| !v.is_null()).cloned();
    out.push(AttrChange {
        path: path.clone(),
        before: keep(before),
        after: keep(after),
        sensitive,
        forces_replace: false,
    });
}

/// Whether two values mean the same: marks and the difference between list and tuple or map and object do not
/// count, quantities of a format are compared by amount; an unknown is like nothing.
fn same(a: &Value, b: &Value, format: Option<Format>) -> bool {
    match (a.kind(), b.kind()) {
        (Kind::Unknown(_), _) | (_, Kind::Unknown(_)) => false,
        (Kind::String(x), Kind::String(y)) => {
            x == y
                || format.is_some_and(|f| match (parse_quantity(f, x), parse_quantity(f, y)) {
                    (Ok(p), Ok(q)) => p == q,
                    _ => false,
                })
        }
        (Kind::List(_, x) | Kind::Tuple(x) | Kind::Set(_, x), Kind::List(_, y) | Kind::Tuple(y) | Kind::Set(_, y)) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(p, q)| same(p, q, format))
        }
        (Kind::Object(x) | Kind::Map(_, x), Kind::Object(y) | Kind::Map(_, y)) => {
            let null = Value::null(Type::Dynamic);
            x.keys().chain(y.keys()).all(|k| same(x.get(k).unwrap_or(&null), y.get(k).unwrap_or(&null), format))
        }
        (Kind::Null(_), Kind::Null(_)) => true,
        (x, y) => x == y,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attribute, Marks, Nesting};

    fn schema() -> Schema {
        let inner = Schema::new("", [("address", Attribute::optional(Type::String, ""))]);
        Schema::new(
            "",
            [
                ("memory", Attribute::required(Type::String, "").format(Format::Bytes)),
                ("name", Attribute::required(Type::String, "").replaces()),
                ("pw", Attribute::optional(Type::String, "").sensitive()),
            ],
        )
        .block("interface", Nesting::List, 0, None, inner)
    }

    fn object(memory: &str, name: &str, address: &str) -> Value {
        let interface = Value::object([("address", Value::string(address))]);
        Value::object([
            ("memory", Value::string(memory)),
            ("name", Value::string(name)),
            ("pw", Value::null(Type::String)),
            ("interface", Value::list(interface.ty(), [interface])),
        ])
    }

    #[test]
    fn equal_quantities_are_no_change() {
        assert_eq!(changes(&schema(), &object("1GiB", "a", "x"), &object("1024MiB", "a", "x")), []);
    }

    #[test]
    fn names_the_leaf_and_what_forces_replacement() {
        let found = changes(&schema(), &object("1GiB", "a", "x"), &object("2GiB", "b", "y"));
        let short: Vec<_> = found.iter().map(|c| (c.path.to_string(), c.forces_replace)).collect();
        assert_eq!(short, [("memory".into(), false), ("name".into(), true), ("interface[0].address".into(), false)]);
    }

    /// Another address or key is another way to the same container.
    #[test]
    fn only_another_container_forces_replacement() {
        let ty = Type::object([("address", Type::String), ("id", Type::String)]);
        let schema = Schema::new("", [("machine", Attribute::required(ty.clone(), "").container())]);
        let machine = |id: Value, address: &str| {
            Value::object([("machine", Value::object([("address", Value::string(address)), ("id", id)]))])
        };
        let one = || Value::string("1");
        let forces = |after: &Value| changes(&schema, &machine(one(), "x"), after).iter().any(|c| c.forces_replace);
        assert!(!forces(&machine(one(), "y")));
        assert!(forces(&machine(Value::string("2"), "x")));
        assert!(forces(&machine(Value::unknown(Type::String), "x")));
        assert!(forces(&Value::object([("machine", Value::unknown(ty))])));
    }

    #[test]
    fn marks_do_not_count_as_change() {
        let before = object("1GiB", "a", "x");
        let after = before.with("name", Value::string("a").mark(Marks::SENSITIVE));
        assert_eq!(changes(&schema(), &before, &after), []);
    }

    #[test]
    fn another_type_counts_where_any_is_allowed() {
        let schema = Schema::new("", [("any", Attribute::optional(Type::Dynamic, ""))]);
        let element = || [Value::string("x")];
        let object = |v: Value| Value::object([("any", Value::object([("in", v)]))]);
        let (tuple, list) = (object(Value::tuple(element())), object(Value::list(Type::String, element())));
        let found = changes(&schema, &tuple, &list);
        assert_eq!(found.iter().map(|c| c.path.to_string()).collect::<Vec<_>>(), ["any"]);
        let null = |ty| Value::object([("any", Value::null(ty))]);
        assert_eq!(changes(&schema, &null(Type::Dynamic), &null(Type::String)), []);
        let typed =
            Schema::new("", [("any", Attribute::optional(Type::object([("in", Type::list(Type::String))]), ""))]);
        assert_eq!(changes(&typed, &tuple, &list), []);
    }

    #[test]
    fn unknown_counts_as_changed() {
        let before = object("1GiB", "a", "x");
        let after = before.with("name", Value::unknown(Type::String));
        assert_eq!(changes(&schema(), &before, &after).len(), 1);
    }
}
