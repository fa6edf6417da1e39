//! The time from a save of a sketch to the frame that shows its new trace.
//!
//! The sketch is the semaphore, built without optimisation, with everything that it uses built before. Each save changes a constant
//! of its source, so that the run has another length. Program, terminal, cargo and sketch are real.
//!
//! `cargo bench --bench sketch` prints a line, `… -- --json` JSON. Its build folder is that of the tests.

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use async_playground::sketch;
use support::Tty;

const PROGRAM: &str = env!("CARGO_BIN_EXE_async-playground");
const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/sketches");

/// How many times it is saved.
const SAVES: usize = 20;

/// The budget, at the median.
const BUDGET: Duration = Duration::from_secs(2);

/// What is changed: the time of each call, of which seven follow each other.
const LATENCY: &str = "Param::millis(\"latency\", 500,";

fn main() -> ExitCode {
    let json = std::env::args().any(|arg| arg == "--json");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("semaphore");
    let file = sketch::from_scenario(&scenarios::semaphore::SCENARIO, &path).expect("a sketch");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--offline", "--quiet"]).current_dir(&path).env("CARGO_TARGET_DIR", TARGET);
    assert!(build.status().expect("cargo runs").success(), "the sketch builds");

    let env = [("CARGO_TARGET_DIR", TARGET), ("CARGO", env!("CARGO"))];
    let mut tty = Tty::start_with(Path::new(PROGRAM), &["open", path.to_str().expect("a plain path")], (120, 40), &env);
    tty.sees("/ 00:03.500");
    tty.keys("$");
    let source = fs::read_to_string(path.join(&file)).expect("the source");
    assert!(source.contains(LATENCY), "the source has another latency");
    let mut times: Vec<Duration> = (1..=SAVES).map(|save| shown(&tty, &path.join(&file), &source, 500 + save)).collect();
    tty.keys("q");
    tty.end();
    times.sort_unstable();
    let (median, longest) = (times[SAVES / 2], times[SAVES - 1]);
    if json {
        println!(
            "{}",
            serde_json::json!({ "saves": SAVES, "median_ns": median.as_nanos() as u64, "longest_ns": longest.as_nanos() as u64 })
        );
    } else {
        let s = |time: Duration| time.as_secs_f64();
        println!("seconds from save to frame, {SAVES} saves; budget {} at the median\n", BUDGET.as_secs());
        println!("median {:.2}   longest {:.2}", s(median), s(longest));
    }
    ExitCode::SUCCESS
}

/// Saves the source with this latency, and waits for the frame with the run's length.
fn shown(tty: &Tty, file: &Path, source: &str, latency: usize) -> Duration {
    let length = 7 * latency;
    let wanted = format!("/ 00:{:02}.{:03}", length / 1000, length % 1000);
    fs::write(file, source.replace(LATENCY, &format!("Param::millis(\"latency\", {latency},"))).expect("it is written");
    let saved = Instant::now();
    tty.sees(&wanted);
    saved.elapsed()
}
