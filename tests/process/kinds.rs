//! Local tasks, closures and roots, without anything but their spans.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use facts::event::{LaneOf, LastPoll, What};
use tokio::runtime::{Builder, Handle, LocalOptions};
use tokio::sync::oneshot;
use tokio::task::{self, LocalSet};
use tokio::time::sleep;

use super::Part;
use super::observed::{On, spawn};

pub(crate) const MS: Duration = Duration::from_millis(1);

#[test]
fn local_tasks_are_polled_within_the_root_that_drives_them() {
    let (seen, polls) = Part::begin().run(On::OneThread, On::OneThread.builder(), |runtime| {
        let set = LocalSet::new();
        set.block_on(runtime, async {
            let yields = task::spawn_local(async {
                for _ in 0..5 {
                    task::yield_now().await;
                }
            });
            yields.await.expect("does not panic");
            let waits = task::spawn_local(std::future::pending::<()>());
            task::yield_now().await;
            waits.abort();
            _ = waits.await;
        });
        set.spawn_local(std::future::pending::<()>());
        drop(set);
    });
    seen.check();
    assert_eq!((seen.polls(), polls), (0, 0));
    let [yields, waits, never] = seen.lanes(LaneOf::Local)[..] else { panic!("{:#?}", seen.told()) };
    let [root] = seen.lanes(LaneOf::Root)[..] else { panic!("{:#?}", seen.told()) };
    assert_eq!((yields.parent, waits.parent, never.parent), (Some(root.task), Some(root.task), None));
    assert_eq!(
        (seen.polls_of(yields.task), seen.polls_of(waits.task), seen.polls_of(never.task)),
        (6, 2, 0),
        "{:#?}",
        seen.told()
    );
    let ends = seen.ends();
    assert_eq!(
        [yields, waits, never, root].map(|lane| ends[&lane.task]),
        [LastPoll::Polled, LastPoll::Dropped, LastPoll::Shutdown, LastPoll::Polled]
    );
}

#[test]
fn a_closure_is_queued_until_a_thread_takes_it() {
    // The pool has one thread.
    let (seen, _) = Part::begin().run(On::OneThread, On::OneThread.builder(), |runtime| {
        runtime.block_on(async {
            let (go, gone) = mpsc::channel::<()>();
            let first = task::spawn_blocking(move || gone.recv().expect("main sends"));
            let second = task::spawn_blocking(|| ());
            let third = task::spawn_blocking(|| ());
            third.abort();
            go.send(()).expect("the closure waits");
            first.await.expect("does not panic");
            second.await.expect("does not panic");
            assert!(third.await.expect_err("aborted").is_cancelled());
        });
    });
    seen.check();
    let lanes = seen.lanes(LaneOf::Blocking);
    let [first, second, third] = lanes[..] else { panic!("{:#?}", seen.told()) };
    let at = |pick: &dyn Fn(&What) -> bool| seen.events.iter().find(|(_, event)| pick(&event.what)).map(|(_, event)| event.at_ns);
    let begun = |task| at(&|what| matches!(what, What::PollStart(polled) if *polled == task)).expect("a thread takes it");
    let ended = |task| at(&|what| matches!(what, What::Terminate { task: ended, .. } if *ended == task)).expect("it ends");
    assert!(begun(second.task) >= ended(first.task), "the only thread was busy");
    assert!(seen.threads_of(first.task)[0].ends_with("blocking 0"));
    assert_eq!((seen.threads_of(second.task), seen.polls_of(second.task)), (seen.threads_of(first.task), 1));
    let ends = seen.ends();
    assert_eq!([first, second, third].map(|lane| ends[&lane.task]), [LastPoll::Polled, LastPoll::Polled, LastPoll::Dropped]);
    assert!(seen.whats().any(|what| matches!(what, What::PoolThread)));
    assert!(!seen.whats().any(|what| matches!(what, What::WorkerThread)));
}

#[test]
fn roots_are_seen_wherever_they_are() {
    let (seen, polls) = Part::begin().run(On::TwoWorkers, On::TwoWorkers.builder(), |runtime| {
        runtime.block_on(async {
            let handle = Handle::current();
            let inner = task::spawn_blocking(move || handle.block_on(async { sleep(5 * MS).await }));
            inner.await.expect("does not panic");
        });
        runtime.block_on(async {});
        thread::scope(|scope| {
            scope.spawn(|| runtime.block_on(async { spawn("child", sleep(MS)).await.expect("does not panic") }));
        });
        // A task that blocks its worker on a root; its thread goes on in another place.
        runtime.block_on(async {
            let blocks = spawn("blocks", async {
                task::block_in_place(|| Handle::current().block_on(sleep(2 * MS)));
                task::yield_now().await;
            });
            blocks.await.expect("does not panic");
        });
    });
    seen.check();
    assert_eq!(seen.polls(), polls, "{:#?}", seen.told());
    let roots = seen.lanes(LaneOf::Root);
    let [closure] = seen.lanes(LaneOf::Blocking)[..] else { panic!("{:#?}", seen.told()) };
    let [_, inner, empty, other, _, within] = roots[..] else { panic!("{roots:#?}") };
    assert_eq!((inner.parent, empty.parent, other.parent), (Some(closure.task), None, None));
    assert_eq!(within.parent, Some(seen.task("blocks")));
    assert_eq!(seen.polls_of(empty.task), 1);
    assert!(seen.threads_of(inner.task)[0].ends_with("blocking 0"));
    let parent = seen.whats().find_map(|what| match what {
        What::Spawn { task, parent, .. } if *task == seen.task("child") => Some(*parent),
        _ => None,
    });
    assert_eq!(parent, Some(Some(other.task)));
    let ends = seen.ends();
    assert!(roots.iter().all(|root| ends[&root.task] == LastPoll::Polled));
}

/// The names of the threads that polled something.
#[test]
fn each_worker_of_each_runtime_has_its_own_name() {
    let mut part = Part::begin();
    let workers = |name: Option<&str>| {
        let mut builder = Builder::new_multi_thread();
        if let Some(name) = name {
            builder.name(name);
        }
        builder.worker_threads(2).build().expect("a runtime")
    };
    let (one, two, with_name) = (workers(None), workers(None), workers(Some("io")));
    let mut names = Vec::new();
    for runtime in [&one, &two, &with_name] {
        // Two tasks that wait for each other on two threads.
        runtime.block_on(async {
            let (to_other, from_one) = mpsc::channel::<()>();
            let (to_one, from_other) = mpsc::channel::<()>();
            let meets = [(to_other, from_other), (to_one, from_one)].map(|(to, from)| {
                spawn("meets", async move {
                    to.send(()).expect("the other one waits");
                    from.recv().expect("the other one sends");
                })
            });
            for meets in meets {
                meets.await.expect("does not panic");
            }
        });
    }
    drop((one, two, with_name));
    let seen = part.so_far(true);
    seen.check();
    for task in seen.tasks() {
        names.extend(seen.threads_of(task).into_iter().map(str::to_owned));
    }
    names.sort_unstable();
    let (io, others) = names.split_at(2);
    assert_eq!(io, ["io worker 0", "io worker 1"]);
    // Other tests of this process have had runtimes before.
    assert!(others.iter().all(|name| name.contains("worker ")), "{others:?}");
    let mut different = others.to_vec();
    different.dedup();
    assert_eq!(different.len(), 4, "{others:?}");
}

#[test]
fn a_runtime_in_a_closure_of_another_is_seen_and_its_tasks_end_with_it() {
    let (seen, polls) = Part::begin().run(On::TwoWorkers, On::TwoWorkers.builder(), |runtime| {
        runtime.block_on(async {
            let inner = task::spawn_blocking(|| {
                let inner = On::OneThread.builder().build().expect("a runtime");
                inner.block_on(async {
                    spawn("lives", std::future::pending::<()>());
                    spawn("inner", sleep(MS)).await.expect("does not panic");
                });
            });
            inner.await.expect("does not panic");
        });
    });
    seen.check();
    assert_eq!((seen.polls(), polls), (3, 0), "{:#?}", seen.told());
    assert_eq!(seen.ends()[&seen.task("lives")], LastPoll::Shutdown);
    assert!(seen.threads_of(seen.task("inner")).iter().all(|thread| thread.ends_with("blocking 0")));
}

/// With hooks and without them, in either place.
#[test]
fn a_runtime_within_a_task_of_another_is_seen_and_the_task_goes_on() {
    for hooks in [[false, false], [false, true], [true, false], [true, true]] {
        let mut builder = On::TwoWorkers.builder();
        let part = Part::begin();
        if hooks[0] {
            recorder::observe(&mut builder);
        }
        let (seen, polls) = part.run(On::TwoWorkers, builder, |runtime| {
            let outer = async move {
                task::yield_now().await;
                let inner = task::block_in_place(|| {
                    let mut builder = On::OneThread.builder();
                    if hooks[1] {
                        recorder::observe(&mut builder);
                    }
                    let inner = builder.build().expect("a runtime");
                    inner.block_on(async {
                        spawn("lives", std::future::pending::<()>());
                        spawn("inner", sleep(MS)).await.expect("does not panic");
                    });
                    let polls = inner.metrics().worker_poll_count(0);
                    drop(inner);
                    polls
                });
                spawn("last", task::yield_now()).await.expect("does not panic");
                inner
            };
            let inner = runtime.block_on(async { spawn("outer", outer).await }).expect("does not panic");
            assert_eq!(inner, 3);
        });
        seen.check();
        assert_eq!(seen.polls(), polls + 3, "{hooks:?} {:#?}", seen.told());
        let parent = seen.whats().find_map(|what| match what {
            What::Spawn { task, parent, .. } if *task == seen.task("last") => Some(*parent),
            _ => None,
        });
        assert_eq!(parent, Some(Some(seen.task("outer"))), "{hooks:?}");
    }
}

#[test]
fn tasks_of_a_local_runtime_are_tasks() {
    let mut part = Part::begin();
    let runtime = Builder::new_current_thread().build_local(LocalOptions::default()).expect("a runtime");
    runtime.block_on(async {
        task::spawn_local(task::yield_now()).await.expect("does not panic");
        task::spawn(task::yield_now()).await.expect("does not panic");
    });
    let polls = runtime.metrics().worker_poll_count(0);
    drop(runtime);
    let seen = part.so_far(true);
    seen.check();
    let all = seen.polls() + seen.lanes(LaneOf::Local).iter().map(|lane| seen.polls_of(lane.task) as u64).sum::<u64>();
    assert_eq!((all, polls), (4, 4), "{:#?}", seen.told());
}

/// A thread that goes to sleep after a poll does not seem to be in it.
#[test]
fn a_poll_ends_when_its_thread_sleeps() {
    let mut part = Part::begin();
    let runtime = On::TwoWorkers.builder().build().expect("a runtime");
    let (send, receive) = oneshot::channel::<()>();
    let waits = runtime.spawn(async { receive.await.is_ok() });
    let (mut starts, mut ends) = (0, 0);
    while (starts, ends) != (1, 1) {
        for (_, event) in part.so_far(false).events {
            starts += usize::from(matches!(event.what, What::PollStart(_)));
            ends += usize::from(matches!(event.what, What::PollEnd(_)));
        }
        assert!(starts <= 1 && ends <= 1);
        thread::sleep(MS);
    }
    send.send(()).expect("the task waits");
    assert!(runtime.block_on(waits).expect("does not panic"));
    drop(runtime);
    let rest = part.so_far(true);
    let ends = rest.whats().filter(|what| matches!(what, What::PollEnd(_))).count();
    let starts = rest.whats().filter(|what| matches!(what, What::PollStart(_))).count();
    assert_eq!(starts, ends, "{:#?}", rest.told());
    assert!(rest.events.is_sorted_by_key(|(_, event)| event.at_ns));
}

/// The program's own threads have lanes under their names, and are outside the runtime.
#[test]
fn a_thread_of_the_program_joins_and_leaves() {
    for _ in 0..3 {
        let (seen, _) = Part::begin().run(On::OneThread, On::OneThread.builder(), |runtime| {
            runtime.block_on(async {
                let (send, receive) = oneshot::channel();
                let waits = spawn("waits", receive);
                task::yield_now().await;
                let sends = thread::Builder::new().name("sends".to_owned());
                let sends = sends.spawn(move || send.send(()).expect("the task waits")).expect("a thread");
                waits.await.expect("does not panic").expect("sent");
                sends.join().expect("does not panic");
            });
        });
        seen.check();
        let waits = seen.task("waits");
        let woken: Vec<_> = seen
            .events
            .iter()
            .filter_map(|(thread, event)| match &event.what {
                What::Wake { task, by } if *task == waits => Some((&*seen.threads[usize::from(*thread)], *by)),
                _ => None,
            })
            .collect();
        let [("sends", Some(by))] = woken[..] else { panic!("{woken:?}") };
        assert!(!seen.tasks().contains(&by), "no task has sent it");
        assert_eq!(seen.threads.iter().filter(|name| **name == "sends").count(), 1, "the name is used again");
    }
}
