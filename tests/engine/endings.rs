//! The ways a run ends: at its limit, stopped, abandoned, with a panic or an error.

use std::time::{Duration, Instant};

use engine::{Ending, Run, Spec};
use trace::{End, Trace};

use super::programs::{
    CHILD_PANICS, CHILD_SPAWNS_FOR_EVER, FAILS, LEAVES_TASKS, NEVER_YIELDS, PANICS, SPAWNS_FOR_EVER, SPAWNS_FOR_EVER_AND_AT_LAST,
    TICKS_FOR_EVER, YIELDS_FOR_EVER,
};
use super::{drain_to_end, ms, real, to_end};
use scenario::testing::in_a_calm_moment;

/// Generous time for what an idle machine does at once; what never happens takes longer.
const SOON: Duration = Duration::from_secs(5);

#[test]
fn an_endless_run_is_stopped_at_its_limit() {
    let spec = Spec { limit: Duration::from_secs(5), ..Spec::new(&TICKS_FOR_EVER) };
    let (trace, report) = to_end(&spec);
    assert_eq!((report.ending, ms(report.elapsed_ns)), (Ending::Limit, 5_000));
    assert_eq!(Some(trace.polls), report.runtime_polls);
    assert_eq!(trace.tasks[0].ended.map(|end| end.how), Some(End::Dropped));

    let spec = Spec { limit: Duration::from_millis(300), ..real(&TICKS_FOR_EVER, 2) };
    in_a_calm_moment(|| {
        let (_, report) = to_end(&spec);
        assert_eq!(report.ending, Ending::Limit);
        assert!((300..1_000).contains(&ms(report.elapsed_ns)), "{report:?}");
    });
}

#[test]
fn virtual_time_that_stands_still_is_stopped_after_as_much_wall_time() {
    let spec = Spec { limit: Duration::from_millis(200), ..Spec::new(&YIELDS_FOR_EVER) };
    let (trace, report) = to_end(&spec);
    assert_eq!((report.ending, report.elapsed_ns), (Ending::Limit, 0));
    assert_eq!((Some(trace.polls), trace.lost), (report.runtime_polls, 0));
}

#[test]
fn a_run_that_is_told_to_stop_is_over_within_a_second() {
    let specs = [
        Spec::new(&YIELDS_FOR_EVER),
        real(&TICKS_FOR_EVER, 0),
        real(&TICKS_FOR_EVER, 2),
        Spec { pace: Some(0.01), ..Spec::new(&TICKS_FOR_EVER) },
    ];
    for spec in &specs {
        in_a_calm_moment(|| is_over_soon_after_being_told(spec));
    }
}

fn is_over_soon_after_being_told(spec: &Spec) {
    let mut run = Run::start(spec).unwrap();
    let mut trace = Trace::default();
    while trace.tasks.is_empty() {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    let told = Instant::now();
    run.stop();
    drain_to_end(&mut run, &mut trace);
    assert!(told.elapsed() < SOON, "{}", spec.scenario.id);
    assert_eq!(run.report().unwrap().ending, Ending::Stopped, "{}", spec.scenario.id);
    assert_eq!(trace.tasks[0].ended.map(|end| end.how), Some(End::Dropped));
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
        assert!(told.elapsed() < SOON, "{:?}", told.elapsed());
        assert_eq!(run.report().unwrap().ending, Ending::Abandoned);
    }
}

#[test]
fn a_poll_that_spawns_for_ever_is_cut_short() {
    let programs = [&SPAWNS_FOR_EVER, &CHILD_SPAWNS_FOR_EVER, &SPAWNS_FOR_EVER_AND_AT_LAST];
    let specs = programs.into_iter().flat_map(|program| [Spec::new(program), real(program, 0), real(program, 2)]);
    for spec in specs {
        in_a_calm_moment(|| {
            let mut run = Run::start(&spec).unwrap();
            let mut trace = Trace::default();
            while trace.tasks.len() < 100 {
                run.wait(Duration::from_millis(10));
                run.drain(&mut trace);
            }
            run.stop();
            drain_to_end(&mut run, &mut trace);
            assert_eq!(run.report().unwrap().ending, Ending::Stopped, "{spec:?}");
            // The unwinding is not reported.
            assert!(trace.tasks.iter().all(|task| task.panic.is_none()));
            assert!(trace.tasks.iter().all(|task| task.ended.is_none_or(|end| end.how == End::Dropped)), "{spec:?}");
            assert!(run.is_gone_within(SOON), "{spec:?}");
        });
    }
}

#[test]
fn a_run_that_is_left_is_gone_soon_and_one_that_never_yields_is_not() {
    for spec in [Spec::new(&YIELDS_FOR_EVER), real(&TICKS_FOR_EVER, 0), real(&TICKS_FOR_EVER, 2), Spec::new(&SPAWNS_FOR_EVER)] {
        let mut run = Run::start(&spec).unwrap();
        assert!(!run.is_gone_within(Duration::from_millis(5)), "{spec:?}");
        run.leave();
        assert!(run.is_gone_within(SOON), "{spec:?}");
    }
    let mut run = Run::start(&real(&NEVER_YIELDS, 1)).unwrap();
    let mut trace = Trace::default();
    while trace.tasks.first().is_none_or(|main| main.segments.len() < 2) {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    run.leave();
    assert!(!run.is_gone_within(Duration::from_millis(100)));
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
