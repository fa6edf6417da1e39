use scenario::{Param, Value};
use scenarios::semaphore;

use super::*;
use crate::app::testing::{self, CATALOGUE};

/// A model with a sketch of the semaphore in it, which was built.
fn built() -> Model {
    let mut model = testing::opened();
    opened(&mut model, PathBuf::from("/home/me/mine"));
    select(&mut model);
    let effects = ready(&mut model, &semaphore::SCENARIO);
    assert!(matches!(&effects[..], [Effect::Start(spec)] if spec.scenario.id == "mine/"), "{effects:?}");
    model
}

fn permits(model: &Model) -> u64 {
    model.form.values.number(model.form.scenario.param("permits").expect("it has permits"))
}

/// The semaphore with another parameter in the place of its permits.
fn with(permits: Param) -> Scenario {
    let params = semaphore::SCENARIO.params.iter().map(|param| if param.name == "permits" { permits } else { *param });
    Scenario { params: params.collect::<Vec<_>>().leak(), ..semaphore::SCENARIO }
}

#[test]
fn a_sketch_is_before_the_catalogue_and_only_once() {
    let mut model = built();
    assert_eq!(
        (model.catalogue.len(), model.catalogue[0].id, model.catalogue[0].group),
        (CATALOGUE.len() + 1, "mine/", Group::Sketches)
    );
    ready(&mut model, &semaphore::SCENARIO);
    opened(&mut model, PathBuf::from("/home/me/svc/playground"));
    assert_eq!((model.catalogue.len(), model.catalogue[0].id), (CATALOGUE.len() + 1, "svc/"));
    assert_eq!(model.catalogue[1].id, CATALOGUE[0].id);
}

#[test]
fn a_value_that_was_set_stays_if_it_is_still_valid_and_a_default_may_change() {
    let wide = |default| Param::count("permits", default, (1, 1_000), "permits", "How many.");
    let narrow = Param::count("permits", 2, (1, 3), "permits", "How many.");
    for (set, next, expected) in [(Some(7), wide(9), 7), (None, wide(9), 9), (Some(7), narrow, 2), (Some(3), narrow, 2)] {
        let mut model = built();
        if let Some(set) = set {
            let param = model.form.scenario.param("permits").expect("it has permits");
            model.form.values.set(param, Value::Number(set));
        }
        ready(&mut model, &with(next));
        assert_eq!(permits(&model), expected, "{set:?}");
    }
}

#[test]
fn while_another_scenario_is_shown_a_build_is_only_told() {
    let mut model = built();
    model.form = Form::new(&CATALOGUE[0]);
    assert!(ready(&mut model, &semaphore::SCENARIO).is_empty());
    assert_eq!(model.notice.take().map(|notice| notice.text).as_deref(), Some("mine/ is built"));
    broken(&mut model, vec![Problem { place: None, text: "a\u{1b}b".to_owned() }]);
    assert_eq!(model.notice.take().map(|notice| notice.text).as_deref(), Some("mine/ does not build: 1 error"));
    let text = model.sketch.as_ref().map(|sketch| sketch.problems()[0].text.clone());
    assert!(text.is_some_and(|text| !text.contains('\u{1b}')), "a terminal would obey it");
}

#[test]
fn an_exit_is_told_until_the_next_run_of_the_sketch() {
    let mut model = built();
    ended(&mut model, &Exit { how: "exited with code 3".to_owned(), output: Vec::new() });
    started(&mut model, &Spec::new(&CATALOGUE[0]));
    let trouble = |model: &Model| model.sketch.as_ref().map(|sketch| sketch.trouble.clone());
    assert!(matches!(trouble(&model), Some(Trouble::Ended(_))));
    let spec = Spec::new(&model.catalogue[0]);
    started(&mut model, &spec);
    assert_eq!(trouble(&model), Some(Trouble::None));
}
