//! Starts the run that the form describes, or explains at the field why it cannot start.

use scenario::Clock;

use crate::app::effect::Effect;
use crate::app::form::fields::{Field, FieldError};
use crate::app::model::Model;
use crate::app::run::predict;
use crate::app::session::Entry;
use engine::{Spec, SpecError};

/// Shows the picked scenario from its start, as if for the first time.
pub(in crate::app) fn fresh(model: &mut Model) -> Vec<Effect> {
    start(model, Entry::Fresh)
}

/// Starts the run that the form describes; if it is invalid, shows the error at the field.
pub(in crate::app) fn start(model: &mut Model, entry: Entry) -> Vec<Effect> {
    let spec = spec(model);
    match spec.check() {
        Ok(()) => {
            model.form.error = None;
            if predict::asks(model, &spec, entry) {
                return Vec::new();
            }
            model.session.entry = model.session.entry.max(entry);
            vec![Effect::Start(spec)]
        }
        Err(error) => {
            refuse(model, &error);
            Vec::new()
        }
    }
}

/// The spec that the form describes. A virtual run is paced only if tokio-console can watch it too.
pub(in crate::app) fn spec(model: &Model) -> Spec {
    let paced = model.options.console.is_some() && model.form.clock == Clock::Virtual;
    let pace = paced.then_some(model.session.speed).filter(|speed| speed.is_finite());
    Spec { pace, ..model.form.spec(model.options.limit) }
}

/// Shows the error at the field that caused it.
pub(in crate::app) fn refuse(model: &mut Model, error: &SpecError) {
    let form = &model.form;
    let at = |field: Field| form.fields().iter().position(|f| *f == field).unwrap_or(form.row);
    let error = match error {
        SpecError::Values(error) => FieldError::from((form, error)),
        SpecError::Clock(reason) | SpecError::Speed(reason) => FieldError { row: at(Field::Clock), reason: reason.clone() },
        SpecError::Schedule(reason) => FieldError { row: at(Field::Schedule), reason: reason.clone() },
        SpecError::Workers(reason) => FieldError { row: at(Field::Workers), reason: reason.clone() },
    };
    model.form.error = Some(error);
}

/// Explains that a recording or another program cannot be run again.
pub(in crate::app) fn refuse_a_run(model: &mut Model) {
    let what = if model.replay { "a recording" } else { "another program" };
    model.notify(true, format!("{what} cannot be run again"));
}
