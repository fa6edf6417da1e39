//! Spawned work that never runs: tasks of a `LocalSet` that nobody drives, and closures queued behind others that wait for
//! them.

use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use recorder::{self, Detail, OnFull, Recorder};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::{JoinHandle, LocalSet, spawn_blocking};
use tokio::time::sleep;
use trace::FindingKind::{BlockedPool, NeverDriven};
use trace::{Finding, LaneOf, Task, Trace};

use super::observed::{self, On, observe};
use super::programs::{ALL, found};

const MS: Duration = Duration::from_millis(1);

/// The number of pool threads in a program that hangs.
const THREADS: usize = 2;

/// Longer than a closure queues when a thread is about to take it.
const LONG: Duration = Duration::from_secs(2);

/// A task of a live set that nobody polls.
fn undriven() -> JoinHandle<u32> {
    Box::leak(Box::new(LocalSet::new())).spawn_local(async { 1 }) // Here.
}

/// A task that waits for a short or a long time.
fn child(ms: u32) -> JoinHandle<()> {
    observed::spawn("child", sleep(ms * MS))
}

#[test]
fn a_local_task_that_nobody_drives_is_waited_for_in_vain() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |live| async move {
            // Another child has ended. The second waits for a message that only a task could send.
            let waits = observed::spawn("waits", async {
                child(5).await.unwrap();
                let (requests, mut inbox) = unbounded_channel::<()>();
                let _server = observed::spawn("server", async move { inbox.recv().await });
                let _open = requests;
                undriven().await.unwrap()
            });
            // It may be waiting for its other child.
            let busy = observed::spawn("busy", async {
                let (_local, child) = (undriven(), child(60_000));
                child.await.unwrap();
            });
            // Nobody waits for this one.
            let _unheard = undriven();
            sleep(20 * MS).await;
            if on != On::Virtual {
                live.until_waiting("waits").await;
            }
            drop((waits, busy));
        });
        let found = found(&trace, NeverDriven);
        let [(name, finding)] = &found[..] else { panic!("{on:?}: {found:?}") };
        assert!(name.starts_with("local ") && finding.inferred && finding.tasks == 1, "{on:?}: {finding:?}");
        assert!(finding.text.contains("was never polled, and waits waits for the end of a task"), "{on:?}: {finding:?}");
        let line = finding.place.as_ref().map(|place| super::line_of(&place.file, place.line)).unwrap();
        assert!(line.ends_with("// Here."), "{on:?}: {line}");
    }
}

#[test]
fn local_tasks_that_are_driven_are_no_finding_however_late() {
    for on in ALL {
        let (trace, _) = observe(on, Detail::Waits, |_| async {
            let handle = Handle::current();
            let work = spawn_blocking(move || {
                let local = LocalSet::new();
                let first = local.spawn_local(async { 1 });
                // Nobody has driven it so far.
                thread::sleep(20 * MS);
                assert_eq!(handle.block_on(local.run_until(first)).unwrap(), 1);
            });
            work.await.unwrap();
        });
        assert_eq!(found(&trace, NeverDriven), [], "{on:?}");
    }
}

/// The trace of a program that never ends, so long after that many roots began to wait.
fn hangs(on: On, roots: usize, later: Duration, program: impl FnOnce(Runtime) + Send + 'static) -> Trace {
    recorder::install().unwrap();
    let (recorder, mut reader) = Recorder::new(OnFull::Drop);
    let mut builder = on.builder();
    builder.max_blocking_threads(THREADS);
    recorder.observe(&mut builder, ());
    let runtime = builder.build().unwrap();
    let own = recorder.clone();
    thread::spawn(move || {
        let _attached = own.attach_with_roots("program");
        own.begin_real();
        program(runtime);
    });
    let mut trace = Trace::default();
    let waits = |root: &&Task| root.of == LaneOf::Root && root.segments.last().is_some_and(|last| last.state.is_waiting());
    while trace.tasks.iter().filter(waits).count() < roots {
        reader.wait(MS);
        reader.drain(false, |thread, event| trace.push(thread, event));
    }
    recorder.close();
    let end_ns = trace.end_ns + later.as_nanos() as u64;
    trace.close(end_ns);
    trace
}

/// The usual case: the root of the program waits for the handle, and not for the set.
#[test]
fn a_root_that_waits_for_a_local_task_that_nobody_drives() {
    let trace = hangs(On::OneThread, 1, Duration::ZERO, |runtime| {
        runtime.block_on(async {
            let local = LocalSet::new();
            let task = local.spawn_local(async { 1 });
            _ = task.await;
        });
    });
    let found = found(&trace, NeverDriven);
    let [(name, finding)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(name, "local 0");
    assert!(finding.text.contains("block_on 0 waits"), "{finding:?}");
}

/// What runs on a pool thread.
type Closure = fn(&Handle);

/// The findings about the pool, so long after that many closures began to wait.
fn pool(on: On, closures: usize, later: Duration, closure: Closure) -> Vec<Finding> {
    let trace = hangs(on, 1 + closures, later, move |runtime| {
        let run = || {
            let handle = runtime.handle().clone();
            runtime.spawn_blocking(move || closure(&handle))
        };
        let all: Vec<_> = (0..closures).map(|_| run()).collect();
        runtime.block_on(async {
            for closure in all {
                _ = closure.await;
            }
        });
    });
    trace.findings().list.into_iter().filter(|finding| finding.kind == BlockedPool).collect()
}

/// Waits for a closure queued behind it, once all pool threads do the same.
fn waits_for_one_behind_it(handle: &Handle) {
    // Every thread is taken before one of them asks for another.
    static TAKEN: Barrier = Barrier::new(THREADS);
    TAKEN.wait();
    _ = handle.block_on(async { spawn_blocking(|| ()).await }); // Waits.
}

#[test]
fn closures_that_wait_for_others_behind_them_block_the_pool() {
    for on in [On::OneThread, On::TwoWorkers] {
        let found = pool(on, THREADS, LONG, waits_for_one_behind_it);
        let [finding] = &found[..] else { panic!("{on:?}: {found:?}") };
        assert!(finding.inferred && finding.text.starts_with("blocking "), "{on:?}: {finding:?}");
        assert!(finding.text.contains("is queued: all 2 threads of the blocking pool wait this way"), "{on:?}: {finding:?}");
        let line = finding.place.as_ref().map(|place| super::line_of(&place.file, place.line)).unwrap();
        assert!(line.ends_with("// Waits."), "{on:?}: {line}");
        assert_eq!(pool(on, THREADS, MS, waits_for_one_behind_it), [], "{on:?}: a thread may be about to take it");
    }
}

#[test]
fn a_pool_that_is_busy_is_not_blocked() {
    let busy: [(&str, Closure); 4] = [
        ("the closure waits for a timer", |handle| {
            let _behind: Vec<_> = (0..THREADS).map(|_| handle.spawn_blocking(|| ())).collect();
            handle.block_on(async { sleep(LONG * 100).await });
        }),
        ("it waits for a task, which ends", |handle| {
            let _behind: Vec<_> = (0..THREADS).map(|_| handle.spawn_blocking(|| ())).collect();
            _ = handle.block_on(handle.spawn(async { sleep(LONG * 100).await }));
        }),
        ("nobody is behind it", |handle| {
            _ = handle.block_on(handle.spawn(std::future::pending::<()>()));
        }),
        ("another one works on", |handle| {
            let (tell, told) = mpsc::channel();
            let _works = handle.spawn_blocking(move || {
                tell.send(()).unwrap();
                loop {
                    thread::park();
                }
            });
            told.recv().unwrap();
            _ = handle.block_on(async { spawn_blocking(|| ()).await });
        }),
    ];
    for on in [On::OneThread, On::TwoWorkers] {
        for (program, closure) in busy {
            assert_eq!(pool(on, 1, LONG, closure), [], "{on:?}: {program}");
        }
    }
}
