//! Lanes beside the runtime's tasks: blocking closures, local tasks, roots of `block_on`.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod asked;
mod blocking;
mod branches;
mod cells;
mod local;
mod roots;
mod workers;

use super::observed;

use observed::observe;
