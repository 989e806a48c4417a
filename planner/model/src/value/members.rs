//! The members of a map or an object: few enough nodes that ten thousand instances fit in little memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Value;

/// Names and their values in order of name, each name once. Shared by reference; a clone costs a counter.
///
/// A sorted array and not a tree: most have a handful of members, and none is changed once it is made.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Members(Arc<[(Arc<str>, Value)]>);

impl Members {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.binary_search_by(|(own, _)| (**own).cmp(name)).ok().map(|at| &self.0[at].1)
    }

    /// Whether there is one of that name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In order of name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> + DoubleEndedIterator {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The names, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> + DoubleEndedIterator {
        self.0.iter().map(|(name, _)| name)
    }

    /// The values, in order of name.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> + DoubleEndedIterator {
        self.0.iter().map(|(_, value)| value)
    }

    /// The same with one set or replaced.
    #[must_use]
    pub fn with(&self, name: Arc<str>, value: Value) -> Self {
        self.0.iter().cloned().chain([(name, value)]).collect()
    }

    /// The same without the one of that name.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        self.0.iter().filter(|(own, _)| &**own != name).cloned().collect()
    }

    /// Whether both are the same in memory: then they are equal, with nothing to compare.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Where they lie in memory, for whoever keeps what is shared shared.
    pub fn place(&self) -> usize {
        self.0.as_ptr().addr()
    }
}

impl FromIterator<(Arc<str>, Value)> for Members {
    /// Of what has one name the last counts.
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(items: I) -> Self {
        let mut all: Vec<(Arc<str>, Value)> = items.into_iter().collect();
        if !all.is_sorted_by(|(a, _), (b, _)| a < b) {
            all.sort_by(|(a, _), (b, _)| a.cmp(b));
            all.dedup_by(|later, first| {
                let same = later.0 == first.0;
                if same {
                    std::mem::swap(later, first);
                }
                same
            });
        }
        Members(all.into())
    }
}

impl From<BTreeMap<Arc<str>, Value>> for Members {
    fn from(items: BTreeMap<Arc<str>, Value>) -> Self {
        Members(items.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Members {
    type Item = (&'a Arc<str>, &'a Value);
    type IntoIter =
        std::iter::Map<std::slice::Iter<'a, (Arc<str>, Value)>, fn(&'a (Arc<str>, Value)) -> (&'a Arc<str>, &'a Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl std::fmt::Debug for Members {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(items: &[(&str, i64)]) -> Members {
        items.iter().map(|(name, n)| ((*name).into(), Value::number(*n))).collect()
    }

    #[test]
    fn of_what_has_one_name_the_last_counts() {
        let members = of(&[("b", 1), ("a", 2), ("b", 3), ("c", 4), ("b", 5)]);
        assert_eq!(members, of(&[("a", 2), ("b", 5), ("c", 4)]));
        assert_eq!(members.get("b"), Some(&Value::number(5)));
        assert_eq!((members.len(), members.get("d")), (3, None));
    }

    #[test]
    fn one_is_set_replaced_and_left_out() {
        let members = of(&[("a", 1), ("c", 3)]);
        assert_eq!(members.with("b".into(), Value::number(2)), of(&[("a", 1), ("b", 2), ("c", 3)]));
        assert_eq!(members.with("c".into(), Value::number(4)), of(&[("a", 1), ("c", 4)]));
        assert_eq!(members.without("a"), of(&[("c", 3)]));
        assert!(members.without("b") == members && !members.without("b").is_same(&members));
    }
}
