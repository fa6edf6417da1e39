//! Observes the program that calls [`init`].
//!
//! Nothing here may disturb the program. So there are no panics and no errors to handle: what is missing is said in one line on
//! stderr, and the program runs on without being observed.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tracing::level_filters::{LevelFilter, STATIC_MAX_LEVEL};

use super::event::{LastPoll, What};
use super::local;
use super::program;
use super::reader::Reader;
use super::recorder::{OnFull, Recorder};
use super::stream::{self, Mode};
use super::subscriber;
use facts::Detail;

/// The environment variable that decides where the events go.
const VARIABLE: &str = "ASYNC_PLAYGROUND";

/// The environment variable that decides how much is recorded.
const DETAIL: &str = "ASYNC_PLAYGROUND_DETAIL";

/// Observes this program from now on. Call it in the first line of `main`:
///
/// ```
/// #[tokio::main]
/// async fn main() -> Result<(), tokio::task::JoinError> {
///     async_playground_recorder::init();
///     tokio::spawn(async { println!("seen") }).await
/// }
/// ```
///
/// Tasks that were spawned before the call are not seen. So with `#[tokio::main]`, where the runtime is older than the first line,
/// everything is seen except the future of `main` itself. To see that too, call `init` before you build the runtime:
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// async_playground_recorder::init();
/// let runtime = tokio::runtime::Runtime::new()?;
/// runtime.block_on(async { println!("seen") });
/// # Ok(())
/// # }
/// ```
///
/// The program has to be built with `--cfg tokio_unstable` in `RUSTFLAGS`; add `-C force-frame-pointers=yes` to see the line of
/// each wait. The environment variable `ASYNC_PLAYGROUND` decides what happens to the recording:
///
/// | value | meaning |
/// |---|---|
/// | not set, or `listen` | keep the last part in memory, for `async-playground attach` |
/// | `file:PATH` | write everything to this file |
/// | `off` | do nothing |
///
/// `ASYNC_PLAYGROUND_DETAIL=polls` records only spawns, polls and ends, which costs a fraction: see [`Detail`].
///
/// `init` becomes the program's `tracing` subscriber. If the program has a subscriber of its own, add `layer()`, from the feature
/// `layer`, to that instead.
///
/// This function never panics and has no error to handle. If something is missing, it prints one line on stderr, and the
/// program runs on as if this line were not there. Further calls do nothing.
#[track_caller]
pub fn init() {
    let begun = begin(|| {
        if !subscriber::set_global() {
            return Err(Problem::Subscriber);
        }
        subscriber::install_panic_hook();
        if arrives() { Ok(()) } else { Err(Problem::Spans) }
    });
    if let Err(problem) = begun {
        say(&problem);
    }
}

/// Records the whole process, like [`init`], and leaves it to the caller to read the events. The program's subscriber must be
/// the recorder's: see [`install`](super::install).
///
/// Only the first recorder of a process can do this.
///
/// ```
/// use async_playground_recorder::{self as recorder, Detail, OnFull};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// recorder::install()?;
/// let (recorder, mut reader) = recorder::observe_process(OnFull::Drop, Detail::Waits)?;
/// let runtime = tokio::runtime::Runtime::new()?;
/// runtime.block_on(async { tokio::spawn(async {}).await })?;
/// drop(runtime);
/// let mut events = 0;
/// reader.drain(true, |_thread, _event| events += 1);
/// assert!(events > 4);
/// # drop(recorder);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// If the process is observed already.
#[track_caller]
pub fn observe_process(on_full: OnFull, detail: Detail) -> Result<(Recorder, Reader), AlreadyObserved> {
    let (recorder, reader) = Recorder::make(on_full, detail, true);
    recorder.begin_real();
    if program::observe(&recorder) { Ok((recorder, reader)) } else { Err(AlreadyObserved) }
}

/// The process has a recorder already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlreadyObserved;

impl fmt::Display for AlreadyObserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this process has a recorder already")
    }
}

impl std::error::Error for AlreadyObserved {}

/// Starts to record the process as the environment says. `install` makes the recorder receive Tokio's tracing.
#[track_caller]
pub(super) fn begin(install: impl FnOnce() -> Result<(), Problem>) -> Result<(), Problem> {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    let Some(mode) = mode(std::env::var_os(VARIABLE))? else { return Ok(()) };
    let detail = detail(std::env::var_os(DETAIL))?;
    if BEGUN.swap(true, Ordering::AcqRel) || program::recorder().is_some() {
        return Ok(());
    }
    if !cfg!(tokio_unstable) {
        return Err(Problem::Unstable);
    }
    if STATIC_MAX_LEVEL < LevelFilter::TRACE {
        return Err(Problem::Level);
    }
    let (recorder, reader) = Recorder::make(OnFull::Drop, detail, true);
    install()?;
    recorder.begin_real();
    if program::observe(&recorder) {
        stream::start(recorder, reader, mode).map_err(Problem::Stream)?;
    }
    Ok(())
}

/// Where the events go; `None` for nowhere.
fn mode(value: Option<OsString>) -> Result<Option<Mode>, Problem> {
    let Some(value) = value else { return Ok(Some(Mode::Listen)) };
    match value.to_str() {
        Some("listen") => return Ok(Some(Mode::Listen)),
        Some("off") => return Ok(None),
        _ => {}
    }
    match after(&value, "file:") {
        Some(path) if !path.as_os_str().is_empty() => Ok(Some(Mode::File(path))),
        _ => Err(Problem::Variable(value)),
    }
}

/// How much to record.
fn detail(value: Option<OsString>) -> Result<Detail, Problem> {
    let Some(value) = value else { return Ok(Detail::default()) };
    value.to_str().and_then(Detail::of).ok_or(Problem::Detail(value))
}

/// The path after a prefix. A path need not be text.
#[cfg(unix)]
fn after(value: &OsString, prefix: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    let rest = value.as_bytes().strip_prefix(prefix.as_bytes())?;
    Some(OsString::from_vec(rest.to_vec()).into())
}

#[cfg(not(unix))]
fn after(value: &OsString, prefix: &str) -> Option<PathBuf> {
    Some(value.to_str()?.strip_prefix(prefix)?.into())
}

/// Why the program is not observed.
#[derive(Debug)]
pub(super) enum Problem {
    /// The environment variable has this value.
    Variable(OsString),
    /// The environment variable for the detail has this value.
    Detail(OsString),
    /// The build lacks a flag.
    Unstable,
    /// A feature of `tracing` removes what Tokio reports.
    Level,
    /// There is another subscriber.
    Subscriber,
    /// The subscriber hides Tokio's tracing from the layer.
    #[cfg_attr(not(feature = "layer"), allow(dead_code, reason = "only a layer can be behind a filter"))]
    Filter,
    /// A test task was not seen.
    Spans,
    /// The events have nowhere to go.
    Stream(io::Error),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(value) => {
                write!(f, "{VARIABLE}={} is not valid; use listen, file:PATH or off", value.to_string_lossy().escape_debug())
            }
            Self::Detail(value) => {
                write!(f, "{DETAIL}={} is not valid; use polls or waits", value.to_string_lossy().escape_debug())
            }
            Self::Unstable => f.write_str(
                "this program was built without --cfg tokio_unstable; build it with RUSTFLAGS=\"--cfg tokio_unstable\"",
            ),
            Self::Level => f.write_str(
                "a feature max_level_* or release_max_level_* of the crate `tracing` turns Tokio's tracing off; remove it",
            ),
            Self::Subscriber => f.write_str(
                "this program has its own tracing subscriber; add a Layer to it with async_playground_recorder::layer() \
                 (feature `layer`) in place of init()",
            ),
            Self::Filter => f.write_str(
                "a filter of the whole tracing subscriber hides Tokio's tracing from the layer; give each other layer its own filter \
                 with `with_filter`",
            ),
            Self::Spans => f.write_str("Tokio does not report its tasks; use tokio 1.54 or later with its feature `tracing`"),
            Self::Stream(error) => write!(f, "cannot keep what is recorded: {error}"),
        }
    }
}

/// Says in one line why the program is not observed.
pub(super) fn say(problem: &Problem) {
    // Without stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "async-playground: not recording: {problem}");
}

/// Whether a task's life arrives as it should: runs one on a thread of its own, which writes to a recorder of its own.
fn arrives() -> bool {
    let (recorder, mut reader) = Recorder::make(OnFull::Drop, Detail::Polls, true);
    let shared = recorder.shared.clone();
    let run = move || {
        local::put(program::enter_for_test(&shared));
        let ran = tokio::runtime::Builder::new_current_thread()
            .build()
            .is_ok_and(|runtime| runtime.block_on(async { tokio::spawn(tokio::task::yield_now()).await.is_ok() }));
        local::detach();
        ran
    };
    let ran = thread::Builder::new().name("self-test".to_owned()).spawn(run).map(thread::JoinHandle::join);
    if !matches!(ran, Ok(Ok(true))) {
        // The system refuses a thread or a runtime. The program will hear of that.
        return true;
    }
    let (mut spawned, mut polls, mut returned) = (None, 0, false);
    reader.drain(true, |_, event| match event.what {
        What::Spawn { task, .. } => spawned = Some(task),
        What::PollStart(task) => polls += u32::from(Some(task) == spawned),
        What::Terminate { task, last: LastPoll::Polled } => returned |= Some(task) == spawned,
        _ => {}
    });
    (polls, returned) == (2, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_where_events_go() {
        let of = |value: &str| mode(Some(value.into())).map_err(|problem| problem.to_string());
        assert_eq!(mode(None).ok(), Some(Some(Mode::Listen)));
        assert_eq!(of("listen"), Ok(Some(Mode::Listen)));
        assert_eq!(of("off"), Ok(None));
        assert_eq!(of("file:/tmp/a b"), Ok(Some(Mode::File("/tmp/a b".into()))));
        for bad in ["", "file:", "Listen", "file", "on\n"] {
            let problem = of(bad).expect_err(bad);
            assert!(problem.contains("listen, file:PATH or off") && !problem.contains('\n'), "{problem}");
        }
    }

    #[test]
    fn the_environment_decides_how_much_is_recorded() {
        let of = |value: &str| detail(Some(value.into())).map_err(|problem| problem.to_string());
        assert_eq!((detail(None).ok(), of("polls"), of("waits")), (Some(Detail::Waits), Ok(Detail::Polls), Ok(Detail::Waits)));
        let problem = of("all\n").expect_err("no such detail");
        assert!(problem.contains("polls or waits") && !problem.contains('\n'), "{problem}");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_need_not_be_text() {
        use std::os::unix::ffi::OsStringExt;

        let value = OsString::from_vec(b"file:/tmp/\xff".to_vec());
        let Ok(Some(Mode::File(path))) = mode(Some(value)) else { panic!("a file") };
        assert_eq!(path.into_os_string().into_vec(), b"/tmp/\xff");
    }

    #[test]
    fn the_life_of_a_task_arrives() {
        crate::install().expect("Tokio is heard");
        assert!(arrives());
    }
}
