//! The five scenarios as they are seen: real runs on the virtual clock, the cursor in the middle of each.
//!
//! The virtual clock makes a run the same every time. What is still a figure
//! of the machine (how busy its worker was, what a poll cost on the wall) is
//! taken out of the trace before it is drawn.

#[path = "screens/paint.rs"]
mod paint;

use std::time::Duration;

use async_playground::app::model::{Model, Options, Theme};
use async_playground::app::update;
use async_playground::engine::{Phase, Run, Spec};
use insta::assert_snapshot;
use scenarios::{CATALOGUE, Scenario};

/// The model after a run of a scenario, as it was left by whoever let it play half way.
fn half_way(scenario: &'static Scenario, width: u16, height: u16) -> Model {
    let options =
        Options { theme: Theme { color: true, unicode: true }, mouse: true, console: None, limit: Duration::from_secs(60) };
    let spec = Spec { seed: 7, ..Spec::new(scenario) };
    let mut model = Model::new(CATALOGUE, options, Some(spec.clone()));
    lay_out(&mut model, width, height);

    let mut run = Run::start(&spec).expect("the scenario can be run");
    update::started(&mut model, spec);
    let view = model.run.as_mut().expect("it has just been started");
    while run.phase() != Phase::Over {
        run.wait(Duration::from_secs(1));
        run.drain(&mut view.trace);
    }
    view.phase = Phase::Over;
    view.report = run.report().cloned();
    view.trace.samples.clear();
    view.cost_ns = Some(25.0);
    update::recorded(&mut model);
    let view = model.run.as_mut().expect("nothing has taken it away");
    view.cursor.at_ns = view.trace.end_ns / 2;
    lay_out(&mut model, width, height);
    model
}

/// Draws as often as it takes until the model knows where things are.
fn lay_out(model: &mut Model, width: u16, height: u16) {
    while update::laid_out(model, paint::frame(model, width, height).1) {}
}

fn screen(model: &Model, width: u16, height: u16) -> String {
    paint::text(&paint::frame(model, width, height).0)
}

#[test]
fn each_scenario_at_each_size() {
    for scenario in CATALOGUE {
        for (width, height) in [(200, 60), (120, 40), (80, 24)] {
            let model = half_way(scenario, width, height);
            assert_snapshot!(format!("{}_{width}x{height}", scenario.id), screen(&model, width, height));
        }
    }
}

#[test]
fn each_scenario_in_mono_and_in_ascii() {
    for scenario in CATALOGUE {
        let mut model = half_way(scenario, 80, 24);
        model.options.theme = Theme { color: false, unicode: true };
        assert_snapshot!(format!("{}_mono", scenario.id), paint::styled(&paint::frame(&model, 80, 24).0));
        model.options.theme.unicode = false;
        let ascii = screen(&model, 80, 24);
        assert!(ascii.is_ascii(), "a glyph beyond ASCII was drawn:\n{ascii}");
        assert_snapshot!(format!("{}_ascii", scenario.id), ascii);
    }
}
