//! The scenarios on screen: real runs on the virtual clock, with the cursor in the middle of each.
//!
//! The virtual clock makes a run the same every time. The remaining figures of the machine (how busy its worker was, the wall
//! time of polls) are removed from the trace before it is drawn.

#[path = "screens/paint.rs"]
mod paint;
#[path = "screens/recorded.rs"]
mod recorded;

use std::time::Duration;

use engine::Spec;
use insta::assert_snapshot;
use scenario::{Clock, Scenario};
use scenarios::CATALOGUE;
use tui::app::effect::Effect;
use tui::app::input::action::Action;
use tui::app::model::{Layout, Model, Pane, Theme};
use tui::app::panes::{CodeTab, ExplainTab};
use tui::app::run::{playback, predict};
use tui::app::timeline::viewport;
use tui::app::update;

/// The model after half of a scenario's run has been played.
fn half_way(scenario: &'static Scenario, width: u16, height: u16) -> Model {
    let mut model = run(Spec { seed: 7, ..Spec::new(scenario) }, width, height);
    let view = model.run.as_mut().expect("it has been run");
    view.cursor.at_ns = view.trace.end_ns / 2;
    lay_out(&mut model, width, height);
    model
}

/// The model after a complete run.
fn run(spec: Spec, width: u16, height: u16) -> Model {
    let mut model = recorded::fresh(spec.clone());
    lay_out(&mut model, width, height);
    recorded::record(&mut model, spec);
    let view = model.run.as_mut().expect("it has been run");
    view.trace.samples.clear();
    view.cost_ns = Some(25.0);
    playback::recorded(&mut model);
    model
}

/// Draws until the model knows the layout.
fn lay_out(model: &mut Model, width: u16, height: u16) {
    while viewport::laid_out(model, paint::frame(model, width, height).1) {}
}

fn screen(model: &Model, width: u16, height: u16) -> String {
    paint::text(&paint::frame(model, width, height).0)
}

/// Scenarios that together show every pane and every mark: these are drawn in every size and theme, the others once.
const EVERYWHERE: [&str; 6] = ["gather", "cancellation", "semaphore", "producer-consumer", "lock-contention", "deadlock"];

#[test]
fn each_scenario_at_its_sizes() {
    // On the real clock no two runs are the same.
    for scenario in CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)) {
        let everywhere = EVERYWHERE.contains(&scenario.id);
        let sizes = if everywhere { &[(200, 60), (120, 40), (80, 24)][..] } else { &[(120, 40)] };
        for &(width, height) in sizes {
            let model = half_way(scenario, width, height);
            assert_snapshot!(format!("{}_{width}x{height}", scenario.id), screen(&model, width, height));
        }
    }
}

#[test]
fn scenarios_in_mono_and_in_ascii() {
    for scenario in CATALOGUE.iter().filter(|scenario| EVERYWHERE.contains(&scenario.id)) {
        let mut model = half_way(scenario, 80, 24);
        model.options.theme = Theme::plain(false, true);
        assert_snapshot!(format!("{}_mono", scenario.id), paint::styled(&paint::frame(&model, 80, 24).0));
        model.options.theme.unicode = false;
        let ascii = screen(&model, 80, 24);
        assert!(ascii.is_ascii(), "a glyph beyond ASCII was drawn:\n{ascii}");
        assert_snapshot!(format!("{}_ascii", scenario.id), ascii);
    }
}

/// A pinned run above the next one, on the same axis.
/// A poll that the schedule cut: its mark, its place in the legend, and what the selected task says of it.
#[test]
fn a_poll_that_was_cut() {
    let scenario = CATALOGUE.iter().find(|scenario| scenario.id == "check-then-act").expect("it is in the catalogue");
    for (width, height) in [(200, 60), (120, 40), (80, 24)] {
        let mut model = run(Spec { schedule: "11:1".parse().expect("it is one"), ..Spec::new(scenario) }, width, height);
        let view = model.run.as_mut().expect("it has been run");
        view.cursor.at_ns = view.trace.preemptions()[0].at_ns;
        model.timeline.selected = Some(view.trace.preemptions()[0].task);
        lay_out(&mut model, width, height);
        assert_snapshot!(format!("preempted_{width}x{height}"), screen(&model, width, height));
        model.options.theme = Theme::plain(false, false);
        let ascii = screen(&model, width, height);
        assert!(ascii.contains("/ preempted"), "{ascii}");
    }
}

#[test]
fn a_pinned_run_above_the_next_one() {
    let compared = |width, height| {
        let spec = Spec::new(&scenarios::semaphore::SCENARIO);
        let mut model = run(spec.clone(), width, height);
        _ = update::update(&mut model, Action::ToLive);
        _ = update::update(&mut model, Action::Pin);
        let permits = spec.scenario.param("permits").expect("it is declared");
        let mut next = spec;
        next.values.set(permits, scenario::Value::Number(5));
        recorded::record(&mut model, next);
        let view = model.run.as_mut().expect("it has been run");
        view.trace.samples.clear();
        view.cost_ns = Some(25.0);
        playback::recorded(&mut model);
        _ = update::update(&mut model, Action::ToLive);
        lay_out(&mut model, width, height);
        model
    };
    for (width, height) in [(200, 60), (120, 40), (80, 24)] {
        let shown = screen(&compared(width, height), width, height);
        assert!(shown.contains("17 lanes differ") && shown.matches("request 0 ").count() >= 2, "{shown}");
        assert_snapshot!(format!("pinned_{width}x{height}"), shown);
    }
    let mut model = compared(80, 24);
    model.options.theme = Theme::plain(false, true);
    assert_snapshot!("pinned_mono", paint::styled(&paint::frame(&model, 80, 24).0));
    model.options.theme.unicode = false;
    let ascii = screen(&model, 80, 24);
    assert!(ascii.is_ascii(), "a glyph beyond ASCII was drawn:\n{ascii}");
    assert_snapshot!("pinned_ascii", ascii);
}

/// A sweep over the permits: a band over the seeds, and a value that is refused.
#[test]
fn a_sweep_over_a_parameter() {
    let swept = |id: &str, param: &str, width, height| {
        let scenario = CATALOGUE.iter().find(|scenario| scenario.id == id).expect("it is in the catalogue");
        let mut model = run(Spec::new(scenario), width, height);
        let jitter = scenario.param("jitter").expect("it is declared");
        model.form.values.set(jitter, scenario::Value::Number(400));
        model.form.row = scenario.params.iter().position(|declared| declared.name == param).expect("it is declared");
        let effects = update::update(&mut model, Action::Sweep);
        let [Effect::Sweep(sweep)] = effects.as_slice() else { panic!("{effects:?}") };
        let sweeping = engine::sweep::Sweeping::start((**sweep).clone(), 2).expect("the system has threads");
        assert!(sweeping.wait(Duration::from_secs(60)));
        assert!(tui::app::overlay::sweep::progressed(&mut model, sweeping.points(), true));
        for action in [Action::Turn(4), Action::Move(tui::app::input::action::Move::Down)] {
            _ = update::update(&mut model, action);
        }
        lay_out(&mut model, width, height);
        model
    };
    for (width, height) in [(200, 60), (120, 40), (80, 24)] {
        let model = swept("semaphore", "permits", width, height);
        assert_snapshot!(format!("sweep_{width}x{height}"), screen(&model, width, height));
    }
    let mut model = swept("semaphore", "permits_each", 80, 24);
    model.options.theme = Theme::plain(false, true);
    assert_snapshot!("sweep_refused_mono", paint::styled(&paint::frame(&model, 80, 24).0));
    model.options.theme.unicode = false;
    let ascii = screen(&model, 80, 24);
    assert!(ascii.is_ascii(), "a glyph beyond ASCII was drawn:\n{ascii}");
    assert_snapshot!("sweep_refused_ascii", ascii);
}

/// A question before a run: what the run shows is not on screen.
#[test]
fn questions_before_a_run() {
    let asks = |id: &str, keys: &[Action], width, height| {
        let scenario = CATALOGUE.iter().find(|scenario| scenario.id == id).expect("it is in the catalogue");
        let mut model = run(Spec::new(scenario), width, height);
        model.predict.on = true;
        _ = update::update(&mut model, Action::Restart);
        for key in keys {
            _ = update::update(&mut model, key.clone());
        }
        model
    };
    for (width, height) in [(200, 60), (120, 40), (80, 24), (60, 16)] {
        let model = asks("semaphore", &[], width, height);
        let shown = screen(&model, width, height);
        assert!(!shown.contains("3.500") && !shown.contains("request 0"), "{shown}");
        assert_snapshot!(format!("predict_{width}x{height}"), shown);
    }
    let mut model = asks("semaphore", &[Action::Answer, Action::Type('x'), Action::Answer], 80, 24);
    assert_snapshot!("predict_error", paint::styled(&paint::frame(&model, 80, 24).0));
    model.options.theme = Theme::plain(false, false);
    let buf = paint::frame(&model, 80, 24).0;
    assert!(paint::text(&buf).is_ascii());
    assert_snapshot!("predict_error_mono_ascii", paint::styled(&buf));
}

/// The run stops where the story shows an answer.
#[test]
fn an_answer_is_compared_at_the_stop_that_shows_it() {
    for (width, height) in [(200, 60), (120, 40), (80, 24)] {
        let spec = Spec::new(&scenarios::semaphore::SCENARIO);
        let mut model = recorded::fresh(spec.clone());
        model.predict.on = true;
        lay_out(&mut model, width, height);
        let answers = [Action::Answer, Action::Paste("500 ms".to_owned()), Action::Answer];
        _ = update::opened(&mut model);
        for action in answers {
            _ = update::update(&mut model, action);
        }
        recorded::record(&mut model, spec);
        playback::recorded(&mut model);
        let view = model.run.as_mut().expect("it has been run");
        view.trace.samples.clear();
        view.cost_ns = Some(25.0);
        assert!(predict::settle(&mut model).is_some_and(|(_, score)| (score.right, score.made) == (0, 2)));
        _ = update::update(&mut model, Action::Tick(Duration::from_millis(3_100)));
        lay_out(&mut model, width, height);
        assert_snapshot!(format!("predict_compared_{width}x{height}"), screen(&model, width, height));
    }
}

/// The first stop of a story at which the text names the word.
#[test]
fn stops_of_stories_in_each_layout() {
    for (id, layout, word, sizes) in [
        ("semaphore", Layout::Stage, "queue", &[(200, 60), (120, 40), (80, 24)][..]),
        ("semaphore", Layout::Explore, "permit goes", &[(120, 40), (80, 24)]),
        ("deadlock", Layout::Stage, "circle", &[(120, 40)]),
        ("lost-update", Layout::Stage, "same number", &[(120, 40)]),
        ("gather", Layout::Lanes, "ends last", &[(80, 24)]),
    ] {
        let scenario = CATALOGUE.iter().find(|scenario| scenario.id == id).expect("it is in the catalogue");
        for &(width, height) in sizes {
            let mut model = half_way(scenario, width, height);
            model.keep_to(layout);
            let mut says = String::new();
            while !says.contains(word) {
                update::update(&mut model, Action::Story { on: true });
                let story = model.story.as_ref().expect("it has a story");
                assert_ne!(story.stop().says, says, "no stop of {id} names '{word}'");
                says.clone_from(&story.stop().says);
            }
            lay_out(&mut model, width, height);
            assert_snapshot!(format!("story_{id}_{}_{width}x{height}", layout.name()), screen(&model, width, height));
        }
    }
}

#[test]
fn the_stage_and_the_lanes_alone() {
    for (id, layout) in [("futurelock", Layout::Stage), ("semaphore", Layout::Lanes)] {
        let scenario = CATALOGUE.iter().find(|scenario| scenario.id == id).expect("it is in the catalogue");
        for (width, height) in [(200, 60), (120, 40), (80, 24)] {
            let mut model = half_way(scenario, width, height);
            model.keep_to(layout);
            lay_out(&mut model, width, height);
            assert_snapshot!(format!("{}_{width}x{height}", layout.name()), screen(&model, width, height));
        }
    }
}

/// The full heading is in the title, and the text begins on the first row.
#[test]
fn the_stage_has_room_for_what_a_lesson_says() {
    for scenario in CATALOGUE {
        let lesson = scenario.text();
        let mut parts = lesson.split("\n\n");
        let heading = parts.next().and_then(|part| part.strip_prefix("# ")).expect("a lesson has a heading");
        let words = parts.next().expect("the text is not empty").split_whitespace().map(|word| word.replace(['*', '`'], ""));
        let begin = words.take(4).collect::<Vec<_>>().join(" ");
        for (width, height) in [(80, 24), (120, 40)] {
            let mut model = recorded::fresh(Spec::new(scenario));
            model.keep_to(Layout::Stage);
            let screen = screen(&model, width, height);
            let below = screen.lines().skip_while(|row| !row.contains(&format!(" {heading} "))).nth(1);
            assert!(below.is_some_and(|row| row.contains(&format!(" {begin}"))), "{heading}: '{begin}'\n{screen}");
        }
    }
}

/// The code in the pane as drawn, row by row, with line numbers and remarks.
fn code_on_screen(model: &mut Model, (width, height): (u16, u16)) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let (_, opened) = paint::frame(model, width, height);
    loop {
        // From the row at which the pane opens, which scrolling does not move.
        model.code.top = rows.len() as isize - opened.code_open as isize;
        let (buf, areas) = paint::frame(model, width, height);
        let pane = areas.pane(Pane::Code);
        let inside = usize::from(pane.height) - 2;
        // The last page stays full: rows that were visible before are not read again.
        let first = rows.len().min(areas.code_rows.saturating_sub(inside));
        let new = (pane.y + 1..pane.bottom() - 1).skip(rows.len() - first);
        rows.extend(new.map(|y| (pane.x + 1..pane.right() - 1).map(|x| buf[(x, y)].symbol()).collect::<String>()));
        if first + inside >= areas.code_rows {
            return rows;
        }
    }
}

/// Every character of every source is on the screen, and none is behind a mark for more.
#[test]
fn no_line_of_code_is_cut_in_any_layout() {
    std::thread::scope(|scope| {
        for part in CATALOGUE.chunks(CATALOGUE.len().div_ceil(2)) {
            scope.spawn(move || part.iter().for_each(no_line_is_cut));
        }
    });
}

fn no_line_is_cut(scenario: &'static Scenario) {
    // The width of the pane does not depend on the height, and each page of a low screen reads the whole source again.
    for size @ (width, height) in [(80, 120), (120, 200), (160, 225)] {
        for layout in [Layout::Explore, Layout::Stage] {
            let mut model = recorded::fresh(Spec::new(scenario));
            (model.layout, model.focus) = (layout, Pane::Code);
            lay_out(&mut model, width, height);
            let shown = code_on_screen(&mut model, size).concat().replace(' ', "");
            let tests = |line: &&str| *line != "#[cfg(test)]";
            for line in scenario.source.lines().filter(|line| !line.starts_with("//!")).take_while(tests) {
                let whole = line.replace(' ', "");
                assert!(shown.contains(&whole), "{} {} {size:?}: '{line}'", scenario.id, layout.name());
            }
        }
    }
}

/// The deadlock, with a stuck task selected and the cursor at the end.
fn deadlocked(width: u16, height: u16) -> Model {
    let scenario = CATALOGUE.iter().find(|scenario| scenario.id == "deadlock").expect("it is in the catalogue");
    let mut spec = Spec { seed: 0, ..Spec::new(scenario) };
    let order = scenario.param("order").expect("it has an order");
    spec.values.set(order, scenario::Value::Choice("crossed"));
    let mut model = run(spec, width, height);
    let view = model.run.as_mut().expect("it has been run");
    view.cursor.at_ns = view.trace.end_ns;
    model.timeline.selected = Some(1);
    lay_out(&mut model, width, height);
    model
}

#[test]
fn a_deadlock_is_told_where_it_is_seen() {
    for (width, height) in [(120, 40), (80, 24)] {
        assert_snapshot!(format!("deadlocked_{width}x{height}"), screen(&deadlocked(width, height), width, height));
    }
    let mut model = deadlocked(120, 40);
    update::update(&mut model, Action::Explain(ExplainTab::Why));
    assert_snapshot!("deadlocked_why_120x40", screen(&model, 120, 40));
    model.options.theme.unicode = false;
    assert!(screen(&model, 120, 40).is_ascii());
    // The code follows the selected task to the line where it waits, however few rows there are.
    let mut model = deadlocked(80, 24);
    (model.timeline.selected, model.focus, model.code.tab) = (Some(1), Pane::Code, CodeTab::Rust);
    let seen = screen(&model, 80, 24);
    let waits = seen.lines().find(|line| line.contains("░2")).unwrap_or_else(|| panic!("no line where two tasks wait:\n{seen}"));
    assert!(waits.contains('▸'), "{waits}");
    // Main waits for the end of both, and they wait for each other.
    let mut model = deadlocked(120, 40);
    model.timeline.selected = Some(0);
    update::update(&mut model, Action::Explain(ExplainTab::Why));
    let seen = screen(&model, 120, 40);
    assert!(seen.contains("until task A?, B? act"), "{seen}");
    assert!(seen.contains("back to task A: a cycle of 2 tasks"), "{seen}");
}

#[test]
fn the_test_tab_shows_the_test_in_both_languages() {
    let scenario = CATALOGUE.iter().find(|scenario| scenario.id == "deadlock").expect("it is in the catalogue");
    let mut model = recorded::fresh(Spec::new(scenario));
    (model.focus, model.full, model.code.tab) = (Pane::Code, Some(Pane::Code), CodeTab::Test);
    let seen = screen(&model, 120, 110);
    assert!(seen.contains("deadlock.rs, deadlock.py"), "{seen}");
    // Each line has its number in its own file.
    let test = "async def test_one_order_cannot_deadlock_and_crossed_orders_can():";
    for (text, code) in [(scenario.source, "mod tests {"), (scenario.twin, test)] {
        let number = text.lines().position(|line| line == code).expect("it is in the source") + 1;
        let row = seen.lines().find(|row| row.contains(code)).unwrap_or_else(|| panic!("no {code}:\n{seen}"));
        assert!(row.contains(&format!("{number}  {code}")), "{row}");
    }
    // The editor opens the file that the top line is in.
    for (top, suffix) in [(0, ".rs"), (1_000, ".py")] {
        model.code.top = top;
        lay_out(&mut model, 120, 20);
        let effects = update::update(&mut model, Action::OpenEditor);
        let [Effect::OpenEditor(place)] = &effects[..] else { panic!("{effects:?}") };
        assert!(place.file.ends_with(suffix), "{place:?}");
        let line = place.text.and_then(|text| text.lines().nth(place.line as usize - 1)).expect("the line exists");
        assert!(screen(&model, 120, 20).contains(&format!("{}  {line}", place.line)), "{place:?}");
    }
}

#[test]
fn a_wait_is_told_with_its_line_and_its_holders() {
    for id in ["semaphore", "lock-contention"] {
        let scenario = CATALOGUE.iter().find(|scenario| scenario.id == id).expect("it is in the catalogue");
        let mut model = half_way(scenario, 120, 40);
        model.timeline.selected = Some(model.run.as_ref().map_or(0, |run| run.trace.tasks.len() as u32 - 1));
        assert_snapshot!(format!("{id}_waiting_120x40"), screen(&model, 120, 40));
        update::update(&mut model, Action::Explain(ExplainTab::Resources));
        assert_snapshot!(format!("{id}_resources_120x40"), screen(&model, 120, 40));
        update::update(&mut model, Action::Explain(ExplainTab::Why));
        assert_snapshot!(format!("{id}_why_120x40"), screen(&model, 120, 40));
    }
}
