//! The result of a hunt, as text and as JSON.

use std::fmt::Write;

use engine::hunt::{Cut, Found, Progress};
use serde::Serialize;
use tui::text;

use super::units::{count, time};

/// How far a hunt has come, in one line.
pub fn hunt_progress(progress: &Progress) -> String {
    let runs = count(progress.runs as usize, "run");
    format!("{runs}, {} different, {} a second, {} found", progress.different, speed(progress) as u64, progress.found)
}

/// The result of a hunt as text. Each run that was found begins with its share line.
pub fn hunt_text(found: &[Found], progress: &Progress) -> String {
    let mut text = String::new();
    for found in found {
        let _ = writeln!(text, "{}\n  {}", found.spec.share(), text::message(&found.what));
        for cut in &found.cuts {
            let _ = writeln!(text, "  {}", cut_text(cut));
        }
        text.push('\n');
    }
    if found.is_empty() {
        text.push_str("nothing found\n");
    }
    let _ = writeln!(
        text,
        "{} in {}, {} different, {} a second",
        count(progress.runs as usize, "run"),
        time(progress.elapsed.as_nanos() as u64),
        progress.different,
        speed(progress) as u64
    );
    if progress.too_long > 0 {
        let _ = writeln!(text, "{} stopped because it took too long", count(progress.too_long as usize, "run"));
    }
    text::page(&text).into_owned()
}

/// The result of a hunt as a JSON object.
///
/// # Errors
///
/// If it cannot be serialized.
pub fn hunt_json(found: &[Found], progress: &Progress) -> serde_json::Result<String> {
    let found = found.iter().map(|found| FoundRun {
        share: found.spec.share(),
        what: &found.what,
        seed: found.spec.seed,
        schedule: found.spec.schedule.to_string(),
        at_ms: found.at_ns as f64 / 1e6,
        preemptions: found.cuts.iter().map(cut).collect(),
    });
    serde_json::to_string(&Hunted {
        found: found.collect(),
        runs: progress.runs,
        different: progress.different,
        too_long: progress.too_long,
        elapsed_ms: progress.elapsed.as_secs_f64() * 1e3,
        runs_per_second: speed(progress),
    })
}

/// Where a poll was cut, in words.
fn cut_text(cut: &Cut) -> String {
    let operations = count(cut.preemption.operations.into(), "operation");
    let place = cut.place.as_ref().map_or(String::new(), |place| format!(" at {place}"));
    format!("poll {}: {} is preempted{place}, after {operations}", cut.preemption.poll, text::name(&cut.task))
}

fn cut(cut: &Cut) -> CutPoll<'_> {
    CutPoll {
        poll: cut.preemption.poll,
        operations: cut.preemption.operations,
        task: &cut.task,
        place: cut.place.as_ref().map(ToString::to_string),
    }
}

fn speed(progress: &Progress) -> f64 {
    let seconds = progress.elapsed.as_secs_f64();
    if seconds > 0.0 { progress.runs as f64 / seconds } else { 0.0 }
}

#[derive(Serialize)]
struct Hunted<'a> {
    found: Vec<FoundRun<'a>>,
    runs: u64,
    /// How many of the runs were different, by their trace hash.
    different: u64,
    too_long: u64,
    elapsed_ms: f64,
    runs_per_second: f64,
}

#[derive(Serialize)]
struct FoundRun<'a> {
    /// The command that repeats it.
    share: String,
    what: &'a str,
    seed: u64,
    schedule: String,
    /// When it goes wrong.
    at_ms: f64,
    preemptions: Vec<CutPoll<'a>>,
}

#[derive(Serialize)]
struct CutPoll<'a> {
    poll: u64,
    operations: u8,
    task: &'a str,
    place: Option<String>,
}
