//! Every kind of run: each detail and recording, and each way to end.

use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::Tape;
use engine::{Detail, Ending, Phase, Run, Spec};
use scenario::{Clock, Outcome, Scenario};
use scenarios::CATALOGUE;
use tokio::sync::Semaphore;
use tokio::task::{self, JoinSet};
use tokio::time::sleep;
use trace::Trace;

use super::programs::{DEADLOCKS, PANICS, TICKS_FOR_EVER, WAITS_FOR_EVER, YIELDS_FOR_EVER, scenario};

/// A kind of run.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The default number of runs.
    pub(crate) usually: usize,
    /// The number of concurrent runs, larger for runs that take long.
    pub(crate) abreast: usize,
    /// Runs one to its end and drops it.
    pub(crate) run: fn(),
    /// Lets abandoned runs end.
    pub(crate) release: fn(),
}

const fn kind(name: &'static str, run: fn()) -> Kind {
    Kind { name, usually: 40, abreast: 1, run, release: || {} }
}

/// A kind of run that is abandoned, and can end later.
const fn left_behind(name: &'static str, run: fn()) -> Kind {
    Kind { name, usually: 20, abreast: 20, run, release }
}

pub(crate) const KINDS: &[Kind] = &[
    // Enough runs to show a leak of memory.
    Kind { usually: 500, ..kind("virtual", || to_end(&Spec::new(&SHORT))) },
    kind("virtual, polls only", || to_end(&Spec { detail: Detail::Polls, ..Spec::new(&SHORT) })),
    kind("virtual, recorded in memory", || recorded_in_memory(&Spec::new(&SHORT))),
    kind("virtual, recorded in a file", || recorded_in_a_file(&Spec::new(&SHORT))),
    kind("virtual, at the limit", || {
        let spec = Spec { limit: Duration::from_secs(5), ..Spec::new(&TICKS_FOR_EVER) };
        ends(&spec, &Ending::Limit);
    }),
    kind("virtual, stalled", || ends(&Spec::new(&WAITS_FOR_EVER), &Ending::Stalled)),
    kind("virtual, panicked", || ends(&Spec::new(&PANICS), &Ending::Panicked("on purpose".to_owned()))),
    kind("virtual, stopped half way", || stopped(&Spec::new(&YIELDS_FOR_EVER))),
    kind("virtual, paced, stopped half way", || stopped(&Spec { pace: Some(0.01), ..Spec::new(&TICKS_FOR_EVER) })),
    kind("virtual, let go of at once", || drop(start(&Spec::new(&YIELDS_FOR_EVER)))),
    Kind { usually: 160, ..kind("virtual, each scenario of the catalogue in turn", || to_end(&next_of_the_catalogue())) },
    kind("real, 1 thread", || to_end(&real(&SHORT, 0))),
    kind("real, 2 workers", || to_end(&real(&SHORT, 2))),
    kind("real, 2 workers, recorded in memory", || recorded_in_memory(&real(&SHORT, 2))),
    kind("real, 2 workers, recorded in a file", || recorded_in_a_file(&real(&SHORT, 2))),
    kind("real, 1 thread, stopped half way", || stopped(&real(&TICKS_FOR_EVER, 0))),
    kind("real, 2 workers, stopped half way", || stopped(&real(&TICKS_FOR_EVER, 2))),
    kind("real, 2 workers, let go of at once", || drop(start(&real(&TICKS_FOR_EVER, 2)))),
    kind("real, 2 workers, stalled", || {
        let spec = Spec { stall_after: Duration::from_millis(1), ..real(&DEADLOCKS, 2) };
        ends(&spec, &Ending::Stalled);
    }),
    left_behind("virtual, abandoned in a poll", || abandoned(&Spec::new(&BLOCKS_IN_A_POLL))),
    left_behind("real, 2 workers, abandoned in a poll", || abandoned(&real(&BLOCKS_IN_A_POLL, 2))),
    left_behind("real, 1 thread, abandoned in a closure", || abandoned(&real(&BLOCKS_IN_A_CLOSURE, 0))),
    left_behind("real, 2 workers, abandoned in a closure", || abandoned(&real(&BLOCKS_IN_A_CLOSURE, 2))),
    kind("replay", replayed),
];

pub(crate) const WITH_CONSOLE: &[Kind] = &[
    kind("virtual, with a console", || to_end(&Spec::new(&SHORT))),
    kind("real, 2 workers, with a console", || to_end(&real(&SHORT, 2))),
    kind("real, stopped half way, with a console", || stopped(&real(&TICKS_FOR_EVER, 2))),
];

/// Named tasks that wait for a permit and for time, and log something, within a few milliseconds.
static SHORT: Scenario = scenario("short", |_| {
    Box::pin(async {
        let permits = std::sync::Arc::new(Semaphore::new(2));
        let mut tasks = JoinSet::new();
        for number in 0..8 {
            let permits = permits.clone();
            tasks.build_task().name(&format!("task {number}")).spawn(async move {
                let _permit = permits.acquire().await;
                tracing::info!(counter.number = number, "has a permit");
                sleep(Duration::from_millis(1)).await;
            })?;
        }
        while let Some(done) = tasks.join_next().await {
            done?;
        }
        Ok(Outcome::new())
    })
});

/// The number of releases of blocked tasks.
static RELEASED: Mutex<u64> = Mutex::new(0);
static RELEASES: Condvar = Condvar::new();

fn released() -> MutexGuard<'static, u64> {
    RELEASED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reports that it blocks, and blocks the calling thread until the next release.
fn block() {
    let before = released();
    let since = *before;
    tracing::info!("blocks");
    drop(RELEASES.wait_while(before, |now| *now == since));
}

fn release() {
    *released() += 1;
    RELEASES.notify_all();
}

static BLOCKS_IN_A_POLL: Scenario = scenario("blocks-in-a-poll", |_| {
    Box::pin(async {
        block();
        Ok(Outcome::new())
    })
});

static BLOCKS_IN_A_CLOSURE: Scenario = scenario("blocks-in-a-closure", |_| {
    Box::pin(async {
        task::spawn_blocking(block).await?;
        Ok(Outcome::new())
    })
});

fn real(scenario: &'static Scenario, workers: usize) -> Spec {
    Spec { clock: Clock::Real, workers, ..Spec::new(scenario) }
}

fn start(spec: &Spec) -> Run {
    Run::start(spec).expect("it starts")
}

fn drain_until(run: &mut Run, trace: &mut Trace, is: impl Fn(&Run, &Trace) -> bool) {
    while !is(run, trace) {
        run.wait(Duration::from_millis(10));
        run.drain(trace);
    }
}

fn drain_to_end(mut run: Run) -> Ending {
    let mut trace = Trace::default();
    drain_until(&mut run, &mut trace, |run, _| run.phase() == Phase::Over);
    run.report().expect("it is over").ending.clone()
}

fn to_end(spec: &Spec) {
    let ending = drain_to_end(start(spec));
    assert!(matches!(ending, Ending::Finished(_) | Ending::Stalled), "{}: {ending:?}", spec.scenario.id);
}

fn ends(spec: &Spec, ending: &Ending) {
    assert_eq!(drain_to_end(start(spec)), *ending);
}

/// Stops it when its first task has been polled.
fn stopped(spec: &Spec) {
    let (mut run, mut trace) = (start(spec), Trace::default());
    drain_until(&mut run, &mut trace, |_, trace| trace.polls > 0);
    run.stop();
    drain_until(&mut run, &mut trace, |run, _| run.phase() == Phase::Over);
    assert_eq!(run.report().map(|report| &report.ending), Some(&Ending::Stopped));
}

/// Stops it when it blocks, and abandons it.
fn abandoned(spec: &Spec) {
    let (mut run, mut trace) = (start(spec), Trace::default());
    drain_until(&mut run, &mut trace, |_, trace| !trace.log.is_empty());
    run.stop();
    drain_until(&mut run, &mut trace, |run, _| run.phase() == Phase::Over);
    assert_eq!(run.report().map(|report| &report.ending), Some(&Ending::Abandoned));
}

fn recorded_in_memory(spec: &Spec) {
    let mut run = start(spec);
    let tape = Tape::new(spec);
    run.set_sink(Box::new(tape.clone()));
    drain_to_end(run);
    let to = tempfile::NamedTempFile::new().expect("a file");
    tape.save(to.path(), true).expect("it is saved");
}

fn recorded_in_a_file(spec: &Spec) {
    let mut run = start(spec);
    run.set_sink(Box::new(engine::writer(tempfile::tempfile().expect("a file"), spec)));
    drain_to_end(run);
}

/// The scenarios with a virtual clock, in rotation.
fn next_of_the_catalogue() -> Spec {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let all: Vec<_> = CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)).collect();
    let scenario = all[NEXT.fetch_add(1, Ordering::Relaxed) % all.len()];
    Spec { clock: Clock::Virtual, ..Spec::new(scenario) }
}

/// Opens a recording of a run of the catalogue, which is made once.
fn replayed() {
    static FILE: Mutex<Option<tempfile::NamedTempFile>> = Mutex::new(None);
    let mut file = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = file.get_or_insert_with(|| {
        let (file, spec) = (tempfile::NamedTempFile::new().expect("a file"), Spec::new(&scenarios::semaphore::SCENARIO));
        let mut run = start(&spec);
        let to: File = file.reopen().expect("it is there");
        run.set_sink(Box::new(engine::writer(to, &spec)));
        drain_to_end(run);
        file
    });
    let opened = engine::open(file.path(), tui::source::known(scenarios::CATALOGUE)).expect("it is a recording");
    assert!(opened.flaw.is_none());
}
