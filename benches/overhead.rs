//! What recording costs: the same work on a plain runtime, with our recorder,
//! and with console-subscriber.
//!
//! Each measurement is a process of its own, since a process has one global
//! subscriber. The subjects take turns, so that a slow minute of the machine
//! hits all of them, and the median of the rounds is shown. Read the ratios;
//! the absolute times are those of one machine at one moment.
//!
//! `cargo bench --bench overhead` prints a table, `… -- --json` the same for machines.

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use async_playground::record::{self, OnFull, Recorder};
use tokio::runtime::Builder;
use tokio::sync::{Semaphore, mpsc};
use tokio::task;

/// Each measurement is repeated this often.
const ROUNDS: usize = 7;

/// What is measured: a name, how many operations, and the work.
struct Workload {
    name: &'static str,
    operations: u64,
    run: fn(u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
}

const WORKLOADS: [Workload; 4] = [
    Workload { name: "yield loop", operations: 1_000_000, run: |n| Box::pin(yield_loop(n)) },
    Workload { name: "contended semaphore", operations: 200_000, run: |n| Box::pin(contended_semaphore(n)) },
    Workload { name: "bounded channel", operations: 200_000, run: |n| Box::pin(bounded_channel(n)) },
    Workload { name: "spawn and join", operations: 200_000, run: |n| Box::pin(spawn_and_join(n)) },
];

/// Who watches.
const SUBJECTS: [&str; 3] = ["plain", "recorder", "console-subscriber"];

async fn yield_loop(n: u64) {
    for _ in 0..n {
        task::yield_now().await;
    }
}

/// Two tasks and one permit, given up at every turn: each acquire has to wait.
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

/// Nanoseconds an operation, in this process.
fn measure(subject: &str, workload: &str) -> f64 {
    let workload = WORKLOADS.iter().find(|w| w.name == workload).expect("a workload of the list");
    let mut builder = Builder::new_current_thread();
    let over = Arc::new(AtomicBool::new(false));
    let mut attached = None;
    let mut drained = None;
    match subject {
        "recorder" => {
            record::install();
            let (recorder, mut reader) = Recorder::new(OnFull::Wait);
            recorder.observe(&mut builder, ());
            // As in the program: somebody else's thread takes the events out.
            let over = over.clone();
            drained = Some(thread::spawn(move || {
                let mut events = 0_u64;
                while !over.load(Ordering::Acquire) {
                    reader.drain(false, |_, _| events += 1);
                    reader.wait(Duration::from_millis(1));
                }
                events
            }));
            recorder.begin_real();
            attached = Some(recorder.attach("bench"));
        }
        "console-subscriber" => {
            // As its documentation says to install it, on a port that the system picks.
            console_subscriber::ConsoleLayer::builder().server_addr(([127, 0, 0, 1], 0)).init();
        }
        _ => {}
    }
    let runtime = builder.enable_all().build().expect("a runtime");
    let once = |n| {
        let start = Instant::now();
        runtime.block_on(async { task::spawn((workload.run)(n)).await.expect("does not panic") });
        start.elapsed().as_nanos() as f64 / n as f64
    };
    once(workload.operations / 10);
    let result = once(workload.operations);
    drop(attached);
    over.store(true, Ordering::Release);
    if let Some(events) = drained.and_then(|thread| thread.join().ok()) {
        assert!(events > workload.operations, "it did record");
    }
    result
}

/// For each workload and subject, the median of the rounds.
fn measure_all() -> Vec<(&'static str, [f64; 3])> {
    WORKLOADS
        .iter()
        .map(|workload| {
            let mut rounds = [const { Vec::new() }; 3];
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

fn print_table(rows: &[(&str, [f64; 3])]) {
    println!("ns an operation, medians of {ROUNDS}; + is what watching adds\n");
    println!("{:<20} {:>8} {:>16} {:>22} {:>8}", "workload", SUBJECTS[0], SUBJECTS[1], SUBJECTS[2], "ratio");
    for (name, [plain, ours, console]) in rows {
        let (ours_adds, console_adds) = (ours - plain, console - plain);
        println!(
            "{name:<20} {plain:>8.0} {ours:>8.0} (+{ours_adds:>5.0}) {console:>13.0} (+{console_adds:>6.0}) {:>8}",
            format!("1/{:.1}", console_adds / ours_adds)
        );
    }
}

fn print_json(rows: &[(&str, [f64; 3])]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, [plain, ours, console])| {
            serde_json::json!({
                "workload": name, "plain_ns": plain, "recorder_ns": ours, "console_subscriber_ns": console,
                "recorder_adds_ns": ours - plain, "console_subscriber_adds_ns": console - plain,
            })
        })
        .collect();
    println!("{}", serde_json::Value::from(rows));
}
