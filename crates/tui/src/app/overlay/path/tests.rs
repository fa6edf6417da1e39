//! The tour, with the real catalogue.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use scenarios::CATALOGUE;

use crate::app::effect::Effect;
use crate::app::input::keymap;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::testing::*;
use crate::app::timeline::viewport::laid_out;
use crate::app::update::update;

fn at(model: &Model) -> Option<&'static str> {
    match model.mode {
        Mode::Overlay(Overlay::Path { row }) => Some(model.catalogue[row].id),
        _ => None,
    }
}

fn seen(ids: &[&'static str]) -> Model {
    let mut model = Model::new(CATALOGUE, options(), None);
    laid_out(&mut model, areas(60));
    model.seen = ids.iter().copied().collect();
    model
}

#[test]
fn it_opens_at_what_comes_next() {
    let all: Vec<_> = CATALOGUE.iter().map(|scenario| scenario.id).collect();
    for (ids, next) in [
        (&[][..], "sequential"),
        (&["sequential"], "gather"),
        // A user who starts in the middle is sent to the start.
        (&["deadlock"], "sequential"),
        (&["sequential", "gather", "spawn", "gather-errors", "first-completed"], "timeout"),
        (&all, "sequential"),
    ] {
        let mut model = seen(ids);
        command(&mut model, "tour");
        assert_eq!(at(&model), Some(next), "after {} scenarios", ids.len());
        press(&mut model, KeyCode::Esc);
        assert_eq!(at(&model), None);
    }
}

#[test]
fn the_cursor_moves_along_it_and_enter_starts_what_is_there() {
    let mut model = seen(&[]);
    // Opening the tour ends a search that hides the picked scenario.
    keys(&mut model, "/deadlock");
    press(&mut model, KeyCode::Esc);
    command(&mut model, "tour");
    for (key, id) in
        [(KeyCode::Down, "gather"), (KeyCode::End, "database"), (KeyCode::Down, "database"), (KeyCode::Home, "sequential")]
    {
        press(&mut model, key);
        assert_eq!(at(&model), Some(id));
    }
    press(&mut model, KeyCode::Down);
    let action = keymap::key(&model, KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)).expect("Enter is bound");
    let effects = update(&mut model, action);
    assert!(matches!(&effects[..], [Effect::Start(spec)] if spec.scenario.id == "gather"), "{effects:?}");
    assert_eq!((at(&model), model.form.scenario.id, model.catalogue[model.list.row].id), (None, "gather", "gather"));
}
