//! Classifies a stack: from calls to a cause and a place.
//!
//! Line tables have the file of every call, inlined or not, but not the full names of inlined functions. So the file decides
//! whom a call belongs to and what it is for: see [`sources`](super::sources). A stack that cannot be read to its end is
//! useless: a line in it may belong to the caller of the runtime, and its innermost calls may be remains of other calls. So
//! such a stack has no place, and the site says what the build lacks instead.

use std::ops::ControlFlow;

use super::site::{Cause, Frame, Missing, Place, Polls, SPAN_DROP, Site};
use super::sources::{Origin, Owner, Sources};
use super::stack;
use super::symbols::Call;

/// Modules of Tokio, with the cause of a wait in them. The first match wins.
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

/// The calls of a stack that is being read, innermost first.
#[derive(Debug, Default)]
pub(super) struct Stack {
    calls: Vec<(Call, Origin)>,
    /// Whether an address had not even a name.
    nameless: bool,
    /// Whether the call was found in which the runtime polls the task's own future.
    whole: bool,
}

impl Stack {
    /// Adds the calls at the next return address. Breaks at the task's own future, whose callers belong to the runtime.
    pub(super) fn push(&mut self, calls: &[Call], sources: &Sources) -> ControlFlow<()> {
        self.nameless |= calls.is_empty();
        for call in calls {
            let origin = sources.origin(call);
            self.whole |= is_root(call, &origin);
            self.calls.push((call.clone(), origin));
        }
        if self.whole { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// The site of the stack. `deep`: the stack was cut off at the maximum depth, which keeps the innermost calls.
    pub(super) fn site(mut self, deep: bool, sources: &Sources) -> Site {
        self.skip_the_recorders();
        let whole = self.whole || deep;
        let place = self.calls.iter().find(|(_, origin)| origin.owner == Owner::Program).map(|(call, _)| call.place.clone());
        let place = place.filter(|_| whole);
        let missing = if place.is_some() { Missing::default() } else { self.missing(whole, sources) };
        if missing.any() {
            let cause = Some(self.cause()).filter(|cause| whole && !cause.is_foreign() && !may_be_a_part(*cause));
            return Site { cause: cause.unwrap_or(Cause::Unknown), missing, ..Site::default() };
        }
        let mut frames: Vec<Frame> = (0..self.calls.len()).filter_map(|at| self.frame(at)).collect();
        frames.reverse();
        Site { cause: self.cause(), place, frames: frames.into(), missing }
    }

    /// Removes the recorder's own calls. Tokio emits an event for a wait, so the calls inside Tokio's functions belong to the
    /// subscriber. The drop of a span reports the end of an operation, and any function may drop it.
    fn skip_the_recorders(&mut self) {
        let tokio = |(call, origin): &(Call, Origin)| origin.owner == Owner::Tokio && !is_root(call, origin);
        let first = self.calls.iter().position(tokio).unwrap_or(0);
        let drops = self.calls.iter().take_while(|call| !tokio(call)).position(|(call, _)| drops_a_span(call));
        self.calls.drain(..drops.unwrap_or(first));
    }

    /// What the build lacks, if that is why no line is known.
    fn missing(&self, whole: bool, sources: &Sources) -> Missing {
        let known = |owner: Owner| self.calls.iter().any(|(_, origin)| origin.owner == owner);
        if whole {
            // If the program has debug information, a call without it is a library's. Otherwise it may contain the program.
            let lines = !sources.has_lines && self.calls.iter().any(|(call, _)| call.file.is_none());
            return Missing { symbols: self.nameless, lines, frame_pointers: false };
        }
        let symbols = self.nameless && !known(Owner::Tokio);
        Missing { symbols, lines: false, frame_pointers: !symbols || !stack::can_be_walked() }
    }

    /// The cause of the wait. The innermost module of Tokio is the most specific one,
    /// but primitives contain others: a mutex a semaphore, a barrier a watch channel.
    fn cause(&self) -> Cause {
        let (mut found, mut sure) = (Cause::Other, true);
        for (call, origin) in self.calls.iter().take_while(|(call, origin)| !is_root(call, origin)) {
            sure &= call.file.is_some();
            if !matches!(origin.owner, Owner::Tokio | Owner::Nobody) {
                break;
            }
            let said = CAUSES.iter().find(|(module, _)| origin.is_tokio(module));
            found = said.map_or(found, |(_, said)| refined(found, *said));
        }
        // Calls of Tokio that were inlined into a function without debug information are invisible.
        if found == Cause::Other && !sure { Cause::Unknown } else { found }
    }

    fn frame(&self, at: usize) -> Option<Frame> {
        let (call, origin) = &self.calls[at];
        if at == 0 && drops_a_span(call) {
            let place = Place { file: "".into(), line: 0 };
            return Some(Frame { function: SPAN_DROP.into(), place, column: 0, branch: 0, own: false, polls: Polls::Parts });
        }
        // Tokio's access to its cells is irrelevant, and visible only in optimised code.
        if matches!(origin.owner, Owner::Nobody | Owner::Unknown) || is_root(call, origin) || origin.is_tokio("loom") {
            return None;
        }
        // The closure of a `select!` or a `join!` is called by `poll_fn`.
        let caller = self.calls.get(at + 1).map(|(_, origin)| origin);
        let by_macro = caller
            .is_some_and(|caller| caller.is_toolchain("core::future::poll_fn") || caller.is_toolchain("core::ops::function"));
        let polls = match named(&call.function) {
            Named::Async => Polls::One,
            Named::Closure if !by_macro => Polls::One,
            Named::Function if origin.owner != Owner::Tokio => Polls::Many,
            Named::Closure | Named::Function => Polls::Parts,
        };
        let own = origin.owner == Owner::Program;
        let branch = if by_macro && polls == Polls::Parts { call.at } else { 0 };
        Some(Frame { function: call.function.clone(), place: call.place.clone(), column: call.column, branch, own, polls })
    }
}

/// Whether this call drops a span of `tracing`.
fn drops_a_span(call: &Call) -> bool {
    ["drop_in_place<tracing::span::Span>", "<tracing::span::Span as core::ops::drop::Drop>::drop"]
        .iter()
        .any(|name| call.function.contains(name))
}

/// Modules of Tokio whose `block_on` polls the future that the program passed to it.
const BLOCK_ON: [&str; 4] = ["runtime::park", "runtime::scheduler::current_thread", "runtime::runtime", "runtime::handle"];

/// Whether the runtime polls a task's own future here, or the root of a `block_on`. Optimised code may have inlined the innermost
/// of these calls, which is then invisible without debug information; the outermost is called through a table and always visible.
fn is_root(call: &Call, origin: &Origin) -> bool {
    let inner = origin.is_tokio("runtime::task::core") && call.function.contains("poll");
    let blocks = call.function.contains("block_on") && BLOCK_ON.iter().any(|module| origin.is_tokio(module));
    inner
        || blocks
        || call.file.is_none() && (origin.is_tokio("runtime::task::harness") || origin.is_tokio("runtime::task::raw::poll"))
}

/// Whether other primitives of Tokio contain it. Their calls may be inlined and invisible.
fn may_be_a_part(cause: Cause) -> bool {
    matches!(cause, Cause::Semaphore | Cause::Notify | Cause::Watch)
}

/// The cause of a wait, from an inner and an outer module.
fn refined(inner: Cause, outer: Cause) -> Cause {
    match (inner, outer) {
        // Tokio's budget check of a future is not a wait; deferring its task is.
        (Cause::Other, Cause::Budget) => Cause::Other,
        (Cause::Other, outer) => outer,
        (Cause::Yield, Cause::Budget) => Cause::Budget,
        (Cause::Semaphore, Cause::Mutex | Cause::RwLock)
        | (Cause::Notify, Cause::Watch | Cause::Barrier | Cause::Broadcast)
        | (Cause::Watch, Cause::Barrier | Cause::Io)
        | (Cause::MpscRecv, Cause::Io)
        | (Cause::Join, Cause::Blocking) => outer,
        // A channel's room is a semaphore's permit; its closing is a notification.
        (Cause::Semaphore | Cause::Notify, Cause::MpscRecv) => Cause::MpscSend,
        _ => inner,
    }
}

/// The kind of a function according to its name.
enum Named {
    /// The body of an async function or block.
    Async,
    /// A closure, or an async body: symbols do not distinguish them.
    Closure,
    Function,
}

/// Symbols end in `{{closure}}` or `{closure#0}`, names in debug information in `{async_fn#0}` or similar.
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
    use std::path::Path;

    use super::*;
    use facts::site::Place;

    const ROOT: (&str, &str) = (
        "/c/registry/src/i-0123456789abcdef/tokio-1.54.1/src/runtime/task/core.rs",
        "tokio::runtime::task::core::Core<T,S>::poll",
    );
    const MUTEX: &str = "/c/registry/src/i-0123456789abcdef/tokio-1.54.1/src/sync/mutex.rs";
    const OWN: &str = "/w/app/src/main.rs";

    fn sources(has_lines: bool) -> Sources {
        Sources::for_tests("/play/src", "/c/registry/src/i-0123456789abcdef/tokio-1.54.1/src", has_lines)
    }

    /// Reads calls by file and function, innermost first; the line of each is its index. A call without a file has no debug
    /// information, and one without a file and a function has no name.
    fn stack(calls: &[(&str, &str)], sources: &Sources) -> Stack {
        let mut stack = Stack::default();
        for (line, (file, function)) in calls.iter().enumerate() {
            let place = Place { file: (*file).into(), line: line as u32 };
            let file = Some(Path::new(file)).filter(|file| !file.as_os_str().is_empty()).map(Into::into);
            let call = Call { function: (*function).into(), place, column: 0, at: line as u32, file };
            let calls = if function.is_empty() { vec![] } else { vec![call] };
            if stack.push(&calls, sources).is_break() {
                break;
            }
        }
        stack
    }

    fn site(calls: &[(&str, &str)]) -> Site {
        let sources = sources(true);
        stack(calls, &sources).site(false, &sources)
    }

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
            let files: Vec<String> =
                modules.iter().map(|module| format!("/c/registry/src/i-0123456789abcdef/tokio-1.54.1/src/{module}.rs")).collect();
            let mut calls: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), "poll")).collect();
            calls.extend([("/w/tests/my.rs", "{async_fn#0}"), (MUTEX, "lock"), ROOT]);
            assert_eq!(site(&calls).cause, cause, "{modules:?}");
        }
        assert_eq!(site(&[("/w/tests/my.rs", "poll"), ROOT]).cause, Cause::Other);
    }

    #[test]
    fn a_future_of_a_library_is_not_taken_for_what_it_was_put_into() {
        let timeout = ("/c/registry/src/i-0123456789abcdef/tokio-1.54.1/src/time/timeout.rs", "poll");
        for (library, cause) in [
            (("/c/registry/src/i-0123456789abcdef/hyper-1.12.0/src/lib.rs", "poll"), Cause::Other),
            ((OWN, "poll"), Cause::Other),
            // A call of Tokio may be inlined there.
            (("", "<hyper::Conn as Future>::poll"), Cause::Unknown),
        ] {
            let waker = ("/c/registry/src/i-0123456789abcdef/tokio-1.54.1/src/runtime/task/waker.rs", "clone");
            assert_eq!(site(&[waker, library, timeout, ROOT]).cause, cause, "{library:?}");
        }
    }

    #[test]
    fn the_place_is_the_innermost_line_of_the_program() {
        let site = site(&[
            // Tokio calls its subscriber, which does not wait.
            ("/w/app/src/log.rs", "event"),
            ("/rustc/1/library/core/src/future/mod.rs", "poll"),
            (MUTEX, "poll"),
            ("/c/registry/src/i-0123456789abcdef/futures-util-0.3.31/src/future/join.rs", "poll"),
            ("/w/app/other/inner.rs", "{async_fn#0}"),
            (OWN, "app::outer::{{closure}}"),
            ROOT,
            ("/w/app/src/spawner.rs", "app::main"),
        ]);
        assert_eq!(site.place.as_ref().map(|place| place.line), Some(4));
        let chain: Vec<&str> = site.chain().map(|frame| &*frame.function).collect();
        assert_eq!(chain, ["app::outer::{{closure}}", "{async_fn#0}"]);
        assert!(!site.missing.any());
    }

    #[test]
    fn the_closure_of_a_macro_polls_several_futures_and_an_async_body_one() {
        let site = site(&[
            (MUTEX, "poll"),
            (OWN, "app::f::{{closure}}::{{closure}}"),
            ("/rustc/1/library/core/src/future/poll_fn.rs", "poll"),
            (OWN, "{async_fn#0}<u8>"),
            (OWN, "<app::Both as core::future::future::Future>::poll"),
            ROOT,
        ]);
        let polls: Vec<Polls> = site.frames.iter().map(|frame| frame.polls).collect();
        assert_eq!(polls, [Polls::Many, Polls::One, Polls::Parts, Polls::Parts]);
    }

    const NO_LINES: Missing = Missing { frame_pointers: false, symbols: false, lines: true };
    const NO_SYMBOLS: Missing = Missing { lines: false, symbols: true, ..NO_LINES };
    const NO_FRAME_POINTERS: Missing = Missing { lines: false, frame_pointers: true, ..NO_LINES };

    #[test]
    fn a_stack_without_debug_information_has_the_cause_that_its_symbols_say_and_no_place() {
        let acquire = ("", "<tokio::sync::batch_semaphore::Acquire as core::future::future::Future>::poll");
        let lock = ("", "tokio::sync::mutex::Mutex<T>::acquire::{{closure}}");
        let calls = [acquire, lock, ("", "app::work::{{closure}}"), ("", "tokio::runtime::task::raw::poll"), ("", "app::main")];
        let without = sources(false);
        let site = stack(&calls, &without).site(false, &without);
        assert_eq!((site.cause, site.place, site.missing), (Cause::Mutex, None, NO_LINES));
        // The program and the lock were inlined into the call that polls them.
        let inlined = stack(&[acquire, ("", "tokio::runtime::task::raw::poll")], &without).site(false, &without);
        assert_eq!((inlined.cause, inlined.place, inlined.missing), (Cause::Unknown, None, NO_LINES));
        // A library's own task, in a program with debug information.
        let with = sources(true);
        let site = stack(&calls, &with).site(false, &with);
        assert_eq!((site.cause, site.place, site.missing), (Cause::Mutex, None, Missing::default()));
    }

    #[test]
    fn a_stack_that_breaks_off_tells_nothing_and_least_of_all_the_line_that_is_in_it() {
        let yields = "/c/registry/src/i-0123456789abcdef/tokio-1.54.1/src/task/yield_now.rs";
        let cases: [(&[(&str, &str)], Missing); 4] = [
            (&[(yields, "poll"), (OWN, "app::main")], NO_FRAME_POINTERS),
            (&[(OWN, "app::main"), ("", "main")], NO_FRAME_POINTERS),
            (&[("", ""), ("", ""), ("", "start_thread")], NO_SYMBOLS),
            (&[], NO_FRAME_POINTERS),
        ];
        for (calls, missing) in cases {
            let sources = sources(true);
            let site = stack(calls, &sources).site(false, &sources);
            assert_eq!(site, Site { cause: Cause::Unknown, missing, ..Site::default() }, "{calls:?}");
        }
    }

    #[test]
    fn a_stack_that_was_cut_off_for_its_length_has_its_innermost_calls() {
        let sources = sources(true);
        let site = stack(&[(MUTEX, "poll"), (OWN, "app::f::{{closure}}")], &sources).site(true, &sources);
        assert_eq!((site.cause, site.place.map(|place| place.line)), (Cause::Mutex, Some(1)));
    }
}
