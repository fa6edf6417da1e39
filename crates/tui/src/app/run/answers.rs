//! Stops the moving cursor where the run shows an answer to what was predicted.

use engine::story::story as stops;

use crate::app::model::Model;
use crate::app::run::prediction::{Predict, State};
use crate::app::run::story;
use crate::app::run::view::StoryView;

/// Stops the moving cursor at the first answer that it has passed and not shown yet.
pub(in crate::app) fn passed(model: &mut Model) {
    let Model { run: Some(run), predict: Predict { prediction: Some(prediction), .. }, .. } = model else { return };
    let State::Over(compared) = &mut prediction.state else { return };
    let Some(compared) = compared.iter_mut().find(|compared| !compared.is_shown && compared.answered.at_ns <= run.cursor.at_ns)
    else {
        return;
    };
    compared.is_shown = true;
    let stops = stops(&run.spec, &run.trace, run.report.as_ref());
    if let Some(at) = stops.iter().position(|stop| Some(stop.place) == compared.answered.place) {
        let at_ns = compared.answered.at_ns;
        story::show(model, StoryView { stops, at }, at_ns);
    } else {
        let text = format!("you said {}; it is {}", compared.said, compared.answered.text);
        model.notify(false, text);
    }
}
