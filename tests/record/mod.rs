//! The recorder on plain Tokio code: the recording matches Tokio's own count and the program's arithmetic.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

use std::collections::HashMap;
use std::time::Duration;

use facts::event::{Event, LastPoll, TaskId, What};
use recorder::{self, Detail, OnFull, Recorder};
use tokio::runtime::Builder;
use tokio::task;

/// Everything recorded while `program` runs, with the number of the thread that wrote it.
struct Recording {
    events: Vec<(u16, Event)>,
    lost: u64,
    /// Polls by Tokio's count: `worker_poll_count` on the current-thread runtime, samples of the schedule-latency histogram
    /// with several workers.
    polls: u64,
}

fn record<F>(mut builder: Builder, workers: bool, program: F) -> Recording
where
    F: Future<Output = ()> + Send + 'static,
{
    recorder::install().unwrap();
    let (recorder, mut reader) = Recorder::new(OnFull::Drop);
    recorder.observe(&mut builder, ());
    let runtime = builder.enable_all().enable_metrics_schedule_latency_histogram().build().unwrap();
    {
        let attached = recorder.attach("root");
        recorder.begin_real();
        let main = {
            let _context = runtime.enter();
            task::Builder::new().name("main").spawn(program).unwrap()
        };
        runtime.block_on(main).unwrap();
        drop(attached);
    }
    let metrics = runtime.metrics();
    recorder.close();
    // Before the count is read: workers hand over their counts when they end.
    runtime.shutdown_timeout(Duration::from_secs(5));
    let polls = if workers {
        let buckets = metrics.schedule_latency_histogram_num_buckets();
        (0..metrics.num_workers())
            .flat_map(|worker| (0..buckets).map(move |bucket| (worker, bucket)))
            .map(|(worker, bucket)| metrics.schedule_latency_histogram_bucket_count(worker, bucket))
            .sum()
    } else {
        metrics.worker_poll_count(0)
    };
    let mut events = Vec::new();
    reader.drain(true, |thread, event| events.push((thread, event)));
    Recording { events, lost: reader.lost(), polls: polls - recorder.unrecorded_polls() }
}

fn current_thread() -> Builder {
    Builder::new_current_thread()
}

fn two_workers() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2);
    builder
}

impl Recording {
    fn names(&self) -> HashMap<TaskId, &str> {
        self.whats()
            .filter_map(|what| if let What::Named(named) = what { Some((named.task, named.name.as_str())) } else { None })
            .collect()
    }

    fn whats(&self) -> impl Iterator<Item = &What> {
        self.events.iter().map(|(_, event)| &event.what)
    }

    fn task(&self, name: &str) -> TaskId {
        *self.names().iter().find(|(_, n)| **n == name).unwrap_or_else(|| panic!("no task {name}")).0
    }

    fn count(&self, pick: impl Fn(&What) -> bool) -> usize {
        self.whats().filter(|what| pick(what)).count()
    }

    /// The kind of the last poll of the task of that name.
    fn last(&self, name: &str) -> Option<LastPoll> {
        let id = self.task(name);
        self.whats().find_map(|what| match what {
            What::Terminate { task, last } if *task == id => Some(*last),
            _ => None,
        })
    }

    fn polls_of(&self, name: &str) -> usize {
        let id = self.task(name);
        self.count(|what| matches!(what, What::PollStart(task) if *task == id))
    }
}

async fn yields(n: usize) {
    for _ in 0..n {
        task::yield_now().await;
    }
}

fn spawn(name: &str, future: impl Future<Output = ()> + Send + 'static) -> task::JoinHandle<()> {
    task::Builder::new().name(name).spawn(future).unwrap()
}

#[test]
fn every_poll_of_every_task_is_recorded() {
    let recording = record(current_thread(), false, async {
        let tasks: Vec<_> = (0..10).map(|i| spawn(&format!("yields {i}"), yields(i))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    for i in 0..10 {
        assert_eq!(recording.polls_of(&format!("yields {i}")), i + 1, "one poll for each yield, and the last one");
    }
    assert_eq!(recording.count(|what| matches!(what, What::PollStart(_))) as u64, recording.polls);
    assert_eq!(recording.lost, 0);
}

#[test]
fn on_several_workers_polls_agree_with_the_schedule_latency_histogram() {
    for _ in 0..20 {
        let recording = record(two_workers(), true, async {
            let tasks: Vec<_> = (0..50).map(|i| spawn(&format!("yields {i}"), yields(i))).collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        assert_eq!(recording.count(|what| matches!(what, What::PollStart(_))) as u64, recording.polls);
        assert_eq!(recording.polls_of("yields 49"), 50);
        assert_eq!(recording.lost, 0);
        assert!(recording.events.is_sorted_by_key(|(_, event)| event.at_ns), "the reader merges by time");
    }
}

#[test]
fn the_end_of_a_task_is_told_apart() {
    for (builder, workers) in [(current_thread(), false), (two_workers(), true)] {
        let recording = record(builder, workers, async {
            spawn("returns", yields(2)).await.unwrap();
            let aborted = spawn("aborted", std::future::pending());
            yields(1).await;
            aborted.abort();
            assert!(aborted.await.unwrap_err().is_cancelled());
            assert!(spawn("panics", async { panic!("on purpose") }).await.unwrap_err().is_panic());
        });
        assert_eq!(recording.last("returns"), Some(LastPoll::Polled));
        assert_eq!(recording.last("aborted"), Some(LastPoll::Dropped));
        assert_eq!(recording.last("panics"), Some(LastPoll::Polled));
        let panics: Vec<_> =
            recording.whats().filter_map(|what| if let What::Panic(panic) = what { Some(panic) } else { None }).collect();
        assert_eq!(panics.len(), 1);
        assert_eq!((panics[0].task, panics[0].message.as_str()), (recording.task("panics"), "on purpose"));
        assert!(panics[0].place.starts_with("tests/record/mod.rs:"), "{}", panics[0].place);
    }
}

#[test]
fn a_wake_names_the_task_that_is_woken_and_the_task_that_wakes() {
    let recording = record(current_thread(), false, async {
        let (send, receive) = tokio::sync::oneshot::channel();
        let waits = spawn("waits", async { receive.await.unwrap() });
        yields(1).await;
        spawn("sends", async { send.send(()).unwrap() }).await.unwrap();
        waits.await.unwrap();
    });
    let (waits, sends) = (recording.task("waits"), recording.task("sends"));
    let wakes: Vec<_> = recording
        .whats()
        .filter_map(|what| match what {
            What::Wake { task, by } if *task == waits => Some(*by),
            _ => None,
        })
        .collect();
    assert_eq!(wakes, [Some(sends)]);
}

#[test]
fn a_wake_from_a_thread_of_no_run_comes_from_outside() {
    let recording = record(current_thread(), false, async {
        let (send, receive) = tokio::sync::oneshot::channel();
        let waits = spawn("waits", async { receive.await.unwrap() });
        yields(1).await;
        std::thread::spawn(move || send.send(()).unwrap());
        waits.await.unwrap();
    });
    let waits = recording.task("waits");
    assert_eq!(recording.count(|what| matches!(what, What::Wake { task, by: None } if *task == waits)), 1);
}

#[test]
fn a_spawn_names_its_parent_and_its_line() {
    let recording = record(current_thread(), false, async {
        spawn("child", async {}).await.unwrap();
    });
    let (main, child) = (recording.task("main"), recording.task("child"));
    let spawned = recording.whats().find_map(|what| match what {
        What::Spawn { task, parent, at } if *task == child => Some((*parent, at.clone())),
        _ => None,
    });
    let (parent, at) = spawned.expect("the child was spawned");
    assert_eq!(parent, Some(main));
    assert!(at.file().ends_with("tests/record/mod.rs"), "{at}");
}

#[test]
fn the_programs_own_spans_and_events_are_recorded_with_their_task() {
    use tracing::{Instrument, error, info, info_span};

    let recording = record(current_thread(), false, async {
        let work = async {
            info!(counter.depth = 3, item = 7, "stored");
            yields(2).await;
            error!(error = "no disk", "gave up");
        };
        spawn("worker", work.instrument(info_span!("shift", number = 1))).await.unwrap();
    });
    let worker = recording.task("worker");
    let logs: Vec<_> = recording.whats().filter_map(|what| if let What::Log(log) = what { Some(log) } else { None }).collect();
    assert_eq!(logs.len(), 2);
    assert_eq!((logs[0].task, logs[0].message.as_str(), logs[0].failed), (Some(worker), "stored item=7", false));
    assert_eq!(logs[0].counters, [("depth", 3.0)]);
    assert_eq!((logs[1].message.as_str(), logs[1].failed), ("gave up error=no disk", true));
    let labels: Vec<_> =
        recording.whats().filter_map(|what| if let What::SpanOpen(span) = what { Some(span) } else { None }).collect();
    assert_eq!(labels.len(), 1, "entered at each poll, opened once");
    assert_eq!((labels[0].task, labels[0].label.as_str()), (worker, "shift number=1"));
    assert_eq!(recording.count(|what| matches!(what, What::SpanClose(span) if *span == labels[0].span)), 1);
}

/// A module of a program may have the name of a library whose events are filtered out.
#[test]
fn the_programs_own_events_are_recorded_whatever_they_are_called() {
    let recording = record(current_thread(), false, async {
        tracing::info!(target: "hyper::client", "of the program");
        tracing::info!(target: "tower", "and this one");
    });
    assert_eq!(recording.count(|what| matches!(what, What::Log(_))), 2);
}

#[test]
fn a_full_ring_drops_and_counts() {
    recorder::install().unwrap();
    let (recorder, mut reader) = Recorder::with_detail(OnFull::Drop, Detail::Polls);
    let mut builder = current_thread();
    recorder.observe(&mut builder, ());
    let runtime = builder.build().unwrap();
    let yielded = 100_000;
    {
        let _attached = recorder.attach("root");
        recorder.begin_real();
        runtime.block_on(async { task::spawn(yields(yielded)).await.unwrap() });
    }
    recorder.close();
    let mut kept = 0;
    reader.drain(true, |_, _| kept += 1);
    // Two events per poll, and a few at the ends.
    assert!(reader.lost() > 0);
    assert!((kept + reader.lost()).abs_diff(2 * yielded as u64) < 20, "{kept} + {}", reader.lost());
}
