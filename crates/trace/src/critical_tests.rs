//! Critical paths of small handwritten runs, and properties of the paths of random runs.

use proptest::prelude::*;

use super::super::told::Told;
use super::*;
use facts::event::{LastPoll, SpanId};

/// The path as text: for each step how it began, the task, the duration and what the task did.
fn path(told: &Told, task: TaskIx, from_ns: u64, to_ns: u64) -> String {
    text(&told.0.critical_path(task, from_ns, to_ns, to_ns))
}

fn text(path: &CriticalPath) -> String {
    let step = |step: &PathStep| {
        let doing = match step.doing {
            Doing::Running => "p".to_owned(),
            Doing::Ready => "r".to_owned(),
            Doing::Waiting { cause, .. } => format!("w({cause})"),
            Doing::Unborn => "-".to_owned(),
        };
        let by = match step.by {
            Handover::Begins => "|".to_owned(),
            Handover::GoesOn => String::new(),
            Handover::Wakes(Waker::Task(by)) => format!("{by}>"),
            Handover::Wakes(by) => format!("{by:?}>"),
            Handover::Spawns(by) => format!("{by}+"),
            Handover::Late { by, late_ns } => format!("{by}!{late_ns}"),
        };
        format!("{by}{}:{}{doing}", step.task, step.lasted_ns())
    };
    path.steps.iter().map(step).collect::<Vec<_>>().join(" ")
}

/// *main* (0) spawns 1 and waits for it from 3 to 20; 1 is polled from 5 to 7, waits for a timer until 15 and ends at 20.
fn joined() -> Told {
    let mut told = Told::default();
    told.site(1, Cause::Time).site(2, Cause::Join);
    told.spawn(0, 5, None).start(1, 5).spawn(2, 6, Some(5)).pend(3, 5, 2).stop(3, 5);
    told.start(5, 6).pend(7, 6, 1).stop(7, 6).wake(15, 6, None).start(16, 6);
    told.wake(20, 5, Some(6)).gone(20, 6, LastPoll::Polled).stop(20, 6);
    told.start(22, 5).gone(25, 5, LastPoll::Polled).stop(25, 5);
    told
}

#[test]
fn the_way_goes_through_who_woke_and_who_spawned() {
    let told = joined();
    assert_eq!(path(&told, 0, 0, 25), "|0:1r 0:1p 0+1:3r 1:2p 1:8w(time) Timer>1:1r 1:4p 1>0:2r 0:3p");
    assert_eq!(told.0.critical_end(0), Some((0, 25)));
}

#[test]
fn a_stretch_is_cut_out_of_the_path() {
    let told = joined();
    assert_eq!(path(&told, 0, 6, 23), "|1:1p 1:8w(time) Timer>1:1r 1:4p 1>0:2r 0:1p");
    // Part of the stretch: what main waits for decides when it ends.
    let within = told.0.critical_path(0, 6, 10, 25);
    assert_eq!(text(&within), "|1:1p 1:3w(time)");
    // With the walk starting at 10, main's wait is not over, and nothing else is known.
    assert_eq!(path(&told, 0, 0, 10), "|0:1r 0:2p 0:7w(join)");
    // The stretch is cut off at the end of the task.
    assert_eq!(told.0.critical_path(1, 16, 25, 25).to_ns, 20);
    let nothing = told.0.critical_path(1, 22, 25, 25);
    assert_eq!((nothing.from_ns, nothing.to_ns, nothing.untold_ns), (22, 22, 0));
}

#[test]
fn at_one_moment_the_order_of_polls_decides() {
    // At 10, task 1 wakes task 2, is woken by task 2 at the same moment, and ends.
    let mut told = Told::default();
    told.site(1, Cause::Time).site(2, Cause::Notify);
    told.spawn(0, 5, None).start(0, 5).spawn(0, 6, Some(5)).spawn(0, 7, Some(5)).pend(0, 5, 2).stop(0, 5);
    told.start(0, 6).pend(0, 6, 1).stop(0, 6).start(0, 7).pend(0, 7, 2).stop(0, 7);
    told.wake(10, 6, None).start(10, 6).wake(10, 7, Some(6)).pend(10, 6, 2).stop(10, 6);
    told.start(10, 7).wake(10, 6, Some(7)).pend(10, 7, 1).stop(10, 7);
    told.start(10, 6).wake(10, 5, Some(6)).gone(10, 6, LastPoll::Polled).stop(10, 6);
    told.start(10, 5).gone(10, 5, LastPoll::Polled).stop(10, 5);
    assert_eq!(path(&told, 0, 0, 10), "|0:0p 0+1:10w(time) 1>2:0p 2>1:0p 1>0:0p");
}

#[test]
fn a_wait_that_nobody_is_known_to_have_ended_stays() {
    // Aborted from outside: it is polled only to be dropped, and no task wakes it.
    let mut told = Told::default();
    told.site(1, Cause::Mutex);
    told.spawn(0, 5, None).start(0, 5).pend(1, 5, 1).stop(1, 5).start(9, 5).gone(9, 5, LastPoll::Dropped).stop(9, 5);
    assert_eq!(path(&told, 0, 0, 9), "|0:1p 0:8w(mutex)");
    // According to late facts, its waker had already ended.
    let mut told = Told::default();
    told.site(1, Cause::Mutex).spawn(0, 5, None).spawn(0, 6, None);
    told.start(0, 6).gone(3, 6, LastPoll::Polled).stop(3, 6);
    told.start(0, 5).pend(1, 5, 1).stop(1, 5).wake(7, 5, Some(6)).start(7, 5);
    assert_eq!(path(&told, 0, 0, 9), "|0:1p 0:6w(mutex) 1>0:2p");
}

#[test]
fn before_a_task_that_nobody_spawned_there_is_nothing() {
    let mut told = Told::default();
    told.spawn(4, 5, None).start(6, 5);
    assert_eq!(path(&told, 0, 0, 8), "|0:4- 0:2r 0:2p");
}

#[test]
fn of_a_run_without_an_end_of_main_the_task_that_ended_last_counts() {
    let mut told = Told::default();
    assert_eq!(told.0.critical_end(0), None);
    told.spawn(0, 5, None).spawn(0, 6, None).spawn(0, 7, None).start(8, 5);
    assert_eq!(told.0.critical_end(0), Some((0, 8)));
    told.start(1, 6).gone(2, 6, LastPoll::Polled).stop(2, 6).start(3, 7).gone(4, 7, LastPoll::Polled).stop(4, 7);
    assert_eq!(told.0.critical_end(0), Some((2, 4)));
    told.0.close(9);
    assert_eq!((told.0.critical_end(3), told.0.critical_end(5)), (Some((2, 4)), Some((0, 9))));
    assert_eq!(told.0.critical_end(0), Some((2, 4)), "the end of the recording is not an end of the task");
}

/// Two tasks wake each other again and again at one moment. Each poll is one step and is found quickly.
#[test]
fn very_many_polls_at_one_moment_are_walked_through_at_once() {
    let mut told = Told::default();
    told.site(1, Cause::Notify).spawn(0, 5, None).spawn(0, 6, None);
    told.start(4, 6).pend(4, 6, 1).stop(4, 6);
    let turns = 30_000;
    for _ in 0..turns {
        told.start(4, 5).wake(4, 6, Some(5)).pend(4, 5, 1).stop(4, 5);
        told.start(4, 6).wake(4, 5, Some(6)).pend(4, 6, 1).stop(4, 6);
    }
    let path = told.0.critical_path(0, 0, 4, 4);
    assert_eq!((path.steps.len(), path.untold_ns), (2 * turns + 1, 0), "main is ready again at the end");
    assert_eq!(text(&path).split(' ').next(), Some("|0:4r"));
}

#[test]
fn a_path_of_very_many_steps_says_what_it_leaves_out() {
    let mut told = Told::default();
    told.site(1, Cause::Time).spawn(0, 5, None);
    let turns = MOST_STEPS as u64;
    for turn in 0..turns {
        told.start(turn * 4, 5).pend(turn * 4 + 1, 5, 1).stop(turn * 4 + 1, 5).wake(turn * 4 + 4, 5, None);
    }
    let path = told.0.critical_path(0, 0, turns * 4, turns * 4);
    assert!(path.steps.len() <= MOST_STEPS);
    assert!(path.untold_ns > turns && path.untold_ns < turns * 4);
    assert_eq!(path.untold_ns + path.steps.iter().map(PathStep::lasted_ns).sum::<u64>(), turns * 4);
    assert_eq!(told.0.critical_path(7, 0, 9, 9).steps, [], "no such task");
}

/// Checks the properties of every path.
pub(crate) fn whole(trace: &Trace, path: &CriticalPath) -> Result<(), TestCaseError> {
    let told: u64 = path.steps.iter().map(PathStep::lasted_ns).sum();
    prop_assert_eq!(path.untold_ns + told, path.to_ns - path.from_ns, "{:?}", path);
    prop_assert_eq!(path.steps.first().map_or(path.to_ns, |step| step.from_ns), path.from_ns + path.untold_ns);
    prop_assert_eq!(path.steps.last().map_or(path.to_ns, |step| step.to_ns), path.to_ns);
    for pair in path.steps.windows(2) {
        prop_assert_eq!(pair[0].to_ns, pair[1].from_ns);
        // The path goes from a task only to a task that it spawned or woke.
        if pair[0].task != pair[1].task {
            let by = pair[1].by;
            prop_assert!(by == Handover::Spawns(pair[0].task) || by == Handover::Wakes(Waker::Task(pair[0].task)), "{:?}", pair);
        }
    }
    for step in path.steps.iter().filter(|step| step.lasted_ns() > 0 && step.doing != Doing::Unborn) {
        let segment = trace.tasks[step.task as usize].segment_at(step.from_ns).map(|segment| segment.state);
        let same = match step.doing {
            Doing::Running => matches!(segment, Some(State::Running(_))),
            Doing::Ready => segment == Some(State::Ready),
            Doing::Waiting { cause, .. } => segment == Some(State::Waiting(cause)),
            Doing::Unborn => true,
        };
        prop_assert!(same, "{:?} is {:?}", step, segment);
    }
    Ok(())
}

/// Arbitrary facts, as a damaged recording may contain them.
fn nonsense() -> impl Strategy<Value = Vec<(u64, u8, u64, u64)>> {
    prop::collection::vec((0..40_u64, 0..7_u8, 1..7_u64, 0..7_u64), 0..120)
}

proptest! {
    #[test]
    fn a_path_of_anything_is_whole(facts in nonsense(), from in 0..50_u64, long in 0..60_u64, late in any::<bool>()) {
        let mut told = Told::default();
        told.site(1, Cause::Time).site(2, Cause::Mutex);
        let mut now = 0;
        for (at, kind, task, other) in facts {
            // With `late`, not in order of time.
            now = if late { at } else { now + at / 20 };
            match kind {
                0 => told.spawn(now, task, Some(other).filter(|other| *other > 0)),
                1 => told.start(now, task),
                2 => told.stop(now, task),
                3 => told.pend(now, task, 1 + (other % 2) as u32),
                4 => told.wake(now, task, Some(other).filter(|other| *other > 0)),
                5 if other == 0 => told.gone(now, task, LastPoll::Polled),
                _ => told.tell(0, now, facts::event::What::SpanClose(SpanId(1))),
            };
        }
        for closed in [false, true] {
            if closed {
                told.0.close(now);
            }
            for task in 0..told.0.tasks.len() as TaskIx {
                for until in [from + long, from + long + 7] {
                    let path = told.0.critical_path(task, from, from + long, until);
                    whole(&told.0, &path)?;
                }
            }
        }
    }
}
