//! The cost of a recording of ten million events: its size, and the time and memory to write and open it.
//!
//! It records two very different runs on the virtual clock: half a million short tasks, and eleven long ones. The cost of
//! *writing* is the additional processor time of the thread that drains the run. *Opening* has its own process, so its peak
//! memory includes the program; the table shows wall time and processor time, which is more reliable on a busy machine.
//!
//! `cargo bench --bench recording` prints a table, `… -- --json` JSON. It needs a gigabyte of memory and 200 MB in the
//! directory for temporary files.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use engine::open;
use engine::{Phase, Run, Spec};
use recording::files;
use trace::Trace;

/// The budget for opening a recording of ten million events: time, and memory in bytes.
const TIME: Duration = Duration::from_secs(2);
const MEMORY: u64 = 400_000_000;
/// Times that each recording is opened; the median counts.
const OPENED: usize = 5;

/// Parameters and their values.
type Turned = &'static [(&'static str, &'static str)];

/// The runs, with the parameters that give each about ten million events.
const RUNS: [(&str, &str, Turned); 2] = [
    ("many short tasks", "semaphore", &[("requests", "500000"), ("permits", "1000"), ("latency", "1")]),
    (
        "few long tasks",
        "producer-consumer",
        &[("producers", "5"), ("consumers", "5"), ("items", "96000"), ("produce", "1"), ("consume", "1")],
    ),
];

/// The measurements of one run.
struct Row {
    name: &'static str,
    events: u64,
    bytes: u64,
    /// The processor time to drain the run, without and with a recording.
    run: Duration,
    recorded: Duration,
    opened: Duration,
    /// The processor time of opening.
    opened_busy: Duration,
    peak: u64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => tell(&measure()),
        ["--json"] => print_json(&measure()),
        ["--open", path] => return open_and_tell(Path::new(path)),
        _ => {
            eprintln!("unknown arguments {args:?}: none, or --json");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn measure() -> Vec<Row> {
    RUNS.into_iter().map(|(name, id, turned)| row(name, &spec(id, turned))).collect()
}

fn spec(id: &str, turned: Turned) -> Spec {
    let scenario = scenarios::find(id).expect("it is in the catalogue");
    let mut spec = Spec { limit: Duration::from_secs(86_400), ..Spec::new(scenario) };
    for (name, value) in turned {
        let param = scenario.param(name).expect("it has this parameter");
        spec.values.set(param, param.parse(value).expect("it is within the range"));
    }
    spec
}

fn row(name: &'static str, spec: &Spec) -> Row {
    let path = std::env::temp_dir().join(format!("async-playground-bench-{}.rec", std::process::id()));
    let (run, events) = timed(spec, None);
    let file = files::create(&path, true).expect("there is room for temporary files");
    let (recorded, again) = timed(spec, Some(file));
    assert_eq!(events, again, "the same run on the virtual clock");
    let bytes = path.metadata().expect("it was written").len();
    let mut opened: Vec<_> = (0..OPENED).map(|_| opened(&path)).collect();
    std::fs::remove_file(&path).expect("it is ours");
    opened.sort_unstable();
    let (opened, opened_busy, peak) = opened[OPENED / 2];
    Row { name, events, bytes, run, recorded, opened, opened_busy, peak }
}

/// Runs until the trace is complete. Returns the processor time of this thread, and the number of events.
fn timed(spec: &Spec, file: Option<File>) -> (Duration, u64) {
    let mut trace = Trace::default();
    let start = busy();
    let mut run = Run::start(spec).expect("it can be run");
    if let Some(file) = file {
        run.set_sink(Box::new(engine::writer(file, spec)));
    }
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(50));
        run.drain(&mut trace);
    }
    let took = busy().saturating_sub(start);
    assert_eq!((run.sink_fault(), trace.lost), (None, 0));
    (took, trace.recorded)
}

/// Opens the file in a separate process. Returns the wall time, the processor time and the peak memory.
fn opened(path: &Path) -> (Duration, Duration, u64) {
    let this = std::env::current_exe().expect("it runs");
    let output = Command::new(this).arg("--open").arg(path).output().expect("it can be run again");
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [ns, busy_ns, peak] = numbers[..] else { panic!("{text}: {}", String::from_utf8_lossy(&output.stderr)) };
    (Duration::from_nanos(ns), Duration::from_nanos(busy_ns), peak)
}

fn open_and_tell(path: &Path) -> ExitCode {
    let start = Instant::now();
    let recording = open(path, tui::source::known(scenarios::CATALOGUE)).expect("it was just written");
    let took = start.elapsed();
    assert_eq!(recording.flaw, None);
    println!("{} {} {}", took.as_nanos(), busy().as_nanos(), peak().unwrap_or(0));
    // Freeing it is not part of the measurement.
    std::mem::forget(recording);
    ExitCode::SUCCESS
}

/// The processor time of this thread; zero if the system does not report it.
fn busy() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let ns = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    Duration::from_nanos(ns.unwrap_or(0))
}

/// The peak memory of this process in bytes; `None` if the system does not report it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}

fn tell(rows: &[Row]) {
    println!(
        "{:<18} {:>11} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9}",
        "", "events", "MB", "B/event", "ns/event", "open s", "busy s", "peak MB"
    );
    for row in rows {
        let each = row.recorded.saturating_sub(row.run).as_nanos() as f64 / row.events as f64;
        println!(
            "{:<18} {:>11} {:>8.1} {:>8.2} {:>9.1} {:>9.2} {:>9.2} {:>9.0}",
            row.name,
            row.events,
            row.bytes as f64 / 1e6,
            row.bytes as f64 / row.events as f64,
            each,
            row.opened.as_secs_f64(),
            row.opened_busy.as_secs_f64(),
            row.peak as f64 / 1e6,
        );
        if row.opened > TIME || row.peak > MEMORY {
            println!("{:<18} over the budget: {} s, {} MB", "", TIME.as_secs(), MEMORY / 1_000_000);
        }
    }
}

fn print_json(rows: &[Row]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            serde_json::json!({
                "what": row.name,
                "events": row.events,
                "bytes": row.bytes,
                "drain_ns": row.run.as_nanos() as u64,
                "drain_recorded_ns": row.recorded.as_nanos() as u64,
                "open_ns": row.opened.as_nanos() as u64,
                "open_busy_ns": row.opened_busy.as_nanos() as u64,
                "peak_bytes": row.peak,
            })
        })
        .collect();
    println!("{}", serde_json::Value::from(rows));
}
