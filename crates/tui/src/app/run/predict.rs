//! Predictions: the user answers a scenario's questions before a run, and the run shows who was right.
//!
//! A run that is only repeated because a parameter was turned asks nothing: a held key would ask with every value. The
//! answers are compared when the run is over, since only then is everything known that a question may be about. While the
//! run plays, the cursor stops at each stop of the story that shows an answer.

use crate::app::effect::Effect;
use crate::app::input::action::Action;
use crate::app::input::text_field::TextField;
use crate::app::mode::{Mode, Overlay};
use crate::app::model::Model;
use crate::app::run::prediction::{Compared, Prediction, Score, State};
use crate::app::session::Entry;
use crate::app::time;
use engine::Spec;
use engine::question::{self, Asked, Given};
use scenario::question::Answer;

/// Whether questions are on screen.
pub fn is_asking(model: &Model) -> bool {
    matches!(model.mode, Mode::Overlay(Overlay::Predict { .. }))
}

/// Asks before every run from now on, or no longer.
pub(in crate::app) fn toggle(model: &mut Model) {
    model.predict.on = !model.predict.on;
    let told = if model.predict.on { "each run asks what you expect first" } else { "runs ask nothing first" };
    model.notify(false, told);
}

/// Asks about a run before it starts. Returns whether there is anything to ask.
pub(in crate::app) fn asks(model: &mut Model, spec: &Spec, entry: Entry) -> bool {
    let questions = if model.predict.on && entry != Entry::Keep { question::ask(spec) } else { Vec::new() };
    if questions.is_empty() {
        return false;
    }
    let prediction = Prediction { questions, given: Vec::new(), spec: spec.clone(), entry, state: State::Asking };
    model.predict.prediction = Some(prediction);
    model.mode = fresh_overlay();
    true
}

fn fresh_overlay() -> Mode {
    Mode::Overlay(Overlay::Predict { row: 0, text: TextField::default(), error: None })
}

/// The number of choices of the question on screen; `None` if a number is typed.
pub fn choices(model: &Model) -> Option<usize> {
    let count = model.predict.prediction.as_ref()?.current()?.choices.len();
    (count > 0).then_some(count)
}

/// Takes the answer to the question on screen. After the last one, the run starts.
pub(in crate::app) fn take(model: &mut Model) -> Vec<Effect> {
    let Mode::Overlay(Overlay::Predict { row, text, error }) = &mut model.mode else { return Vec::new() };
    let Some(prediction) = &mut model.predict.prediction else { return Vec::new() };
    let Some(asked) = prediction.current() else { return Vec::new() };
    match read(asked, *row, text.text()) {
        Ok(given) => prediction.given.push(given),
        Err(reason) => {
            *error = Some(reason);
            return Vec::new();
        }
    }
    if prediction.current().is_some() {
        model.mode = fresh_overlay();
        return Vec::new();
    }
    begin(model)
}

/// The answer that was chosen or typed; otherwise, what would be one.
fn read(asked: &Asked, row: usize, text: &str) -> Result<Given, String> {
    match asked.question.answer {
        Answer::Choice(choices) => Ok(Given::Choice(row.min(choices.len() - 1))),
        Answer::Time { .. } => {
            time::parse(text).map(Given::Time).map_err(|_| format!("'{}' is not a time; try 1.5s or 300ms", text.trim()))
        }
        Answer::Number { .. } => {
            let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
            number.map(Given::Number).ok_or_else(|| format!("'{}' is not a number; try 3", text.trim()))
        }
    }
}

/// Starts the run that was asked about. Questions without an answer stay without one.
pub(in crate::app) fn begin(model: &mut Model) -> Vec<Effect> {
    model.mode = Mode::Browse;
    let Some(prediction) = &mut model.predict.prediction else { return Vec::new() };
    prediction.questions.truncate(prediction.given.len());
    model.session.entry = model.session.entry.max(prediction.entry);
    vec![Effect::Start(prediction.spec.clone())]
}

/// A run has started. It is the one that was asked about, or there is no prediction about it.
pub(in crate::app) fn started(model: &mut Model, spec: &Spec) {
    if is_asking(model) {
        // It was requested before the questions.
        return;
    }
    let asked = model.predict.prediction.take();
    let about_it = asked.filter(|asked| matches!(asked.state, State::Asking) && asked.spec.share() == spec.share());
    model.predict.prediction = about_it.map(|asked| Prediction { state: State::Running, ..asked });
}

/// Compares the predictions with the run once it is over. Returns the scenario and the score, once.
pub fn settle(model: &mut Model) -> Option<(&'static str, Score)> {
    let Model { run: Some(run), predict, .. } = model else { return None };
    let prediction = predict.prediction.as_mut().filter(|prediction| matches!(prediction.state, State::Running))?;
    let report = run.report.as_ref().filter(|_| run.trace.closed)?;
    let compare = |(asked, given): (&Asked, &Given)| {
        let answered = question::answer(&run.spec, &run.trace, report, asked.question)?;
        let (is_right, mistake) = (answered.is_right(*given), answered.mistake(*given));
        Some(Compared { said: text(asked, *given), answered, is_right, mistake, is_shown: run.is_live() })
    };
    let mut compared: Vec<Compared> = prediction.questions.iter().zip(&prediction.given).filter_map(compare).collect();
    compared.sort_by_key(|compared| compared.answered.at_ns);
    let score = Score { right: compared.iter().filter(|compared| compared.is_right).count(), made: compared.len() };
    prediction.state = State::Over(compared);
    let (id, is_live) = (run.spec.scenario.id, run.is_live());
    if score.made == 0 {
        return None;
    }
    predict.scores.insert(id, score);
    if is_live {
        let key = model.bindings.shown(&Action::Story { on: true }, model.options.theme.unicode);
        model.notify(false, format!("{} of {} predictions right; {key} goes to where it shows", score.right, score.made));
    }
    Some((id, score))
}

/// An answer as text.
fn text(asked: &Asked, given: Given) -> String {
    match given {
        Given::Choice(row) => asked.choices.get(row).cloned().unwrap_or_default(),
        Given::Number(number) => number.to_string(),
        Given::Time(ns) => question::time(ns),
    }
}

/// The prediction that the stop of the story on screen shows.
pub fn at_stop(model: &Model) -> Option<&Compared> {
    let place = model.story.as_ref()?.stop().place;
    model.predict.prediction.as_ref()?.compared().iter().find(|compared| compared.answered.place == Some(place))
}

#[cfg(test)]
mod tests;
