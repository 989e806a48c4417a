//! Functions of collections.

use super::Table;

pub(super) fn table() -> Table {
    vec![]
}
