//! The keys of the program itself.

use crossterm::event::KeyCode;

use super::binding::{ALL, Binding, ESC, Group, NONE, ch, ctrl, key};
use super::scope::Scope;
use crate::app::input::action::Action;
use crate::app::panes::Pane;

const fn focus(name: &'static str, pane: Pane, help: &'static str) -> Binding {
    Binding::new(name, Action::Focus(pane), NONE, ALL, help).group(Group::Program)
}

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    Binding::new("help", Action::Help, &[ch('?')], ALL, "Show this help.").hint(0, "help").group(Group::Program),
    Binding::new("quit", Action::Quit, &[ch('q')], ALL, "Quit.").hint(1, "quit").group(Group::Program),
    Binding::new("quit-anywhere", Action::Quit, &[ctrl('c')], Scope::Always, "Quit, from anywhere.").group(Group::Program),
    Binding::new("suspend", Action::Suspend, &[ctrl('z')], Scope::Always, "Suspend; fg brings it back.").group(Group::Program),
    Binding::new("close", Action::Close, ESC, ALL, "Close one layer, or end a search.").group(Group::Program),
    Binding::new("palette", Action::Palette, &[ch(':'), ctrl('p')], ALL, "Find a command or a scenario.")
        .hint(6, "commands")
        .group(Group::Program),
    Binding::new("find", Action::Find, &[ch('/')], ALL, "Search this pane.").hint(6, "find").group(Group::Program),
    Binding::new("next-match", Action::Match { on: true }, &[ch('n')], ALL, "Go to the next match.")
        .hint(2, "match")
        .group(Group::Program),
    Binding::new("previous-match", Action::Match { on: false }, &[ch('N')], ALL, "Go to the previous match.")
        .hint(2, "match")
        .group(Group::Program),
    Binding::new("next-pane", Action::FocusNext, &[key(KeyCode::Tab)], ALL, "Go to the next pane.")
        .hint(5, "pane")
        .group(Group::Program),
    Binding::new("previous-pane", Action::FocusPrevious, &[key(KeyCode::BackTab)], ALL, "Go to the previous pane.")
        .group(Group::Program),
    focus("focus-scenarios", Pane::Scenarios, "Go to the list of scenarios."),
    focus("focus-parameters", Pane::Parameters, "Go to the parameters."),
    focus("focus-timeline", Pane::Timeline, "Go to the timeline."),
    focus("focus-metrics", Pane::Metrics, "Go to the metrics."),
    focus("focus-log", Pane::Log, "Go to the log."),
    focus("focus-code", Pane::Code, "Go to the code."),
    focus("focus-task", Pane::Task, "Go to the selected task."),
    Binding::new("tour", Action::Path, NONE, ALL, "Show what you have run, what is next.").group(Group::Program),
    Binding::new("own", Action::Own, &[ch('m')], ALL, "Make this scenario my own.").group(Group::Program),
    Binding::new("open-problem", Action::OpenProblem, NONE, ALL, "Open the compiler's error in your editor.")
        .group(Group::Program),
    Binding::new("edit-line", Action::OpenEditor, NONE, ALL, "Open this line in your editor.").group(Group::Program),
];
