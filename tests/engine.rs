//! Runs from start to end: clocks, limits, stalls, panics, and being told to stop.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_playground::engine::{Detail, Ending, Phase, Report, Run, Spec, SpecError, StartError};
use async_playground::trace::{End, StallKind, Trace};
use scenarios::scenario::accept_all;
use scenarios::{CATALOGUE, Clock, Context, Group, Outcome, Scenario};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify};
use tokio::task;
use tokio::time::sleep;

/// A scenario of the tests, without parameters.
const fn scenario(id: &'static str, run: fn(Context) -> scenarios::scenario::Running) -> Scenario {
    Scenario {
        id,
        title: id,
        group: Group::Basics,
        lesson: "For a test.",
        clocks: &[Clock::Virtual, Clock::Real],
        params: &[],
        patterns: &[],
        source: "",
        path: file!(),
        twin: "",
        refuse: accept_all,
        run,
    }
}

static TICKS_FOR_EVER: Scenario = scenario("ticks-for-ever", |_| {
    Box::pin(async {
        loop {
            sleep(Duration::from_millis(100)).await;
        }
    })
});

static YIELDS_FOR_EVER: Scenario = scenario("yields-for-ever", |_| {
    Box::pin(async {
        loop {
            task::yield_now().await;
        }
    })
});

static WAITS_FOR_EVER: Scenario = scenario("waits-for-ever", |_| {
    Box::pin(async {
        sleep(Duration::from_millis(300)).await;
        std::future::pending().await
    })
});

static NEVER_YIELDS: Scenario = scenario("never-yields", |_| {
    Box::pin(async {
        loop {
            std::thread::yield_now();
        }
    })
});

static PANICS: Scenario = scenario("panics", |_| Box::pin(async { panic!("on purpose") }));

static CHILD_PANICS: Scenario = scenario("child-panics", |_| {
    Box::pin(async {
        let child = task::Builder::new().name("child").spawn(async { panic!("in the child") })?;
        let failed: Result<(), _> = child.await;
        sleep(Duration::from_millis(200)).await;
        Ok(Outcome::new().check("the child panicked", failed.is_err_and(|error| error.is_panic())))
    })
});

static FAILS: Scenario = scenario("fails", |_| Box::pin(async { Err("no luck".into()) }));

static LEAVES_TASKS: Scenario = scenario("leaves-tasks", |_| {
    Box::pin(async {
        task::Builder::new().name("ends later").spawn(sleep(Duration::from_millis(500)))?;
        task::Builder::new().name("never ends").spawn(std::future::pending::<()>())?;
        sleep(Duration::from_millis(100)).await;
        Ok(Outcome::new())
    })
});

/// Two tasks that wait for each other's lock for ever.
fn cross_locks() -> scenarios::scenario::Result<()> {
    let (x, y) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    for (name, first, second) in [("a", x.clone(), y.clone()), ("b", y, x)] {
        task::Builder::new().name(name).spawn(async move {
            let _first = first.lock().await;
            sleep(Duration::from_millis(20)).await;
            let _second = second.lock().await;
        })?;
    }
    Ok(())
}

static DEADLOCKS: Scenario = scenario("deadlocks", |_| {
    Box::pin(async {
        cross_locks()?;
        Notify::new().notified().await;
        Ok(Outcome::new())
    })
});

static DEADLOCKS_AND_TICKS: Scenario = scenario("deadlocks-and-ticks", |_| {
    Box::pin(async {
        cross_locks()?;
        for _ in 0..5 {
            sleep(Duration::from_millis(100)).await;
        }
        Ok(Outcome::new())
    })
});

static SLEEPS_LONG: Scenario = scenario("sleeps-long", |_| {
    Box::pin(async {
        let done = Arc::new(Notify::new());
        let waits = done.clone();
        let other = task::Builder::new().name("waits").spawn(async move { waits.notified().await })?;
        sleep(Duration::from_millis(600)).await;
        done.notify_one();
        other.await?;
        Ok(Outcome::new())
    })
});

static BLOCKS_LONG: Scenario = scenario("blocks-long", |_| {
    Box::pin(async {
        task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(600))).await?;
        Ok(Outcome::new())
    })
});

static LISTENS: Scenario = scenario("listens", |_| {
    Box::pin(async {
        TcpListener::bind("127.0.0.1:0").await?.accept().await?;
        Ok(Outcome::new())
    })
});

static LEAVES_A_WAITER: Scenario = scenario("leaves-a-waiter", |_| {
    Box::pin(async {
        task::Builder::new().name("waiter").spawn(async { Notify::new().notified().await })?;
        Ok(Outcome::new())
    })
});

fn to_end(spec: &Spec) -> (Trace, Report) {
    let mut run = Run::start(spec).unwrap();
    let mut trace = Trace::default();
    drain_to_end(&mut run, &mut trace);
    let report = run.report().cloned().unwrap();
    (trace, report)
}

fn drain_to_end(run: &mut Run, trace: &mut Trace) {
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(10));
        run.drain(trace);
    }
}

fn find(id: &str) -> &'static Scenario {
    scenarios::find(id).unwrap()
}

fn real(scenario: &'static Scenario, workers: usize) -> Spec {
    Spec { clock: Clock::Real, workers, ..Spec::new(scenario) }
}

fn ms(ns: u64) -> u64 {
    ns / 1_000_000
}

#[test]
fn every_scenario_runs_on_the_virtual_clock_and_nothing_is_missed() {
    for scenario in CATALOGUE {
        let (trace, report) = to_end(&Spec::new(scenario));
        let Ending::Finished(outcome) = &report.ending else { panic!("{}: {:?}", scenario.id, report.ending) };
        assert!(outcome.holds(), "{}: {outcome:?}", scenario.id);
        assert_eq!(Some(trace.polls), report.runtime_polls, "{}: polls by Tokio's count", scenario.id);
        assert_eq!((trace.lost, trace.late), (0, 0), "{}", scenario.id);
        assert!(trace.closed);
        assert!((500..=8_000).contains(&ms(report.elapsed_ns)), "{}: {} ms", scenario.id, ms(report.elapsed_ns));
        assert!(trace.tasks.len() <= 24, "{}: {} lanes", scenario.id, trace.tasks.len());
    }
}

#[test]
fn the_same_spec_gives_the_same_trace() {
    for scenario in CATALOGUE {
        let spec = Spec { seed: 7, ..Spec::new(scenario) };
        let first = to_end(&spec).0.hash();
        assert!((0..5).all(|_| to_end(&spec).0.hash() == first), "{}", scenario.id);
    }
}

#[test]
fn on_the_real_clock_it_takes_as_long_as_on_the_virtual_one() {
    // Side by side: they wait, and do not compute.
    std::thread::scope(|scope| {
        for scenario in CATALOGUE {
            for workers in [0, 2] {
                scope.spawn(move || {
                    let (_, on_virtual) = to_end(&Spec::new(scenario));
                    let (trace, on_real) = to_end(&real(scenario, workers));
                    let Ending::Finished(outcome) = &on_real.ending else { panic!("{}: {on_real:?}", scenario.id) };
                    assert!(outcome.holds(), "{}: {outcome:?}", scenario.id);
                    let ratio = on_real.elapsed_ns as f64 / on_virtual.elapsed_ns as f64;
                    assert!((0.85..1.15).contains(&ratio), "{} with {workers} workers: {ratio}", scenario.id);
                    assert_eq!(trace.lost, 0);
                    assert_eq!(on_real.runtime_polls.is_some(), workers == 0);
                    assert!(on_real.runtime_polls.is_none_or(|polls| polls == trace.polls));
                    assert!(!trace.samples.is_empty(), "ten samples a second");
                });
            }
        }
    });
}

#[test]
fn an_endless_run_is_stopped_at_its_limit() {
    let spec = Spec { limit: Duration::from_secs(5), ..Spec::new(&TICKS_FOR_EVER) };
    let (trace, report) = to_end(&spec);
    assert_eq!((report.ending, ms(report.elapsed_ns)), (Ending::Limit, 5_000));
    assert_eq!(Some(trace.polls), report.runtime_polls);
    assert_eq!(trace.tasks[0].ended.map(|end| end.how), Some(End::Dropped));

    let spec = Spec { limit: Duration::from_millis(300), ..real(&TICKS_FOR_EVER, 2) };
    let (_, report) = to_end(&spec);
    assert_eq!(report.ending, Ending::Limit);
    assert!((300..400).contains(&ms(report.elapsed_ns)), "{report:?}");
}

#[test]
fn virtual_time_that_stands_still_is_stopped_after_as_much_wall_time() {
    let spec = Spec { limit: Duration::from_millis(200), ..Spec::new(&YIELDS_FOR_EVER) };
    let (trace, report) = to_end(&spec);
    assert_eq!((report.ending, report.elapsed_ns), (Ending::Limit, 0));
    assert_eq!((Some(trace.polls), trace.lost), (report.runtime_polls, 0));
}

#[test]
fn a_stall_is_told_from_a_limit() {
    // The timer of the limit is the only one left in both; only the first could have gone on.
    let limit = Duration::from_millis(250);
    let (_, report) = to_end(&Spec { limit, ..Spec::new(&WAITS_FOR_EVER) });
    assert_eq!((report.ending, ms(report.elapsed_ns)), (Ending::Limit, 250));
    for limit in [Duration::from_millis(400), Duration::from_secs(60)] {
        let (trace, report) = to_end(&Spec { limit, ..Spec::new(&WAITS_FOR_EVER) });
        assert_eq!((report.ending, ms(report.elapsed_ns)), (Ending::Stalled, 300));
        assert_eq!(Some(trace.polls), report.runtime_polls);
    }
}

/// The real clock, with a short quiet time.
fn impatient(scenario: &'static Scenario, workers: usize) -> Spec {
    Spec { stall_after: Duration::from_millis(200), limit: Duration::from_secs(20), ..real(scenario, workers) }
}

#[test]
fn on_the_real_clock_a_stall_is_told_after_the_quiet_time() {
    for workers in [0, 2] {
        let (trace, report) = to_end(&impatient(&DEADLOCKS, workers));
        assert_eq!(report.ending, Ending::Stalled);
        assert!((220..1_500).contains(&ms(report.elapsed_ns)), "{report:?}");
        let stall = report.stall.unwrap();
        assert_eq!(stall.kind, StallKind::Cycle);
        let mut names: Vec<_> = stall.tasks.iter().map(|stuck| &*trace.tasks[stuck.task as usize].name).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b"]);
    }
}

#[test]
fn what_ends_by_itself_is_no_stall_however_long_it_takes() {
    for scenario in [&SLEEPS_LONG, &BLOCKS_LONG] {
        for workers in [0, 2] {
            let (_, report) = to_end(&impatient(scenario, workers));
            assert!(matches!(report.ending, Ending::Finished(_)), "{}: {report:?}", scenario.id);
            assert_eq!(report.stall, None);
        }
    }
    let (_, report) = to_end(&Spec { limit: Duration::from_millis(700), ..impatient(&LISTENS, 0) });
    assert_eq!(report.ending, Ending::Limit, "somebody may still connect");
    let (_, report) = to_end(&Spec { detail: Detail::Polls, limit: Duration::from_millis(700), ..impatient(&DEADLOCKS, 0) });
    assert_eq!(report.ending, Ending::Limit, "nothing is known of what they wait for");
}

#[test]
fn a_circle_is_told_also_when_the_rest_goes_on() {
    for spec in [Spec::new(&DEADLOCKS_AND_TICKS), impatient(&DEADLOCKS_AND_TICKS, 2)] {
        let (trace, report) = to_end(&spec);
        assert!(matches!(report.ending, Ending::Finished(_)), "{report:?}");
        assert_eq!(report.stall.map(|stall| stall.kind), Some(StallKind::Cycle));
        assert!(ms(trace.deadlocks[0].0) < 400, "it is known when it forms: {:?}", trace.deadlocks);
    }
    let (_, report) = to_end(&Spec { limit: Duration::from_millis(200), ..Spec::new(&DEADLOCKS_AND_TICKS) });
    assert_eq!(report.ending, Ending::Limit);
    assert_eq!(report.stall.map(|stall| stall.kind), Some(StallKind::Cycle));
}

#[test]
fn tasks_that_main_leaves_waiting_for_nobody_hold_a_real_run_up_no_longer_than_the_quiet_time() {
    let (trace, report) = to_end(&impatient(&LEAVES_A_WAITER, 0));
    assert!(matches!(report.ending, Ending::Finished(_)), "{report:?}");
    assert_eq!((report.stall, trace.totals().alive), (None, 1));
    assert!((200..2_000).contains(&ms(trace.end_ns)), "{} ms", ms(trace.end_ns));
}

#[test]
fn a_run_that_is_told_to_stop_is_over_within_a_second() {
    let specs = [
        Spec::new(&YIELDS_FOR_EVER),
        real(&TICKS_FOR_EVER, 0),
        real(&TICKS_FOR_EVER, 2),
        Spec { pace: Some(0.01), ..Spec::new(&TICKS_FOR_EVER) },
    ];
    for spec in specs {
        let mut run = Run::start(&spec).unwrap();
        let mut trace = Trace::default();
        while trace.tasks.is_empty() {
            run.wait(Duration::from_millis(10));
            run.drain(&mut trace);
        }
        let told = Instant::now();
        run.stop();
        drain_to_end(&mut run, &mut trace);
        assert!(told.elapsed() < Duration::from_secs(1), "{}", spec.scenario.id);
        assert_eq!(run.report().unwrap().ending, Ending::Stopped, "{}", spec.scenario.id);
        assert_eq!(trace.tasks[0].ended.map(|end| end.how), Some(End::Dropped));
    }
}

#[test]
fn code_that_never_yields_is_left_behind() {
    for spec in [Spec::new(&NEVER_YIELDS), real(&NEVER_YIELDS, 1)] {
        let mut run = Run::start(&spec).unwrap();
        let mut trace = Trace::default();
        while trace.tasks.first().is_none_or(|main| main.segments.len() < 2) {
            run.wait(Duration::from_millis(10));
            run.drain(&mut trace);
        }
        let told = Instant::now();
        run.stop();
        drain_to_end(&mut run, &mut trace);
        assert!(told.elapsed() < Duration::from_millis(1_500), "{:?}", told.elapsed());
        assert_eq!(run.report().unwrap().ending, Ending::Abandoned);
    }
}

#[test]
fn a_panic_is_caught_and_told() {
    let (trace, report) = to_end(&Spec::new(&PANICS));
    assert_eq!(report.ending, Ending::Panicked("on purpose".to_owned()));
    assert_eq!(trace.tasks[0].ended.map(|end| end.how), Some(End::Panicked));
    assert!(trace.tasks[0].panic.as_ref().is_some_and(|text| text.contains("on purpose")));
}

#[test]
fn a_panic_in_a_task_ends_nothing_else() {
    let (trace, report) = to_end(&Spec::new(&CHILD_PANICS));
    assert!(matches!(&report.ending, Ending::Finished(outcome) if outcome.holds()));
    let ends: Vec<_> = trace.tasks.iter().map(|task| task.ended.map(|end| end.how)).collect();
    assert_eq!(ends, [Some(End::Completed), Some(End::Panicked)]);
}

#[test]
fn an_error_from_main_is_told() {
    let (_, report) = to_end(&Spec::new(&FAILS));
    assert_eq!(report.ending, Ending::Failed("no luck".to_owned()));
}

#[test]
fn tasks_that_main_leaves_behind_go_on_while_they_can() {
    let (trace, report) = to_end(&Spec::new(&LEAVES_TASKS));
    assert_eq!(ms(report.elapsed_ns), 100, "elapsed ends with main");
    let ends: Vec<_> = trace.tasks.iter().map(|task| task.ended.map(|end| (end.how, ms(end.at_ns)))).collect();
    assert_eq!(ends, [Some((End::Completed, 100)), Some((End::Completed, 500)), Some((End::Dropped, 500))]);
    assert_eq!(Some(trace.polls), report.runtime_polls);
}

#[test]
fn a_paced_run_keeps_its_pace() {
    // Without lines of waits: to look them up takes wall time of its own.
    let spec = Spec { pace: Some(10.0), detail: Detail::Polls, ..Spec::new(find("semaphore")) };
    let start = Instant::now();
    let (paced, report) = to_end(&spec);
    let wall = start.elapsed().as_secs_f64();
    assert!((0.35..3.0).contains(&wall), "3.5 s at 10x took {wall} s: neither at once nor in its own time");
    let (unpaced, _) = to_end(&Spec::new(find("semaphore")));
    assert_eq!(paced.hash(), unpaced.hash(), "watching it slowly does not change it");
    assert_eq!(ms(report.elapsed_ns), 3_500);
}

#[test]
fn a_paused_real_run_polls_nothing_until_it_goes_on() {
    let mut run = Run::start(&real(&TICKS_FOR_EVER, 2)).unwrap();
    let mut trace = Trace::default();
    run.pause(true);
    // A poll that was under way when the gate closed may still end.
    let settle = Instant::now();
    while settle.elapsed() < Duration::from_millis(150) {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    let polls = trace.polls;
    let held = Instant::now();
    while held.elapsed() < Duration::from_millis(250) {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    assert_eq!(trace.polls, polls, "two ticks were due and none was polled");
    run.pause(false);
    while trace.polls == polls {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
}

#[test]
fn what_cannot_be_run_is_refused_with_a_reason() {
    static ONLY_REAL: Scenario = Scenario { clocks: &[Clock::Real], ..PANICS_TEMPLATE };
    const PANICS_TEMPLATE: Scenario = scenario("only-real", |_| Box::pin(async { Ok(Outcome::new()) }));
    let semaphore = find("semaphore");
    let mut too_many_each = Spec::new(semaphore);
    let each = semaphore.param("permits_each").unwrap();
    too_many_each.values.set(each, each.parse("4").unwrap());
    let cases = [
        (Spec { clock: Clock::Virtual, ..Spec::new(&ONLY_REAL) }, "clock: only-real has no virtual clock; it has: real"),
        (Spec { workers: 2, ..Spec::new(semaphore) }, "workers: 2 workers need the real clock"),
        (Spec { workers: 65, ..real(semaphore, 0) }, "workers: 65 workers is out of range: 0 to 64"),
        (Spec { pace: Some(2.0), ..real(semaphore, 0) }, "speed: the real clock has one speed"),
        (Spec { pace: Some(0.0), ..Spec::new(semaphore) }, "speed: 0 is not a speed"),
        (too_many_each, "permits_each: 4 permits each can never be had of 3"),
    ];
    for (spec, reason) in cases {
        let Err(StartError::Spec(error)) = Run::start(&spec) else { panic!("{reason}: was not refused") };
        assert!(error.to_string().starts_with(reason), "{error}");
        assert!(!matches!(error, SpecError::Values(_)) || reason.starts_with("permits_each"));
    }
}
