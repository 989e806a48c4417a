//! Addresses of parts of a configuration: a module, a resource, or one instance of either.

use std::fmt;
use std::sync::Arc;

use crate::{InstanceAddr, InstanceKey, ModuleInstance, ResourceAddr};

/// What `-target`, `moved` and `removed` name: `module.a`, `module.a["x"].t.n[0]`, `data.t.n`.
///
/// A key that is missing, of a module on the way or of the resource, stands for every key and for none.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The modules on the way; the whole target where there is no resource.
    pub module: ModuleInstance,
    /// The resource in it.
    pub resource: Option<ResourceAddr>,
    /// The key of the resource's instance; `None` without a resource.
    pub key: Option<InstanceKey>,
}

impl Target {
    /// Whether an instance is meant.
    pub fn contains(&self, address: &InstanceAddr) -> bool {
        if !self.contains_module(&address.module) {
            return false;
        }
        match &self.resource {
            None => true,
            Some(resource) => {
                self.module.0.len() == address.module.0.len()
                    && *resource == address.resource
                    && (self.key.is_none() || self.key == address.key)
            }
        }
    }

    /// Whether a module instance is the target's module or within it.
    pub fn contains_module(&self, module: &ModuleInstance) -> bool {
        let mut pairs = self.module.0.iter().zip(module.0.iter());
        self.module.0.len() <= module.0.len()
            && pairs.all(|((name, key), (other, given))| name == other && (key.is_none() || key == given))
    }

    /// The target seen from further up: `module` is the instance that it is relative to.
    #[must_use]
    pub fn below(&self, module: &ModuleInstance) -> Target {
        let steps: Arc<[_]> = module.0.iter().chain(self.module.0.iter()).cloned().collect();
        Target { module: ModuleInstance(steps), ..self.clone() }
    }

    /// The names without any key: the block of the configuration that is meant.
    #[must_use]
    pub fn without_keys(&self) -> Target {
        let steps = self.module.0.iter().map(|(name, _)| (name.clone(), None)).collect();
        Target { module: ModuleInstance(steps), resource: self.resource.clone(), key: None }
    }
}

impl From<InstanceAddr> for Target {
    fn from(address: InstanceAddr) -> Self {
        Target { module: address.module, resource: Some(address.resource), key: address.key }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.module)?;
        if let Some(resource) = &self.resource {
            let dot = if self.module.is_root() { "" } else { "." };
            write!(f, "{dot}{resource}")?;
        }
        self.key.iter().try_for_each(|key| write!(f, "{key}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(target: &str, address: &str) -> bool {
        target.parse::<Target>().unwrap().contains(&address.parse().unwrap())
    }

    #[test]
    fn prints_what_it_parses() {
        for text in ["module.a", "module.a[\"x\"].module.b", "module.a[\"x\"].t.n[0]", "data.t.n", "t.n[\"k\"]"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["", "module", "t", "module.a.t", "module.a.b.c.d", "data.t"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_missing_key_means_all() {
        assert!(contains("t.n", "t.n"));
        assert!(contains("t.n", "t.n[1]"));
        assert!(!contains("t.n[1]", "t.n"));
        assert!(!contains("t.n", "module.a.t.n"));
        assert!(contains("module.a", "module.a[\"x\"].module.b.t.n[0]"));
        assert!(contains("module.a.t.n", "module.a[0].t.n[\"k\"]"));
        assert!(!contains("module.a.t.n", "module.a[0].module.b.t.n"));
        assert!(contains("module.a[0]", "module.a[0].data.t.n"));
        assert!(!contains("module.a[0]", "module.a[1].t.n"));
        assert!(!contains("t.n", "data.t.n"));
    }

    #[test]
    fn moves_up() {
        let inner: Target = "t.n[0]".parse().unwrap();
        let module = "module.a[1]".parse::<Target>().unwrap().module;
        assert_eq!(inner.below(&module).to_string(), "module.a[1].t.n[0]");
        assert_eq!(inner.below(&module).without_keys().to_string(), "module.a.t.n");
    }
}
