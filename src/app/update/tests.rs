//! A model, and what the shell would do with its effects: runs here are over
//! at once and have as many tasks and milliseconds as the parameters say.

mod cursor;
mod findings;
mod form;
mod hover;
mod jump;
mod kinds;
mod list;
mod order;
mod palette;
mod path;
mod pointer;
mod random;
mod range;
mod run;
mod save;
mod timeline;
mod views;
mod why;

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use scenarios::{Clock, Group, Scenario, semaphore};

use super::*;
use crate::app::keymap;
use crate::app::model::{Areas, Options, RunView, Theme};
use crate::engine::Spec;
use crate::trace::{LogLine, Task};

/// Two scenarios whose code is never run here; the second one has no real clock.
static CATALOGUE: &[Scenario] = &[
    Scenario { id: "first", title: "First", group: Group::Basics, ..semaphore::SCENARIO },
    Scenario { id: "second", title: "Second", clocks: &[Clock::Virtual], ..semaphore::SCENARIO },
];

const MS: u64 = 1_000_000;

fn options() -> Options {
    let theme = Theme::plain(true, true);
    Options { theme, mouse: true, reduced_motion: false, console: None, limit: Duration::from_secs(60) }
}

/// Nothing was run yet; a screen of 100×40 was drawn.
fn opened() -> Model {
    let mut model = Model::new(CATALOGUE, options(), None);
    laid_out(&mut model, areas(60));
    model
}

/// The first scenario was run: 21 tasks, 3500 ms. The cursor stands at the start and moves.
fn played() -> Model {
    let mut model = opened();
    ask(&mut model, Action::Pick);
    model
}

fn areas(lanes: u16) -> Areas {
    let row = |i: usize, x: u16, y: u16| (i, Rect::new(x, y + i as u16, 18, 1));
    Areas {
        screen: Rect::new(0, 0, 100, 40),
        panes: vec![
            (Pane::Scenarios, Rect::new(0, 1, 20, 10)),
            (Pane::Parameters, Rect::new(0, 11, 20, 20)),
            (Pane::Timeline, Rect::new(20, 1, 80, 14)),
            (Pane::Log, Rect::new(20, 15, 40, 10)),
            (Pane::Code, Rect::new(60, 15, 40, 10)),
        ],
        list_rows: vec![row(0, 1, 2), row(1, 1, 2)],
        form_rows: (0..8).map(|i| row(i, 1, 12)).collect(),
        lanes: Rect::new(39, 3, lanes, 10),
        map: (Rect::new(39, 13, lanes, 1), 50 * MS),
        group_rows: Vec::new(),
        counters: 0,
        lane_rows: (0..10).map(|i| (i, Rect::new(21, 3 + i as u16, 78, 1))).collect(),
        tabs: vec![(CodeTab::Lesson, Rect::new(62, 15, 6, 1)), (CodeTab::Asyncio, Rect::new(75, 15, 7, 1))],
        code_rows: 120,
        code_open: 50,
        figures: 12,
        code_line: 51,
        overlay_rows: 100,
        overlay_height: 20,
    }
}

/// Does an action and what it asks for, and returns the specs that were started.
fn ask(model: &mut Model, action: Action) -> Vec<Spec> {
    let effects = update(model, action);
    perform(model, effects)
}

fn perform(model: &mut Model, effects: Vec<Effect>) -> Vec<Spec> {
    let mut specs = Vec::new();
    for effect in effects {
        if let Effect::Start(spec) = effect {
            specs.push(spec.clone());
            started(model, spec);
            if let Some(run) = &mut model.run {
                record(run);
            }
            recorded(model);
        }
    }
    specs
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Spec> {
    match keymap::key(model, KeyEvent::new(code, KeyModifiers::NONE)) {
        Some(action) => ask(model, action),
        None => Vec::new(),
    }
}

/// What the engine would have recorded of a run that is over.
fn record(run: &mut RunView) {
    let number = |name: &str| run.spec.scenario.param(name).map_or(0, |param| run.spec.values.number(param));
    let (requests, permits, latency) = (number("requests").min(50), number("permits"), number("latency"));
    run.trace.tasks = (0..=requests).map(|i| Task { name: format!("task {i}"), ..Task::default() }).collect();
    run.trace.end_ns = requests.div_ceil(permits) * latency * MS;
    let line = |i| LogLine { at_ns: i * 100 * MS, task: None, level: crate::record::event::Level::Info, message: String::new() };
    run.trace.log = (0..requests).map(line).collect();
    run.trace.closed = true;
    run.phase = crate::engine::Phase::Over;
}

fn shown(model: &Model) -> &RunView {
    model.run.as_ref().expect("a run is on screen")
}

fn shown_mut(model: &mut Model) -> &mut RunView {
    model.run.as_mut().expect("a run is on screen")
}

/// Puts the cursor on the field of that name.
fn to_field(model: &mut Model, name: &str) {
    use crate::app::model::Field;
    model.focus = Pane::Parameters;
    let is = |field: &Field| match field {
        Field::Param(param) => param.name == name,
        Field::Clock => name == "clock",
        Field::Workers => name == "workers",
        Field::Seed => name == "seed",
    };
    model.form.row = model.form.fields().iter().position(is).expect("the form has that field");
}

#[test]
fn focus_goes_round_and_takes_the_full_screen_with_it() {
    let mut model = opened();
    for pane in Pane::ALL.into_iter().skip(1).chain([Pane::Scenarios]) {
        press(&mut model, KeyCode::Tab);
        assert_eq!(model.focus, pane);
    }
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.focus, Pane::Task);
    press(&mut model, KeyCode::Char('z'));
    assert_eq!(model.full, Some(Pane::Task));
    press(&mut model, KeyCode::Char('3'));
    assert_eq!((model.focus, model.full), (Pane::Timeline, Some(Pane::Timeline)));
    press(&mut model, KeyCode::Char('z'));
    assert_eq!(model.full, None);
}

#[test]
fn esc_closes_one_thing_at_a_time() {
    let mut model = played();
    press(&mut model, KeyCode::Char('5'));
    press(&mut model, KeyCode::Char('z'));
    press(&mut model, KeyCode::Char('?'));
    assert_eq!(model.mode.overlay(), Some(&Overlay::Help { pane: Pane::Log, top: 0 }));
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.mode.overlay().is_none(), model.full), (true, Some(Pane::Log)));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.full, None);
    press(&mut model, KeyCode::Esc);
    assert!(!model.quit);
}

#[test]
fn help_scrolls_to_its_end_and_no_further() {
    let mut model = opened();
    let top = |model: &Model| match model.mode {
        Mode::Overlay(Overlay::Help { top, .. } | Overlay::Why { top, .. }) => Some(top),
        _ => None,
    };
    press(&mut model, KeyCode::Char('?'));
    press(&mut model, KeyCode::Char('j'));
    assert_eq!(top(&model), Some(1));
    press(&mut model, KeyCode::Char('G'));
    assert_eq!(top(&model), Some(80));
    press(&mut model, KeyCode::PageUp);
    assert_eq!(top(&model), Some(61));
    press(&mut model, KeyCode::Home);
    assert_eq!(top(&model), Some(0));
}

#[test]
fn quit_and_suspend_are_for_the_shell_to_do() {
    let mut model = opened();
    assert!(matches!(update(&mut model, Action::Suspend)[..], [Effect::Suspend]));
    assert!(!model.quit);
    assert!(update(&mut model, Action::Quit).is_empty());
    assert!(model.quit);
}

#[test]
fn tabs_of_the_code_turn_both_ways_from_the_top_line() {
    let mut model = opened();
    model.focus = Pane::Code;
    press(&mut model, KeyCode::Down);
    assert_eq!((model.code.tab, model.code.top), (CodeTab::Rust, 1));
    press(&mut model, KeyCode::Char('t'));
    assert_eq!((model.code.tab, model.code.top), (CodeTab::Asyncio, 0));
    for tab in [CodeTab::Test, CodeTab::Lesson] {
        press(&mut model, KeyCode::Right);
        assert_eq!(model.code.tab, tab);
    }
    press(&mut model, KeyCode::Left);
    assert_eq!(model.code.tab, CodeTab::Test);
    ask(&mut model, Action::Point(Target::Tab(CodeTab::Rust)));
    press(&mut model, KeyCode::Char('G'));
    assert_eq!(model.code.top, 120 - 8 - 50);
    press(&mut model, KeyCode::Char('g'));
    assert_eq!(model.code.top, -50);
}

#[test]
fn the_log_scrolls_back_from_the_cursors_newest_line() {
    let mut model = played();
    model.focus = Pane::Log;
    shown_mut(&mut model).cursor.at_ns = 1_150 * MS;
    press(&mut model, KeyCode::Up);
    assert_eq!(model.log.back, 1);
    // Twelve lines until then, eight in sight.
    press(&mut model, KeyCode::Char('g'));
    assert_eq!(model.log.back, 4);
    press(&mut model, KeyCode::Char('G'));
    assert_eq!(model.log.back, 0);
    press(&mut model, KeyCode::Up);
    press(&mut model, KeyCode::Char('V'));
    assert_eq!((model.log.level, model.log.back), (crate::record::event::Level::Warn, 0));
    press(&mut model, KeyCode::Up);
    assert_eq!(model.log.back, 0, "no line is left to scroll to");
}

fn keys(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        press(model, KeyCode::Char(key));
    }
}

fn notice(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |notice| &notice.text)
}
