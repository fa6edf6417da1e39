//! Screens for reading a run: a measured range, the critical path, sorted and filtered lanes.
//!
//! The runs are real ones on the virtual clock, so they are the same every time.

#[path = "screens/paint.rs"]
mod paint;
#[path = "screens/recorded.rs"]
mod recorded;

use crossterm::event::{KeyCode, KeyEvent};
use engine::Spec;
use insta::assert_snapshot;
use scenarios::find;
use tui::app::colors::Colors;
use tui::app::input::action::Action;
use tui::app::input::keymap;
use tui::app::model::{Model, Pane, Theme};
use tui::app::run::playback;
use tui::app::timeline::viewport;
use tui::app::update::update;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
const MS: u64 = 1_000_000;

/// A finished run, with the cursor at its end and the focus on its lanes.
fn run(id: &str, width: u16, height: u16) -> Model {
    let spec = Spec { seed: 7, ..Spec::new(find(id).expect("it is in the catalogue")) };
    let mut model = recorded::fresh(spec.clone());
    lay_out(&mut model, width, height);
    recorded::record(&mut model, spec);
    let view = model.run.as_mut().expect("it has been run");
    view.trace.samples.clear();
    view.cost_ns = Some(25.0);
    view.cursor.at_ns = view.trace.end_ns;
    view.cursor.playing = false;
    playback::recorded(&mut model);
    model.focus = Pane::Timeline;
    lay_out(&mut model, width, height);
    model
}

/// Draws until the model knows the layout.
fn lay_out(model: &mut Model, width: u16, height: u16) {
    while viewport::laid_out(model, paint::frame(model, width, height).1) {}
}

fn press(model: &mut Model, code: KeyCode) {
    if let Some(action) = keymap::key(model, KeyEvent::from(code)) {
        update(model, action);
    }
}

fn types(model: &mut Model, keys: &str) {
    keys.chars().for_each(|key| press(model, KeyCode::Char(key)));
}

/// Types a filter.
fn filters(model: &mut Model, query: &str) {
    update(model, Action::Filter);
    types(model, query);
}

/// Marks a range with the keys.
fn mark(model: &mut Model, from_ms: u64, to_ms: u64) {
    for ms in [from_ms, to_ms] {
        if let Some(view) = &mut model.run {
            view.cursor.at_ns = ms * MS;
        }
        update(model, Action::MarkRange);
    }
}

fn screen(model: &Model, width: u16, height: u16) -> String {
    paint::text(&paint::frame(model, width, height).0)
}

fn styled(model: &Model, width: u16, height: u16) -> String {
    paint::styled(&paint::frame(model, width, height).0)
}

#[test]
fn the_critical_path_is_marked_on_the_lanes_and_listed() {
    for (width, height) in SIZES {
        let mut model = run("semaphore", width, height);
        update(&mut model, Action::CriticalPath);
        press(&mut model, KeyCode::Char('j'));
        assert_snapshot!(format!("path_{width}x{height}"), screen(&model, width, height));
        press(&mut model, KeyCode::Esc);
        assert_snapshot!(format!("path_lanes_{width}x{height}"), screen(&model, width, height));
    }
}

#[test]
fn the_path_of_other_runs_is_listed() {
    for id in ["pipeline", "gather", "lock-contention"] {
        let mut model = run(id, 120, 40);
        update(&mut model, Action::CriticalPath);
        assert_snapshot!(format!("path_{id}_120x40"), screen(&model, 120, 40));
    }
}

#[test]
fn a_range_is_marked_on_the_ruler_and_on_the_lanes_and_measured() {
    for (width, height) in SIZES {
        let mut model = run("semaphore", width, height);
        mark(&mut model, 1_200, 2_600);
        assert_snapshot!(format!("range_{width}x{height}"), screen(&model, width, height));
    }
    let mut model = run("semaphore", 120, 40);
    mark(&mut model, 1_200, 2_600);
    press(&mut model, KeyCode::Esc);
    assert_snapshot!("range_lanes_120x40", screen(&model, 120, 40));
}

#[test]
fn without_colour_and_in_ascii_they_are_seen_too() {
    for (name, color, unicode) in
        [("colour", true, true), ("mono", false, true), ("ascii", true, false), ("ascii_mono", false, false)]
    {
        let mut model = run("semaphore", 80, 24);
        model.options.theme = Theme { colors: color.then_some(Colors::ANSI), unicode };
        mark(&mut model, 1_200, 2_600);
        let list = styled(&model, 80, 24);
        assert_snapshot!(format!("range_80x24_{name}"), list);
        press(&mut model, KeyCode::Esc);
        update(&mut model, Action::CriticalPath);
        press(&mut model, KeyCode::Esc);
        if let Some(view) = &mut model.run {
            view.cursor.at_ns = view.trace.end_ns;
        }
        let lanes = styled(&model, 80, 24);
        assert_snapshot!(format!("path_lanes_80x24_{name}"), lanes);
        assert!(unicode || (list.is_ascii() && lanes.is_ascii()));
    }
}

#[test]
fn nothing_of_the_path_is_drawn_before_the_cursor_comes_there() {
    let mut model = run("semaphore", 120, 40);
    update(&mut model, Action::CriticalPath);
    press(&mut model, KeyCode::Esc);
    let marked = |model: &Model| screen(model, 120, 40).lines().filter(|line| line.contains("→") && !line.contains("←→")).count();
    let all = marked(&model);
    if let Some(view) = &mut model.run {
        view.cursor.at_ns = 700 * MS;
    }
    // Main, the first request and the one after it.
    assert!(marked(&model) == 3 && all > 3, "{all}: {}", screen(&model, 120, 40));
}

#[test]
fn a_filter_is_typed_in_the_place_of_the_footer() {
    for (width, height) in SIZES {
        let mut model = run("semaphore", width, height);
        filters(&mut model, "wait>1s cause=lock !1");
        assert_snapshot!(format!("filter_{width}x{height}"), screen(&model, width, height));
    }
    let mut model = run("semaphore", 80, 24);
    filters(&mut model, "request cause=semphore");
    assert_snapshot!("filter_error_80x24", styled(&model, 80, 24));
    model.options.theme = Theme { colors: None, unicode: false };
    assert_snapshot!("filter_error_ascii_mono_80x24", styled(&model, 80, 24));
}

#[test]
fn lanes_are_sorted_and_filtered_and_the_title_says_so() {
    let mut model = run("semaphore", 120, 40);
    filters(&mut model, "request wait<1.2s");
    press(&mut model, KeyCode::Enter);
    update(&mut model, Action::Order);
    update(&mut model, Action::Order);
    model.notice = None;
    assert_snapshot!("sorted_120x40", screen(&model, 120, 40));
    update(&mut model, Action::Filter);
    update(&mut model, Action::Text(tui::app::input::action::TextKey::Clear));
    types(&mut model, "nobody");
    let nothing = screen(&model, 120, 40);
    assert!(nothing.contains("0 of 21 tasks") && nothing.contains("no task matches the filter"), "{nothing}");
    // However little room there is, the title says that lanes are missing.
    assert!(screen(&model, 60, 16).contains("0 of 21 tasks"), "{}", screen(&model, 60, 16));
}

#[test]
fn no_size_is_too_small() {
    let mut model = run("semaphore", 60, 16);
    mark(&mut model, 1_200, 2_600);
    for (width, height) in (60..=64).flat_map(|width| (16..=20).map(move |height| (width, height))) {
        assert!(screen(&model, width, height).contains("Critical path"));
    }
}
