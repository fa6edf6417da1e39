//! The scenarios with real I/O: repeated without a flake, and stopped at any moment without leaving anything behind.
//!
//! Sockets, files and threads belong to the system, so these tests ask the system what is left of a run: `/proc/self`, which is
//! Linux. `REAL_TIMES` sets how often each scenario runs, `REAL_CUTS` how often it is stopped, and `REAL_SEED` draws the
//! moments. The defaults are small, because this takes wall time.
#![cfg(target_os = "linux")]

mod left;
mod strangers;

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use engine::{Ending, Phase, Report, Run, Spec};
use left::{Left, eventually};
use rustix::process::{Pid, Signal, kill_process};
use scenario::{Clock, Context, Scenario, Values, draw};
use scenarios::CATALOGUE;
use tokio::runtime::{Builder, Handle};
use trace::Trace;

/// The scenarios: the approximate duration, and a setting that takes another path.
const REAL: &[(&str, u64, (&str, &str))] = &[
    ("connection-pool", 7_000, ("leak", "10")),
    ("chunk-stream", 2_900, ("variant", "stream")),
    ("scrape", 2_000, ("hosts", "3")),
    ("chat", 3_300, ("slow", "5")),
    ("database", 2_400, ("fail_write", "0")),
];

/// The time allowed for what a run leaves behind to go away: its threads and tasks end by themselves, soon.
const SOON: Duration = Duration::from_secs(10);

/// The number of concurrent repetitions of a scenario.
const AT_ONCE: u64 = 3;

/// Set in a process that runs a single test.
const ALONE: &str = "REAL_ALONE";

/// Runs the test of this name in a process of its own, since it counts what the whole process has open.
fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let again = std::env::current_exe().expect("this is a program");
    let output = Command::new(again).args(["--exact", name, "--nocapture"]).env(ALONE, "1").output();
    let output = output.expect("it can be run again");
    let [told, errors] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(output.status.success() && told.contains(" 1 passed"), "{told}{errors}");
}

/// Ignores poisoning: after a failed test the others still report.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number from the environment.
fn setting(name: &str, usually: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usually)
}

fn scenario(id: &str) -> &'static Scenario {
    scenarios::find(id).unwrap_or_else(|| panic!("there is no scenario {id}"))
}

/// The defaults, and the other setting in every second round.
fn values(id: &str, turned: (&str, &str), round: u64) -> Values {
    let scenario = scenario(id);
    let mut values = Values::defaults(scenario.params);
    if round % 2 == 1 {
        let param = scenario.param(turned.0).unwrap_or_else(|| panic!("{id} has no parameter {}", turned.0));
        values.set(param, param.parse(turned.1).expect("a value within its range"));
    }
    values
}

/// When to stop a run: in every third round within the first moments, when everything is being opened.
fn moment(id: &str, usual_ms: u64, round: u64) -> Duration {
    let range = if round.is_multiple_of(3) { 0..=30 } else { 0..=usual_ms };
    Duration::from_millis(draw::within(setting("REAL_SEED", 0), id, round, &range))
}

/// Runs in the engine, on one thread or on two, and stops it after that time. Returns what was visible at that moment.
fn in_the_engine(spec: &Spec, stop_after: Duration) -> (Trace, Report, Left) {
    let mut run = Run::start(spec).expect("it starts");
    let (mut trace, mut seen, started) = (Trace::default(), Left::default(), Instant::now());
    while run.phase() != Phase::Over {
        if run.phase() == Phase::Running && started.elapsed() >= stop_after {
            seen = Left::of_this_process();
            run.stop();
        }
        let left = stop_after.saturating_sub(started.elapsed());
        run.wait(left.clamp(Duration::from_millis(1), Duration::from_millis(50)));
        run.drain(&mut trace);
    }
    let report = run.report().expect("it is over").clone();
    (trace, report, seen)
}

/// Runs all of them side by side.
fn side_by_side(one: impl Fn(&'static str, u64, (&'static str, &'static str)) + Sync) {
    thread::scope(|scope| {
        for &(id, usual_ms, turned) in REAL {
            let one = &one;
            scope.spawn(move || one(id, usual_ms, turned));
        }
    });
}

/// Opens everything that is opened once per process before anything is counted.
fn warmed_up() -> Left {
    side_by_side(|id, _, _| drop(in_the_engine(&Spec::new(scenario(id)), Duration::from_millis(300))));
    let two = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    two.block_on(async { tokio::task::yield_now().await });
    drop(two);
    eventually(SOON, "no socket, file or thread of a run is left", || Left::of_this_process().is_of_no_run());
    Left::of_this_process()
}

#[test]
fn these_are_all_that_have_no_virtual_clock() {
    let real = CATALOGUE.iter().filter(|scenario| scenario.clocks == [Clock::Real]).map(|scenario| scenario.id);
    assert_eq!(real.collect::<Vec<_>>(), REAL.iter().map(|(id, ..)| *id).collect::<Vec<_>>());
}

#[test]
fn every_run_ends_well_however_often_it_is_repeated() {
    let times = setting("REAL_TIMES", 3);
    side_by_side(|id, _, _| {
        thread::scope(|scope| {
            for first in 0..AT_ONCE.min(times) {
                scope.spawn(move || (first..times).step_by(AT_ONCE as usize).for_each(|time| ends_well(id, time)));
            }
        });
    });
}

fn ends_well(id: &str, time: u64) {
    let workers = if time.is_multiple_of(2) { 0 } else { 2 };
    let spec = Spec { workers, seed: time, ..Spec::new(scenario(id)) };
    let (trace, report, _) = in_the_engine(&spec, Duration::from_secs(60));
    let what = format!("{id}, time {time}, {workers} workers");
    let Ending::Finished(outcome) = &report.ending else { panic!("{what}: {:?}", report.ending) };
    let breaks = spec.scenario.breaks_at(&spec.values).is_some();
    assert_eq!(outcome.holds(), !breaks, "{what}: {outcome:?}");
    assert_eq!(trace.lost, 0, "{what}");
    // Libraries spawn tasks without a name: the number of connections that a client opens varies.
    let named = trace.tasks.iter().filter(|task| !task.name.starts_with("task ")).count();
    assert!(named <= 24 && trace.tasks.len() <= 30, "{what}: {named} named of {} lanes", trace.tasks.len());
}

#[test]
fn a_run_that_is_stopped_leaves_nothing_open() {
    alone("real::a_run_that_is_stopped_leaves_nothing_open", stopped_runs_leave_nothing_open);
}

fn stopped_runs_leave_nothing_open() {
    let before = warmed_up();
    let seen = Mutex::new(Vec::new());
    for round in 0..setting("REAL_CUTS", 5) {
        side_by_side(|id, usual_ms, turned| {
            let spec =
                Spec { workers: if round % 4 < 2 { 0 } else { 2 }, values: values(id, turned, round), ..Spec::new(scenario(id)) };
            let after = moment(id, usual_ms, round);
            let (_, report, at_the_cut) = in_the_engine(&spec, after);
            let ending = &report.ending;
            assert!(matches!(ending, Ending::Stopped | Ending::Finished(_)), "{id} after {after:?}: {ending:?}");
            locked(&seen).push(at_the_cut);
        });
        nothing_is_left(&before, &format!("stopped, round {round}"));
    }
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    for database in seen.iter().flat_map(|seen| &seen.databases) {
        assert!(!database.exists(), "{} is removed", database.display());
    }
    // Otherwise the test would not notice leftovers either.
    assert!(seen.iter().any(|seen| !seen.databases.is_empty() && !seen.ports.is_empty() && seen.threads > 0), "{seen:?}");
}

#[test]
fn a_run_that_is_dropped_leaves_no_task_and_nothing_open() {
    alone("real::a_run_that_is_dropped_leaves_no_task_and_nothing_open", dropped_runs_leave_no_task_and_nothing_open);
}

fn dropped_runs_leave_no_task_and_nothing_open() {
    let before = warmed_up();
    for round in 0..setting("REAL_CUTS", 5) {
        side_by_side(|id, usual_ms, turned| {
            let mut builder = if round % 4 < 2 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
            // The spawn place of each live task.
            let alive = Arc::new(Mutex::new(HashMap::new()));
            let (spawned, ended) = (alive.clone(), alive.clone());
            builder.on_task_spawn(move |task| drop(locked(&spawned).insert(task.id(), task.spawned_at().to_string())));
            builder.on_task_terminate(move |task| drop(locked(&ended).remove(&task.id())));
            let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
            let after = moment(id, usual_ms, round + 1);
            runtime.block_on(async {
                let running = (scenario(id).run)(Context::new(values(id, turned, round), round, Clock::Real));
                // Whether it is stopped or ends before that, nothing of it may stay alive.
                let _ = tokio::time::timeout(after, running).await;
                let tasks = Handle::current().metrics();
                let started = Instant::now();
                while tasks.num_alive_tasks() > 0 {
                    let alive = locked(&alive).clone();
                    assert!(started.elapsed() < SOON, "{id} after {after:?}: still alive: {alive:?}");
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            });
        });
        nothing_is_left(&before, &format!("dropped, round {round}"));
    }
}

/// Afterwards every port is closed, every file removed, every thread ended.
fn nothing_is_left(before: &Left, what: &str) {
    eventually(SOON, what, || {
        let now = Left::of_this_process();
        now.is_of_no_run() && now.descriptors == before.descriptors
    });
}

/// Stops the program as a user does, with its own folder for temporary files.
#[test]
fn a_program_that_is_interrupted_leaves_no_file() {
    for round in 0..setting("REAL_CUTS", 5).min(5) {
        side_by_side(|id, usual_ms, _| {
            let folder = tempfile::tempdir().expect("a folder");
            let mut command = Command::new(env!("CARGO_BIN_EXE_async-playground"));
            command.args(["run", id, "--json"]).env("TMPDIR", folder.path());
            let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
            // A signal before the handler is installed ends the process, and then there is nothing to clean up yet.
            eventually(SOON, "SIGINT is handled", || handles_sigint(child.id()));
            thread::sleep(moment(id, usual_ms, round));
            let pid = Pid::from_child(&child);
            let _ = kill_process(pid, Signal::INT);
            let code = child.wait().expect("it ends").code();
            assert!(matches!(code, Some(0 | 130)), "{id}, round {round}: {code:?}");
            let left: Vec<_> = folder.path().read_dir().expect("the folder is there").collect();
            assert!(left.is_empty(), "{id}, round {round}: {left:?}");
        });
    }
}

/// Whether a process has a handler for SIGINT, according to the system.
fn handles_sigint(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    caught & (1 << (Signal::INT.as_raw() - 1)) != 0
}
