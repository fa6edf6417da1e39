//! The cost of recording: the same work on a plain runtime, with our recorder at either detail, and with console-subscriber.
//!
//! Each measurement has its own process, because a process has one global subscriber. The subjects take turns, so that a slow
//! minute of the machine affects all of them. The table shows the medians of the rounds. Compare the ratios; absolute times
//! depend on the machine and the moment.
//!
//! `cargo bench --bench overhead` prints a table, `… -- --json` JSON.

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use recorder::{self, Attached, Detail, OnFull, Recorder};
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, mpsc};
use tokio::task;
use trace::Trace;

/// Rounds of each measurement.
const ROUNDS: usize = 5;

/// Operations before each measurement, to warm up.
const WARM_UP: Duration = Duration::from_millis(500);

/// A workload: its name, its number of operations, and the work.
struct Workload {
    name: &'static str,
    operations: u64,
    run: fn(u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
}

const WORKLOADS: [Workload; 4] = [
    Workload { name: "yield loop", operations: 1_000_000, run: |n| Box::pin(yield_loop(n)) },
    Workload { name: "contended semaphore", operations: 100_000, run: |n| Box::pin(contended_semaphore(n)) },
    Workload { name: "bounded channel", operations: 100_000, run: |n| Box::pin(bounded_channel(n)) },
    Workload { name: "spawn and join", operations: 100_000, run: |n| Box::pin(spawn_and_join(n)) },
];

/// Many tasks alive at once: the memory that recording them takes.
const MEMORY: Workload = Workload { name: "many tasks", operations: 100_000, run: |n| Box::pin(many_tasks(n)) };

/// What observes the runtime.
const SUBJECTS: [&str; 4] = ["plain", "polls", "waits", "console-subscriber"];

async fn yield_loop(n: u64) {
    for _ in 0..n {
        task::yield_now().await;
    }
}

/// Two tasks share one permit and release it every time, so each acquire has to wait.
async fn contended_semaphore(n: u64) {
    let permit = Arc::new(Semaphore::new(1));
    let turns = |n: u64| {
        let permit = permit.clone();
        async move {
            for _ in 0..n {
                let _permit = permit.acquire().await.expect("never closed");
                task::yield_now().await;
            }
        }
    };
    let other = task::spawn(turns(n / 2));
    turns(n / 2).await;
    other.await.expect("does not panic");
}

async fn bounded_channel(n: u64) {
    let (send, mut receive) = mpsc::channel(1);
    let sender = task::spawn(async move {
        for i in 0..n {
            send.send(i).await.expect("the receiver is alive");
        }
    });
    while receive.recv().await.is_some() {}
    sender.await.expect("does not panic");
}

async fn spawn_and_join(n: u64) {
    for _ in 0..n {
        task::spawn(async {}).await.expect("does not panic");
    }
}

async fn many_tasks(n: u64) {
    let tasks: Vec<_> = (0..n).map(|_| task::spawn(yield_loop(10))).collect();
    for task in tasks {
        task.await.expect("does not panic");
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["measure", subject, workload] => println!("{}", measure(subject, workload)),
        ["--json"] => print_json(&measure_all()),
        [] => print_table(&measure_all()),
        _ => {
            eprintln!("unknown arguments {args:?}: none, or --json");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// An active recorder, and the thread that drains its events.
struct Recording {
    attached: Option<Attached>,
    recorder: Recorder,
    over: Arc<AtomicBool>,
    taking: JoinHandle<u64>,
}

impl Recording {
    /// With `keep` the events go into a trace; otherwise they are only counted.
    fn start(detail: Detail, builder: &mut Builder, keep: bool) -> Self {
        recorder::install().expect("Tokio is heard");
        let (recorder, mut reader) = Recorder::with_detail(OnFull::Wait, detail);
        recorder.observe(builder, ());
        let over = Arc::new(AtomicBool::new(false));
        let until = over.clone();
        let taking = thread::spawn(move || {
            let mut trace = Trace::default();
            let mut events = 0_u64;
            while !until.load(Ordering::Acquire) {
                reader.drain(false, |thread, event| {
                    events += 1;
                    if keep {
                        trace.push(thread, event);
                    }
                });
                reader.wait(Duration::from_millis(1));
            }
            events
        });
        recorder.begin_real();
        let attached = Some(recorder.attach("bench"));
        Self { attached, recorder, over, taking }
    }

    /// Ends the recording and returns its number of events.
    fn end(mut self) -> u64 {
        self.attached.take();
        self.over.store(true, Ordering::Release);
        self.recorder.notify();
        self.taking.join().expect("does not panic")
    }
}

/// Measures in this process: nanoseconds per operation, or the peak in bytes for the memory workload.
fn measure(subject: &str, workload: &str) -> f64 {
    let memory = workload == MEMORY.name;
    let workload = WORKLOADS.iter().chain([&MEMORY]).find(|w| w.name == workload).expect("a workload of the list");
    let mut builder = Builder::new_current_thread();
    let recording = match subject {
        "polls" => Some(Recording::start(Detail::Polls, &mut builder, memory)),
        "waits" => Some(Recording::start(Detail::Waits, &mut builder, memory)),
        "console-subscriber" => {
            // Installed as its documentation says, on a port that the system picks.
            console_subscriber::ConsoleLayer::builder().server_addr(([127, 0, 0, 1], 0)).init();
            None
        }
        _ => None,
    };
    let runtime = builder.enable_all().build().expect("a runtime");
    let once = |n| {
        let start = Instant::now();
        runtime.block_on(async { task::spawn((workload.run)(n)).await.expect("does not panic") });
        start.elapsed().as_nanos() as f64 / n as f64
    };
    // Warm up first: one-time work (caches, line tables, Tokio's callsites) must not count. The pauses let the consumer
    // catch up. Without them console-subscriber drops events and seems cheap.
    let start = Instant::now();
    while !memory && start.elapsed() < WARM_UP {
        once(workload.operations / 100);
        thread::sleep(WARM_UP / 20);
    }
    let result = once(workload.operations);
    if let Some(recording) = recording {
        assert!(recording.end() > workload.operations, "it did record");
    }
    if memory { peak_bytes() } else { result }
}

/// The peak memory of this process; 0 if the system does not report it.
fn peak_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}

/// The median of the rounds for each workload and subject.
fn measure_all() -> Vec<(&'static str, [f64; 4])> {
    WORKLOADS
        .iter()
        .chain([&MEMORY])
        .map(|workload| {
            let mut rounds = [const { Vec::new() }; SUBJECTS.len()];
            for _ in 0..ROUNDS {
                for (subject, times) in SUBJECTS.iter().zip(&mut rounds) {
                    times.push(in_own_process(subject, workload.name));
                }
            }
            (workload.name, rounds.map(median))
        })
        .collect()
}

fn in_own_process(subject: &str, workload: &str) -> f64 {
    let program = std::env::current_exe().expect("the path of this program");
    let output = Command::new(program).args(["measure", subject, workload]).output().expect("starts");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("{subject}, {workload}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn print_table(rows: &[(&str, [f64; 4])]) {
    println!("ns an operation, medians of {ROUNDS}; + is what watching adds, 1/ its part of what console-subscriber adds\n");
    println!("{:<20} {:>8} {:>24} {:>24} {:>22}", "workload", SUBJECTS[0], SUBJECTS[1], SUBJECTS[2], SUBJECTS[3]);
    for (name, [plain, polls, waits, console]) in rows.iter().filter(|(name, _)| *name != MEMORY.name) {
        let ours = |time: &f64| format!("{time:.0} (+{:.0}, 1/{:.1})", time - plain, (console - plain) / (time - plain));
        println!("{name:<20} {plain:>8.0} {:>24} {:>24} {console:>13.0} (+{:.0})", ours(polls), ours(waits), console - plain);
    }
    for (name, [plain, polls, waits, console]) in rows.iter().filter(|(name, _)| *name == MEMORY.name) {
        let mb = |bytes: &f64| bytes / 1e6;
        println!("\npeak memory, {name} ({} with 10 yields each), with the whole trace kept, in MB", MEMORY.operations);
        let ours = |bytes: &f64| format!("{:.0} (1/{:.1})", mb(bytes), console / bytes);
        println!("{:<20} {:>8.0} {:>24} {:>24} {:>13.0}", "", mb(plain), ours(polls), ours(waits), mb(console));
    }
}

fn print_json(rows: &[(&str, [f64; 4])]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, values)| {
            let unit = if *name == MEMORY.name { "bytes" } else { "ns" };
            let values: serde_json::Map<_, _> =
                SUBJECTS.iter().zip(values).map(|(subject, value)| ((*subject).to_owned(), (*value).into())).collect();
            serde_json::json!({ "workload": name, "unit": unit, "median": values })
        })
        .collect();
    println!("{}", serde_json::Value::from(rows));
}
