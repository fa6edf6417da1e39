//! The cost of a frame, and the time from start to first frame.
//!
//! The benchmark plays back real runs: `semaphore` with 24 tasks; `shutdown`, which has lanes of futures, moments and ribbons;
//! and `deadlock`, whose last moment has a tail. The time of a frame covers the step of the cursor, the drawing, the comparison
//! with the previous frame, and the bytes for the terminal, which are discarded. *Start to first frame* runs the program on a
//! pseudo-terminal, from before the spawn until the last row of its first frame has arrived.
//!
//! `frame/scale.rs` measures frames over large traces: ten million events need a gigabyte of memory.
//!
//! `cargo bench --bench frame` prints tables, `… -- --json` one line of JSON each; `… -- scale` and `… -- ingest` run only that
//! part.

#[path = "../tests/screens/recorded.rs"]
mod recorded;
#[path = "frame/scale.rs"]
mod scale;
#[path = "frame/synthetic.rs"]
mod synthetic;

use std::io::{self, Read, Write};
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use engine::Spec;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use scenario::Scenario;
use scenarios::CATALOGUE;
use tui::app::input::action::Action;
use tui::app::model::{CodeTab, Model};
use tui::app::run::playback;
use tui::app::timeline::viewport;
use tui::app::update;
use tui::ui::{self, Cache};

/// The screen sizes.
const SIZES: [(u16, u16); 2] = [(120, 40), (200, 60)];
/// Frames drawn at each size.
const FRAMES: usize = 4_000;
/// The time between two frames.
const STEP: Duration = Duration::from_micros(16_667);
/// Starts of the program.
const STARTS: usize = 20;
/// Requests of the run: with *main* they are 24 tasks.
const REQUESTS: &str = "23";

/// One measurement: its name, median and 99th percentile.
struct Row {
    name: String,
    median: Duration,
    p99: Duration,
}

impl Row {
    fn new(name: impl Into<String>, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        Self { name: name.into(), median: at(0.5), p99: at(0.99) }
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let (json, all) = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (false, true),
        ["--json"] => (true, true),
        ["scale"] => (false, false),
        ["scale", "--json"] => (true, false),
        ["ingest"] => {
            scale::ingest();
            return ExitCode::SUCCESS;
        }
        ["--one-frame", size, view] => {
            scale::one_frame(size, view);
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("unknown arguments {args:?}: none, scale, ingest, --json");
            return ExitCode::from(2);
        }
    };
    if all {
        usual(json);
    }
    scale::measure(json);
    ExitCode::SUCCESS
}

/// Measures the screen of small runs, and the start of the program.
fn usual(json: bool) {
    let mut rows: Vec<Row> = SIZES.map(|size| playing("semaphore", &[("requests", REQUESTS)], size)).into();
    rows.extend(SIZES.map(|size| playing("shutdown", &[], size)));
    rows.extend(SIZES.map(|size| playing("deadlock", &[], size)));
    rows.extend(highlighting());
    rows.push(Row::new("start to first frame, 120×40", (0..STARTS).map(|_| start_to_first_frame()).collect()));
    if json {
        print_json(&rows);
    } else {
        print_table(&rows);
    }
}

/// Measures frames while a run is played back repeatedly.
fn playing(id: &str, values: &[(&str, &str)], (width, height): (u16, u16)) -> Row {
    let mut model = played(id, values);
    let mut screen = Screen::new(width, height);
    // The first frames highlight the code and fit the run into the width.
    screen.settle(&mut model);
    let times = (0..FRAMES).map(|_| {
        if let Some(run) = model.run.as_mut().filter(|run| run.cursor.at_ns >= run.trace.end_ns) {
            (run.cursor.at_ns, run.cursor.playing) = (0, true);
        }
        let start = Instant::now();
        update::update(&mut model, Action::Tick(STEP));
        screen.draw(&mut model);
        start.elapsed()
    });
    let row = Row::new(format!("frame, {id}, {width}×{height}, playing"), times.collect());
    let tasks = model.run.as_ref().map_or(0, |run| run.trace.tasks.len());
    assert!(model.areas.lane_rows.len() >= tasks.min(13), "the lanes are visible");
    row
}

/// A model with a finished run that plays from the start.
fn played(id: &str, values: &[(&str, &str)]) -> Model {
    let scenario = CATALOGUE.iter().find(|scenario| scenario.id == id).expect("it is in the catalogue");
    let mut spec = Spec::new(scenario);
    for (name, value) in values {
        let param = scenario.param(name).expect("it has this parameter");
        spec.values.set(param, param.parse(value).expect("it is within the range"));
    }
    let mut model = recorded::fresh(spec.clone());
    recorded::record(&mut model, spec);
    playback::recorded(&mut model);
    model
}

/// A terminal that discards its output.
struct Screen {
    terminal: Terminal<CrosstermBackend<io::Sink>>,
    cache: Cache,
}

impl Screen {
    fn new(width: u16, height: u16) -> Self {
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, width, height)) };
        let terminal = Terminal::with_options(CrosstermBackend::new(io::sink()), options).expect("a sink accepts everything");
        Self { terminal, cache: Cache::default() }
    }

    /// Draws one frame. Returns true if the next one would differ.
    fn draw(&mut self, model: &mut Model) -> bool {
        let mut areas = None;
        let cache = &mut self.cache;
        self.terminal.draw(|frame| areas = Some(ui::draw(frame, model, cache))).expect("a sink accepts everything");
        areas.is_some_and(|areas| viewport::laid_out(model, areas)) || self.cache.unfinished()
    }

    fn settle(&mut self, model: &mut Model) {
        while self.draw(model) {}
    }
}

/// Measures the time from the first frame with a source, which is plain, to the frame that highlights it, and the longest
/// frame in between.
fn highlighting() -> [Row; 4] {
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..STARTS {
        let mut screen = Screen::new(120, 40);
        let [first, second, ..] = CATALOGUE else { unreachable!("there are more than two scenarios") };
        let mut longest = Duration::ZERO;
        for (i, (scenario, tab)) in
            [(first, CodeTab::Rust), (second, CodeTab::Rust), (first, CodeTab::Asyncio)].into_iter().enumerate()
        {
            let (all, frame) = highlighted(&mut screen, scenario, tab);
            times[i].push(all);
            longest = longest.max(frame);
        }
        times[3].push(longest);
    }
    let [rust, next, asyncio, longest] = times;
    [
        Row::new("highlighting, first Rust source", rust),
        Row::new("highlighting, next Rust source", next),
        Row::new("highlighting, first asyncio source", asyncio),
        Row::new("longest frame meanwhile", longest),
    ]
}

fn highlighted(screen: &mut Screen, scenario: &'static Scenario, tab: CodeTab) -> (Duration, Duration) {
    let mut model = recorded::fresh(Spec::new(scenario));
    model.code.tab = tab;
    let mut longest = Duration::ZERO;
    let start = Instant::now();
    loop {
        let frame = Instant::now();
        screen.draw(&mut model);
        longest = longest.max(frame.elapsed());
        if !screen.cache.unfinished() {
            return (start.elapsed(), longest);
        }
        // As in the program, the highlighting thread gets the processor between two frames.
        thread::sleep(Duration::from_millis(1));
    }
}

/// Starts the program on a pseudo-terminal and waits for its first frame.
fn start_to_first_frame() -> Duration {
    let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size).expect("the system gives a pseudo-terminal");
    let mut out = pty.master.try_clone_reader().expect("it can be read");
    let mut keys = pty.master.take_writer().expect("it can be written to");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_async-playground"));
    command.env("TERM", "xterm-256color");

    let start = Instant::now();
    let mut child = pty.slave.spawn_command(command).expect("the program starts");
    drop(pty.slave);
    let cells = |n| NonZeroU16::new(n).expect("the screen has a size");
    let mut screen = vt100::Parser::new(cells(size.rows), cells(size.cols), 0);
    let mut bytes = vec![0; 65_536];
    while !is_whole(screen.screen()) {
        let read = out.read(&mut bytes).expect("the program lives");
        assert!(read > 0, "the program ended before its first frame:\n{}", screen.screen().contents());
        screen.process(&bytes[..read]);
    }
    let took = start.elapsed();
    keys.write_all(b"q").expect("the program lives");
    // Read the rest of its output, so that the program does not block on writing.
    while out.read(&mut bytes).is_ok_and(|read| read > 0) {}
    child.wait().expect("the program ends");
    took
}

/// True once the footer has arrived: frames are written from top to bottom.
fn is_whole(screen: &vt100::Screen) -> bool {
    let (rows, columns) = screen.size();
    let row = |row| screen.rows(0, columns.get()).nth(usize::from(row)).unwrap_or_default();
    row(0).contains("async-playground") && row(rows.get() - 1).contains("quit")
}

fn print_table(rows: &[Row]) {
    println!("milliseconds\n");
    println!("{:<42} {:>8} {:>8}", "", "median", "p99");
    for row in rows {
        println!("{:<42} {:>8.3} {:>8.3}", row.name, row.median.as_secs_f64() * 1e3, row.p99.as_secs_f64() * 1e3);
    }
}

fn print_json(rows: &[Row]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let ns = |time: Duration| time.as_nanos() as u64;
            serde_json::json!({ "what": row.name, "median_ns": ns(row.median), "p99_ns": ns(row.p99) })
        })
        .collect();
    println!("{}", serde_json::Value::from(rows));
}
