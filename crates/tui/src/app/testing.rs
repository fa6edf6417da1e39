//! A model, and what the shell would do with its effects: runs here finish at once and have as many tasks and
//! milliseconds as the parameters say.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;
use scenario::{Clock, Group, Scenario};
use scenarios::semaphore;

use crate::app::areas::Areas;
use crate::app::colors::Theme;
use crate::app::effect::Effect;
use crate::app::input::action::Action;
use crate::app::input::keymap;
use crate::app::model::{Model, Options};
use crate::app::panes::{CodeTab, Pane};
use crate::app::run::lifecycle::started;
use crate::app::run::playback::recorded;
use crate::app::run::view::RunView;
use crate::app::timeline::viewport::laid_out;
use crate::app::update::update;
use engine::Spec;
use trace::{LogLine, Task};

/// Two scenarios whose code never runs here; the second has no real clock.
pub(super) static CATALOGUE: &[Scenario] = &[
    Scenario { id: "first", title: "First", group: Group::Basics, ..semaphore::SCENARIO },
    Scenario { id: "second", title: "Second", clocks: &[Clock::Virtual], ..semaphore::SCENARIO },
];

pub(super) const MS: u64 = 1_000_000;

pub(super) fn options() -> Options {
    let theme = Theme::plain(true, true);
    Options { theme, mouse: true, reduced_motion: false, console: None, limit: Duration::from_secs(60) }
}

/// No run yet; a screen of 100×40 is drawn.
pub(super) fn opened() -> Model {
    let mut model = Model::new(CATALOGUE, options(), None);
    laid_out(&mut model, areas(60));
    model
}

/// A run of the first scenario: 21 tasks, 3500 ms. The cursor is at the start and moves.
pub(super) fn played() -> Model {
    let mut model = opened();
    ask(&mut model, Action::Pick);
    model
}

pub(super) fn areas(lanes: u16) -> Areas {
    let row = |i: usize, x: u16, y: u16| (i, Rect::new(x, y + i as u16, 18, 1));
    Areas {
        beside: Vec::new(),
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
        threads: 0,
        lanes: Rect::new(39, 3, lanes, 10),
        lanes_before: Rect::ZERO,
        map: Rect::new(39, 13, lanes, 1),
        map_scale: (0, 50 * MS),
        group_rows: Vec::new(),
        counters: 0,
        lane_rows: (0..10).map(|i| (i, Rect::new(21, 3 + i as u16, 78, 1))).collect(),
        tabs: vec![(CodeTab::Lesson, Rect::new(62, 15, 6, 1)), (CodeTab::Asyncio, Rect::new(75, 15, 7, 1))],
        code_rows: 120,
        code_open: 50,
        figures: 12,
        code_line: 51,
        code_second: false,
        overlay_rows: 100,
        overlay_height: 20,
    }
}

/// Performs an action and its effects, and returns the specs that were started.
pub(super) fn ask(model: &mut Model, action: Action) -> Vec<Spec> {
    let effects = update(model, action);
    perform(model, effects)
}

pub(super) fn perform(model: &mut Model, effects: Vec<Effect>) -> Vec<Spec> {
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

pub(super) fn press(model: &mut Model, code: KeyCode) -> Vec<Spec> {
    match keymap::key(model, KeyEvent::new(code, KeyModifiers::NONE)) {
        Some(action) => ask(model, action),
        None => Vec::new(),
    }
}

/// Performs the row of the table with that name, whether it has a key or not.
pub(super) fn command(model: &mut Model, name: &str) -> Vec<Spec> {
    let action = model.bindings.named(name).unwrap_or_else(|| panic!("nothing is called {name}")).action.clone();
    ask(model, action)
}

/// Records what the engine would have recorded of a finished run.
pub(super) fn record(run: &mut RunView) {
    let number = |name: &str| run.spec.scenario.param(name).map_or(0, |param| run.spec.values.number(param));
    let (requests, permits, latency) = (number("requests").min(50), number("permits"), number("latency"));
    run.trace.tasks = (0..=requests).map(|i| Task { name: format!("task {i}"), ..Task::default() }).collect();
    run.trace.end_ns = requests.div_ceil(permits) * latency * MS;
    let line =
        |i| LogLine { at_ns: i * 100 * MS, task: None, level: facts::event::Level::Info, message: String::new(), mark: None };
    run.trace.log = (0..requests).map(line).collect();
    run.trace.closed = true;
    run.phase = engine::Phase::Over;
}

pub(super) fn shown(model: &Model) -> &RunView {
    model.run.as_ref().expect("a run is on screen")
}

pub(super) fn shown_mut(model: &mut Model) -> &mut RunView {
    model.run.as_mut().expect("a run is on screen")
}

/// Moves the cursor to the field with that name.
pub(super) fn to_field(model: &mut Model, name: &str) {
    use crate::app::form::fields::Field;
    model.focus = Pane::Parameters;
    let is = |field: &Field| match field {
        Field::Param(param) => param.name == name,
        Field::Clock => name == "clock",
        Field::Workers => name == "workers",
        Field::Seed => name == "seed",
        Field::Schedule => name == "schedule",
    };
    model.form.row = model.form.fields().iter().position(is).expect("the form has that field");
}

pub(super) fn keys(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        press(model, KeyCode::Char(key));
    }
}

pub(super) fn notice(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |notice| &notice.text)
}
