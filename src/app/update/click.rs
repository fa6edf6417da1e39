//! Double clicks: the second press on one thing, soon after the first, fits what is there.

use std::time::Duration;

use super::timeline;
use crate::app::action::Target;
use crate::app::model::Model;
use crate::app::session::Click;
use crate::app::tip;

/// The longest time between the two presses.
const SOON: Duration = Duration::from_millis(400);

/// The pointer was pressed on something. If that is twice, fits it: the piece of life under the pointer, or by a task's name
/// all of its life.
pub(super) fn pressed(model: &mut Model, target: Target) {
    let before = model.session.click.take();
    if before.is_none_or(|click| click.target != target || click.age > SOON) {
        model.session.click = Some(Click { target, age: Duration::ZERO });
        return;
    }
    match target {
        Target::Task(_) => timeline::fit_selection(model),
        Target::Lanes { task: Some(task), column } => {
            model.session.held = None;
            let row = model.areas.lane_rows.iter().find(|(there, _)| *there == task).map_or(0, |(_, row)| row.y);
            let Some(piece) = tip::piece(model, (column, row).into()) else { return };
            let now_ns = model.run.as_ref().map_or(0, |run| run.trace.end_ns);
            timeline::fit_between(model, piece.from_ns, piece.to_ns.unwrap_or(now_ns));
        }
        _ => {}
    }
}

/// So much time has passed.
pub(super) fn passed(model: &mut Model, time: Duration) {
    if let Some(click) = &mut model.session.click {
        click.age = click.age.saturating_add(time);
    }
}
