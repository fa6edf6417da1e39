//! The keys that change what is looked at, in every pane.

use super::binding::{ALL, Binding, ENTER, ENTER_FREE, Group, ch};
use crate::app::input::action::Action;

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    // What is looked at.
    Binding::new("why", Action::Why, &[ch('e')], ALL, "Say why the selected task waits: who holds what, and who waits for whom.")
        .hint(9, "why?")
        .group(Group::View),
    Binding::new("woken-by", Action::ToWaker, &[ch('b')], ALL, "Select the task that ended this wait, or the last one.")
        .hint(12, "woken by")
        .group(Group::View),
    Binding::new("woken-by-back", Action::JumpBack, &[ch('B')], ALL, "Select the task from before that.").group(Group::View),
    Binding::new("wake-back", Action::AlongWake { on: false }, &[ch('[')], ALL, "To the task that ended this wait, when it did.")
        .hint(18, "along wakes")
        .group(Group::View),
    Binding::new("wake-on", Action::AlongWake { on: true }, &[ch(']')], ALL, "To the task that this one woke next, when it did.")
        .hint(18, "along wakes")
        .group(Group::View),
    Binding::new("undo-view", Action::UndoView, &[ch('u')], ALL, "Look again at what was looked at before: zoom, place, task.")
        .hint(19, "undo view")
        .group(Group::View),
    Binding::new("redo-view", Action::RedoView, &[ch('U')], ALL, "Take that back.").group(Group::View),
    Binding::new(
        "resources",
        Action::Resources,
        &[ch('R')],
        ALL,
        "Show locks, semaphores and channels in place of the selected task, and back.",
    )
    .hint(13, "resources")
    .group(Group::View),
    Binding::new(
        "findings",
        Action::Findings,
        &[ch('i')],
        ALL,
        "List the findings: what is wrong with the run, why, and what to do.",
    )
    .group(Group::View),
    Binding::new("zoom-in", Action::ZoomIn, &[ch('+'), ch('=')], ALL, "Zoom the timeline in, around the cursor.")
        .hint(11, "zoom")
        .group(Group::View),
    Binding::new("zoom-out", Action::ZoomOut, &[ch('-')], ALL, "Zoom the timeline out.").hint(11, "zoom").group(Group::View),
    Binding::new("fit-selection", Action::FitSelection, &[ch('f')], ALL, "Fit the life of the selected task into the timeline.")
        .hint(14, "fit")
        .group(Group::View),
    Binding::new("fit-run", Action::Fit, &[ch('F')], ALL, "Fit the whole run into the timeline.")
        .hint(14, "fit")
        .group(Group::View),
    Binding::new(
        "together",
        Action::Group,
        &[ch('D')],
        ALL,
        "Put tasks together that one line spawned, then those with one name, then by what they do; then none.",
    )
    .group(Group::View),
    Binding::new("next-tab", Action::NextTab, &[ch('t')], ALL, "Show the next tab of the code pane.")
        .hint(15, "code tab")
        .group(Group::View),
    Binding::new("log-level", Action::LogLevel, &[ch('V')], ALL, "Show fewer levels of the log, then all again.")
        .hint(16, "log level")
        .group(Group::View),
    Binding::new("layout", Action::Layout, &[ch('_')], ALL, "All panes, lanes and code to show to others, or the lanes alone.")
        .hint(18, "layout")
        .group(Group::View),
    Binding::new("full-screen", Action::FullScreen, &[ch('z')], ALL, "Let this pane fill the screen, or put it back.")
        .hint(17, "full screen")
        .group(Group::View),
    Binding::new("fill-or-open", Action::FullScreen, ENTER, ENTER_FREE, "Let this pane fill the screen, or put it back.")
        .group(Group::View),
];
