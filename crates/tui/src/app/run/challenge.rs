//! Challenges: break a scenario by putting polls off.
//!
//! A scenario that declares a setting which goes well in Tokio's own order and fails under a schedule is a challenge: break it
//! with two preemptions, or as many as that schedule has. It counts only if the polls were put off one by one, so that a hunt or a
//! typed schedule is no solution.

use scenario::{Breaks, Clock, Scenario, Values};

use crate::app::effect::Effect;
use crate::app::form::start;
use crate::app::model::{Model, Pane};
use crate::app::session::Entry;
use engine::{Ending, Schedule};

/// Most bugs need no more preemptions.
const MOST: usize = 2;

/// A scenario to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// The setting.
    setting: &'static Breaks,
    /// The most preemptions.
    pub most: usize,
}

/// The challenge of a scenario, if it has one.
pub fn of(scenario: &Scenario) -> Option<Challenge> {
    let setting = scenario.breaks.iter().find(|breaks| breaks.schedule.is_some())?;
    match setting.schedule?.parse() {
        Ok(Schedule::List(list)) => Some(Challenge { setting, most: list.len().max(MOST) }),
        _ => None,
    }
}

/// Sets the form to the challenge of its scenario, and runs it in Tokio's own order.
pub(in crate::app) fn begin(model: &mut Model) -> Vec<Effect> {
    if !model.can_run() {
        start::refuse_a_run(model);
        return Vec::new();
    }
    let Some(Challenge { setting, most }) = of(model.form.scenario) else {
        let others: Vec<_> = model.catalogue.iter().filter(|scenario| of(scenario).is_some()).map(|other| other.id).collect();
        model.notify(true, format!("{} has no challenge; these have one: {}", model.form.scenario.id, others.join(", ")));
        return Vec::new();
    };
    let form = &mut model.form;
    form.values = Values::defaults(form.scenario.params);
    for (name, text) in setting.setting {
        let param = form.scenario.params.iter().find(|param| param.name == *name);
        if let Some((param, Ok(value))) = param.map(|param| (param, param.parse(text))) {
            form.values.set(param, value);
        }
    }
    (form.schedule, form.clock, form.workers) = (Schedule::default(), Clock::Virtual, 0);
    model.session.schedules.clear();
    // At the first poll.
    (model.session.go_to_ns, model.session.stepped) = (Some(0), Some(0));
    model.focus_on(Pane::Timeline);
    let polls = in_words(most);
    model.notify(
        false,
        format!("break it by putting off {polls} at most: . and , step to a poll, x puts it off, X takes it back"),
    );
    start::start(model, Entry::Rewind)
}

/// Checks whether the run on screen, which is over, solves the challenge. Returns the scenario's ID if it was not solved before.
pub fn settle(model: &mut Model) -> Option<&'static str> {
    let by_hand = !model.session.schedules.is_empty();
    let run = model.run.as_ref().filter(|run| run.trace.closed && by_hand)?;
    let challenge = of(run.spec.scenario).filter(|it| it.setting.is_at(&run.spec.values))?;
    let report = run.report.as_ref()?;
    let broken = match &report.ending {
        Ending::Finished(outcome) => !outcome.holds() || report.stall(&run.trace).is_some(),
        ending => *ending == Ending::Stalled,
    };
    let (cuts, id) = (run.trace.preemptions().len(), run.spec.scenario.id);
    if !broken || cuts == 0 {
        return None;
    }
    if cuts > challenge.most {
        model.notify(false, format!("broken, but with {cuts} polls put off; the challenge allows {}", challenge.most));
        return None;
    }
    let polls = in_words(cuts);
    model.notify(false, format!("challenge solved: {polls} put off, and it breaks"));
    model.solved.insert(id).then_some(id)
}

fn in_words(polls: usize) -> String {
    format!("{polls} {}", scenario::unit_after(polls as f64, "polls"))
}
