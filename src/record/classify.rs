//! From functions and files to a cause and a place.
//!
//! Whose a function is, and what it is for, is told by the crate and the module
//! that its file belongs to: line tables have the file of every call, inlined or
//! not, while the full names of inlined functions are left out of them. A crate
//! is told by the name of its directory, not by where that lies: an installed
//! program's own crates lie in the registry too.

use std::path::Path;

use super::site::{Cause, Frame, Polls, Site};
use super::symbols::Call;

/// Crates that only hand a call on: they say nothing of who waits for what. Nor does what has no file.
const TRANSPARENT: [&str; 9] =
    ["std", "core", "alloc", "tracing", "tracing_core", "tracing_subscriber", "async_playground", "backtrace", ""];

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
const CAUSES: [(&str, Cause); 27] = [
    ("task::yield_now", Cause::Yield),
    ("runtime::scheduler::defer", Cause::Yield),
    ("task::coop", Cause::Budget),
    ("sync::batch_semaphore", Cause::Semaphore),
    ("sync::semaphore", Cause::Semaphore),
    ("sync::mutex", Cause::Mutex),
    ("sync::rwlock", Cause::RwLock),
    ("sync::mpsc", Cause::MpscRecv),
    ("sync::oneshot", Cause::Oneshot),
    ("sync::watch", Cause::Watch),
    ("sync::broadcast", Cause::Broadcast),
    ("sync::notify", Cause::Notify),
    ("sync::barrier", Cause::Barrier),
    ("time", Cause::Time),
    ("runtime::time", Cause::Time),
    ("fs", Cause::Blocking),
    ("io::blocking", Cause::Blocking),
    ("blocking", Cause::Blocking),
    ("net::addr", Cause::Blocking),
    ("runtime::io", Cause::Io),
    ("net", Cause::Io),
    ("signal", Cause::Io),
    ("process", Cause::Io),
    ("runtime::task::join", Cause::Join),
    ("task::join_set", Cause::Join),
    ("task::join_queue", Cause::Join),
    ("util::idle_notified_set", Cause::Join),
];

/// The crate and the module that a file belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// With underscores, and without a version; empty if it is not known.
    krate: String,
    /// Within the crate: `sync::mutex`.
    module: String,
}

impl Origin {
    /// By the path: `…/tokio-1.54.1/src/sync/mutex.rs` is `sync::mutex` of `tokio`.
    /// The playground's own sources are those beside its manifest.
    pub(super) fn of(path: &Path) -> Self {
        if path.starts_with(concat!(env!("CARGO_MANIFEST_DIR"), "/src")) {
            return Self { krate: "async_playground".to_owned(), module: String::new() };
        }
        let names: Vec<&str> = path.iter().filter_map(|name| name.to_str()).filter(|name| *name != "/").collect();
        // The program's own workspace may have no such directory: then any directory will do.
        let source = names.iter().rposition(|part| *part == "src").unwrap_or(names.len().saturating_sub(1));
        let krate = source.checked_sub(1).map_or("program", |place| names[place]);
        let within = names.get(source + 1..).unwrap_or_default().join("::");
        let module = within.trim_end_matches(".rs").trim_end_matches("::mod").to_owned();
        Self { krate: without_version(krate).replace('-', "_"), module }
    }

    fn is(&self, krate: &str, module: &str) -> bool {
        self.krate == krate && within(&self.module, module)
    }
}

/// Of `tokio-1.54.1` it is `tokio`.
fn without_version(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|first: char| first.is_ascii_digit()) && version.contains('.') => name,
        _ => name,
    }
}

/// What a stack of calls means, the innermost first.
pub(super) fn site(calls: &[Call]) -> Site {
    let place = calls.iter().find(|call| owner(call) == Owner::Program).map(|call| call.place.clone());
    let mut frames: Vec<Frame> = calls.iter().enumerate().filter_map(|(i, call)| frame(call, calls.get(i + 1))).collect();
    frames.reverse();
    Site { cause: cause(calls), place, frames: frames.into() }
}

/// Whether this is where the runtime polls a task's own future.
pub(super) fn is_root(call: &Call) -> bool {
    call.origin.is("tokio", "runtime::task::core") && call.function.contains("poll")
}

/// The innermost of Tokio's words is the most exact one, but primitives are
/// made of others: a mutex of a semaphore, a barrier of a watch channel.
fn cause(calls: &[Call]) -> Cause {
    let mut found = Cause::Other;
    for call in calls.iter().take_while(|call| owner(call) != Owner::Program && !is_root(call)) {
        if call.origin.krate == "tokio"
            && let Some((_, said)) = CAUSES.iter().find(|(module, _)| within(&call.origin.module, module))
        {
            found = refined(found, *said);
        }
    }
    found
}

/// What a wait is, by an inner word and an outer one.
fn refined(inner: Cause, outer: Cause) -> Cause {
    match (inner, outer) {
        // That Tokio counts what a future does is no wait; that it has its task put behind the others is.
        (Cause::Other, Cause::Budget) => Cause::Other,
        (Cause::Other, outer) => outer,
        (Cause::Yield, Cause::Budget) => Cause::Budget,
        (Cause::Semaphore, Cause::Mutex | Cause::RwLock)
        | (Cause::Notify, Cause::Watch | Cause::Barrier | Cause::Broadcast)
        | (Cause::Watch, Cause::Barrier | Cause::Io)
        | (Cause::MpscRecv, Cause::Io)
        | (Cause::Join, Cause::Blocking) => outer,
        // Room in a channel is a permit; its closing is a notification.
        (Cause::Semaphore | Cause::Notify, Cause::MpscRecv) => Cause::MpscSend,
        _ => inner,
    }
}

fn frame(call: &Call, caller: Option<&Call>) -> Option<Frame> {
    let owner = owner(call);
    if owner == Owner::Nobody || is_root(call) {
        return None;
    }
    // The closure of a `select!` or a `join!` is called by what makes a future of it.
    let by_macro =
        caller.is_some_and(|caller| caller.origin.is("core", "future::poll_fn") || caller.origin.is("core", "ops::function"));
    let polls = match named(&call.function) {
        Named::Async => Polls::One,
        Named::Closure if !by_macro => Polls::One,
        Named::Function if !matches!(owner, Owner::Tokio) => Polls::Many,
        Named::Closure | Named::Function => Polls::Parts,
    };
    let own = owner == Owner::Program;
    Some(Frame { function: call.function.clone(), place: call.place.clone(), column: call.column, own, polls })
}

/// Whose a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Program,
    Tokio,
    Library,
    Nobody,
}

fn owner(call: &Call) -> Owner {
    let krate = call.origin.krate.as_str();
    // What has debug information and is not Rust is the C library's, where a thread of somebody's begins.
    if TRANSPARENT.contains(&krate) || !is_rust(&call.place.file) {
        Owner::Nobody
    } else if krate == "tokio" {
        Owner::Tokio
    } else if LIBRARIES.contains(&krate) || LIBRARY_FAMILIES.iter().any(|family| krate.starts_with(family)) {
        Owner::Library
    } else {
        Owner::Program
    }
}

fn is_rust(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "rs")
}

/// Whether a module is this one or lies within it.
fn within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// What a function's name tells of its kind.
enum Named {
    /// The body of an async function or block.
    Async,
    /// A closure, or such a body: symbols do not tell them apart.
    Closure,
    Function,
}

/// Names end in `{{closure}}` or `{closure#0}` as symbols, in `{async_fn#0}` and the like in debug information.
fn named(function: &str) -> Named {
    let last = function.rsplit("::").next().unwrap_or(function);
    if last.starts_with("{async_") {
        Named::Async
    } else if last.starts_with("{closure#")
        || function.ends_with("{{closure}}")
        || function.contains("{closure#") && function.ends_with('}')
    {
        Named::Closure
    } else {
        Named::Function
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::site::Place;

    /// Calls by file and function; each at the line of its place in the stack.
    fn calls(stack: &[(&str, &str)]) -> Vec<Call> {
        let call = |(i, (file, function)): (usize, &(&str, &str))| Call {
            function: (*function).into(),
            place: Place { file: (*file).into(), line: i as u32 },
            column: 0,
            origin: Origin::of(Path::new(file)),
        };
        stack.iter().enumerate().map(call).collect()
    }

    const ROOT: (&str, &str) = ("/r/tokio-1.54.1/src/runtime/task/core.rs", "tokio::runtime::task::core::Core<T,S>::poll");

    #[test]
    fn a_primitive_is_told_from_what_it_is_made_of() {
        let cases: [(&[&str], Cause); 12] = [
            (&["sync/batch_semaphore", "sync/semaphore"], Cause::Semaphore),
            (&["sync/batch_semaphore", "sync/mutex"], Cause::Mutex),
            (&["sync/batch_semaphore", "sync/mpsc/bounded"], Cause::MpscSend),
            (&["sync/task/atomic_waker", "sync/mpsc/chan", "sync/mpsc/bounded"], Cause::MpscRecv),
            (&["sync/notify", "sync/watch"], Cause::Watch),
            (&["sync/notify", "sync/watch", "sync/barrier"], Cause::Barrier),
            (&["runtime/time/entry", "time/sleep"], Cause::Time),
            (&["sync/batch_semaphore", "sync/mutex", "time/timeout"], Cause::Mutex),
            (&["runtime/task/harness", "runtime/task/join", "fs/mod"], Cause::Blocking),
            (&["runtime/scheduler/defer", "runtime/context", "task/yield_now"], Cause::Yield),
            (&["runtime/scheduler/defer", "runtime/context", "task/coop/mod", "sync/batch_semaphore"], Cause::Budget),
            (&["sync/broadcast", "task/coop/mod"], Cause::Broadcast),
        ];
        for (modules, cause) in cases {
            let files: Vec<String> = modules.iter().map(|module| format!("/r/tokio-1.54.1/src/{module}.rs")).collect();
            let mut stack: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), "poll")).collect();
            stack.extend([("/w/tests/my.rs", "{async_fn#0}"), ("/r/tokio-1.54.1/src/sync/mutex.rs", "lock"), ROOT]);
            assert_eq!(site(&calls(&stack)).cause, cause, "{modules:?}");
        }
        assert_eq!(site(&calls(&[("/w/tests/my.rs", "poll"), ROOT])).cause, Cause::Other);
    }

    #[test]
    fn the_place_is_the_innermost_line_of_the_program() {
        let stack = [
            ("/rustc/1/library/core/src/future/mod.rs", "poll"),
            ("/r/tokio-1.54.1/src/sync/mutex.rs", "poll"),
            ("/r/futures-util-0.3.31/src/future/join.rs", "poll"),
            ("/r/my-app-0.1.0/inner.rs", "{async_fn#0}"),
            ("/w/app/src/main.rs", "app::outer::{{closure}}"),
            ROOT,
        ];
        let site = site(&calls(&stack));
        assert_eq!(site.place.as_ref().map(|place| place.line), Some(3));
        let chain: Vec<&str> = site.chain().map(|frame| &*frame.function).collect();
        assert_eq!(chain, ["app::outer::{{closure}}", "{async_fn#0}"]);
    }

    #[test]
    fn the_closure_of_a_macro_polls_several_futures_and_an_async_body_one() {
        let own = "/w/app/src/main.rs";
        let stack = [
            ("/r/tokio-1.54.1/src/sync/mutex.rs", "poll"),
            (own, "app::f::{{closure}}::{{closure}}"),
            ("/rustc/1/library/core/src/future/poll_fn.rs", "poll"),
            (own, "{async_fn#0}<u8>"),
            (own, "<app::Both as core::future::future::Future>::poll"),
            ROOT,
        ];
        let polls: Vec<Polls> = site(&calls(&stack)).frames.iter().map(|frame| frame.polls).collect();
        assert_eq!(polls, [Polls::Many, Polls::One, Polls::Parts, Polls::Parts]);
    }

    #[test]
    fn a_crate_is_told_by_its_directory() {
        let owner = |path: &str| owner(&calls(&[(path, "f")])[0]);
        assert_eq!(owner("/home/me/.cargo/registry/src/index/tokio-1.54.1/src/task/mod.rs"), Owner::Tokio);
        assert_eq!(owner("/home/me/.cargo/registry/src/index/tokio-util-0.7.20/src/lib.rs"), Owner::Library);
        assert_eq!(owner("/home/me/.cargo/registry/src/index/async-playground-scenarios-0.1.0/semaphore.rs"), Owner::Program);
        assert_eq!(owner("/home/me/.cargo/registry/src/index/async-playground-0.1.0/src/record/local.rs"), Owner::Nobody);
        assert_eq!(owner("/rustc/abc/library/std/src/thread.rs"), Owner::Nobody);
        assert_eq!(owner("/home/tokiology/src/main.rs"), Owner::Program);
        assert_eq!(owner("main.rs"), Owner::Program);
        assert_eq!(owner("./nptl/pthread_create.c"), Owner::Nobody);
        assert_eq!(super::owner(&Call { origin: Origin::default(), ..calls(&[ROOT]).remove(0) }), Owner::Nobody);
    }
}
