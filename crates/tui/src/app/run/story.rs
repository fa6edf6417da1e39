//! The story of the scenario in the run on screen: from stop to stop.

use crate::app::model::Model;
use crate::app::panes::CodeTab;
use crate::app::run::jump;
use crate::app::run::view::StoryView;
use engine::story::story;

/// Goes to the next or previous stop: moves the cursor, selects the task, shows the code.
pub(in crate::app) fn go(model: &mut Model, on: bool) {
    let Some(run) = &model.run else {
        model.notify(false, model.no_run());
        return;
    };
    // What a live run has reached grows.
    let stops = story(&run.spec, &run.trace, run.report.as_ref());
    let so_far = if run.trace.closed { "" } else { " so far" };
    let here = model.story.as_ref().map(|story| story.stop().place);
    let here = here.and_then(|place| stops.iter().position(|stop| stop.place == place));
    let next = match (here, on) {
        (None, _) => Some(0),
        (Some(here), true) => Some(here + 1),
        (Some(here), false) => here.checked_sub(1),
    };
    match next.filter(|next| *next < stops.len()) {
        Some(at) => {
            let at_ns = stops[at].at_ns;
            show(model, StoryView { stops, at }, at_ns);
        }
        None if stops.is_empty() => model.notify(false, format!("this run has no story{so_far}")),
        None if on => model.notify(false, format!("this is the last stop of the story{so_far}")),
        None => model.notify(false, "this is the first stop of the story"),
    }
}

/// Shows a stop: moves the cursor to a time, selects the task, shows the code.
pub(super) fn show(model: &mut Model, story: StoryView, at_ns: u64) {
    let task = story.stop().task;
    model.code.show(CodeTab::Rust);
    model.code.top = 0;
    model.story = Some(story);
    jump::to(model, at_ns, task);
}

/// Ends the story. Returns whether there was one.
pub(in crate::app) fn end(model: &mut Model) -> bool {
    model.story.take().is_some()
}

#[cfg(test)]
mod tests;
