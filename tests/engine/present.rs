//! The present and the limit on the real clock: both advance whatever the tasks do, even when every worker is blocked.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::Tape;
use engine::{Ending, Phase, Run, Spec};
use scenario::{Outcome, Scenario};
use tokio::task;
use tokio::time::sleep;
use trace::{FindingKind, State, Task, Trace};

use super::programs::{SPAWNS_FOR_EVER, scenario};
use super::{drain_to_end, find, ms, real};
use scenario::testing::in_a_calm_moment;

/// Blocked threads stay blocked until the process ends.
fn block_for_ever() {
    static NEVER: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());
    let never = NEVER.0.lock().unwrap_or_else(PoisonError::into_inner);
    drop(NEVER.1.wait_while(never, |()| true));
}

/// One task sleeps and one blocks its worker, each for a second.
static SLEEPS_AND_BLOCKS: Scenario = scenario("sleeps-and-blocks", |_| {
    Box::pin(async {
        let second = Duration::from_secs(1);
        let sleeper = task::Builder::new().name("sleeper").spawn(sleep(second))?;
        let blocker = task::Builder::new().name("blocker").spawn(async move { std::thread::sleep(second) })?;
        sleeper.await?;
        blocker.await?;
        Ok(Outcome::new())
    })
});

/// As many tasks block as these tests have workers, at most.
static BLOCKS_EVERY_WORKER: Scenario = scenario("blocks-every-worker", |_| {
    Box::pin(async {
        let first = task::Builder::new().name("first").spawn(async { block_for_ever() })?;
        let second = task::Builder::new().name("second").spawn(async { block_for_ever() })?;
        let third = task::Builder::new().name("third").spawn(async { block_for_ever() })?;
        first.await?;
        second.await?;
        third.await?;
        Ok(Outcome::new())
    })
});

/// How long a task appears to do what it does, according to the current trace.
fn lasts_ms(trace: &Trace, name: &str, does: fn(State) -> bool) -> Option<u64> {
    let task = trace.tasks.iter().find(|task| task.name == name)?;
    let last = task.segments.last().filter(|last| does(last.state))?;
    Some(ms(trace.end_ns - last.start_ns))
}

fn runs(state: State) -> bool {
    matches!(state, State::Running(_))
}

/// Drains until the condition holds, which must not need an event.
fn sees(run: &mut Run, trace: &mut Trace, is: impl Fn(&Trace) -> bool) {
    let began = Instant::now();
    while !is(trace) {
        assert!(began.elapsed() < Duration::from_secs(10) && run.phase() == Phase::Running, "never seen");
        run.wait(Duration::from_millis(10));
        run.drain(trace);
    }
}

#[test]
fn what_tasks_do_goes_on_between_two_events() {
    for workers in 0..=3 {
        in_a_calm_moment(|| {
            let spec = real(&SLEEPS_AND_BLOCKS, workers);
            let (mut run, mut trace) = (Run::start(&spec).unwrap(), Trace::default());
            sees(&mut run, &mut trace, |trace| trace.tasks.len() == 3);
            for at_least in [200, 400, 600, 800] {
                sees(&mut run, &mut trace, |trace| lasts_ms(trace, "blocker", runs).is_some_and(|ms| ms >= at_least));
                // On one thread the sleeper is polled either first or when the other task is done.
                if workers > 1 {
                    assert!(lasts_ms(&trace, "sleeper", State::is_waiting).is_some_and(|ms| ms + 200 >= at_least));
                }
                assert!(trace.end_ns <= 2_000_000_000, "not ahead of the clock");
            }
            drain_to_end(&mut run, &mut trace);
            assert!(matches!(run.report().unwrap().ending, Ending::Finished(_)));
        });
    }
}

#[test]
fn a_run_that_is_held_stands_still() {
    let (mut run, mut trace) = (Run::start(&real(&SLEEPS_AND_BLOCKS, 2)).unwrap(), Trace::default());
    sees(&mut run, &mut trace, |trace| lasts_ms(trace, "blocker", runs).is_some_and(|ms| ms >= 100));
    run.pause(true);
    run.drain(&mut trace);
    let stands_ns = trace.end_ns;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(200) {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    assert_eq!(trace.end_ns, stands_ns);
    run.pause(false);
    sees(&mut run, &mut trace, |trace| trace.end_ns > stands_ns);
    run.stop();
    drain_to_end(&mut run, &mut trace);
}

#[test]
fn the_present_leaves_nothing_in_what_is_recorded() {
    for workers in [0, 2] {
        // A second of the blocking.
        let spec = real(find("blocking"), workers);
        let (mut run, mut trace) = (Run::start(&spec).unwrap(), Trace::default());
        let tape = Tape::new(&spec);
        run.set_sink(Box::new(tape.clone()));
        drain_to_end(&mut run, &mut trace);
        let file = tempfile::NamedTempFile::new().unwrap();
        tape.save(file.path(), true).unwrap();
        // An opened recording has no notion of a present.
        let again = engine::open(file.path(), tui::source::known(scenarios::CATALOGUE)).unwrap();
        assert_eq!(again.flaw, None);
        assert_eq!((again.trace.end_ns, again.trace.hash()), (trace.end_ns, trace.hash()));
        assert_eq!(again.trace.bins.bins, trace.bins.bins);
        for (told, task) in again.trace.tasks.iter().zip(&trace.tasks) {
            assert_eq!((&told.segments, told.ended), (&task.segments, task.ended));
        }
    }
}

/// Both end the run without help from any task.
#[test]
fn the_limit_and_a_stop_are_kept_while_every_worker_is_blocked() {
    let short = Duration::from_millis(500);
    // Side by side, since they do nothing.
    std::thread::scope(|scope| {
        for workers in 0..=3 {
            let limited = Spec { limit: short, ..real(&BLOCKS_EVERY_WORKER, workers) };
            let stopped = Spec { limit: Duration::from_secs(60), ..limited.clone() };
            scope.spawn(move || in_a_calm_moment(|| is_abandoned(&limited, None)));
            scope.spawn(move || in_a_calm_moment(|| is_abandoned(&stopped, Some(short))));
        }
    });
}

/// With `stop_after` the run is stopped at that time; otherwise its limit ends it.
fn is_abandoned(spec: &Spec, stop_after: Option<Duration>) {
    let (mut run, mut trace) = (Run::start(spec).unwrap(), Trace::default());
    let began = Instant::now();
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
        if stop_after.is_some_and(|after| began.elapsed() >= after) {
            run.stop();
        }
    }
    assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());
    let report = run.report().unwrap();
    assert_eq!(report.ending, Ending::Abandoned, "{} workers", spec.workers);
    assert!((400..2_000).contains(&ms(report.elapsed_ns)), "{report:?}");
    // The blocked tasks are visible, with their spawn places.
    let blocked: Vec<&Task> =
        trace.tasks.iter().filter(|task| task.segments.last().is_some_and(|last| runs(last.state))).collect();
    assert_eq!(blocked.len(), spec.workers.max(1), "{:?}", trace.tasks);
    let findings = trace.findings();
    let lasts = |kind: FindingKind| matches!(kind, FindingKind::BlocksWorker | FindingKind::NeverYields);
    let stuck: Vec<_> = findings.list.iter().filter(|finding| lasts(finding.kind)).collect();
    for task in blocked {
        let place = task.spawned_at.as_ref().unwrap();
        assert!(place.file().ends_with("present.rs"), "{place:?}");
        let lines = stuck.iter().filter_map(|finding| finding.place.as_ref()).map(|place| place.line);
        assert!(lines.collect::<Vec<_>>().contains(&place.line()), "{findings:?}");
    }
}

#[test]
fn a_virtual_poll_that_never_ends_ends_at_the_limit_of_wall_time() {
    // Nothing at all happens.
    let blocks = Spec { limit: Duration::from_secs(1), ..Spec::new(&BLOCKS_EVERY_WORKER) };
    // Events arrive, and no time passes.
    let spawns = Spec { limit: Duration::from_millis(300), ..Spec::new(&SPAWNS_FOR_EVER) };
    for (spec, ending) in [(blocks, Ending::Abandoned), (spawns, Ending::Limit)] {
        let (mut run, mut trace) = (Run::start(&spec).unwrap(), Trace::default());
        drain_to_end(&mut run, &mut trace);
        assert_eq!(run.report().unwrap().ending, ending);
    }
}
