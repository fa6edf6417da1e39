//! The pinned run: it stays above the next runs of its scenario, on the same axis, so that a changed parameter is seen.
//!
//! A run is pinned when it is over. It stays on screen as the only run until another one takes its place; only then is it kept
//! here, so nothing is copied.

use scenario::Clock;

use crate::app::model::Model;
use crate::app::run::pinned::Pin;
use crate::app::run::view::RunView;
use engine::compare::{self, Lanes};
use engine::{Phase, Spec};

/// With more tasks than this, lanes are matched by number and not compared: names would take too long for a frame.
const COMPARED: usize = 20_000;

/// The pinned run, while another one is below it.
pub fn pinned(model: &Model) -> Option<&RunView> {
    model.pin.as_ref()?.run.as_deref()
}

/// Pins the run on screen, or unpins the pinned one.
pub(in crate::app) fn toggle(model: &mut Model) {
    if model.pin.is_some() {
        unpin(model);
        model.notify(false, "no run is pinned any more");
        return;
    }
    let Some(run) = &model.run else {
        let none = model.no_run();
        model.notify(false, none);
        return;
    };
    if !model.can_run() {
        model.notify(true, "nothing to compare with: only a scenario can run again");
    } else if run.phase != Phase::Over || !run.trace.closed {
        model.notify(true, "this run is not over yet: pin it when it is");
    } else {
        model.pin = Some(Pin::default());
        model.notify(false, "pinned: change a parameter, and the next run comes below");
    }
}

/// Removes the pinned run.
fn unpin(model: &mut Model) {
    if let Some(run) = model.pin.take().and_then(|pin| pin.run) {
        model.session.freed.push(run);
    }
}

/// Another run takes the place of `old`. Keeps `old` if it is the pinned one, and returns what is to be freed; a run of another
/// scenario unpins.
pub(in crate::app) fn replaced(model: &mut Model, old: Option<RunView>, same: bool) -> Option<RunView> {
    if !same {
        unpin(model);
        return old;
    }
    let Some(pin) = &mut model.pin else { return old };
    (pin.lanes, pin.of) = (Lanes::default(), None);
    if pin.run.is_some() {
        return old;
    }
    pin.run = old.map(Box::new);
    None
}

/// Compares the lanes when the run on screen is over, and matches them while there are more.
pub(in crate::app) fn settle(model: &mut Model) {
    let (Some(run), Some(pin)) = (&model.run, &mut model.pin) else { return };
    let Some(pinned) = &pin.run else { return };
    let of = (run.trace.tasks.len(), run.trace.closed);
    if pin.of == Some(of) {
        return;
    }
    pin.of = Some(of);
    pin.lanes = Lanes::default();
    if of.0.max(pinned.trace.tasks.len()) <= COMPARED {
        pin.lanes = compare::lanes(&pinned.trace, &run.trace, u64::MAX);
    }
    if !of.1 || !have_equal_times(&pinned.spec, &run.spec) {
        (pin.lanes.since_ns, pin.lanes.first) = (Vec::new(), None);
    }
}

fn have_equal_times(one: &Spec, other: &Spec) -> bool {
    [one, other].iter().all(|spec| spec.clock == Clock::Virtual)
}

#[cfg(test)]
mod tests;
