//! IAM: one file for each kind of entity, and one table of all operations.

use super::Operation;

/// Every IAM operation that the twin models.
pub fn operations() -> impl Iterator<Item = Operation> {
    std::iter::empty()
}
