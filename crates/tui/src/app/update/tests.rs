mod random;

use crossterm::event::KeyCode;

use crate::app::effect::Effect;
use crate::app::input::action::{Action, Target};
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::panes::{CodeTab, Layout, Pane};
use crate::app::testing::*;
use crate::app::update::update;

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
    command(&mut model, "focus-timeline");
    assert_eq!((model.focus, model.full), (Pane::Timeline, Some(Pane::Timeline)));
    press(&mut model, KeyCode::Char('z'));
    assert_eq!(model.full, None);
}

#[test]
fn a_layout_keeps_the_keys_on_what_it_has() {
    let mut model = played();
    command(&mut model, "focus-log");
    let effects = update(&mut model, Action::Layout);
    assert!(matches!(effects[..], [Effect::KeepLayout(Layout::Stage)]), "{effects:?}");
    assert_eq!((model.layout, model.focus), (Layout::Stage, Pane::Timeline), "there is no log on the stage");
    for pane in [Pane::Code, Pane::Timeline, Pane::Code] {
        press(&mut model, KeyCode::Tab);
        assert_eq!(model.focus, pane);
    }
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.focus, Pane::Timeline);
    // A requested pane is shown.
    command(&mut model, "focus-parameters");
    assert_eq!((model.layout, model.focus), (Layout::Explore, Pane::Parameters));
    update(&mut model, Action::Focus(Pane::Code));
    for (layout, focus) in [(Layout::Stage, Pane::Code), (Layout::Lanes, Pane::Timeline), (Layout::Explore, Pane::Timeline)] {
        command(&mut model, "layout");
        assert_eq!((model.layout, model.focus), (layout, focus));
    }
}

#[test]
fn esc_closes_one_thing_at_a_time() {
    let mut model = played();
    command(&mut model, "focus-log");
    press(&mut model, KeyCode::Char('z'));
    press(&mut model, KeyCode::Char('?'));
    assert_eq!(model.mode.overlay(), Some(&Overlay::Help { pane: Pane::Log, marks: false, top: 0 }));
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
    // Twelve lines by then, eight of them visible.
    press(&mut model, KeyCode::Char('g'));
    assert_eq!(model.log.back, 4);
    press(&mut model, KeyCode::Char('G'));
    assert_eq!(model.log.back, 0);
    press(&mut model, KeyCode::Up);
    command(&mut model, "log-level");
    assert_eq!((model.log.level, model.log.back), (facts::event::Level::Warn, 0));
    press(&mut model, KeyCode::Up);
    assert_eq!(model.log.back, 0, "no line is left to scroll to");
}
