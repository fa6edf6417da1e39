//! A model with a complete run, without a screen, for tests and benchmarks of drawing.

use std::time::Duration;

use engine::{Phase, Run, Spec};
use scenarios::CATALOGUE;
use tui::app::model::{Model, Options, Theme};
use tui::app::run::lifecycle;

/// A model that is about to run this.
pub(crate) fn fresh(spec: Spec) -> Model {
    let options = Options {
        theme: Theme::plain(true, true),
        mouse: true,
        reduced_motion: false,
        console: None,
        limit: Duration::from_secs(60),
    };
    Model::new(CATALOGUE, options, Some(spec))
}

/// Runs it to its end. The model has the complete run; the caller still has to call `playback::recorded`.
pub(crate) fn record(model: &mut Model, spec: Spec) {
    let mut run = Run::start(&spec).expect("it can be run");
    lifecycle::started(model, spec);
    let view = model.run.as_mut().expect("it has just been started");
    while run.phase() != Phase::Over {
        run.wait(Duration::from_secs(1));
        run.drain(&mut view.trace);
    }
    view.phase = Phase::Over;
    view.report = run.report().cloned();
}
