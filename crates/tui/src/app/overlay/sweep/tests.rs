use std::time::Duration;

use crossterm::event::KeyCode;
use scenario::Value;

use super::*;
use crate::app::input::action::Action;
use crate::app::testing::*;
use crate::app::update::update;
use engine::sweep::Sweeping;

/// The sweep that the form asks for.
fn asked(model: &mut Model) -> Sweep {
    let effects = update(model, Action::Sweep);
    let [Effect::Sweep(sweep)] = effects.as_slice() else { panic!("{effects:?}") };
    Sweep::clone(sweep)
}

/// A sweep of the permits is over.
fn swept() -> Model {
    let mut model = played();
    to_field(&mut model, "permits");
    let sweep = asked(&mut model);
    let sweeping = Sweeping::start(Sweep { seeds: 0..=0, ..sweep }, 2).expect("the system has threads");
    assert!(sweeping.wait(Duration::from_secs(60)));
    assert!(progressed(&mut model, sweeping.points(), true));
    model
}

fn at(model: &Model) -> Value {
    let Mode::Overlay(Overlay::Sweep { at }) = model.mode else { panic!("{:?}", model.mode) };
    model.sweep.as_ref().expect("there is a sweep").sweep.values[at]
}

#[test]
fn a_sweep_covers_the_parameter_under_the_cursor_and_ends_with_its_overlay() {
    let mut model = played();
    to_field(&mut model, "permits");
    model.form.seed = 7;
    let sweep = asked(&mut model);
    assert_eq!((sweep.param.name, &sweep.seeds), ("permits", &(7..=11)));
    assert_eq!(at(&model), Value::Number(3), "it begins at the present value");
    assert!(matches!(update(&mut model, Action::Close)[..], [Effect::EndSweep]));
    assert_eq!(model.mode, Mode::Browse);
}

#[test]
fn the_same_settings_show_the_same_sweep_again_until_the_key_is_pressed_once_more() {
    let mut model = played();
    to_field(&mut model, "permits");
    asked(&mut model);
    progressed(&mut model, Vec::new(), true);
    update(&mut model, Action::Close);
    assert!(update(&mut model, Action::Sweep).is_empty());
    assert!(matches!(update(&mut model, Action::Sweep)[..], [Effect::Sweep(_)]));
}

#[test]
fn the_first_figure_that_varies_is_shown_and_others_can_be_chosen() {
    let mut model = swept();
    let shown = |model: &Model| model.sweep.as_ref().map(|view| view.series().figure).unwrap_or_default();
    assert_eq!(shown(&model), "peak in flight", "every run completes as many requests");
    press(&mut model, KeyCode::Down);
    assert_eq!(shown(&model), "total");
    press(&mut model, KeyCode::Tab);
    assert_eq!(shown(&model), "elapsed");
    press(&mut model, KeyCode::Tab);
    assert_eq!(shown(&model), "completed");
    press(&mut model, KeyCode::Up);
    assert_eq!(shown(&model), "elapsed");
}

#[test]
fn the_point_under_the_cursor_opens_its_run() {
    let mut model = swept();
    press(&mut model, KeyCode::Right);
    press(&mut model, KeyCode::Right);
    assert_eq!(at(&model), Value::Number(5));
    let specs = press(&mut model, KeyCode::Enter);
    assert_eq!(specs.len(), 1);
    assert_eq!(specs[0].values.get(specs[0].scenario.param("permits").expect("it is declared")), Value::Number(5));
    assert_eq!(model.mode, Mode::Browse);
    for _ in 0..99 {
        turn(&mut model, 1);
    }
    assert_eq!(model.mode, Mode::Browse, "without the overlay nothing moves");
}

#[test]
fn a_recording_cannot_be_swept() {
    let mut model = played();
    model.replay = true;
    assert!(update(&mut model, Action::Sweep).is_empty());
    assert_eq!(model.mode, Mode::Browse);
}
