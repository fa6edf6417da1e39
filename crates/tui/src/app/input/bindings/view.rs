//! The keys that change the view, in every pane.

use super::binding::{ALL, Binding, ENTER, ENTER_FREE, Group, NONE, NOT_FORM, PAN_LEFT, PAN_RIGHT, ch};
use crate::app::input::action::Action;
use crate::app::panes::{CodeTab, ExplainTab};

/// A command without a key.
const fn command(name: &'static str, action: Action, help: &'static str) -> Binding {
    Binding::new(name, action, NONE, ALL, help).group(Group::View)
}

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    Binding::new("why", Action::Explain(ExplainTab::Why), &[ch('e')], ALL, "Explain waits, findings and duration.")
        .hint(7, "why")
        .group(Group::View),
    Binding::new("arrange", Action::Arrange, &[ch('o')], ALL, "Group, sort or filter the lanes.")
        .hint(12, "arrange")
        .group(Group::View),
    Binding::new("zoom-in", Action::ZoomIn, &[ch('+'), ch('='), ch('w')], ALL, "Zoom the timeline in.")
        .hint(13, "zoom")
        .group(Group::View),
    Binding::new("zoom-out", Action::ZoomOut, &[ch('-'), ch('s')], ALL, "Zoom the timeline out.")
        .hint(13, "zoom")
        .group(Group::View),
    Binding::new("fit", Action::FitSelection, &[ch('f')], ALL, "Fit the task or the whole run.")
        .hint(14, "fit")
        .group(Group::View),
    Binding::new("scroll-left", Action::Pan(-1), PAN_LEFT, NOT_FORM, "Show an earlier part of the run.").group(Group::View),
    Binding::new("scroll-right", Action::Pan(1), PAN_RIGHT, NOT_FORM, "Show a later part of the run.").group(Group::View),
    Binding::new("range", Action::MarkRange, &[ch('v')], ALL, "Mark a range, or clear it.").group(Group::View),
    Binding::new("full-screen", Action::FullScreen, &[ch('z')], ALL, "Toggle full screen.")
        .hint(17, "full screen")
        .group(Group::View),
    Binding::new("fill-or-open", Action::FullScreen, ENTER, ENTER_FREE, "Open the row, or toggle full screen.")
        .group(Group::View),
    Binding::new("next-tab", Action::NextTab, &[ch('t')], ALL, "Show the next tab of the code.")
        .hint(15, "code tab")
        .group(Group::View),
    Binding::new("undo-view", Action::UndoView, &[ch('u')], ALL, "Undo the last view change.")
        .hint(19, "undo view")
        .group(Group::View),
    command("redo-view", Action::RedoView, "Redo the last view change."),
    command("findings", Action::Explain(ExplainTab::Findings), "List the problems of this run."),
    command("critical-path", Action::CriticalPath, "Show or hide the critical path."),
    command("compare", Action::Compare, "Compare with the previous run."),
    command("resources", Action::Explain(ExplainTab::Resources), "Show locks, semaphores and channels."),
    command("woken-by", Action::ToWaker, "Select the task that ended this wait."),
    command("woken-by-back", Action::JumpBack, "Go back to the task before that jump."),
    command("wake-back", Action::AlongWake { on: false }, "Go to the waker, at the wake."),
    command("wake-on", Action::AlongWake { on: true }, "Go to the task that is woken next."),
    command("fit-run", Action::Fit, "Fit the whole run into the timeline."),
    command("group", Action::Group, "Group tasks by spawn line, name or state."),
    command("order", Action::Order, "Sort lanes by duration, wait, polls or spawn."),
    command("lanes", Action::NextKind, "Show lanes of threads, resources or source lines."),
    command("filter", Action::Filter, "Filter lanes: web, state=waiting, wait>500ms."),
    command("clear-filter", Action::ClearFilter, "Show all lanes again."),
    command("fold", Action::Fold, "Fold or unfold the task's descendants."),
    command("counters", Action::Counters, "Show or hide quantities under the lanes."),
    command("branches", Action::Branches, "Show or hide a lane for each awaited future."),
    command("lesson", Action::ShowTab(CodeTab::Lesson), "Read the lesson of this scenario."),
    command("rust", Action::ShowTab(CodeTab::Rust), "Show the Rust source."),
    command("asyncio", Action::ShowTab(CodeTab::Asyncio), "Show the same scenario in Python's asyncio."),
    command("tests", Action::ShowTab(CodeTab::Test), "Show the tests of this scenario."),
    command("log-level", Action::LogLevel, "Change the log level."),
    command("layout", Action::Layout, "Switch the layout."),
];
