//! Tasks of a `LocalSet`, polled within the poll of the task that drives it.

use std::rc::Rc;
use std::time::Duration;

use recorder::{self, Detail, OnFull, Recorder};
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_blocking, spawn_local, yield_now};
use tokio::time::sleep;
use trace::{Cause, End, LaneOf, State, Trace, Waker};

use super::asked::{lanes, life, line_of};
use super::observed::{On, find, observe, waits};

const MS: Duration = Duration::from_millis(1);

/// Runs a `!Send` program as the root of a `block_on`, and returns its trace.
fn embedded(on: On, program: impl Future<Output = ()>) -> Trace {
    recorder::install().unwrap();
    let (recorder, mut reader) = Recorder::with_detail(OnFull::Wait, Detail::Waits);
    let mut builder = on.builder();
    recorder.observe(&mut builder, ());
    let runtime = builder.build().unwrap();
    let _attached = recorder.attach_with_roots("thread of main");
    let _context = runtime.enter();
    if on == On::Virtual {
        recorder.begin_virtual();
    } else {
        recorder.begin_real();
    }
    runtime.block_on(program);
    let mut trace = Trace::default();
    reader.drain(true, |thread, event| trace.push(thread, event));
    let end_ns = trace.end_ns;
    trace.close(end_ns);
    trace
}

/// Three local tasks: one yields, one waits for another task, and one is aborted.
async fn program() {
    let local = LocalSet::new();
    let news = Rc::new(Notify::new());
    let told = news.clone();
    local
        .run_until(async {
            let yields = spawn_local(async {
                for _ in 0..3 {
                    yield_now().await;
                }
            });
            let waits = spawn_local(async move { told.notified().await }); // Waits.
            let tells = spawn_local(async move {
                sleep(10 * MS).await;
                news.notify_one();
            });
            for task in [yields, waits, tells] {
                task.await.unwrap();
            }
            let cut_off = spawn_local(sleep(1_000 * MS));
            yield_now().await;
            cut_off.abort();
            assert!(cut_off.await.unwrap_err().is_cancelled());
        })
        .await;
}

#[test]
fn local_tasks_live_like_tasks() {
    for on in [On::Virtual, On::OneThread] {
        let trace = embedded(on, program());
        let tasks = lanes(&trace, LaneOf::Local);
        let [(_, yields), (_, waiting), (tells, _), (_, cut_off)] = tasks[..] else { panic!("{on:?}: {tasks:?}") };
        assert_eq!((&*yields.name, life(yields), yields.polls), ("local 0", "rpwrpwrpwrp".to_owned(), 4), "{on:?}");
        assert_eq!(life(waiting), "rpwrp", "{on:?}");
        assert!(line_of(waiting).ends_with("// Waits."), "{on:?}: {}", line_of(waiting));
        let leaves = waits(&trace, "local 1");
        assert!(leaves.len() == 1 && leaves[0][0].starts_with("notify "), "{on:?}: {leaves:?}");
        assert_eq!(waiting.wakes.iter().map(|wake| wake.by).collect::<Vec<_>>(), [Waker::Task(tells)], "{on:?}");
        assert_eq!(waits(&trace, "local 2").len(), 1, "{on:?}");
        let ends: Vec<_> = tasks.iter().map(|(_, task)| task.ended.map(|end| (end.how, end.inferred))).collect();
        let ends_well = Some((End::Completed, false));
        assert_eq!(ends, [ends_well, ends_well, ends_well, Some((End::Cancelled, false))], "{on:?}");
        assert_eq!(cut_off.polls, 2, "{on:?}: once to begin, and once to be dropped");
        let (root, _) = lanes(&trace, LaneOf::Root)[0];
        assert!(tasks.iter().all(|(_, task)| task.parent == Some(root)), "{on:?}");
        assert_eq!((trace.totals().spawned, trace.polls, trace.lanes_of(LaneOf::Local)), (0, 0, 4), "{on:?}");
        assert_eq!(trace.findings().list, [], "{on:?}");
    }
}

/// A thread is at the outer poll while the inner one runs.
#[test]
fn a_thread_that_polls_a_local_task_polls_whoever_drives_it() {
    let trace = embedded(On::OneThread, program());
    let threads: Vec<u16> = trace.polling_threads().collect();
    let [thread] = threads[..] else { panic!("{threads:?}") };
    let polls = trace.polls_on(thread).unwrap();
    let of = (0..).map_while(|place| polls.get(place)).map(|poll| trace.tasks[poll.task as usize].of);
    assert!(of.clone().all(|of| of == LaneOf::Root), "{:?}", of.collect::<Vec<_>>());
}

/// The local task that wakes a joiner is its waker, not the task that drives the set.
#[test]
fn the_end_of_a_local_task_wakes_who_waits_for_it() {
    // On the virtual clock time stops while a blocking thread is busy.
    for on in [On::OneThread, On::TwoWorkers] {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            let handle = tokio::runtime::Handle::current();
            let work = spawn_blocking(move || {
                let local = LocalSet::new();
                let (send, receive) = tokio::sync::oneshot::channel();
                let inner = local.spawn_local(async move {
                    receive.await.unwrap();
                    7
                });
                let outer = local.spawn_local(async move { assert_eq!(inner.await.unwrap(), 7) });
                handle.block_on(local.run_until(async move {
                    sleep(5 * MS).await;
                    send.send(()).unwrap();
                    outer.await.unwrap();
                }));
            });
            work.await.unwrap();
        });
        let tasks = lanes(&trace, LaneOf::Local);
        let [(inner, _), (_, outer)] = tasks[..] else { panic!("{on:?}: {tasks:?}") };
        assert_eq!(outer.wakes.iter().map(|wake| wake.by).collect::<Vec<_>>(), [Waker::Task(inner)], "{on:?}");
        // The closure runs, the root is polled inside it, and the local tasks inside the root.
        let (closure, _) = lanes(&trace, LaneOf::Blocking)[0];
        let (root, of_root) = lanes(&trace, LaneOf::Root)[0];
        assert_eq!((of_root.parent, trace.tasks[closure as usize].parent), (Some(closure), Some(find(&trace, "main"))), "{on:?}");
        assert!(tasks.iter().all(|(_, task)| task.ended.is_some_and(|end| end.how == End::Completed)), "{on:?}");
        assert_eq!(tasks[0].1.parent, Some(closure), "{on:?}: it was spawned before the root began");
        assert!(of_root.ended.is_some_and(|end| end.how == End::Completed && !end.inferred), "{on:?}: {:?}", of_root.ended);
        let waits_in = trace.tasks[root as usize].segments.iter().any(|segment| segment.state == State::Waiting(Cause::Time));
        assert!(waits_in, "{on:?}: the root waits for its timer");
    }
}
