//! From the names of functions to a cause and a place.
//!
//! Names are all there is: the modules of Tokio that are on the stack tell what
//! is waited for, and the crate of a function tells whose it is. A path on disk
//! would not: an installed program's own crates lie in the registry too.

use super::site::{Cause, Frame, Polls, Site};
use super::symbols::Call;

/// Crates that only hand a call on: they say nothing of who waits for what.
const TRANSPARENT: [&str; 8] = ["std", "core", "alloc", "tracing", "tracing_core", "tracing_subscriber", "async_playground", "backtrace"];

/// Crates that are nobody's own program: an `.await` of the program is looked
/// for outside them. Beside these, all whose name starts with one of
/// [`LIBRARY_FAMILIES`].
const LIBRARIES: [&str; 27] = [
    "async_stream",
    "async_trait",
    "axum",
    "axum_core",
    "bytes",
    "console_subscriber",
    "deadpool",
    "futures",
    "h2",
    "hyper",
    "hyper_util",
    "mini_redis",
    "mio",
    "parking_lot",
    "pin_project",
    "pin_project_lite",
    "quanta",
    "rayon",
    "redis",
    "reqwest",
    "rtrb",
    "rustls",
    "socket2",
    "sqlx",
    "tokio",
    "tonic",
    "tower",
];

/// See [`LIBRARIES`]: `tokio_util`, `futures_core`, `sqlx_postgres`.
const LIBRARY_FAMILIES: [&str; 6] = ["tokio_", "futures_", "tower_", "sqlx_", "tracing_", "deadpool_"];

/// Modules of Tokio, with the cause that a wait in them has. The first that fits counts.
const CAUSES: [(&str, Cause); 32] = [
    ("tokio::task::yield_now", Cause::Yield),
    ("tokio::runtime::scheduler::defer", Cause::Yield),
    ("tokio::runtime::context::defer", Cause::Yield),
    ("tokio::task::coop", Cause::Yield),
    ("tokio::sync::batch_semaphore", Cause::Semaphore),
    ("tokio::sync::semaphore", Cause::Semaphore),
    ("tokio::sync::mutex", Cause::Mutex),
    ("tokio::sync::rwlock", Cause::RwLock),
    ("tokio::sync::mpsc::bounded::Sender", Cause::MpscSend),
    ("tokio::sync::mpsc::bounded::OwnedPermit", Cause::MpscSend),
    ("tokio::sync::mpsc::unbounded::UnboundedSender", Cause::MpscSend),
    ("tokio::sync::mpsc::chan::Tx", Cause::MpscSend),
    ("tokio::sync::mpsc", Cause::MpscRecv),
    ("tokio::sync::oneshot", Cause::Oneshot),
    ("tokio::sync::watch", Cause::Watch),
    ("tokio::sync::broadcast", Cause::Broadcast),
    ("tokio::sync::notify", Cause::Notify),
    ("tokio::sync::barrier", Cause::Barrier),
    ("tokio::time", Cause::Time),
    ("tokio::runtime::time", Cause::Time),
    ("tokio::fs", Cause::Blocking),
    ("tokio::io::blocking", Cause::Blocking),
    ("tokio::blocking", Cause::Blocking),
    ("tokio::net::addr", Cause::Blocking),
    ("tokio::runtime::io", Cause::Io),
    ("tokio::net", Cause::Io),
    ("tokio::signal", Cause::Io),
    ("tokio::process", Cause::Io),
    ("tokio::runtime::task::join", Cause::Join),
    ("tokio::task::join_set", Cause::Join),
    ("tokio::util::idle_notified_set", Cause::Join),
    ("tokio::task::join_queue", Cause::Join),
];

/// What a stack of calls means, the innermost first.
pub(super) fn site(calls: &[Call]) -> Site {
    let place = calls.iter().find(|call| owner(&call.function) == Owner::Program).map(|call| call.place.clone());
    let mut frames: Vec<Frame> = calls.iter().enumerate().filter_map(|(i, call)| frame(call, calls.get(i + 1))).collect();
    frames.reverse();
    Site { cause: cause(calls), place, frames }
}

/// Whether this is where the runtime polls a task's own future.
pub(super) fn is_root(function: &str) -> bool {
    function.contains("runtime::task::core::Core<") && (function.ends_with("::poll") || function.contains("::poll::{"))
}

/// The innermost of Tokio's words is the most exact one, but primitives are
/// made of others: a mutex of a semaphore, a barrier of a watch channel.
fn cause(calls: &[Call]) -> Cause {
    let mut found = Cause::Other;
    let outside = |call: &&Call| !matches!(owner(&call.function), Owner::Program) && !is_root(&call.function);
    for call in calls.iter().take_while(outside) {
        let path = subject(&call.function);
        let Some((_, said)) = CAUSES.iter().find(|(module, _)| within(path, module)) else { continue };
        if is_made_of(*said, found) {
            found = *said;
        }
    }
    found
}

/// Whether a wait in the outer one is seen as a wait in the inner one.
fn is_made_of(outer: Cause, inner: Cause) -> bool {
    match inner {
        Cause::Other => true,
        Cause::Semaphore => matches!(outer, Cause::Mutex | Cause::RwLock | Cause::MpscSend),
        Cause::Notify => matches!(outer, Cause::Watch | Cause::Barrier | Cause::MpscSend),
        Cause::Watch => matches!(outer, Cause::Barrier | Cause::Io),
        Cause::MpscRecv => outer == Cause::Io,
        Cause::Join => outer == Cause::Blocking,
        _ => false,
    }
}

fn frame(call: &Call, caller: Option<&Call>) -> Option<Frame> {
    let owner = owner(&call.function);
    if owner == Owner::Nobody || is_root(&call.function) {
        return None;
    }
    let function = call.function.clone();
    let polls = if is_closure(&function) {
        // The closure of a `select!` or a `join!` is called by what makes a future of it.
        let called = caller.is_some_and(|caller| caller.function.contains("poll_fn::PollFn") || caller.function.contains("ops::function::"));
        if called { Polls::Parts } else { Polls::One }
    } else if owner == Owner::Tokio {
        Polls::Parts
    } else {
        Polls::Many
    };
    Some(Frame { function, place: call.place.clone(), own: owner == Owner::Program, polls })
}

/// Whose a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Program,
    Tokio,
    Library,
    Nobody,
}

fn owner(function: &str) -> Owner {
    let name = subject(function).split("::").next().unwrap_or_default();
    // A name without a path is C's, or the system's.
    if TRANSPARENT.contains(&name) || !function.contains("::") {
        Owner::Nobody
    } else if name == "tokio" {
        Owner::Tokio
    } else if LIBRARIES.contains(&name) || LIBRARY_FAMILIES.iter().any(|family| name.starts_with(family)) {
        Owner::Library
    } else {
        Owner::Program
    }
}

/// The path that a name starts with: of `<a::B<C> as d::E>::f` it is `a::B<C> as d::E>::f`.
fn subject(function: &str) -> &str {
    let mut rest = function;
    loop {
        let before = rest;
        rest = rest.trim_start_matches(['<', '&', '*', '(', '[']).trim_start();
        for word in ["mut ", "dyn ", "const ", "impl "] {
            rest = rest.strip_prefix(word).unwrap_or(rest);
        }
        if rest == before {
            return rest;
        }
    }
}

/// Whether a path is this module or type, or lies within it.
fn within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

/// Names end in `{{closure}}`, or `{closure#0}` by the newer scheme.
fn is_closure(function: &str) -> bool {
    function.ends_with("{{closure}}") || (function.ends_with('}') && function.contains("{closure#"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::site::Place;

    fn calls(functions: &[&str]) -> Vec<Call> {
        let call = |(i, function): (usize, &&str)| Call {
            function: (*function).into(),
            place: Place { file: "a.rs".into(), line: i as u32 },
        };
        functions.iter().enumerate().map(call).collect()
    }

    const ROOT: &str = "tokio::runtime::task::core::Core<T,S>::poll";

    #[test]
    fn a_primitive_is_told_from_what_it_is_made_of() {
        let acquire = "<tokio::sync::batch_semaphore::Acquire as core::future::future::Future>::poll";
        let cases = [
            (vec![acquire, "tokio::sync::semaphore::Semaphore::acquire::{{closure}}"], Cause::Semaphore),
            (vec![acquire, "tokio::sync::mutex::Mutex<T>::lock::{{closure}}"], Cause::Mutex),
            (vec![acquire, "tokio::sync::mpsc::bounded::Sender<T>::reserve::{{closure}}"], Cause::MpscSend),
            (vec!["tokio::sync::mpsc::chan::Rx<T,S>::recv"], Cause::MpscRecv),
            (vec!["tokio::sync::notify::Notified::poll_notified", "tokio::sync::watch::changed_impl::{{closure}}"], Cause::Watch),
            (vec!["tokio::runtime::time::entry::TimerEntry::poll_elapsed", "<tokio::time::sleep::Sleep as core::future::future::Future>::poll"], Cause::Time),
            (vec![acquire, "tokio::sync::mutex::Mutex<T>::lock::{{closure}}", "<tokio::time::timeout::Timeout<T> as core::future::future::Future>::poll"], Cause::Mutex),
            (vec!["my::future"], Cause::Other),
        ];
        for (inner, cause) in cases {
            let mut stack = inner.clone();
            stack.extend(["my::program::{{closure}}", "tokio::sync::mutex::Mutex<T>::lock::{{closure}}", ROOT]);
            assert_eq!(site(&calls(&stack)).cause, cause, "{inner:?}");
        }
    }

    #[test]
    fn the_place_is_the_innermost_line_of_the_program() {
        let stack = ["core::a", "tokio::b", "futures_util::c::{{closure}}", "my::inner::{{closure}}", "my::outer::{{closure}}", ROOT];
        let site = site(&calls(&stack));
        assert_eq!(site.place.as_ref().map(|place| place.line), Some(3));
        let chain: Vec<&str> = site.chain().map(|frame| &*frame.function).collect();
        assert_eq!(chain, ["my::outer::{{closure}}", "my::inner::{{closure}}"]);
    }

    #[test]
    fn the_closure_of_a_macro_polls_several_futures_and_an_async_body_one() {
        let poll_fn = "<core::future::poll_fn::PollFn<F> as core::future::future::Future>::poll";
        let stack = ["tokio::x", "my::f::{{closure}}::{{closure}}", poll_fn, "my::f::{{closure}}", "<my::Both as core::future::future::Future>::poll", ROOT];
        let polls: Vec<Polls> = site(&calls(&stack)).frames.iter().map(|frame| frame.polls).collect();
        assert_eq!(polls, [Polls::Many, Polls::One, Polls::Parts, Polls::Parts]);
    }

    #[test]
    fn owners_are_told_by_the_crate() {
        assert_eq!(owner("<&mut my_app::Thing as core::fmt::Debug>::fmt"), Owner::Program);
        assert_eq!(owner("<alloc::boxed::Box<my_app::Thing> as core::future::future::Future>::poll"), Owner::Nobody);
        assert_eq!(owner("tokio_util::task::f"), Owner::Library);
        assert_eq!(owner("tokio::task::f"), Owner::Tokio);
        assert_eq!(owner("tokiology::f"), Owner::Program);
        assert_eq!(owner("__clone3"), Owner::Nobody);
    }
}
