//! The cells of a lane, checked by arithmetic on small programs.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use recorder::Detail;
use scenario::testing::in_a_calm_moment;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, interval, sleep, sleep_until, timeout};
use trace::{End, Family, Fill, TaskIx, Trace, Window};

use super::observed::{On, find, observe, spawn};

const MS: Duration = Duration::from_millis(1);
const MS_NS: u64 = 1_000_000;

/// A lane at so many milliseconds per cell: `h` holds, `H` holds and queues, `l` queues, `w` waits, `r` ready, `p` polled, `.`
/// an end.
fn drawn(trace: &Trace, task: &str, cell_ms: u64) -> String {
    let window = Window { left_ns: 0, cell_ns: cell_ms * MS_NS, until_ns: trace.end_ns, tail: 0 };
    let cells = trace.cells(find(trace, task), window, (trace.end_ns / window.cell_ns + 1) as usize, None);
    cells.into_iter().map(letter).collect()
}

fn letter(fill: Fill) -> char {
    match fill {
        Fill::Empty => ' ',
        Fill::Running { .. } => 'p',
        Fill::Ready => 'r',
        Fill::Waiting { family: Family::Lock, holds } => {
            if holds {
                'H'
            } else {
                'l'
            }
        }
        Fill::Waiting { holds: true, .. } => 'h',
        Fill::Waiting { .. } => 'w',
        Fill::End(..) => '.',
        Fill::Forever => '8',
    }
}

#[test]
fn holding_and_standing_in_line_are_seen_however_short() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let limit = Arc::new(Semaphore::new(1));
        let request = |name: &str| {
            let limit = limit.clone();
            spawn(name, async move {
                let permit = limit.acquire().await.unwrap();
                sleep(30 * MS).await;
                drop(permit);
                sleep(40 * MS).await;
            })
        };
        for request in [request("first"), request("second")] {
            request.await.unwrap();
        }
    });
    assert_eq!(drawn(&trace, "first", 10), "hhhpwww.   ");
    assert_eq!(drawn(&trace, "second", 10), "pllhhhpwww.");
    // At 100 ms per cell everything is in one cell.
    assert_eq!(drawn(&trace, "second", 100), "h.");
}

#[test]
fn a_task_that_holds_one_lock_and_waits_for_another_does_both() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
        let (other, third) = (locks.clone(), locks.clone());
        let both = spawn("both", async move {
            let _first = locks[0].lock().await;
            sleep(10 * MS).await;
            let _second = locks[1].lock().await;
            sleep(20 * MS).await;
        });
        let one = spawn("one", async move {
            let _second = other[1].lock().await;
            sleep(40 * MS).await;
        });
        let wants_the_first = spawn("third", async move {
            sleep(50 * MS).await;
            drop(third[0].lock().await);
        });
        // Nobody ever waits for this lock.
        let lock = Mutex::new(());
        let _alone = lock.lock().await;
        both.await.unwrap();
        one.await.unwrap();
        wants_the_first.await.unwrap();
    });
    assert_eq!(drawn(&trace, "both", 10), "hHHHhh.");
    assert!(!drawn(&trace, "main", 10).contains('h'), "an uncontended resource is not shown");
}

/// One poll of 80 ms: on the virtual clock a poll takes time only if it advances the clock.
async fn one_long_poll(on: On) {
    if on == On::Virtual {
        let mut work = Box::pin(tokio::time::advance(80 * MS));
        std::future::poll_fn(|cx| work.as_mut().poll(cx)).await;
    } else {
        std::thread::sleep(80 * MS);
    }
}

/// After its deadline a task does not sleep: it waits for the worker.
#[test]
fn a_timer_that_is_late_is_drawn_as_ready_whatever_kind_it_is() {
    late_timers_are_ready(On::Virtual);
    // On a busy machine the long poll may begin after the timers are due.
    in_a_calm_moment(|| late_timers_are_ready(On::OneThread));
}

fn late_timers_are_ready(on: On) {
    let (trace, _) = observe(on, Detail::Waits, |_| async move {
        let start = Instant::now();
        let timers = [
            spawn("sleep", sleep(30 * MS)),
            spawn("sleep_until", sleep_until(start + 30 * MS)),
            spawn("interval", async {
                let mut ticks = interval(30 * MS);
                ticks.tick().await;
                ticks.tick().await;
            }),
            spawn("timeout", async { assert!(timeout(30 * MS, std::future::pending::<()>()).await.is_err()) }),
        ];
        let busy = spawn("busy", async move {
            sleep(10 * MS).await;
            one_long_poll(on).await;
        });
        busy.await.expect("does not panic");
        for timer in timers {
            timer.await.expect("does not panic");
        }
    });
    let busy = &trace.tasks[find(&trace, "busy") as usize];
    let over_ns = busy.ended.expect("it has ended").at_ns;
    // The counts match the drawn cells.
    let just_before_ns = over_ns - MS_NS;
    let late = ["sleep", "sleep_until", "interval", "timeout"].map(|timer| {
        let all = trace.overdue_in(find(&trace, timer), just_before_ns, just_before_ns);
        all.iter().filter(|one| one.due_ns <= just_before_ns && just_before_ns < one.woken_ns).count()
    });
    assert_eq!((late.iter().sum::<usize>(), trace.overdue_at(just_before_ns) as usize), (4, 4), "{on:?} {late:?}");
    assert_eq!((trace.all_overdue_at(just_before_ns), trace.all_overdue_at(trace.end_ns)), (4, 0), "{on:?}");
    for timer in ["sleep", "sleep_until", "interval", "timeout"] {
        let all = trace.overdue_in(find(&trace, timer), 0, trace.end_ns);
        // The first tick of an interval is due at once, and a slow machine may be late for it too.
        let Some(one) = all.last() else { panic!("{on:?} {timer}: it was not late") };
        // Due within the long poll, and woken when the poll ended.
        assert!(one.due_ns >= 30 * MS_NS && one.due_ns < over_ns && one.woken_ns >= over_ns, "{on:?} {timer}: {one:?}");
        let window = Window { left_ns: one.due_ns, cell_ns: (over_ns - one.due_ns) / 3, until_ns: over_ns, tail: 0 };
        let cells = trace.cells(find(&trace, timer), window, 3, None);
        assert_eq!(cells, [Fill::Ready; 3], "{on:?} {timer}");
    }
}

/// Three requests end at one moment, and three others get their permits. Poll by poll, each lane shows what has happened when
/// that poll begins, and nothing later.
#[test]
fn a_step_shows_what_had_happened_when_its_poll_began() {
    let (trace, _) = observe(On::Virtual, Detail::Waits, |_| async {
        let limit = Arc::new(Semaphore::new(3));
        let request = |number: u32| {
            let limit = limit.clone();
            spawn(&format!("request {number}"), async move {
                let _permit = limit.acquire().await.unwrap();
                sleep(100 * MS).await;
            })
        };
        let requests: Vec<_> = (0..9).map(request).collect();
        for request in requests {
            request.await.unwrap();
        }
    });
    let moment_ns = 100 * MS_NS;
    let (first, after) = (trace.polls_before(moment_ns), trace.polls_by(moment_ns));
    assert!(after - first >= 7, "three that end, three that get a permit, and main");
    let tasks = 0..trace.tasks.len() as TaskIx;
    let window = Window { left_ns: moment_ns, cell_ns: MS_NS, until_ns: moment_ns, tail: 0 };
    let shown = |task: TaskIx, poll: u64| trace.cells(task, window, 1, Some(poll))[0];
    let mut pictures = HashSet::new();
    for poll in first..after {
        let polled = trace.poll(poll).unwrap().task;
        assert!(matches!(shown(polled, poll), Fill::Running { .. }), "poll {poll}");
        for task in tasks.clone().filter(|task| *task != polled) {
            let name = &trace.tasks[task as usize].name;
            let own: Vec<u64> = (first..after).filter(|poll| trace.poll(*poll).unwrap().task == task).collect();
            let (before, fill) = (own.iter().any(|own| *own < poll), shown(task, poll));
            let ends = trace.tasks[task as usize].ended.is_some_and(|end| end.at_ns == moment_ns);
            match (own.is_empty(), before) {
                // Its turn is over: it has ended, or waits again after the poll.
                (false, true) if ends && own.iter().all(|own| *own < poll) => {
                    assert_eq!(fill, Fill::End(End::Completed, false), "{name} at poll {poll}");
                }
                (false, true) => {
                    assert!(matches!(fill, Fill::Running { .. } | Fill::Waiting { .. }), "{name} at poll {poll}: {fill:?}");
                }
                // Its turn is still to come.
                (false, false) => assert!(fill.is_idle(), "{name} at poll {poll}: {fill:?}"),
                (true, _) => assert!(fill.is_idle() || fill == Fill::Empty, "{name} at poll {poll}: {fill:?}"),
            }
        }
        pictures.insert(tasks.clone().map(|task| letter(shown(task, poll))).collect::<String>());
    }
    assert_eq!(pictures.len() as u64, after - first, "{pictures:?}");
}
