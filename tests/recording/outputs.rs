//! Recordings with hostile texts, through every output: the report as text and as JSON, errors, the share line, and the screen
//! at any size.
//!
//! The only bytes written that a terminal interprets are the program's own, text stays where it belongs, and the JSON keeps
//! every text unchanged. `HOSTILE_RECORDINGS` sets how many to try; failing cases are kept beside this file.

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::rc::Rc;
use std::time::Duration;

use async_playground::report::{self, Look};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use engine::Recording;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::{Buffer, Cell as Square};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use recording::OpenError;
use scenarios::CATALOGUE;
use tui::app::input::action::Action;
use tui::app::input::keymap;
use tui::app::model::{Areas, Model, Options, Theme};
use tui::app::run::lifecycle;
use tui::app::timeline::viewport;
use tui::app::update;
use tui::text;
use tui::ui::{self, Cache};
use unicode_width::UnicodeWidthChar;

use super::disguise::{Case, Disguised, case};
use super::file::Parts;
use super::support::control::foreign;
use super::support::harmful::harmful;
use super::texts::text;

/// The default number of recordings.
const RECORDINGS: u32 = 48;
/// The keys to press: panes, kinds of lanes, groups, layers, jumps, folds, prompts and how to leave them.
const KEYS: &str = "1234567\tVVGGgwWRipPoOz/?nNTL:ftuU.,][}{ jjkllhdDAZAe+-\x1b\x1b\r";

/// The number of recordings to try.
pub(crate) fn recordings() -> u32 {
    std::env::var("HOSTILE_RECORDINGS").ok().and_then(|text| text.parse().ok()).unwrap_or(RECORDINGS)
}

/// Tries something with that many cases.
pub(crate) fn try_all<S: Strategy>(cases: u32, strategy: &S, mut test: impl FnMut(S::Value)) {
    let kept = FileFailurePersistence::Direct("tests/recording/outputs.proptest-regressions");
    let config = Config { cases, max_shrink_iters: 500, failure_persistence: Some(Box::new(kept)), ..Config::default() };
    let test = RefCell::new(&mut test);
    let result = TestRunner::new(config).run(strategy, |case| {
        (test.borrow_mut())(case);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Asserts that these are lines of text and nothing else.
pub(crate) fn assert_lines(text: &str) {
    let found = text.split('\n').find_map(|line| line.find(harmful).map(|at| &line[at..]));
    assert_eq!(found, None, "a terminal would obey it");
}

#[test]
fn whatever_a_recording_says_its_report_is_lines_of_text_and_its_json_is_whole() {
    let (mut opened, mut longest) = (0, 0);
    try_all(recordings(), &(case(), 0..300_usize, any::<bool>()), |(case, width, unicode)| {
        let Disguised { spec, trace, report, bytes } = case.disguise();
        let back = super::read(&*bytes).expect("it is a recording");
        assert_eq!(back.flaw, None);
        let told = report::text(&back.spec, &back.trace, &back.report, Look { width, unicode });
        assert_lines(&told);
        assert_lanes(&told, width);
        assert_lines(&back.spec.share());
        assert_lines(&report::ending(&back.spec, &back.report.ending));
        let json = report::json(&back.spec, &back.trace, &back.report).expect("a report");
        assert_eq!(json.find(harmful), None, "JSON has an escape for it");
        assert_eq!(json, report::json(&spec, &trace, &report).expect("a report"));
        assert_whole(&json, &back);
        (opened, longest) = (opened + 1, longest.max(told.lines().map(cells).max().unwrap_or(0)));
    });
    println!("{opened} recordings as text and as JSON; the longest line has {longest} columns");
}

/// Asserts that the lanes of all tasks begin in the column where the ruler begins, and end within the width.
fn assert_lanes(told: &str, width: usize) {
    let block = told.rsplit("\n\n").nth(1).expect("there is a timeline");
    let mut rows = block.lines();
    let ruler = rows.next().expect("it has a ruler");
    let column = ruler.len() - ruler.trim_start().len();
    for row in rows.filter(|row| !row.ends_with(" more")) {
        let mut at = 0;
        let inside = |c: &char| {
            let inside = at < column;
            at += if inside { c.width().unwrap_or(0) } else { 0 };
            inside
        };
        let label: String = row.chars().take_while(inside).collect();
        assert!(at == column && label.ends_with("  "), "the lane does not begin under the ruler: {row}\n{block}");
        let room = width.max(column + 10);
        assert!(cells(row) <= room, "{} columns and not {room}: {row}", cells(row));
    }
}

/// The cells of a line, as most terminals count them: each character by itself.
fn cells(line: &str) -> usize {
    line.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// Asserts that every text in the contract is there as it was recorded.
fn assert_whole(json: &str, back: &Recording) {
    let told: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
    if let engine::Ending::Finished(outcome) = &back.report.ending {
        for (told, figure) in told["outcome"].as_array().expect("figures").iter().zip(&outcome.figures) {
            assert_eq!((told["name"].as_str(), told["unit"].as_str()), (Some(&*figure.name), Some(figure.unit)));
        }
        for (told, check) in told["checks"].as_array().expect("checks").iter().zip(&outcome.checks) {
            assert_eq!(told["name"].as_str(), Some(&*check.name));
        }
    }
    for finding in told["findings"].as_array().expect("findings") {
        let name = finding["task"].as_str();
        assert!(name.is_none_or(|name| back.trace.tasks.iter().any(|task| task.name == name)), "{finding}");
    }
}

#[test]
fn a_header_that_nobody_has_checked_is_told_in_one_harmless_line() {
    static BYTES: std::sync::LazyLock<Vec<u8>> =
        std::sync::LazyLock::new(|| super::file::record(super::file::spec("gather")).bytes);
    let field = prop::sample::select(vec!["version", "id", "clock", "detail", "seed", "workers", "params", "tasks", "latency"]);
    try_all(recordings(), &(prop::collection::vec((field, text()), 1..4), text()), |(fields, path)| {
        let error = match super::read(&*with_header(&BYTES, &fields)) {
            Err(error @ OpenError::Header(_)) => error,
            Err(other) => panic!("{other}"),
            // An unknown version of the program is no reason to refuse it.
            Ok(_) => return,
        };
        let error = text::message(&error.to_string());
        assert_lines(&error);
        assert!(cells(&error) <= 700, "{error}");
        let line = text::line(&format!("{}: {error}", text::path(path.as_ref()))).into_owned();
        assert!(line.find(harmful).is_none() && cells(&line) <= 1_000, "{line}");
    });
}

/// The recording with these texts in its header: parameters by their names, everything else as a field of it.
pub(crate) fn with_header(bytes: &[u8], fields: &[(&str, String)]) -> Vec<u8> {
    let mut parts = Parts::of(bytes);
    let mut header: serde_json::Value = serde_json::from_slice(&parts.opening[18..]).expect("it is JSON");
    for (field, text) in fields {
        let scenario = &mut header["scenario"];
        let of = match *field {
            "version" => &mut header["version"],
            field if scenario["params"].get(field).is_some() => &mut scenario["params"][field],
            field => &mut scenario[field],
        };
        *of = text.as_str().into();
    }
    // As long as a header may be.
    let mut header = header.to_string().into_bytes();
    header.truncate(60_000);
    parts.opening.truncate(10);
    parts.opening.extend((header.len() as u32).to_le_bytes());
    parts.opening.extend(crc32fast::hash(&header).to_le_bytes());
    parts.opening.extend(header);
    parts.bytes()
}

/// An action on the screen.
#[derive(Debug, Clone)]
enum Step {
    Key(char),
    Paste(String),
    Warn(String),
    /// Moves the cursor somewhere in the run.
    Time(u8),
    Size(u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => prop::sample::select(KEYS.chars().collect::<Vec<_>>()).prop_map(Step::Key),
        1 => text().prop_map(Step::Paste),
        1 => text().prop_map(Step::Warn),
        2 => any::<u8>().prop_map(Step::Time),
        1 => (1..220_u16, 1..70_u16).prop_map(|(width, height)| Step::Size(width, height)),
    ]
}

#[test]
fn whatever_a_recording_says_its_screen_is_in_line_and_all_bytes_are_the_programs_own() {
    let frames = Cell::new(0);
    let strategy = (case(), prop::collection::vec(step(), 1..10), (60..220_u16, 16..70_u16), any::<(bool, bool)>());
    try_all(recordings(), &strategy, |(case, steps, size, look)| {
        frames.set(frames.get() + show(&case, &steps, size, look));
    });
    println!("{} recordings on the screen in {} frames", recordings(), frames.get());
}

/// Draws after each step; returns the number of frames.
fn show(case: &Case, steps: &[Step], size: (u16, u16), (unicode, colors): (bool, bool)) -> usize {
    let recording = super::read(&*case.disguise().bytes).expect("it is a recording");
    let theme = if colors { Theme::plain(unicode, true) } else { Theme { colors: None, unicode } };
    let options = Options { theme, mouse: false, reduced_motion: false, console: None, limit: Duration::from_secs(60) };
    let mut model = Model::new(CATALOGUE, options, Some(recording.spec.clone()));
    lifecycle::replayed(&mut model, recording);
    let mut screen = Screen::new(size);
    screen.draw(&mut model);
    for step in steps {
        match step {
            Step::Key(c) => press(&mut model, *c),
            Step::Paste(text) => {
                let action = keymap::paste(&model, text.clone());
                do_it(&mut model, action);
            }
            Step::Warn(text) => model.warn(text.clone()),
            Step::Time(part) => {
                if let Some(run) = &mut model.run {
                    run.cursor.at_ns = run.trace.end_ns / 255 * u64::from(*part);
                }
            }
            Step::Size(width, height) => screen = Screen::new((*width, *height)),
        }
        screen.draw(&mut model);
    }
    steps.len() + 1
}

fn press(model: &mut Model, c: char) {
    let code = match c {
        '\x1b' => KeyCode::Esc,
        '\r' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        c => KeyCode::Char(c),
    };
    let action = keymap::key(model, KeyEvent::new(code, KeyModifiers::NONE));
    do_it(model, action);
}

fn do_it(model: &mut Model, action: Option<Action>) {
    if let Some(action) = action {
        // A recording has no effects outside the model except clipboard and editor.
        drop(update::update(model, action));
    }
}

/// A terminal that keeps everything written to it.
struct Screen {
    terminal: Terminal<CrosstermBackend<Bytes>>,
    bytes: Bytes,
    seen: vt100::Parser,
}

#[derive(Clone, Default)]
struct Bytes(Rc<RefCell<Vec<u8>>>);

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    fn new((width, height): (u16, u16)) -> Self {
        crossterm::style::force_color_output(true);
        let bytes = Bytes::default();
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let terminal = Terminal::with_options(CrosstermBackend::new(bytes.clone()), TerminalOptions { viewport });
        let [rows, columns] = [height, width].map(|cells| cells.try_into().expect("there are some"));
        Self { terminal: terminal.expect("it is memory"), bytes, seen: vt100::Parser::new(rows, columns, 0) }
    }

    /// Draws a frame, and checks what was written and what is then visible.
    fn draw(&mut self, model: &mut Model) {
        thread_local! {
            /// Highlight colours are built once, which takes far longer than a frame.
            static CACHE: RefCell<Cache> = RefCell::default();
        }
        let mut areas = Areas::default();
        let frame = self.terminal.draw(|frame| areas = CACHE.with_borrow_mut(|cache| ui::draw(frame, model, cache)));
        let buffer = frame.expect("it is memory").buffer.clone();
        let written = std::mem::take(&mut *self.bytes.0.borrow_mut());
        self.seen.process(&written);
        let written = String::from_utf8(written).expect("it is UTF-8");
        assert_eq!(foreign(&written), None, "it is not the program's own");
        assert_seen(&buffer, self.seen.screen());
        if model.mode.overlay().is_none() {
            assert_borders(&buffer, &areas);
        }
        viewport::laid_out(model, areas);
    }
}

/// Asserts that a terminal shows in each cell what was drawn there.
fn assert_seen(buffer: &Buffer, seen: &vt100::Screen) {
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let drawn = buffer[(x, y)].symbol();
            let shown = seen.cell(y, x).map_or("", vt100::Cell::contents);
            assert_eq!(drawn.trim_end(), shown.trim_end(), "at {x}, {y}: {}", row(buffer, y));
            x += cells(drawn).max(1) as u16;
        }
        assert_eq!(x, buffer.area.width, "a wide character reaches out of row {y}: {}", row(buffer, y));
    }
}

/// Asserts that only borders and scroll bars are drawn where panes have their borders.
fn assert_borders(buffer: &Buffer, areas: &Areas) {
    let is_border = |cell: &Square| matches!(cell.symbol(), "|" | "+" | "-" | "=" | "#" | "▐") || is_box(cell.symbol());
    for (pane, area) in &areas.panes {
        for y in area.y + 1..area.bottom().saturating_sub(1) {
            for x in [area.x, area.right() - 1] {
                assert!(is_border(&buffer[(x, y)]), "{pane:?} is out of line at {x}, {y}: {}", row(buffer, y));
            }
        }
    }
}

fn is_box(symbol: &str) -> bool {
    symbol.chars().all(|c| matches!(c, '\u{2500}'..='\u{257f}'))
}

fn row(buffer: &Buffer, y: u16) -> String {
    (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect()
}
