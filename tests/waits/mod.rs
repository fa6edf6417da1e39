//! Every kind of wait, in plain Tokio code: its cause and its line are right, in debug and in release, on one thread and on
//! several.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod branches;
mod faults;
mod held;
mod kinds;
mod strange;
mod totals;
mod wakers;

use super::observed;

use observed::{On, observe};
use recorder::Detail;
use trace::Trace;

/// The virtual clock: waits and their ends are known to the millisecond.
fn on_virtual(program: impl Future<Output = ()> + Send + 'static) -> Trace {
    observe(On::Virtual, Detail::Waits, |_| program).0
}
