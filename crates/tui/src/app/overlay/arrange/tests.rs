use crossterm::event::KeyCode;

use super::Item;
use crate::app::mode::{Overlay, Wanted};
use crate::app::model::Model;
use crate::app::testing::*;

fn values(model: &Model) -> Vec<String> {
    Item::ALL.iter().map(|item| item.value(model)).collect()
}

#[test]
fn each_row_changes_what_it_says_and_the_menu_stays() {
    let mut model = played();
    shown_mut(&mut model).trace.tasks[1].parent = Some(0);
    keys(&mut model, "o");
    assert_eq!(model.mode.overlay(), Some(&Overlay::Arrange { row: 0 }));
    let told = |model: &Model| values(model)[..4].to_vec();
    assert_eq!(told(&model), ["none", "by spawn", "tasks", "all tasks"]);
    for by in ["by spawn line", "by name", "by state", "none"] {
        press(&mut model, KeyCode::Enter);
        assert_eq!(values(&model)[0], by);
    }
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Char('j'));
    keys(&mut model, "ll");
    assert_eq!(told(&model), ["none", "by duration", "resources", "all tasks"]);
    assert_eq!(model.mode.overlay(), Some(&Overlay::Arrange { row: 2 }));
    keys(&mut model, "o");
    assert_eq!(model.mode.overlay(), None);
}

#[test]
fn the_filter_is_typed_in_place_of_the_menu() {
    let mut model = played();
    keys(&mut model, "ojjj");
    press(&mut model, KeyCode::Enter);
    assert!(model.mode.prompt().is_some_and(|prompt| prompt.what == Wanted::Filter));
    keys(&mut model, "task 1");
    press(&mut model, KeyCode::Enter);
    assert_eq!(values(&model)[3], "task 1");
}

#[test]
fn its_cursor_stays_within_it() {
    let mut model = played();
    keys(&mut model, "okk");
    assert_eq!(model.mode.overlay(), Some(&Overlay::Arrange { row: 0 }));
    keys(&mut model, &"j".repeat(20));
    assert_eq!(model.mode.overlay(), Some(&Overlay::Arrange { row: Item::ALL.len() - 1 }));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.mode.overlay(), None);
}
