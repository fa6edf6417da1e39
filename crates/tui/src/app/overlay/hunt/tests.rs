use std::time::Duration;

use crossterm::event::KeyCode;
use scenario::Clock;

use super::*;
use crate::app::input::action::Action;
use crate::app::testing::*;
use crate::app::update::update;
use engine::hunt::Hunting;

/// A hunt for the wrong order of locks has found one run.
fn hunted() -> Model {
    let deadlock = &scenarios::deadlock::SCENARIO;
    let hunt = Hunt { limit_runs: 4, all: true, ..Hunt::new(Spec::new(deadlock)) };
    let hunting = Hunting::start(hunt, 1).expect("the system has a thread");
    assert!(hunting.wait(Duration::from_secs(60)));
    let mut model = played();
    update(&mut model, Action::Hunt);
    assert!(progressed(&mut model, hunting.progress(), hunting.found(), true));
    model
}

#[test]
fn a_hunt_begins_with_the_settings_of_the_form_and_ends_with_its_overlay() {
    let mut model = played();
    model.form.seed = 7;
    let effects = update(&mut model, Action::Hunt);
    let [Effect::Hunt(hunt)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((*hunt.seeds.start(), hunt.spec.clock, hunt.all), (7, Clock::Virtual, true));
    assert!(matches!(update(&mut model, Action::Close)[..], [Effect::EndHunt]));
    assert_eq!(model.mode, Mode::Browse);
    // The same settings show the same hunt again, until the key is pressed once more.
    assert!(update(&mut model, Action::Hunt).is_empty());
    assert!(matches!(update(&mut model, Action::Hunt)[..], [Effect::Hunt(_)]));
}

#[test]
fn what_was_found_opens_where_it_goes_wrong() {
    let mut model = hunted();
    let found = model.hunt.as_ref().expect("there is a hunt").found[0].clone();
    assert!(found.at_ns > 0, "{found:?}");
    let specs = press(&mut model, KeyCode::Enter);
    assert_eq!(specs.len(), 1);
    assert_eq!(specs[0].schedule, found.spec.schedule);
    assert_eq!(shown(&model).cursor.at_ns, found.at_ns.min(shown(&model).trace.end_ns));
    assert!(!shown(&model).cursor.playing);
    assert_eq!(notice(&model), found.what);
}

#[test]
fn a_scenario_without_a_virtual_clock_is_not_hunted() {
    let mut model = played();
    model.form = crate::app::form::fields::Form::new(&scenarios::scrape::SCENARIO);
    assert!(update(&mut model, Action::Hunt).is_empty());
    assert!(notice(&model).starts_with("nothing to hunt"), "{}", notice(&model));
}
