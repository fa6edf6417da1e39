//! The time from a key that changes a parameter to the frame that shows the new run.
//!
//! The run has 1,001 tasks and lasts 10 s. Event loop, model, engine and drawing are the program's own; only the terminal is a
//! buffer. First a key comes every 100 ms, so that each is measured alone, then thirty times a second, as with the key held
//! down.
//!
//! `cargo bench --bench turn` prints a table, `… -- --json` JSON.

#[path = "../tests/turn/held.rs"]
mod held;

use std::process::ExitCode;
use std::time::Duration;

use crossterm::event::KeyCode;
use held::{Entry, What, frame_of, hold, semaphore};

/// Keys pressed at each pace.
const KEYS: usize = 200;

/// The budget, at the median.
const BUDGET: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let json = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--json"] => true,
        _ => {
            eprintln!("unknown arguments {args:?}: none, or --json");
            return ExitCode::from(2);
        }
    };
    let rows = [("one key every 100 ms", 100_000), ("held, 30 a second", 33_333)].map(|(name, every_us)| {
        // Back and forth, so that each key gives another run of about the same length: with 50 permits it is 10 s.
        let keys: Vec<KeyCode> = [KeyCode::Right, KeyCode::Left].into_iter().cycle().take(KEYS).collect();
        let spec = semaphore(&[("requests", 1_000), ("permits", 50)], 0);
        let mut times = latencies(&hold(spec, &keys, Duration::from_micros(every_us)));
        times.sort_unstable();
        (name, times)
    });
    let at = |times: &[Duration], share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    if json {
        let row = |(name, times): &(&str, Vec<Duration>)| {
            let ns = |share| at(times, share).as_nanos() as u64;
            serde_json::json!({ "what": name, "keys": times.len(), "median_ns": ns(0.5), "p99_ns": ns(0.99) })
        };
        println!("{}", serde_json::Value::from(rows.iter().map(row).collect::<Vec<_>>()));
        return ExitCode::SUCCESS;
    }
    println!("milliseconds from key to frame, 10 s of 1,001 tasks, 120×40; budget {} at the median\n", BUDGET.as_millis());
    println!("{:<24} {:>6} {:>8} {:>8}", "", "keys", "median", "p99");
    for (name, times) in &rows {
        let ms = |share| at(times, share).as_secs_f64() * 1e3;
        println!("{name:<24} {:>6} {:>8.2} {:>8.2}", times.len(), ms(0.5), ms(0.99));
    }
    ExitCode::SUCCESS
}

/// For each key except the last, which quits: the time until a frame showed the requested run, or a later one.
fn latencies(entries: &[Entry]) -> Vec<Duration> {
    for entry in entries {
        if let What::Frame(screen) = &entry.what {
            assert!(screen.contains("1,001 tasks"), "this is not the run to measure:\n{screen}");
        }
    }
    let whole = entries
        .iter()
        .filter_map(|entry| if let What::Over(spec, hash) = &entry.what { Some((spec.share(), *hash)) } else { None });
    let mut whole: Vec<_> = whole.collect();
    whole.sort_unstable();
    whole.dedup();
    assert!(whole.is_sorted_by(|a, b| a.0 < b.0), "equal values gave different traces: {whole:?}");
    let keys = entries.iter().enumerate().filter(|(_, entry)| matches!(entry.what, What::Key));
    keys.filter_map(|(at, key)| Some(entries[frame_of(entries, at)?].at - key.at)).collect()
}
