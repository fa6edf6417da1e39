use std::time::Duration;

use crossterm::event::KeyCode;

use crate::app::input::action::{Action, Target};
use crate::app::mode::Mode;
use crate::app::panes::Pane;
use crate::app::testing::*;

#[test]
fn enter_picks_the_scenario_under_the_cursor_and_starts_it() {
    let mut model = opened();
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Down);
    assert_eq!(model.list.row, 1);
    let specs = press(&mut model, KeyCode::Enter);
    assert_eq!(specs.len(), 1);
    assert_eq!((specs[0].scenario.id, model.form.scenario.id), ("second", "second"));
    press(&mut model, KeyCode::Char('g'));
    assert_eq!(model.list.row, 0);
}

#[test]
fn a_search_narrows_the_list_and_enter_picks_what_is_left() {
    let mut model = opened();
    model.focus = Pane::Log;
    press(&mut model, KeyCode::Char('/'));
    assert!(model.mode == Mode::Search && model.focus == Pane::Scenarios);
    for c in "SECO".chars() {
        press(&mut model, KeyCode::Char(c));
    }
    assert_eq!(model.list.matches(CATALOGUE), [1]);
    assert_eq!(press(&mut model, KeyCode::Enter)[0].scenario.id, "second");
    // The whole list is back, with the cursor on the picked scenario.
    assert!(model.mode != Mode::Search && model.list.search.text().is_empty());
    assert_eq!(model.list.row, 1);
}

#[test]
fn a_search_finds_by_pattern_lesson_and_group_with_every_word() {
    let mut model = opened();
    for (query, found) in [("", vec![0, 1]), ("limit concurrency", vec![0, 1]), ("basics", vec![0]), ("first second", vec![])] {
        model.list.search = crate::app::input::text_field::TextField::new(query);
        assert_eq!(model.list.matches(CATALOGUE), found, "{query}");
    }
}

#[test]
fn a_search_that_finds_nothing_picks_nothing_and_esc_ends_it() {
    let mut model = opened();
    press(&mut model, KeyCode::Char('/'));
    ask(&mut model, Action::Paste("nothing like it\nq".to_owned()));
    assert_eq!(model.list.search.text(), "nothing like it");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert_eq!(model.mode, Mode::Search);
    press(&mut model, KeyCode::Esc);
    assert!(model.mode != Mode::Search && model.list.search.text().is_empty());
}

#[test]
fn a_scenario_that_was_left_comes_back_with_its_settings() {
    let mut model = played();
    to_field(&mut model, "permits");
    press(&mut model, KeyCode::Right);
    ask(&mut model, Action::Point(Target::Scenario(1)));
    let specs = ask(&mut model, Action::Pick);
    assert_eq!(specs[0].values.number(specs[0].scenario.param("permits").expect("declared")), 3);
    ask(&mut model, Action::Move(crate::app::input::action::Move::First));
    let specs = ask(&mut model, Action::Pick);
    assert_eq!(specs[0].values.number(specs[0].scenario.param("permits").expect("declared")), 4);
}

#[test]
fn another_scenario_is_looked_at_afresh() {
    let mut model = played();
    press(&mut model, KeyCode::Char('+'));
    ask(&mut model, Action::Tick(Duration::from_secs(1)));
    model.timeline.selected = Some(3);
    model.code.top = 5;
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    let view = model.timeline;
    assert_eq!((view.selected, view.left_ns, view.top, view.follow), (None, 0, 0, true));
    assert!(view.cell_ns * 60 > 3_500 * MS, "the whole run is in sight");
    assert_eq!((shown(&model).cursor.at_ns, shown(&model).cursor.playing, model.code.top), (0, true, 0));
}

#[test]
fn a_restart_is_of_the_run_on_screen_and_ends_the_preview_of_another() {
    let mut model = played();
    model.focus = Pane::Scenarios;
    press(&mut model, KeyCode::Down);
    assert_eq!((model.form.scenario.id, shown(&model).spec.scenario.id), ("second", "first"));
    let started = press(&mut model, KeyCode::Char('r'));
    assert_eq!(started.iter().map(|spec| spec.scenario.id).collect::<Vec<_>>(), ["first"]);
    assert_eq!((model.form.scenario.id, model.list.selected(CATALOGUE)), ("first", Some(0)));
}

#[test]
fn a_search_that_finds_nothing_ends_at_the_scenario_on_screen() {
    let mut model = played();
    model.focus = Pane::Scenarios;
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Enter);
    assert_eq!(shown(&model).spec.scenario.id, "second");
    for c in "/firstx".chars() {
        press(&mut model, KeyCode::Char(c));
    }
    assert_eq!(model.list.selected(CATALOGUE), None);
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.form.scenario.id, model.list.selected(CATALOGUE)), ("second", Some(1)));
}
