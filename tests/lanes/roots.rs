//! The future given to `block_on`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use recorder::{self, Detail, OnFull, Recorder};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::sleep;
use trace::{Cause, End, LaneOf, State, Trace, Waker};

use super::asked::{lanes, line_of};
use super::observed::{On, find, observe, spawn};

const MS: Duration = Duration::from_millis(1);

/// The recording of what this thread does with a runtime.
fn recorded(on: On, roots: bool, does: impl FnOnce(&Runtime)) -> Trace {
    recorder::install().unwrap();
    let (recorder, mut reader) = Recorder::with_detail(OnFull::Drop, Detail::Waits);
    let mut builder = on.builder();
    recorder.observe(&mut builder, ());
    let runtime = builder.build().unwrap();
    let attached = if roots { recorder.attach_with_roots("caller") } else { recorder.attach("caller") };
    let context = runtime.enter();
    if on == On::Virtual {
        recorder.begin_virtual();
    } else {
        recorder.begin_real();
    }
    does(&runtime);
    drop(context);
    runtime.shutdown_timeout(Duration::from_secs(5));
    drop(attached);
    let mut trace = Trace::default();
    reader.drain(true, |thread, event| trace.push(thread, event));
    let end_ns = trace.end_ns;
    trace.close(end_ns);
    trace
}

#[test]
fn a_root_has_a_lane_where_that_is_asked_for() {
    for on in [On::Virtual, On::OneThread, On::TwoWorkers] {
        let program = |runtime: &Runtime| {
            runtime.block_on(async {
                let (send, receive) = oneshot::channel();
                let child = spawn("child", receive);
                sleep(10 * MS).await;
                send.send(()).unwrap();
                child.await.unwrap().unwrap();
            });
            runtime.block_on(async {});
        };
        let trace = recorded(on, true, program);
        let roots = lanes(&trace, LaneOf::Root);
        let [(root, first), (_, second)] = roots[..] else { panic!("{on:?}: {roots:?}") };
        assert_eq!(
            (&*first.name, &*second.name, line_of(second)),
            ("block_on 0", "block_on 1", "runtime.block_on(async {});".to_owned())
        );
        let child = &trace.tasks[find(&trace, "child") as usize];
        assert_eq!((child.parent, child.wakes.first().map(|wake| wake.by)), (Some(root), Some(Waker::Task(root))), "{on:?}");
        let time = first.segments.iter().filter(|segment| segment.state == State::Waiting(Cause::Time)).count();
        assert!(time >= 1, "{on:?}: {:?}", first.segments);
        for (_, root) in &roots {
            assert_eq!(root.ended.map(|end| (end.how, end.inferred)), Some((End::Completed, false)), "{on:?}");
        }
        assert_eq!(second.polls, 1, "{on:?}: its drop is no poll");
        assert_eq!(trace.totals().spawned, 1, "{on:?}");

        let trace = recorded(on, false, program);
        assert_eq!((lanes(&trace, LaneOf::Root).len(), trace.tasks.len()), (0, 1), "{on:?}");
        // It is known that neither a task nor a timer did it.
        assert_eq!(trace.tasks[0].wakes.first().map(|wake| wake.by), Some(Waker::Outside), "{on:?}");
        assert_eq!(trace.tasks[0].parent, None, "{on:?}");
    }
}

#[test]
fn a_root_that_panics_ends_so_and_whoever_called_hears_of_it() {
    let trace = recorded(On::OneThread, true, |runtime| {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                sleep(MS).await;
                panic!("on purpose");
            });
        }));
        assert!(panicked.is_err());
        runtime.block_on(sleep(MS));
    });
    let roots = lanes(&trace, LaneOf::Root);
    let ends: Vec<_> = roots.iter().map(|(_, root)| root.ended.map(|end| end.how)).collect();
    assert_eq!(ends, [Some(End::Panicked), Some(End::Completed)]);
    assert_eq!(roots[0].1.panic.as_deref(), Some("on purpose"));
}

/// A task that blocks its worker on a root runs all the while, and the root waits.
#[test]
fn a_root_within_a_task_is_polled_in_the_tasks_poll() {
    let (trace, _) = observe(On::TwoWorkers, Detail::Waits, |_| async {
        let blocks = spawn("blocks", async {
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(sleep(30 * MS)));
        });
        blocks.await.unwrap();
    });
    let roots = lanes(&trace, LaneOf::Root);
    let [(_, root)] = roots[..] else { panic!("{roots:?}") };
    let task = find(&trace, "blocks");
    assert_eq!(root.parent, Some(task));
    let waits = root.segments.iter().find(|segment| segment.state.is_waiting()).unwrap();
    assert_eq!(waits.state, State::Waiting(Cause::Time));
    let at_ns = waits.start_ns + 10_000_000;
    let does = |task: u32| trace.tasks[task as usize].segment_at(at_ns).map(|segment| segment.state);
    assert!(matches!(does(task), Some(State::Running(_))), "{:?}", does(task));
    assert_eq!(trace.tasks[task as usize].polls, 1);
}

/// The program's own threads are not part of the run.
#[test]
fn a_root_on_a_thread_of_no_run_has_no_lane() {
    let (trace, _) = observe(On::TwoWorkers, Detail::Waits, |_| async {
        let handle = tokio::runtime::Handle::current();
        let thread = thread::spawn(move || handle.block_on(async { sleep(5 * MS).await }));
        while !thread.is_finished() {
            sleep(MS).await;
        }
        thread.join().unwrap();
    });
    assert_eq!(trace.tasks.len(), 1);
}
