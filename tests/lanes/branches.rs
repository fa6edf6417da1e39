//! The concurrent futures of one task: when each began and how it ended, checked by arithmetic.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, FuturesUnordered};
use recorder::Detail;
use tokio::sync::{Mutex, Notify, Semaphore, mpsc};
use tokio::time::{interval, sleep, timeout};
use trace::{Cause, End, Fill, Trace, Window};

use super::observed::{On, find, observe, spawn};

const MS: Duration = Duration::from_millis(1);
const MS_NS: u64 = 1_000_000;

/// Each lane of a task's futures: `time 0-10 returned`, with a `?` if the end is inferred.
fn lanes(trace: &Trace, task: &str) -> Vec<Vec<String>> {
    let task = find(trace, task);
    let lane = |lane: usize| {
        let branches = trace.branches(task, lane).iter();
        let told = branches.map(|branch| {
            let how = match branch.end.map(|end| end.how) {
                None => "waits",
                Some(End::Completed) => "returned",
                Some(End::Cancelled) => "dropped",
                Some(_) => "over",
            };
            let mark = if branch.end.is_some_and(|end| end.inferred) { "?" } else { "" };
            let to = branch.end.map(|end| (end.at_ns / MS_NS).to_string()).unwrap_or_default();
            format!("{} {}-{to} {how}{mark}", trace.site(branch.site).cause, branch.start_ns / MS_NS)
        });
        told.collect::<Vec<_>>()
    };
    (0..trace.branch_lanes(task)).map(lane).collect()
}

/// The lanes in an order that does not depend on which branch a `select!` polls first.
fn sorted(trace: &Trace, task: &str) -> Vec<Vec<String>> {
    let mut lanes = lanes(trace, task);
    lanes.sort();
    lanes
}

fn run(program: impl Future<Output = ()> + Send + 'static) -> Trace {
    observe(On::Virtual, Detail::Waits, |_| program).0
}

#[test]
fn of_a_select_the_losers_are_dropped_when_the_winner_returns() {
    let trace = run(async {
        let (_send, mut receive) = mpsc::channel::<()>(1);
        let (locked, permits) = (Mutex::new(()), Semaphore::new(0));
        let _held = locked.lock().await;
        tokio::select! {
            () = sleep(10 * MS) => {}
            _ = permits.acquire() => {}
            _ = locked.lock() => {}
            _ = receive.recv() => {}
        }
        sleep(5 * MS).await;
    });
    assert_eq!(
        sorted(&trace, "main"),
        [["mpsc recv 0-10 dropped?"], ["mutex 0-10 dropped"], ["semaphore 0-10 dropped"], ["time 0-10 returned"]]
    );
}

#[test]
fn of_a_select_at_the_end_of_a_task_it_is_known_too() {
    let trace = run(async {
        let (_send, mut receive) = mpsc::channel::<()>(1);
        tokio::select! {
            () = sleep(10 * MS) => {}
            _ = receive.recv() => {}
        }
    });
    assert_eq!(sorted(&trace, "main"), [["mpsc recv 0-10 dropped?"], ["time 0-10 returned"]]);
}

#[test]
fn what_nobody_saw_return_has_returned_if_all_others_were_dropped() {
    let trace = run(async {
        let (send, mut receive) = mpsc::channel::<()>(1);
        let sends = spawn("sends", async move {
            sleep(10 * MS).await;
            send.send(()).await.unwrap();
        });
        tokio::select! {
            () = sleep(20 * MS) => {}
            _ = receive.recv() => {}
        }
        sends.await.unwrap();
    });
    assert_eq!(sorted(&trace, "main"), [["mpsc recv 0-10 returned?"], ["time 0-10 dropped"]]);
}

#[test]
fn which_of_two_messages_came_is_not_known() {
    let trace = run(async {
        let (send, mut receive) = mpsc::channel::<()>(1);
        let notify = Notify::new();
        let sends = spawn("sends", async move {
            sleep(10 * MS).await;
            send.send(()).await.unwrap();
        });
        tokio::select! {
            () = notify.notified() => {}
            _ = receive.recv() => {}
        }
        sends.await.unwrap();
    });
    assert_eq!(sorted(&trace, "main"), [["mpsc recv 0-10 over?"], ["notify 0-10 over?"]]);
}

#[test]
fn of_a_join_each_branch_goes_on_by_itself() {
    async fn twice(ms: u32) {
        sleep(ms * MS).await;
        sleep(ms * MS).await;
    }
    let trace = run(async {
        tokio::join!(twice(10), twice(25));
        sleep(MS).await;
    });
    assert_eq!(
        lanes(&trace, "main"),
        [["time 0-10 returned", "time 10-20 returned"], ["time 0-25 returned", "time 25-50 returned"]],
    );
}

#[test]
fn of_a_set_each_future_has_its_lane() {
    let trace = run(async {
        let fetch = |i: u32| async move {
            sleep((i + 1) * 10 * MS).await;
            sleep(i * 10 * MS).await;
        };
        let mut all: FuturesUnordered<_> = (0..3).map(fetch).collect();
        while all.next().await.is_some() {}
    });
    let lanes = lanes(&trace, "main");
    assert_eq!(lanes[0][0], "time 0-10 returned");
    assert_eq!(lanes[1], ["time 0-20 returned", "time 20-30 returned"]);
    assert_eq!(lanes[2], ["time 0-30 returned", "time 30-50 returned"]);
}

#[test]
fn no_more_lanes_than_futures_at_a_time() {
    let trace = run(async {
        let naps = (1..=9).map(|i| sleep(i * 10 * MS));
        stream::iter(naps).buffer_unordered(3).collect::<Vec<_>>().await;
    });
    let lanes = lanes(&trace, "main");
    assert_eq!(lanes.len(), 3, "{lanes:?}");
    assert_eq!(lanes.iter().map(Vec::len).sum::<usize>(), 9, "{lanes:?}");
}

#[test]
fn a_select_in_a_loop_has_as_many_lanes_as_branches() {
    let trace = run(async {
        let (send, mut receive) = mpsc::channel::<u32>(1);
        let sends = spawn("sends", async move {
            for i in 0..3 {
                sleep(10 * MS).await;
                send.send(i).await.unwrap();
            }
        });
        let mut ticks = interval(15 * MS);
        ticks.tick().await;
        for _ in 0..4 {
            tokio::select! {
                _ = receive.recv() => {}
                _ = ticks.tick() => {}
            }
        }
        sends.await.unwrap();
    });
    assert_eq!(trace.branch_lanes(find(&trace, "main")), 2, "{:?}", lanes(&trace, "main"));
}

#[test]
fn what_an_abort_drops_is_dropped_then() {
    let trace = run(async {
        let task = spawn("both", async {
            tokio::join!(sleep(100 * MS), async {
                let permits = Semaphore::new(0);
                assert!(timeout(50 * MS, permits.acquire()).await.is_ok());
            });
        });
        sleep(20 * MS).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(sorted(&trace, "both"), [["semaphore 0-20 dropped"], ["time 0-20 dropped"]]);
}

#[test]
fn a_task_that_waits_for_one_thing_at_a_time_has_none() {
    let trace = run(async {
        let (_send, mut receive) = mpsc::channel::<()>(1);
        sleep(10 * MS).await;
        assert!(timeout(5 * MS, sleep(MS)).await.is_ok());
        assert!(receive.try_recv().is_err());
        spawn("alone", async { sleep(MS).await }).await.unwrap();
    });
    for task in ["main", "alone"] {
        assert_eq!(lanes(&trace, task), Vec::<Vec<String>>::new(), "{task}");
    }
}

#[test]
fn the_cells_say_the_same() {
    let trace = run(async {
        let permits = Arc::new(Semaphore::new(0));
        tokio::select! {
            biased;
            () = sleep(30 * MS) => {}
            _ = permits.acquire() => {}
        }
        sleep(20 * MS).await;
    });
    let cells = |lane: usize, until_ms: u64| -> String {
        let window = Window { left_ns: 0, cell_ns: 10 * MS_NS, until_ns: until_ms * MS_NS, tail: 0 };
        let fills = trace.branch_cells(find(&trace, "main"), lane, window, 6, None).into_iter();
        fills
            .map(|fill| match fill {
                Fill::Empty => ' ',
                Fill::Running { .. } => 'r',
                Fill::Waiting { .. } => '-',
                Fill::End(End::Cancelled, false) => 'x',
                other => panic!("{other:?}"),
            })
            .collect()
    };
    assert_eq!((cells(0, 50), cells(1, 50)), ("---r  ".to_owned(), "---x  ".to_owned()));
    assert_eq!((cells(0, 29), cells(1, 29)), ("---   ".to_owned(), "---   ".to_owned()));
}

#[test]
fn branches_of_one_function_are_told_apart_also_where_only_the_wait_is_seen() {
    async fn two(notify: &Notify) {
        notify.notified().await;
        notify.notified().await;
    }
    let trace = run(async {
        let (one, other) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (first, second) = (one.clone(), other.clone());
        let notifies = spawn("notifies", async move {
            for notify in [&first, &second, &first, &second] {
                sleep(10 * MS).await;
                notify.notify_one();
            }
        });
        tokio::join!(two(&one), two(&other));
        notifies.await.unwrap();
    });
    let starts = |lane: usize| trace.branches(find(&trace, "main"), lane).iter().map(|branch| branch.start_ns / MS_NS);
    assert_eq!(trace.branch_lanes(find(&trace, "main")), 2);
    assert_eq!((starts(0).collect::<Vec<_>>(), starts(1).collect::<Vec<_>>()), (vec![0, 10], vec![0, 20]));
}

#[test]
fn a_lock_that_a_future_was_given_while_nobody_polls_it_makes_it_ready() {
    let trace = run(async {
        let lock = Arc::new(Mutex::new(()));
        let held = lock.clone().lock_owned().await;
        let holds = spawn("holds", async move {
            sleep(30 * MS).await;
            drop(held);
        });
        let mut first = std::pin::pin!(lock.lock());
        tokio::select! {
            _ = &mut first => unreachable!("it is held"),
            () = sleep(10 * MS) => {}
        }
        sleep(60 * MS).await;
        drop(first.await);
        holds.await.unwrap();
    });
    let task = find(&trace, "main");
    let lane = (0..2).find(|lane| trace.branches(task, *lane)[0].granted_ns.is_some()).unwrap();
    assert_eq!(trace.branches(task, lane)[0].granted_ns, Some(30 * MS_NS));
    let window = Window { left_ns: 0, cell_ns: 10 * MS_NS, until_ns: trace.end_ns, tail: 0 };
    let fills = trace.branch_cells(task, lane, window, 8, None);
    assert_eq!(fills[4..7], [Fill::Ready; 3], "{fills:?}");
    assert!(matches!(fills[2], Fill::Waiting { .. }), "{fills:?}");
}

/// A connection that waits for its next bytes and for the end of the server, as most servers do.
#[test]
fn the_branch_that_usually_wakes_a_task_comes_first() {
    let (trace, _) = observe(On::TwoWorkers, Detail::Waits, |_| async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let mut client = tokio::net::TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        let (mut server, _) = listener.accept().await.expect("a client connects");
        let (over, mut hears) = tokio::sync::broadcast::channel::<()>(1);
        let task = spawn("serves", async move {
            let mut bytes = [0; 8];
            for _ in 0..4 {
                tokio::select! {
                    biased;
                    _ = hears.recv() => return,
                    read = tokio::io::AsyncReadExt::read(&mut server, &mut bytes) => assert_eq!(read.expect("it is connected"), 8),
                }
            }
        });
        for _ in 0..4 {
            sleep(5 * MS).await;
            tokio::io::AsyncWriteExt::write_all(&mut client, &[0; 8]).await.expect("it is connected");
        }
        task.await.expect("it does not panic");
        drop(over);
    });
    let task = find(&trace, "serves");
    let told = lanes(&trace, "serves");
    assert!(told[0][0].starts_with("broadcast ") && told[1][0].starts_with("io "), "as polled: {told:?}");
    assert_eq!(trace.branch_order(task), [1, 0]);
    let last = trace.waits_of(task).last().expect("it waits");
    let causes: Vec<_> = trace.leaves_at(task, last.start_ns).iter().map(|leaf| trace.site(leaf.site).cause).collect();
    assert_eq!(causes, [Cause::Io, Cause::Broadcast]);
}
