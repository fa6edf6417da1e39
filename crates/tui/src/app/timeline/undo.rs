//! Undo and redo for the view of the timeline.

use crate::app::input::action::{Action, Target};
use crate::app::mode::Mode;
use crate::app::model::Model;
use crate::app::panes::Pane;
use crate::app::run::cursor;
use crate::app::session::Held;
use crate::app::timeline::history::{Change, View};
use crate::app::timeline::view::Timeline;
use crate::app::timeline::{grouping, viewport};

/// The kind of view change that an action makes, if any.
fn change(model: &Model, action: &Action) -> Option<Change> {
    use Action::{
        AlongWake, Choose, Close, Drag, Explain, Fit, FitSelection, GoToTime, Group, Jump, JumpBack, Match, Move, NextBookmark,
        Open, Pan, Point, PreviousBookmark, Problem, Scroll, Show, TakeSearch, ToLive, ToStart, ToWaker, ZoomAt, ZoomIn, ZoomOut,
    };
    let lanes = model.mode.overlay().is_none() && matches!(model.focus, Pane::Timeline | Pane::Task);
    match action {
        ZoomIn | ZoomOut | ZoomAt { .. } => Some(Change::Zoom),
        Pan(_) => Some(Change::Pan),
        Drag(_) if matches!(model.session.held, Some(Held::Lanes(_) | Held::Map)) => Some(Change::Pan),
        Move(_) if lanes => Some(Change::Lanes),
        Scroll { pane: Pane::Timeline, .. } if model.mode.overlay().is_none() => Some(Change::Lanes),
        Point(Target::Task(_) | Target::Group(_) | Target::Lanes { .. } | Target::Map(_))
        | Fit
        | FitSelection
        | Choose
        | Explain(_)
        | Match { .. }
        | Problem { .. }
        | TakeSearch
        | ToLive
        | ToStart
        | Group
        | Open
        | Close
        | AlongWake { .. }
        | GoToTime
        | Jump(_)
        | JumpBack
        | NextBookmark
        | PreviousBookmark
        | Show
        | ToWaker => Some(Change::Jump),
        _ => None,
    }
}

/// The view before an action that may change it.
pub(in crate::app) fn before(model: &mut Model, action: &Action) -> Option<(Change, View)> {
    let change = change(model, action);
    let goes_on = matches!(action, Action::LetGo);
    if change.is_none() && !goes_on && !matches!(action, Action::UndoView | Action::RedoView) {
        model.session.history.interrupt();
    }
    change.map(|change| (change, now(model)))
}

fn now(model: &Model) -> View {
    let at_ns = model.run.as_ref().map(|run| run.cursor.at_ns);
    View { timeline: model.timeline, zoom: model.session.zoom, at_ns }
}

/// Records the view from before, if it has changed.
pub(in crate::app) fn after(model: &mut Model, before: Option<(Change, View)>) {
    let Some((change, before)) = before else { return };
    let now = now(model);
    let same = Timeline { follow: now.timeline.follow, ..before.timeline } == now.timeline;
    let moved = before.at_ns != now.at_ns;
    if !same || moved {
        // If the action left the cursor alone, playback may have moved it, so its time is not recorded.
        model.session.history.changed(change, View { at_ns: before.at_ns.filter(|_| moved), ..before });
    }
}

/// Undoes the last change of the view.
pub(in crate::app) fn undo(model: &mut Model) {
    let now = now(model);
    match model.session.history.back(now) {
        Some(view) => restore(model, view),
        None => model.notify(false, "nothing to undo"),
    }
}

/// Redoes the change that was undone last.
pub(in crate::app) fn redo(model: &mut Model) {
    let now = now(model);
    match model.session.history.forward(now) {
        Some(view) => restore(model, view),
        None => model.notify(false, "nothing to redo"),
    }
}

fn restore(model: &mut Model, view: View) {
    if let Some(at_ns) = view.at_ns {
        cursor::put(model, at_ns);
    }
    if model.mode.overlay().is_some_and(|overlay| overlay.explains().is_some()) {
        model.mode = Mode::Browse;
    }
    model.timeline = view.timeline;
    model.session.zoom = view.zoom;
    grouping::restored(model);
    viewport::restored(model);
}

#[cfg(test)]
mod tests;
