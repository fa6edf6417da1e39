//! `init` in programs of all kinds. Each test runs one of the programs below in a process of its own, and reads what the program
//! says.

#[cfg(feature = "layer")]
use std::io::{BufRead as _, BufReader, Read as _};
#[cfg(feature = "layer")]
use std::process::Stdio;
use std::process::{Command, Output};

/// The variable by which this test program knows which program to be.
const PROGRAM: &str = "PROGRAM_UNDER_TEST";

/// A program that can be started.
fn command(program: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("its own path"));
    command.args(["--exact", "is_a_program", "--nocapture", "--quiet"]).env(PROGRAM, program).env_remove("ASYNC_PLAYGROUND");
    command
}

/// Runs a program with these environment variables.
fn run(program: &str, variables: &[(&str, &str)]) -> Output {
    command(program).envs(variables.iter().copied()).output().expect("it starts")
}

/// What a program says on stderr. It must succeed, and print what it would print without the recorder.
fn says(program: &str, variables: &[(&str, &str)]) -> String {
    let output = run(program, variables);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("the program has run"), "{out}\n{err}");
    err.into_owned()
}

/// Its own line on stderr; there must be no other.
fn line(program: &str, variables: &[(&str, &str)]) -> String {
    let err = says(program, variables);
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.starts_with("async-playground: not recording: "), "{err}");
    err
}

async fn work() {
    let tasks: Vec<_> = (0..10).map(|_| tokio::spawn(tokio::task::yield_now())).collect();
    for task in tasks {
        task.await.expect("does not panic");
    }
    println!("the program has run");
}

/// Not a test: the program, if this process is one.
#[test]
fn is_a_program() {
    let Ok(program) = std::env::var(PROGRAM) else { return };
    match &*program {
        "threads" => threads(),
        "one thread" => one_thread(),
        "within the runtime" => within_the_runtime(),
        "twice" => twice(),
        "panics" => panics(),
        "own subscriber" => own_subscriber(),
        "late subscriber" => late_subscriber(),
        #[cfg(feature = "layer")]
        "layer" => layer::seen(),
        #[cfg(feature = "layer")]
        "layer behind a filter" => layer::hidden(),
        #[cfg(unix)]
        "no stderr" => no_stderr(),
        #[cfg(unix)]
        "forks" => forks(),
        other => panic!("no program {other}"),
    }
}

fn threads() {
    async_playground_recorder::init();
    tokio::runtime::Runtime::new().expect("a runtime").block_on(work());
}

#[tokio::main(flavor = "current_thread")]
async fn one_thread() {
    async_playground_recorder::init();
    work().await;
}

#[tokio::main]
async fn within_the_runtime() {
    tokio::spawn(std::future::pending::<()>());
    async_playground_recorder::init();
    work().await;
}

fn twice() {
    async_playground_recorder::init();
    async_playground_recorder::init();
    threads();
}

#[tokio::main]
async fn panics() {
    async_playground_recorder::init();
    let panics = tokio::spawn(async { panic!("on purpose") });
    assert!(panics.await.is_err());
    work().await;
}

struct Own;

impl tracing_core::Subscriber for Own {
    fn enabled(&self, _: &tracing_core::Metadata<'_>) -> bool {
        false
    }
    fn new_span(&self, _: &tracing_core::span::Attributes<'_>) -> tracing_core::span::Id {
        tracing_core::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing_core::span::Id, _: &tracing_core::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing_core::span::Id, _: &tracing_core::span::Id) {}
    fn event(&self, _: &tracing_core::Event<'_>) {}
    fn enter(&self, _: &tracing_core::span::Id) {}
    fn exit(&self, _: &tracing_core::span::Id) {}
}

fn own_subscriber() {
    tracing::subscriber::set_global_default(Own).expect("the first");
    threads();
}

/// The program's own call fails, as it would with any other subscriber.
fn late_subscriber() {
    async_playground_recorder::init();
    assert!(tracing::subscriber::set_global_default(Own).is_err());
    threads();
}

/// Programs with a registry.
#[cfg(feature = "layer")]
mod layer {
    use std::io::{self, Read as _};

    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::prelude::*;

    use super::work;

    fn run() {
        tokio::runtime::Runtime::new().expect("a runtime").block_on(work());
    }

    pub(super) fn seen() {
        let other = tracing_subscriber::layer::Identity::new().with_filter(LevelFilter::INFO);
        tracing_subscriber::registry().with(async_playground_recorder::layer()).with(other).init();
        // It has been started already.
        async_playground_recorder::init();
        run();
    }

    pub(super) fn hidden() {
        tracing_subscriber::registry().with(async_playground_recorder::layer()).with(LevelFilter::INFO).init();
        run();
        // The program runs on until the test has read what another thread says.
        _ = io::stdin().read_to_end(&mut Vec::new());
    }
}

/// A program whose stderr is closed.
#[cfg(unix)]
fn no_stderr() {
    // SAFETY: nothing else uses the descriptor in this program.
    #[expect(unsafe_code, reason = "the standard library cannot close stderr")]
    unsafe {
        libc::close(2);
    }
    threads();
}

/// A child of a fork runs on and ends, and records nothing.
#[cfg(unix)]
fn forks() {
    async_playground_recorder::init();
    // SAFETY: the child only runs Rust code that does not depend on other threads, and ends by `_exit`.
    #[expect(unsafe_code, reason = "a fork is what is tested")]
    let child = unsafe { libc::fork() };
    if child == 0 {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let ran = runtime.is_ok_and(|runtime| runtime.block_on(async { tokio::spawn(async {}).await.is_ok() }));
        // SAFETY: ends the process at once.
        #[expect(unsafe_code, reason = "the test harness must not run in the child")]
        unsafe {
            libc::_exit(i32::from(!ran))
        }
    }
    let mut status = 0;
    // SAFETY: waits for the child, and writes to a valid place.
    #[expect(unsafe_code, reason = "the standard library did not start the child")]
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!((waited, status), (child, 0));
    threads();
}

#[test]
fn a_program_runs_as_before_and_hears_nothing() {
    for program in ["threads", "one thread", "within the runtime", "twice", "late subscriber"] {
        assert_eq!(says(program, &[]), "", "{program}");
    }
    for program in ["threads", "one thread", "twice"] {
        assert_eq!(says(program, &[("ASYNC_PLAYGROUND", "off")]), "", "{program}");
    }
}

#[test]
fn a_panic_is_printed_as_before() {
    let err = says("panics", &[]);
    assert!(err.contains("on purpose"), "{err}");
    assert!(!err.contains("async-playground"), "{err}");
}

#[test]
fn what_is_missing_is_said_in_one_line() {
    let problem = line("own subscriber", &[]);
    assert!(problem.contains("Layer") && problem.contains("layer()"), "{problem}");
    assert_eq!(says("own subscriber", &[("ASYNC_PLAYGROUND", "off")]), "");
    let problem = line("threads", &[("ASYNC_PLAYGROUND", "loudly\n")]);
    assert!(problem.contains("ASYNC_PLAYGROUND=loudly\\n") && problem.contains("file:PATH"), "{problem}");
}

#[cfg(feature = "layer")]
#[test]
fn a_layer_says_if_it_is_behind_a_filter() {
    assert_eq!(says("layer", &[]), "");
    let mut hidden = command("layer behind a filter");
    let mut hidden = hidden.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut err = BufReader::new(hidden.stderr.take().expect("a pipe"));
    let (mut problem, mut rest) = (String::new(), String::new());
    err.read_line(&mut problem).expect("a line");
    // Ends the program.
    drop(hidden.stdin.take());
    err.read_to_string(&mut rest).expect("a text");
    assert!(hidden.wait().expect("it ends").success());
    assert!(problem.starts_with("async-playground: not recording: ") && problem.contains("with_filter"), "{problem}");
    assert_eq!(rest, "");
    assert_eq!(says("layer behind a filter", &[("ASYNC_PLAYGROUND", "off")]), "");
}

#[cfg(unix)]
#[test]
fn a_program_without_stderr_runs() {
    for variables in [&[][..], &[("ASYNC_PLAYGROUND", "loudly")]] {
        says("no stderr", variables);
    }
}

#[cfg(unix)]
#[test]
fn a_forked_child_runs() {
    assert_eq!(says("forks", &[]), "");
}
