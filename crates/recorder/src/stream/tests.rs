//! Programs that listen or write a file, each in a process of its own, since they end in every way.
//!
//! The program is this test binary, run again with only the test [`program`], which the environment turns into a program.

mod files;
mod listen;
mod measure;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use facts::event::{Event, What};
use recording::{Fact, Flaw, Footer, Reader, Subject, sockets};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::task;

use super::{Mode, start};
use crate::{Detail, OnFull, Recorder};

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many tasks wait for the lock in the program.
const WAITERS: usize = 5;

/// The variables of the program: `listen` or the path of a file, how it ends, and how many tasks it starts and ends first.
const MODE: &str = "STREAM_TEST_MODE";
const END: &str = "STREAM_TEST_END";
const TASKS: &str = "STREAM_TEST_TASKS";

/// A program under test, and what it prints.
struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    runtime: TempDir,
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Program {
    fn new(mode: &Path, end: &str, tasks: usize) -> Self {
        Self::with(mode, end, tasks, |_| ())
    }

    fn with(mode: &Path, end: &str, tasks: usize, set: impl FnOnce(&mut Command)) -> Self {
        let runtime = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(std::env::current_exe().expect("it is a file"));
        command.args(["--ignored", "--exact", "stream::tests::program", "--nocapture", "--test-threads=1"]);
        command.env("XDG_RUNTIME_DIR", runtime.path()).env(MODE, mode).env(END, end).env(TASKS, tasks.to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::piped());
        set(&mut command);
        let mut child = command.spawn().expect("it can be started");
        let out = BufReader::new(child.stdout.take().expect("it is a pipe"));
        Self { child, out, runtime }
    }

    /// Waits for a line of its output that begins with a word, and returns the rest.
    fn says(&mut self, word: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.out.read_line(&mut line).expect("it is text"), 0, "it ended before it said {word}");
            // The test's own line may not have ended.
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
        }
    }

    /// The number of turns that it makes until it says the number again.
    fn turns(&mut self) -> u64 {
        self.says("turns").parse().expect("it is a number")
    }

    /// Asks it to end.
    fn end(&mut self) -> bool {
        drop(self.child.stdin.take());
        self.child.wait().expect("it ends").success()
    }

    fn socket(&self) -> PathBuf {
        sockets::path(&self.runtime.path().join("async-playground"), self.child.id())
    }

    fn attach(&self) -> Viewer {
        Viewer::new(sockets::connect(&self.socket()).expect("it listens"))
    }
}

/// Waits until a condition holds.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

/// The stream's thread may run late, when the program has printed something already.
#[test]
fn a_program_began_when_its_recording_did() {
    let now_ms = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64;
    let (recorder, _reader) = Recorder::make(OnFull::Drop, Detail::Polls, true);
    let before_ms = now_ms();
    recorder.begin_real();
    let after_ms = now_ms();
    until("time passes", || now_ms() > after_ms + 20);
    let Subject::Program(program) = super::header(&recorder).subject else { panic!("it is of a program") };
    // Two clocks, rounded down.
    assert!(
        (before_ms - 1..=after_ms + 1).contains(&program.began_ms),
        "{} not from {before_ms} to {after_ms}",
        program.began_ms
    );
}

/// What a reader knows of the program.
#[derive(Default)]
struct Picture {
    /// Names by task.
    names: BTreeMap<u64, String>,
    alive: BTreeMap<u64, String>,
    waiting: usize,
    events: u64,
    lost: u64,
    keyframes: usize,
    /// Whether it was complete when events were lost.
    was_complete: bool,
}

impl Picture {
    fn take(&mut self, fact: Fact) {
        match fact {
            Fact::Event(_, event) => {
                self.events += 1;
                self.event(event);
            }
            Fact::Lost(events) => {
                self.lost += events;
                self.was_complete |= self.is_complete();
                // What is alive now is not known.
                (self.names, self.alive, self.waiting, self.keyframes) = Default::default();
            }
            Fact::Keyframe(facts) => {
                self.keyframes += 1;
                if self.keyframes == 1 {
                    for fact in facts {
                        match fact {
                            Fact::Event(_, event) => self.event(event),
                            other => assert!(matches!(other, Fact::Thread(..)), "{other:?}"),
                        }
                    }
                }
            }
            Fact::Thread(..) | Fact::Sample(_) => {}
        }
    }

    fn event(&mut self, event: Event) {
        match event.what {
            What::Named(named) => _ = self.names.insert(named.task.0.get(), named.name),
            What::Spawn { task, .. } => {
                let name = self.names.get(&task.0.get()).expect("every task has a name").clone();
                self.alive.insert(task.0.get(), name);
            }
            What::Terminate { task, .. } => _ = self.alive.remove(&task.0.get()),
            What::Pending { op: Some(_), resource: Some(_), .. } => self.waiting += 1,
            _ => {}
        }
    }

    /// Whether the living of the program are there, and that they wait for the lock.
    fn is_complete(&self) -> bool {
        let alive = |name: &str| self.alive.values().any(|known| known == name);
        alive("holder") && (0..WAITERS).all(|waiter| alive(&format!("waiter {waiter}"))) && self.waiting >= WAITERS
    }
}

/// A viewer that reads the whole stream.
struct Viewer {
    reader: Reader<std::os::unix::net::UnixStream>,
    picture: Picture,
}

impl Viewer {
    fn new(stream: std::os::unix::net::UnixStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("it is a time");
        let (header, reader) = Reader::live(stream).expect("the program sends a recording");
        assert!(matches!(header.subject, recording::Subject::Program(program) if !program.name.is_empty()));
        Self { reader, picture: Picture::default() }
    }

    /// Reads the next chunk.
    fn read(&mut self) -> Result<Option<Footer>, Flaw> {
        let Self { reader, picture } = self;
        reader.chunk(&mut |fact| picture.take(fact))
    }

    fn until(&mut self, holds: impl Fn(&Picture) -> bool) {
        let began = Instant::now();
        while !holds(&self.picture) {
            assert!(began.elapsed() < PATIENCE, "{:?} of {} events", self.picture.alive, self.picture.events);
            assert_eq!(self.read(), Ok(None));
        }
    }
}

/// Reads a file to its end.
fn read(path: &Path) -> (Picture, Result<Footer, Flaw>) {
    let (_, mut reader) = Reader::new(BufReader::new(std::fs::File::open(path).expect("it exists"))).expect("it is a recording");
    let mut picture = Picture::default();
    let ended = reader.replay(|fact| picture.take(fact));
    (picture, ended)
}

#[test]
#[ignore = "it is the program that other tests run"]
fn program() {
    let Some(mode) = std::env::var_os(MODE) else { return };
    let variable = |name: &str| std::env::var(name).expect("it is set");
    crate::install().expect("nothing else is installed");
    let (recorder, reader) = Recorder::new(OnFull::Drop);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    recorder.observe(&mut builder, ());
    let runtime = builder.enable_all().build().expect("a runtime");
    recorder.begin_real();
    let mode = if mode == "listen" { Mode::Listen } else { Mode::File(mode.into()) };
    start(recorder.clone(), reader, mode).expect("the mode is possible");
    runtime.block_on(async {
        let _attached = recorder.attach("main thread");
        run(variable(TASKS).parse().expect("it is a number"), &variable(END)).await;
    });
}

/// Some tasks wait for a lock that another one holds, and another one yields all the time.
async fn run(tasks: usize, end: &str) {
    let lock = Arc::new(Mutex::new(()));
    let named = |name: String| task::Builder::new().name(Box::leak(name.into_boxed_str()));
    let held = lock.clone();
    let (taken, is_taken) = tokio::sync::oneshot::channel();
    let holder = named("holder".to_owned()).spawn(async move {
        let _held = held.lock().await;
        taken.send(()).expect("it waits");
        std::future::pending::<()>().await;
    });
    is_taken.await.expect("it is sent");
    let wait = |waiter| {
        let lock = lock.clone();
        named(format!("waiter {waiter}")).spawn(async move { _ = lock.lock().await }).expect("it is in a runtime")
    };
    let waiters: Vec<_> = (0..WAITERS).map(wait).collect();
    for done in 0..tasks {
        task::spawn(task::yield_now()).await.expect("it does not panic");
        if done % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let (stop, stopped) = tokio::sync::oneshot::channel();
    std::thread::spawn(|| {
        // It returns when the test closes its end.
        _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        // The program may wait for nothing.
        _ = stop.send(());
    });
    println!("ready {}", std::process::id());
    let turns = task::spawn(async {
        let (mut turns, mut said) = (0_u64, Instant::now());
        loop {
            task::yield_now().await;
            turns += 1;
            if said.elapsed() >= Duration::from_millis(500) {
                println!("turns {turns}");
                (turns, said) = (0, Instant::now());
            }
        }
    });
    match end {
        "never" => turns.await.expect("it does not panic"),
        _ => stopped.await.expect("it is sent"),
    }
    drop((holder, waiters));
    match end {
        "abort" => std::process::abort(),
        "exec" => panic!("{}", Command::new("cat").exec()),
        _ => std::process::exit(0),
    }
}
