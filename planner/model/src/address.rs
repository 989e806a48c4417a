//! Addresses: `module.lab["a"].lab_machine.edge[0]`. Immutable, ordered, printed as they are parsed.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::Target;

/// `count` or `for_each` key of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InstanceKey {
    /// `[0]`
    Int(u64),
    /// `["a"]`
    Str(Arc<str>),
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstanceKey::Int(n) => write!(f, "[{n}]"),
            InstanceKey::Str(s) => {
                f.write_str("[\"")?;
                let mut signs = s.chars().peekable();
                while let Some(c) = signs.next() {
                    match c {
                        // As it would be written down: a sequence computes something.
                        '$' | '%' if signs.peek() == Some(&'{') => write!(f, "{c}{c}")?,
                        '"' => f.write_str("\\\"")?,
                        '\\' => f.write_str("\\\\")?,
                        '\n' => f.write_str("\\n")?,
                        '\r' => f.write_str("\\r")?,
                        '\t' => f.write_str("\\t")?,
                        c => write!(f, "{c}")?,
                    }
                }
                f.write_str("\"]")
            }
        }
    }
}

/// A path of module instances from the root: `module.a["x"].module.b`; empty for the root module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleInstance(pub Arc<[(Arc<str>, Option<InstanceKey>)]>);

impl ModuleInstance {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }

    /// Whether it is the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The instance of a call within this one.
    #[must_use]
    pub fn child(&self, call: &Arc<str>, key: Option<InstanceKey>) -> Self {
        ModuleInstance(self.0.iter().cloned().chain([(call.clone(), key)]).collect())
    }

    /// Whether `self` is `other` or contains it.
    pub fn contains(&self, other: &ModuleInstance) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl fmt::Display for ModuleInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, key)) in self.0.iter().enumerate() {
            write!(f, "{}module.{name}", if i > 0 { "." } else { "" })?;
            if let Some(key) = key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

/// `resource` or `data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// A `resource` block.
    Managed,
    /// A `data` block.
    Data,
}

/// A resource within its module: `lab_machine.edge` or `data.lab_links.all`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceAddr {
    /// Resource or data source.
    pub mode: Mode,
    /// The type, such as `lab_machine`.
    pub ty: Arc<str>,
    /// The name in the configuration.
    pub name: Arc<str>,
}

impl PartialOrd for ResourceAddr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By mode, type and name.
impl Ord for ResourceAddr {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most types are one and the same in memory, and a large plan is sorted by nothing else.
        let types = || if Arc::ptr_eq(&self.ty, &other.ty) { Ordering::Equal } else { self.ty.cmp(&other.ty) };
        self.mode.cmp(&other.mode).then_with(types).then_with(|| self.name.cmp(&other.name))
    }
}

impl fmt::Display for ResourceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = if self.mode == Mode::Data { "data." } else { "" };
        write!(f, "{data}{}.{}", self.ty, self.name)
    }
}

/// One instance of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceAddr {
    /// The module instance that holds it.
    pub module: ModuleInstance,
    /// The resource.
    pub resource: ResourceAddr,
    /// The key, where the resource has `count` or `for_each`.
    pub key: Option<InstanceKey>,
}

impl InstanceAddr {
    /// The address without its key, as messages about a whole resource use it.
    pub fn without_key(&self) -> InstanceAddr {
        InstanceAddr { key: None, ..self.clone() }
    }
}

impl fmt::Display for InstanceAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        write!(f, "{}", self.resource)?;
        match &self.key {
            Some(key) => write!(f, "{key}"),
            None => Ok(()),
        }
    }
}

/// Why a text is not an instance address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address: {why}")]
pub struct ParseAddressError {
    text: String,
    why: &'static str,
}

impl FromStr for InstanceAddr {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let target = Target::from_str(text)?;
        let why = "it should read TYPE.NAME, with an optional [KEY] behind";
        let resource = target.resource.ok_or_else(|| ParseAddressError { text: text.to_owned(), why })?;
        Ok(InstanceAddr { module: target.module, resource, key: target.key })
    }
}

impl FromStr for Target {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why| ParseAddressError { text: text.to_owned(), why };
        let mut parts = split(text).map_err(fail)?.into_iter().peekable();
        let mut modules = Vec::new();
        while parts.peek().is_some_and(|(name, key)| name == "module" && key.is_none()) {
            parts.next();
            let (name, key) = parts.next().ok_or_else(|| fail("`module` needs a name"))?;
            modules.push((Arc::from(name), key));
        }
        let module = ModuleInstance(modules.into());
        if parts.peek().is_none() {
            return Ok(Target { module, resource: None, key: None });
        }
        let mode = match parts.peek() {
            Some((name, None)) if name == "data" => {
                parts.next();
                Mode::Data
            }
            Some((name, None)) if name == "resource" => {
                parts.next();
                Mode::Managed
            }
            Some((name, _)) if KEYWORDS.contains(&name.as_str()) => {
                return Err(fail("a keyword stands where a type should; write `resource.` before it if it is a type"));
            }
            _ => Mode::Managed,
        };
        let (Some((ty, None)), Some((name, key)), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(fail("it should read TYPE.NAME, with an optional [KEY] behind"));
        };
        Ok(Target { module, resource: Some(ResourceAddr { mode, ty: ty.into(), name: name.into() }), key })
    }
}

/// What begins a reference to something that is no resource.
const KEYWORDS: [&str; 11] =
    ["arg", "count", "each", "lazy", "local", "module", "path", "self", "template", "terraform", "var"];

/// Splits at dots outside of brackets into names with keys.
fn split(text: &str) -> Result<Vec<(String, Option<InstanceKey>)>, &'static str> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let ident = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || !name.chars().all(ident) {
            return Err("a name is missing or has a character that names cannot have");
        }
        rest = after;
        let mut key = None;
        if let Some(inner) = rest.strip_prefix('[') {
            let (parsed, after) = split_key(inner)?;
            key = Some(parsed);
            rest = after;
        }
        parts.push((name.to_owned(), key));
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(parts),
            None => return Err("something stands behind a key"),
        }
    }
}

fn split_key(inner: &str) -> Result<(InstanceKey, &str), &'static str> {
    if let Some(quoted) = inner.strip_prefix('"') {
        let mut value = String::new();
        let mut chars = quoted.char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    let after = quoted[i + 1..].strip_prefix(']').ok_or("a key must end in `\"]`")?;
                    return Ok((InstanceKey::Str(value.into()), after));
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, c)) => value.push(c),
                    None => break,
                },
                '$' | '%' if quoted[i + 1..].starts_with(&format!("{c}{{")) => {}
                c => value.push(c),
            }
        }
        return Err("a key must end in `\"]`");
    }
    let (digits, after) = inner.split_once(']').ok_or("a key must end in `]`")?;
    let number = digits.parse().map_err(|_| "a key must be a number or a quoted string")?;
    Ok((InstanceKey::Int(number), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parses() {
        for text in [
            "lab_machine.a",
            "lab_machine.a[0]",
            "lab_machine.a[\"x.y\"]",
            "data.lab_links.all",
            "module.lab.lab_machine.a[\"a\\\"b\\\\\"]",
            "lab_machine.a[\"$${x} %%{y} $ %\"]",
            "module.lab[\"x\"].module.deep[3].data.t.n[\"k\"]",
        ] {
            assert_eq!(text.parse::<InstanceAddr>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_an_address() {
        assert_eq!("resource.local.a".parse::<InstanceAddr>().unwrap().to_string(), "local.a");
        for text in [
            "",
            "a",
            "local.a",
            "module.m.var.a",
            "a.b.c",
            "module.x",
            "a.b[",
            "a.b[x]",
            "a.b[\"x]",
            "a b.c",
            "a[0].b",
            "a.b[0]c",
        ] {
            assert!(text.parse::<InstanceAddr>().is_err(), "{text}");
        }
    }
}
