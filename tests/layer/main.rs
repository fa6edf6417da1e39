//! The tests of `tests/waits`, and the closures of `tests/lanes`, through a `Registry`, beside console-subscriber: causes,
//! lines and holders must be the same as through the bare subscriber.
//!
//! They need their own program, because a process has one global subscriber.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

#[path = "../lanes/asked.rs"]
mod asked;
#[path = "../lanes/blocking.rs"]
mod blocking;
#[path = "../waits/branches.rs"]
mod branches;
#[path = "../waits/held.rs"]
mod held;
#[path = "../waits/kinds.rs"]
mod kinds;
#[path = "../observed/mod.rs"]
mod observed;
#[path = "../waits/wakers.rs"]
mod wakers;

use std::net::Ipv4Addr;
use std::sync::Once;

use engine::serve_console;
use observed::{Live, On};
use recorder::Detail;
use trace::Trace;

/// Runs a program to its end, with tokio-console served as for a user.
fn observe<F, P>(on: On, detail: Detail, program: P) -> (Trace, u64)
where
    P: FnOnce(Live) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    static SERVED: Once = Once::new();
    SERVED.call_once(|| {
        // It would fail if the bare subscriber were already installed.
        serve_console((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    });
    observed::observe(on, detail, program)
}

/// The virtual clock: waits and their ends are known to the millisecond.
fn on_virtual(program: impl Future<Output = ()> + Send + 'static) -> Trace {
    observe(On::Virtual, Detail::Waits, |_| program).0
}
