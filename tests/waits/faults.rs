//! Unusual stacks: tiny, deep, unwinding, and stacks of other threads. Whatever the stack is like, the walk ends, and the
//! recording is right.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker as TaskWaker};
use std::thread;
use std::time::Duration;

use recorder::Detail;
use tokio::runtime::Builder;
use tokio::sync::{Barrier, Notify};
use tokio::task;
use tokio::time::sleep;
use trace::{Cause, End, Trace, Waker};

use super::kinds::{Lines, check_lines};
use super::observed::{On, find, observe_on, spawn, waits};
use super::{observe, on_virtual};

const MS: Duration = Duration::from_millis(1);

/// A thread's stack in bytes: a thirty-second of a Tokio worker's.
const TINY: usize = 1 << 16;

/// The waker of the calling task.
async fn own_waker() -> TaskWaker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

fn end_of(trace: &Trace, name: &str) -> Option<End> {
    trace.tasks[find(trace, name) as usize].ended.map(|ended| ended.how)
}

#[test]
fn workers_with_tiny_stacks_tell_their_waits() {
    let lines = Lines::default();
    let l = lines.clone();
    let mut builder = On::TwoWorkers.builder();
    builder.thread_stack_size(TINY / 2);
    let (trace, polls) = observe_on(builder, On::TwoWorkers, Detail::Waits, |_| async move {
        l.expect("main", Cause::Time, line!() + 1);
        sleep(5 * MS).await;
    });
    check_lines(&trace, &lines, 1);
    assert_eq!(trace.polls, polls);
}

#[test]
fn a_runtime_on_a_thread_with_a_tiny_stack_tells_its_waits() {
    let lines = Lines::default();
    let l = lines.clone();
    let observed = thread::Builder::new().stack_size(TINY).spawn(|| {
        on_virtual(async move {
            l.expect("main", Cause::Time, line!() + 1);
            sleep(5 * MS).await;
        })
    });
    check_lines(&observed.unwrap().join().unwrap(), &lines, 1);
}

#[test]
fn of_a_wait_below_a_deep_recursion_the_innermost_calls_are_told() {
    fn descend(levels: u32, bottom: impl Future<Output = ()> + Send + 'static) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if levels == 0 {
            return Box::pin(bottom);
        }
        Box::pin(async move { descend(levels - 1, bottom).await })
    }
    let lines = Lines::default();
    let l = lines.clone();
    let trace = on_virtual(descend(500, async move {
        l.expect("main", Cause::Time, line!() + 1);
        sleep(5 * MS).await;
    }));
    check_lines(&trace, &lines, 1);
    let site = trace.waits_of(find(&trace, "main")).next().unwrap().leaves[0].site;
    assert!((2..100).contains(&trace.site(site).chain().count()), "cut, and not at once");
}

/// Clones a waker when it is dropped, below that many calls.
struct ClonesWhenDropped(TaskWaker, u32);

impl Drop for ClonesWhenDropped {
    fn drop(&mut self) {
        if self.1 > 0 {
            drop(Self(self.0.clone(), self.1 - 1));
        }
        assert!(self.0.clone().will_wake(&self.0));
    }
}

#[test]
fn a_waker_that_is_cloned_while_a_panic_unwinds_does_no_harm() {
    for on in [On::OneThread, On::TwoWorkers] {
        let lines = Lines::default();
        let l = lines.clone();
        let (trace, polls) = observe(on, Detail::Waits, |_| async move {
            let panics = spawn("panics", async {
                let _clones = ClonesWhenDropped(own_waker().await, 200);
                panic!("on purpose");
            });
            assert!(panics.await.unwrap_err().is_panic());
            let goes_on = spawn("goes on", async move {
                l.expect("goes on", Cause::Time, line!() + 1);
                sleep(5 * MS).await;
            });
            goes_on.await.unwrap();
        });
        assert_eq!(end_of(&trace, "panics"), Some(End::Panicked));
        assert_eq!(waits(&trace, "panics"), [] as [Vec<String>; 0], "it has cloned, and ended");
        check_lines(&trace, &lines, 1);
        assert_eq!(trace.polls, polls);
    }
}

#[test]
fn a_waker_that_is_cloned_by_a_thread_of_no_run_is_no_wait() {
    let lines = Lines::default();
    let l = lines.clone();
    let trace = observe(On::TwoWorkers, Detail::Waits, |live| async move {
        let notify = Arc::new(Notify::new());
        let n = notify.clone();
        let (give, given) = std::sync::mpsc::channel();
        let waits = spawn("waits", async move {
            give.send(own_waker().await).unwrap();
            l.expect("waits", Cause::Notify, line!() + 1);
            n.notified().await;
        });
        live.until_waiting("waits").await;
        let waker: TaskWaker = given.recv().unwrap();
        let foreign = thread::Builder::new().stack_size(TINY).spawn(move || {
            drop(ClonesWhenDropped(waker, 50));
            notify.notify_one();
        });
        foreign.unwrap().join().unwrap();
        waits.await.unwrap();
    });
    check_lines(&trace.0, &lines, 1);
    let wakes: Vec<Waker> = trace.0.tasks[find(&trace.0, "waits") as usize].wakes.iter().map(|wake| wake.by).collect();
    assert_eq!(wakes, [Waker::Outside]);
}

#[test]
fn a_waker_that_is_cloned_in_another_tasks_poll_is_no_wait_of_that_one() {
    let lines = Lines::default();
    let l = lines.clone();
    let trace = on_virtual(async move {
        let (hand_over, handed) = tokio::sync::oneshot::channel();
        let gives = spawn("gives", async move {
            hand_over.send(own_waker().await).unwrap();
            l.expect("gives", Cause::Time, line!() + 1);
            sleep(10 * MS).await;
        });
        let clones = spawn("clones", async move {
            drop(ClonesWhenDropped(handed.await.unwrap(), 50));
        });
        gives.await.unwrap();
        clones.await.unwrap();
    });
    check_lines(&trace, &lines, 1);
    let clones = waits(&trace, "clones").concat();
    assert!(clones.iter().all(|leaf| leaf.starts_with("oneshot")), "{clones:?}");
}

/// Runs a program on a runtime that is not observed.
fn block_on_another_runtime() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let barrier = Arc::new(Barrier::new(2));
        let b = barrier.clone();
        let stranger = spawn("stranger", async move {
            sleep(MS).await;
            b.wait().await;
        });
        barrier.wait().await;
        stranger.await.unwrap();
    });
}

#[test]
fn another_runtime_is_no_part_of_the_run_wherever_it_blocks() {
    let lines = Lines::default();
    let l = lines.clone();
    let (trace, polls) = observe(On::TwoWorkers, Detail::Waits, |_| async move {
        thread::spawn(block_on_another_runtime).join().unwrap();
        task::spawn_blocking(block_on_another_runtime).await.unwrap();
        // On a worker, in a task's poll.
        task::block_in_place(block_on_another_runtime);
        l.expect("sleeps", Cause::Time, line!() + 2);
        spawn("sleeps", async {
            sleep(5 * MS).await;
        })
        .await
        .unwrap();
    });
    assert!(trace.tasks.iter().all(|task| task.name != "stranger"));
    check_lines(&trace, &lines, 1);
    assert_eq!(trace.polls, polls);
}
