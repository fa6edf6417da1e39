//! Findings: each fires where it is the lesson and is silent where that is fixed. A good run has no other findings.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod cuts;
mod losses;
mod programs;
mod right_ways;
mod turns;
mod unrun;

use super::{observed, trace};

use engine::Spec;
use scenario::Clock;
use scenario::testing::in_a_calm_moment;
use scenarios::find;
use trace::{Finding, FindingKind, Trace};

/// A setting, as typed.
type Setting = &'static [(&'static str, &'static str)];

/// The seeds of all tests.
const SEEDS: std::ops::Range<u64> = 0..10;

/// A kind, the scenario that proves it, a setting that shows it, and one that does not.
const PROOFS: &[(FindingKind, &str, Setting, Setting)] = &[
    (FindingKind::BlocksWorker, "blocking", &[("variant", "block")], &[("variant", "yield")]),
    (FindingKind::NeverYields, "fairness", &[("variant", "no-yield")], &[("variant", "yield")]),
    (FindingKind::NeverYields, "timeout", &[("variant", "blocking")], &[("variant", "async")]),
    (FindingKind::FailedUnheard, "orphan", &[("variant", "drop")], &[("variant", "keep")]),
    (FindingKind::FailedUnheard, "orphan", &[("variant", "drop")], &[("variant", "abort")]),
    (FindingKind::QueueGrows, "unbounded", &[("variant", "unbounded")], &[("variant", "bounded")]),
    (FindingKind::QueueGrows, "unbounded", &[("variant", "unbounded")], &[("variant", "drop-oldest")]),
    (FindingKind::LockAcrossWait, "lock-contention", &[("lock", "across-await")], &[("lock", "short")]),
    (FindingKind::LockAcrossWait, "lost-update", &[("variant", "lock")], &[("variant", "atomic")]),
    (FindingKind::UselessWakes, "thundering-herd", &[("variant", "notify_waiters")], &[("variant", "notify_one")]),
    (FindingKind::UnpolledLock, "futurelock", &[("variant", "select-ref")], &[("variant", "spawned")]),
];

fn spec(id: &str, setting: Setting, seed: u64) -> Spec {
    let scenario = find(id).unwrap_or_else(|| panic!("there is no scenario {id}"));
    let mut spec = Spec { seed, ..Spec::new(scenario) };
    for (name, text) in setting {
        let param = scenario.param(name).unwrap();
        spec.values.set(param, param.parse(text).unwrap());
    }
    spec
}

fn of_kind(trace: &Trace, kind: FindingKind) -> Vec<Finding> {
    trace.findings().list.into_iter().filter(|finding| finding.kind == kind).collect()
}

#[test]
fn each_fires_on_its_scenario_and_not_on_the_variant_without_it() {
    for (kind, id, with, without) in PROOFS {
        for seed in SEEDS {
            let wrong = of_kind(&trace(&spec(id, with, seed)), *kind);
            assert!(!wrong.is_empty(), "{id} {with:?}, seed {seed}: no {}", kind.name());
            let right = of_kind(&trace(&spec(id, without, seed)), *kind);
            assert_eq!(right, [], "{id} {without:?}, seed {seed}");
        }
    }
}

#[test]
fn every_kind_is_proved() {
    let by_program = [
        FindingKind::LostWaker,
        FindingKind::NeverDriven,
        FindingKind::BlockedPool,
        FindingKind::DroppedWhileHolding,
        FindingKind::LaggedReceiver,
        FindingKind::LateTimeout,
        FindingKind::IntervalBurst,
        FindingKind::SelfWakes,
        FindingKind::LargeFuture,
        FindingKind::PossibleDeadlock,
    ];
    for kind in FindingKind::ALL {
        let proved = PROOFS.iter().any(|proof| proof.0 == kind) || by_program.contains(&kind);
        assert!(proved, "{}", kind.name());
        assert!(!kind.advice().is_empty());
    }
}

/// The task, line, time and text of a finding.
#[test]
fn a_finding_says_who_where_when_and_what() {
    let told = |id, setting, kind| {
        let trace = trace(&spec(id, setting, 0));
        let found = of_kind(&trace, kind);
        let [finding] = &found[..] else { panic!("{found:?}") };
        let line = finding.place.as_ref().map(|place| line_of(&place.file, place.line)).unwrap_or_default();
        let task = finding.task.map(|task| trace.tasks[task as usize].name.clone()).unwrap_or_default();
        (task, line, finding.at_ns / 1_000_000, finding.text.clone())
    };
    let (task, line, at_ms, text) = told("blocking", &[], FindingKind::BlocksWorker);
    assert_eq!((&*task, &*line, at_ms), ("report", "sleep(tick * 5 + half).await;", 1_550));
    assert!(text.contains("for 1 s in one poll") && text.ends_with("6 tasks had to wait meanwhile"), "{text}");

    let (task, line, at_ms, text) = told("lock-contention", &[], FindingKind::LockAcrossWait);
    assert_eq!((&*task, at_ms), ("worker 0", 200));
    assert!(
        line.contains("sleep(") && text.contains("waited for a timer") && text.contains("which kept 4 tasks waiting for"),
        "{line}: {text}"
    );

    let (task, line, at_ms, text) = told("orphan", &[("variant", "drop")], FindingKind::FailedUnheard);
    assert_eq!((&*task, at_ms), ("child", 2_000));
    assert!(line.contains(".spawn(child(") && text.contains("parent"), "{line}: {text}");

    let (task, line, _, text) = told("futurelock", &[], FindingKind::UnpolledLock);
    assert_eq!((&*task, &*line), ("client", "let mut answers = database.lock().await;"));
    assert!(text.contains("for the same lock"), "{text}");

    let (task, line, at_ms, text) = told("thundering-herd", &[("variant", "notify_waiters")], FindingKind::UselessWakes);
    assert_eq!((&*line, at_ms), ("news.await;", 100));
    assert!(task.starts_with("waiter") && text.starts_with("up to 10 tasks were woken at once"), "{task}: {text}");
}

/// Not all of a very large number of waits are examined, and the finding is the same.
#[test]
fn a_herd_is_as_large_as_it_is_however_many_there_are() {
    let setting = &[("variant", "notify_waiters"), ("waiters", "400")];
    let found = of_kind(&trace(&spec("thundering-herd", setting, 0)), FindingKind::UselessWakes);
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert!(finding.text.starts_with("up to 400 tasks were woken at once, at least "), "{}", finding.text);
}

/// A line of the source, without its indentation.
fn line_of(file: &str, line: u32) -> String {
    let source = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    source.lines().nth(line as usize - 1).unwrap_or_default().trim().to_owned()
}

#[test]
fn all_tasks_that_a_finding_tells_of_are_marked_from_its_time_on() {
    let trace = trace(&spec("thundering-herd", &[("variant", "notify_waiters")], 0));
    let found = trace.findings();
    let name = |task: usize| &trace.tasks[task].name;
    let marked = |task: &usize| found.mark(*task as u32).is_some();
    let count = (0..trace.tasks.len()).filter(marked).count();
    assert_eq!((count as u32, found.by(0), found.by(trace.end_ns)), (found.list[0].tasks, 0, 1));
    assert!((0..trace.tasks.len()).filter(marked).all(|task| name(task).starts_with("waiter")));
}

/// On the real clock wall time counts, and a thread for blocking work is not a worker.
#[test]
fn on_the_real_clock_work_on_a_worker_blocks_it_and_on_another_thread_does_not() {
    let reports = |variant: Setting| {
        let spec = Spec { clock: Clock::Real, workers: 2, ..spec("blocking", variant, 0) };
        let trace = trace(&spec);
        let of_report = |finding: &Finding| finding.task.is_some_and(|task| trace.tasks[task as usize].name == "report");
        of_kind(&trace, FindingKind::BlocksWorker).iter().filter(|finding| of_report(finding)).count()
    };
    assert_eq!(reports(&[("variant", "block")]), 1);
    // A worker that waits for a processor is late as well.
    in_a_calm_moment(|| assert_eq!(reports(&[("variant", "spawn_blocking")]), 0));
}
