//! What observes the runtime, each in a process of its own.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use recorder::{self, Attached, Detail, OnFull, Recorder};
use recording::sockets;
use tokio::runtime::Builder;
use trace::Trace;

use crate::work::{self, MEMORY, Workload};

/// A subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Nothing: what the others add is the difference to this.
    Plain,
    /// Our recorder through the runtime's hooks.
    Hooks(Detail),
    /// Our recorder through `init`, which keeps the last part in memory. Nobody is attached.
    Listening(Detail),
    /// The same with a viewer that reads everything.
    Attached(Detail),
    /// console-subscriber.
    Console,
    /// The plain runtime in the executable with dial9.
    PlainDial9,
    /// dial9.
    Dial9,
}

impl Subject {
    /// Every subject, in the order of the table.
    pub(crate) const ALL: [Self; 10] = [
        Self::Plain,
        Self::Hooks(Detail::Polls),
        Self::Hooks(Detail::Waits),
        Self::Listening(Detail::Polls),
        Self::Listening(Detail::Waits),
        Self::Attached(Detail::Polls),
        Self::Attached(Detail::Waits),
        Self::Console,
        Self::PlainDial9,
        Self::Dial9,
    ];

    /// Its name on the command line and in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Hooks(Detail::Polls) => "hooks-polls",
            Self::Hooks(Detail::Waits) => "hooks-waits",
            Self::Listening(Detail::Polls) => "init-polls",
            Self::Listening(Detail::Waits) => "init-waits",
            Self::Attached(Detail::Polls) => "attached-polls",
            Self::Attached(Detail::Waits) => "attached-waits",
            Self::Console => "console-subscriber",
            Self::PlainDial9 => "plain-dial9",
            Self::Dial9 => "dial9",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.name() == name)
    }

    /// The subject without a recorder that this one is compared with.
    pub(crate) fn base(self) -> Self {
        match self {
            Self::PlainDial9 | Self::Dial9 => Self::PlainDial9,
            _ => Self::Plain,
        }
    }

    /// Measures in a process of its own: nanoseconds an operation, or bytes for the memory.
    pub(crate) fn measure(self, workload: &str) -> f64 {
        let folder = tempfile::tempdir().expect("a folder for the socket");
        let mut command = match self {
            Self::PlainDial9 => of_dial9("plain"),
            Self::Dial9 => of_dial9("dial9"),
            _ => {
                let mut own = Command::new(std::env::current_exe().expect("the path of this program"));
                own.args(["measure", self.name()]).env("ASYNC_PLAYGROUND", "listen").env("XDG_RUNTIME_DIR", folder.path());
                if let Self::Listening(detail) | Self::Attached(detail) = self {
                    own.env("ASYNC_PLAYGROUND_DETAIL", detail.name());
                }
                own
            }
        };
        let output = command.arg(workload).output().expect("starts");
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().unwrap_or_else(|_| {
            panic!("{}, {workload}: {text}{}", self.name(), String::from_utf8_lossy(&output.stderr));
        })
    }
}

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/dial9/Cargo.toml");
const TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/dial9");

fn of_dial9(subject: &str) -> Command {
    let mut command = Command::new(format!("{TARGET}/release/overhead-dial9"));
    command.arg(subject);
    command
}

/// Builds the executable with dial9.
pub(crate) fn build_dial9() {
    println!("building benches/dial9 (the first time takes some minutes)");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--manifest-path", MANIFEST, "--target-dir", TARGET])
        // It needs the flags of this workspace's Cargo settings, which cargo looks for from here.
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(built.is_ok_and(|status| status.success()), "benches/dial9 does not build");
}

/// Measures in this process.
pub(crate) fn measure_here(subject: Subject, workload: &Workload) -> f64 {
    let mut builder = Builder::new_current_thread();
    builder.enable_all();
    let keep = workload.name == MEMORY.name;
    if let Subject::Listening(_) | Subject::Attached(_) = subject {
        return measure_program(builder, workload, matches!(subject, Subject::Attached(_)));
    }
    let recording = match subject {
        Subject::Hooks(detail) => Some(Recording::start(detail, &mut builder, keep)),
        Subject::Console => {
            // Installed as its documentation says, on a port that the system picks.
            console_subscriber::ConsoleLayer::builder().server_addr(([127, 0, 0, 1], 0)).init();
            None
        }
        _ => None,
    };
    let runtime = builder.build().expect("a runtime");
    let measured = work::measure(&runtime, workload);
    if let Some(recording) = recording {
        assert!(recording.end() > 100_000, "it did record");
    }
    measured
}

/// Measures as a program that has only the line `init`, with or without a viewer.
fn measure_program(mut builder: Builder, workload: &Workload, attached: bool) -> f64 {
    recorder::init();
    let viewer = attached.then(|| {
        let socket = sockets::path(&sockets::folder(), std::process::id());
        let mut stream = sockets::connect(&socket).expect("the program listens");
        let read = move || std::io::copy(&mut stream, &mut std::io::sink());
        thread::Builder::new().name("viewer".to_owned()).spawn(read).expect("a thread")
    });
    let runtime = builder.build().expect("a runtime");
    let measured = work::measure(&runtime, workload);
    assert!(viewer.is_none_or(|viewer| !viewer.is_finished()), "the viewer was attached all the time");
    measured
}

/// An active recorder, and the thread that drains its events.
struct Recording {
    attached: Option<Attached>,
    recorder: Recorder,
    over: Arc<AtomicBool>,
    taking: JoinHandle<u64>,
}

impl Recording {
    /// With `keep` the events go into a trace; otherwise they are only counted.
    fn start(detail: Detail, builder: &mut Builder, keep: bool) -> Self {
        recorder::install().expect("Tokio is heard");
        let (recorder, mut reader) = Recorder::with_detail(OnFull::Wait, detail);
        recorder.observe(builder, ());
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let take = move || {
            let mut trace = Trace::new(detail);
            let mut events = 0_u64;
            while !until.load(Ordering::Acquire) {
                reader.drain(false, |thread, event| {
                    events += 1;
                    if keep {
                        trace.push(thread, event);
                    }
                });
                reader.wait(Duration::from_millis(1));
            }
            events
        };
        let taking = thread::Builder::new().name("reader".to_owned()).spawn(take).expect("a thread");
        recorder.begin_real();
        let attached = Some(recorder.attach("bench"));
        Self { attached, recorder, over, taking }
    }

    /// Ends the recording and returns its number of events.
    fn end(mut self) -> u64 {
        self.attached.take();
        self.over.store(true, Ordering::Release);
        self.recorder.notify();
        self.taking.join().expect("does not panic")
    }
}
