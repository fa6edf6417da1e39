//! The cost of a frame over large traces: it must depend on what is visible, not on the size of the trace.
//!
//! The benchmark draws the same 200×60 screen over traces of very different sizes, while a simulated user plays, scrolls, pans,
//! zooms, selects and jumps. Each round times frames of all sizes, and the results are medians over the rounds, of the 99th
//! percentiles and of the ratios within a round, so that other programs on the machine do not distort them. Instruction counts
//! are independent of such noise: if valgrind is installed, callgrind counts the instructions of one frame.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use engine::{Ending, Phase, Report, Spec};
use scenario::Outcome;
use scenarios::CATALOGUE;
use tui::app::input::action::{Action, Move};
use tui::app::model::{GroupBy, LaneKind, Model, Pane};
use tui::app::run::{lifecycle, playback};
use tui::app::update;

use crate::synthetic::{SIZES, Size, Taken, take};
use crate::{STEP, Screen, recorded};

/// Frames per round, and rounds.
const FRAMES: usize = 500;
const ROUNDS: usize = 15;
/// Traces ingested of each size.
const TAKES: usize = 5;
/// The budget of a frame at the 99th percentile, and of the ratio of the largest trace to the smallest.
const BUDGET: Duration = Duration::from_millis(4);
const RATIO: f64 = 1.5;
/// The budget of ingestion, in events per second.
const INGEST: f64 = 5e6;

/// The views of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// A lane for each task.
    Lanes,
    /// Tasks grouped by name.
    Groups,
    /// A lane for each thread.
    Threads,
    /// A lane for each line at which tasks wait.
    Lines,
}

const VIEWS: [(View, &str); 4] =
    [(View::Lanes, "lanes"), (View::Groups, "groups"), (View::Threads, "threads"), (View::Lines, "lines")];

/// The measurements of one size.
struct Row {
    size: Size,
    events: u64,
    took: Duration,
    /// The memory of the trace.
    bytes: Option<u64>,
    /// The cost of a frame in each view.
    frames: Vec<Frames>,
}

/// The cost of a frame.
struct Frames {
    /// The median and the 99th percentile of each round.
    rounds: Vec<(Duration, Duration)>,
    instructions: Option<u64>,
}

impl Frames {
    fn median(&self) -> Duration {
        middle(self.rounds.iter().map(|round| round.0).collect())
    }

    fn p99(&self) -> Duration {
        middle(self.rounds.iter().map(|round| round.1).collect())
    }
}

/// The median.
fn middle<T: PartialOrd + Copy>(mut all: Vec<T>) -> T {
    all.sort_by(|a, b| a.partial_cmp(b).expect("a number"));
    all[all.len() / 2]
}

/// Measures ingestion only.
pub(crate) fn ingest() {
    for size in SIZES {
        let Taken { took, events, .. } = take(size);
        println!("{:<32} {:>5.1} M/s", size.name, events as f64 / among(size, took).as_secs_f64() / 1e6);
    }
}

/// The median time to ingest a trace, over this one and repetitions.
fn among(size: Size, took: Duration) -> Duration {
    let mut times = [took; TAKES];
    times[1..].fill_with(|| take(size).took);
    middle(times.to_vec())
}

/// Measures each size, and prints a table, or JSON.
pub(crate) fn measure(json: bool) {
    let (mut models, mut rows): (Vec<Model>, Vec<Row>) = SIZES.into_iter().map(taken).unzip();
    for (view, name) in VIEWS {
        for (row, rounds) in rows.iter_mut().zip(rounds(&mut models, view)) {
            row.frames.push(Frames { rounds, instructions: instructions(row.size, name) });
        }
    }
    drop(models);
    for row in &mut rows {
        row.took = among(row.size, row.took);
    }
    if json { print_json(&rows) } else { print_table(&rows) }
}

/// A trace of this size on the screen, and its cost.
fn taken(size: Size) -> (Model, Row) {
    let before = resident();
    let Taken { trace, took, events } = take(size);
    let bytes = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
    (model(trace), Row { size, events, took, bytes, frames: Vec::new() })
}

/// A model that shows the trace of a finished run.
fn model(trace: trace::Trace) -> Model {
    let spec = Spec::new(&CATALOGUE[0]);
    let mut model = recorded::fresh(spec.clone());
    lifecycle::started(&mut model, spec);
    let view = model.run.as_mut().expect("it has just been started");
    let elapsed_ns = trace.end_ns;
    view.report = Some(Report { ending: Ending::Finished(Outcome::new()), elapsed_ns, runtime_polls: None });
    (view.trace, view.phase) = (trace, Phase::Over);
    playback::recorded(&mut model);
    model.focus = Pane::Timeline;
    // The first frames search a long run for findings. That happens once and is not part of the cost of a frame.
    while model.run.as_ref().is_some_and(|run| run.found.is_looking()) {
        update::update(&mut model, Action::Tick(Duration::ZERO));
    }
    model
}

/// Moves the cursor to a fraction of the run.
fn seek(model: &mut Model, part: f64) {
    let run = model.run.as_mut().expect("there is one");
    run.cursor.at_ns = (run.trace.end_ns as f64 * part) as u64;
    run.cursor.playing = true;
}

fn look(model: &mut Model, screen: &mut Screen, view: View) {
    let (by, kind) = match view {
        View::Lanes => (None, LaneKind::Tasks),
        View::Groups => (Some(GroupBy::Name), LaneKind::Tasks),
        View::Threads => (None, LaneKind::Threads),
        View::Lines => (None, LaneKind::Lines),
    };
    while model.timeline.lanes.kind != kind {
        update::update(model, Action::NextKind);
    }
    while model.timeline.grouping.by != by {
        update::update(model, Action::Group);
    }
    update::update(model, Action::Fit);
    seek(model, 0.9);
    screen.settle(model);
    let rows = if view == View::Lanes { model.areas.lane_rows.len() } else { 20 + model.areas.group_rows.len() };
    assert!(rows > 20, "the measured part is visible");
}

/// The median and the 99th percentile of a frame for each model, in each of several rounds. The models take turns.
fn rounds(models: &mut [Model], view: View) -> Vec<Vec<(Duration, Duration)>> {
    let mut screens: Vec<Screen> = models.iter().map(|_| Screen::new(200, 60)).collect();
    for (model, screen) in models.iter_mut().zip(&mut screens) {
        look(model, screen, view);
    }
    let mut all = vec![Vec::new(); models.len()];
    for _ in 0..ROUNDS {
        for ((model, screen), of_model) in models.iter_mut().zip(&mut screens).zip(&mut all) {
            of_model.push(round(model, screen));
        }
    }
    all
}

fn round(model: &mut Model, screen: &mut Screen) -> (Duration, Duration) {
    let mut times: Vec<Duration> = (0..FRAMES).map(|frame| timed(model, screen, frame)).collect();
    update::update(model, Action::Fit);
    times.sort_unstable();
    (times[FRAMES / 2], times[FRAMES * 99 / 100])
}

/// One frame of a user who explores: every second frame only plays.
fn timed(model: &mut Model, screen: &mut Screen, frame: usize) -> Duration {
    let actions = [
        Action::Move(Move::Down),
        Action::ZoomIn,
        Action::Scroll { pane: Pane::Timeline, rows: 3 },
        Action::Pan(1),
        Action::Move(Move::PageDown),
        Action::ZoomOut,
        Action::Pan(-1),
        Action::ZoomOut,
        Action::Move(Move::Last),
        Action::Fit,
        Action::Move(Move::First),
        Action::ZoomIn,
    ];
    if frame.is_multiple_of(50) {
        seek(model, [0.9, 0.3, 0.6, 1.0][frame / 50 % 4]);
    }
    let start = Instant::now();
    if frame.is_multiple_of(2) {
        update::update(model, actions[frame / 2 % actions.len()].clone());
    }
    update::update(model, Action::Tick(STEP));
    screen.draw(model);
    start.elapsed()
}

/// The current memory of this process in bytes; `None` if the system does not report it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}

/// The frame whose instructions are counted: a separate function, so that callgrind can find it by name.
#[inline(never)]
fn counted_frame(model: &mut Model, screen: &mut Screen) {
    update::update(model, Action::Tick(STEP));
    screen.draw(model);
}

/// The child under callgrind: ingests a trace, reports that, waits until counting is on, and draws.
pub(crate) fn one_frame(size: &str, view: &str) {
    let size = SIZES.into_iter().find(|known| known.name == size).expect("the parent knows the sizes");
    let (view, _) = VIEWS.into_iter().find(|(_, known)| *known == view).expect("the parent knows the views");
    let mut model = model(take(size).trace);
    let mut screen = Screen::new(200, 60);
    look(&mut model, &mut screen, view);
    println!("ready");
    std::io::stdin().lock().read_line(&mut String::new()).expect("the parent lives");
    counted_frame(&mut model, &mut screen);
    // Freeing it is not part of the measurement.
    std::mem::forget(model);
}

/// The instructions of a frame, counted by callgrind; `None` if callgrind is missing or fails.
fn instructions(size: Size, view: &str) -> Option<u64> {
    let out = std::env::temp_dir().join(format!("async-playground-callgrind-{}", std::process::id()));
    let mut child = Command::new("valgrind")
        .args(["--tool=callgrind", "--instr-atstart=no", "--collect-atstart=no", "--toggle-collect=*counted_frame*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().ok()?)
        .args(["--one-frame", size.name, view])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut ready = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut ready).ok()?;
    let told = Command::new("callgrind_control").args(["--instr=on", &child.id().to_string()]).output();
    child.stdin.take()?.write_all(b"\n").ok()?;
    child.wait().ok()?;
    told.ok()?;
    let text = std::fs::read_to_string(&out).ok()?;
    // If removing it fails, the system cleans up.
    std::fs::remove_file(&out).ok();
    text.lines().find_map(|line| line.strip_prefix("totals: "))?.trim().parse().ok().filter(|count| *count > 0)
}

impl Row {
    fn events_per_second(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }

    fn bytes_per_event(&self) -> Option<f64> {
        // A page is too coarse a unit for a small trace.
        self.bytes.filter(|_| self.size.events >= 1_000_000).map(|bytes| bytes as f64 / self.events as f64)
    }
}

/// The ratio of the 99th percentiles of the largest and the smallest trace, within a round.
fn times(first: &Frames, last: &Frames) -> f64 {
    let beside =
        |((_, first), (_, last)): (&(Duration, Duration), &(Duration, Duration))| last.as_secs_f64() / first.as_secs_f64();
    middle(first.rounds.iter().zip(&last.rounds).map(beside).collect())
}

fn print_table(rows: &[Row]) {
    println!("\n200×60, somebody looks around\n");
    println!(
        "{:<36} {:>10} {:>8}  {:<8} {:>10} {:>8} {:>13}",
        "", "events/s", "B/event", "view", "median ms", "p99 ms", "instructions"
    );
    for row in rows {
        let mut before = format!(
            "{:<36} {:>8.1} M {:>8}",
            row.size.name,
            row.events_per_second() / 1e6,
            row.bytes_per_event().map_or_else(|| "-".into(), |bytes| format!("{bytes:.1}")),
        );
        for ((_, view), frames) in VIEWS.iter().zip(&row.frames) {
            let (median, p99) = (frames.median().as_secs_f64() * 1e3, frames.p99().as_secs_f64() * 1e3);
            let instructions = frames.instructions.map_or_else(|| "no valgrind".into(), |count| count.to_string());
            println!("{before:<56}  {view:<8} {median:>10.3} {p99:>8.3} {instructions:>13}");
            before.clear();
        }
    }
    println!();
    for (at, (_, view)) in VIEWS.iter().enumerate() {
        let worst = rows.iter().map(|row| row.frames[at].p99()).max().unwrap_or_default();
        let (first, last) = (&rows[0].frames[at], &rows[rows.len() - 1].frames[at]);
        let times = times(first, last);
        verdict(&format!("{view}: 99th percentile at most {} ms", BUDGET.as_millis()), worst <= BUDGET);
        verdict(&format!("{view}: the largest {times:.2} times the smallest, at most {RATIO}"), times <= RATIO);
        if let (Some(first), Some(last)) = (first.instructions, last.instructions) {
            println!("{view}: {:.2} times its instructions", last as f64 / first as f64);
        }
    }
    let slowest = rows.iter().skip(1).map(Row::events_per_second).fold(f64::INFINITY, f64::min);
    verdict(&format!("at least {} million events a second, of a million and more", INGEST / 1e6), slowest >= INGEST);
}

fn verdict(what: &str, holds: bool) {
    println!("{what}{}", if holds { "" } else { ": MISSED" });
}

fn print_json(rows: &[Row]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let frames: Vec<_> = VIEWS
                .iter()
                .zip(&row.frames)
                .map(|((_, view), frames)| {
                    let (median_ns, p99_ns) = (frames.median().as_nanos() as u64, frames.p99().as_nanos() as u64);
                    serde_json::json!({
                        "view": view, "median_ns": median_ns, "p99_ns": p99_ns, "instructions": frames.instructions
                    })
                })
                .collect();
            serde_json::json!({
                "what": row.size.name,
                "tasks": row.size.tasks,
                "events": row.events,
                "ingest_per_second": row.events_per_second(),
                "bytes_per_event": row.bytes_per_event(),
                "frames": frames,
            })
        })
        .collect();
    println!("{}", serde_json::json!({ "scale": rows }));
}
