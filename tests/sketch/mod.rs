//! A sketch takes nothing with it, however it ends: its runs are like those in this process, and its process can be lost.
//!
//! The sketch is this program, started again for one of its tests.

/// The service that `new` lays, with its tests.
#[expect(unreachable_pub, reason = "it is a crate of its own")]
// It is formatted as outside this repository.
#[rustfmt::skip]
#[path = "../../templates/service/src/lib.rs"]
mod service;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::sketch::{self, Built, SketchRun};
use engine::{Ending, Phase, Report, Spec, StartError};
use scenario::prelude::*;
use scenario::{Running, Value};
use tempfile::TempDir;
use tokio::time::sleep;
use trace::Trace;

/// Set in the process that is a sketch.
const SKETCH: &str = "ASYNC_PLAYGROUND_SKETCH";
/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

const END: Param = Param::choice("end", &["well", "panics", "exits", "aborts", "loops"], "How it ends.");
const TASKS: Param = Param::count("tasks", 3, (1, 100), "tasks", "How many tasks.");

static SCENARIO: Scenario = Scenario {
    id: "ends",
    title: "Ends",
    lesson: "It ends in many ways.",
    params: &[TASKS, END],
    refuse: |values, _| match values.number(&TASKS) {
        13 => Err(ValueError { param: TASKS.name, reason: "13 is refused".to_owned() }),
        _ => Ok(()),
    },
    source: include_str!("mod.rs"),
    path: file!(),
    run,
    ..Scenario::DEFAULTS
};

fn run(cx: Context) -> Running {
    Box::pin(async move {
        let tasks: Vec<_> = (0..cx.number(TASKS)).map(|n| tokio::spawn(sleep(Duration::from_millis(100 + n)))).collect();
        for task in tasks {
            task.await?;
        }
        match cx.word(END) {
            "panics" => panic!("as asked"),
            "exits" => {
                eprintln!("the last words");
                std::process::exit(3)
            }
            "aborts" => std::process::abort(),
            "loops" => loop {
                std::hint::spin_loop();
            },
            _ => Ok(Outcome::new().figure("tasks", cx.number(TASKS), "tasks").check("all ended", true)),
        }
    })
}

/// The process of the sketch; nothing in every other process.
#[test]
fn serves() {
    if std::env::var_os(SKETCH).is_some() {
        // The test harness would say more about the end.
        let _ = sketch::main(&SCENARIO);
        std::process::exit(0);
    }
}

/// An executable that is this test alone.
fn executable(folder: &Path) -> PathBuf {
    let path = folder.join("sketch");
    let again = std::env::current_exe().expect("this is a program");
    let script = format!("#!/bin/sh\nulimit -c 0\nexec '{}' --exact sketch::serves --nocapture\n", again.display());
    fs::write(&path, script).expect("it is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    path
}

fn built() -> (Built, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let built = Built::start(executable(folder.path()), folder.path().to_owned()).expect("it describes itself");
    (built, folder)
}

fn spec(built: &Built, end: &'static str) -> Spec {
    let mut spec = Spec { limit: PATIENCE, ..Spec::new(built.scenario) };
    spec.values.set(&END, Value::Choice(end));
    spec
}

/// Drains until that is so.
fn until(run: &mut SketchRun, trace: &mut Trace, so: impl Fn(&SketchRun, &Trace) -> bool) {
    let since = Instant::now();
    while !so(run, trace) {
        assert!(since.elapsed() < PATIENCE, "{run:?}, {} tasks", trace.tasks.len());
        run.wait(Duration::from_millis(10));
        run.drain(trace);
    }
}

fn to_end(built: &Built, spec: &Spec) -> (Trace, Option<Report>, SketchRun) {
    let (mut run, mut trace) = (built.run(spec).expect("a thread"), Trace::default());
    until(&mut run, &mut trace, |run, _| run.phase() == Phase::Over);
    let report = run.report().cloned();
    (trace, report, run)
}

fn leave(run: &mut SketchRun) {
    run.leave();
    let since = Instant::now();
    while !run.is_gone_within(Duration::from_millis(10)) {
        assert!(since.elapsed() < PATIENCE, "it is gone or killed");
    }
}

#[test]
fn its_trace_and_its_report_are_those_of_a_run_in_this_process() {
    let (built, _folder) = built();
    assert_eq!((built.scenario.title, built.scenario.lesson), (SCENARIO.title, SCENARIO.lesson));
    let (here, report) = crate::run(&Spec::new(&SCENARIO));
    // The second run is in the same process.
    for _ in 0..2 {
        let (there, said, mut run) = to_end(&built, &spec(&built, "well"));
        assert_eq!((there.hash(), there.wake_hash()), (here.hash(), here.wake_hash()));
        assert_eq!(said.as_ref(), Some(&report));
        let place = |trace: &Trace| trace.tasks[1].spawned_at.as_ref().map(|place| (place.file().to_owned(), place.line()));
        assert_eq!(place(&there), place(&here));
        leave(&mut run);
        assert!(run.take_exit().is_none());
    }
}

#[test]
fn what_the_sketch_refuses_comes_back_with_its_parameter() {
    let (built, _folder) = built();
    let mut wrong = spec(&built, "well");
    wrong.values.set(&TASKS, Value::Number(13));
    let (trace, _, mut run) = to_end(&built, &wrong);
    let refused = run.refused().expect("it is refused");
    assert!(matches!(&refused, StartError::Spec(error) if error.to_string() == "tasks: 13 is refused"), "{refused}");
    assert!(trace.tasks.is_empty() && run.take_exit().is_none());
    leave(&mut run);
    let (_, report, _) = to_end(&built, &spec(&built, "well"));
    assert!(matches!(report.map(|report| report.ending), Some(Ending::Finished(_))), "the process goes on");
}

#[test]
fn a_panic_is_an_ending_and_an_exit_or_an_abort_is_told_and_the_next_run_has_a_new_process() {
    let (built, _folder) = built();
    let (_, report, mut run) = to_end(&built, &spec(&built, "panics"));
    assert_eq!(report.map(|report| report.ending), Some(Ending::Panicked("as asked".to_owned())));
    leave(&mut run);
    for (end, how) in [("exits", "exited with code 3"), ("aborts", "was killed by SIGABRT")] {
        let (_, report, mut run) = to_end(&built, &spec(&built, end));
        assert_eq!(report.map(|report| report.ending), Some(Ending::Lost(how.to_owned())));
        let exit = run.take_exit().expect("it is told");
        assert_eq!(exit.how, how);
        let said = exit.output.iter().any(|line| line == "the last words");
        assert_eq!(said, end == "exits", "{:?}", exit.output);
        leave(&mut run);
        let (_, report, mut run) = to_end(&built, &spec(&built, "well"));
        assert!(matches!(report.map(|report| report.ending), Some(Ending::Finished(_))), "after {end}");
        leave(&mut run);
    }
}

#[test]
fn a_loop_that_never_yields_is_stopped_or_left_and_nothing_of_it_stays() {
    let (built, _folder) = built();
    let looping = |trace: &Trace| trace.tasks.len() > 3;
    for stops in [true, false] {
        let (mut run, mut trace) = (built.run(&spec(&built, "loops")).expect("a thread"), Trace::default());
        until(&mut run, &mut trace, |_, trace| looping(trace));
        if stops {
            run.stop();
            until(&mut run, &mut trace, |run, _| run.phase() == Phase::Over);
            assert_eq!(run.report().map(|report| &report.ending), Some(&Ending::Abandoned));
        }
        leave(&mut run);
        assert!(run.take_exit().is_none(), "it was killed from here");
    }
    let (_, report, _) = to_end(&built, &spec(&built, "well"));
    assert!(matches!(report.map(|report| report.ending), Some(Ending::Finished(_))));
}

#[test]
fn a_program_that_does_not_describe_itself_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other");
    fs::write(&path, "#!/bin/sh\necho 'hello, world'\nexit 7\n").expect("it is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let exit = Built::start(path, folder.path().to_owned()).expect_err("it is no sketch");
    assert!(exit.how.starts_with("exited with code 7; a sketch's main calls"), "{}", exit.how);
    assert_eq!(exit.output, ["hello, world"]);
}
