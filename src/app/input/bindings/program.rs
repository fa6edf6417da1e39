//! The keys of the program itself.

use crossterm::event::KeyCode;

use super::binding::{ALL, Binding, Group, NOT_FORM, NOT_LANES, ch, ctrl, key};
use super::scope::Scope;
use crate::app::input::action::Action;
use crate::app::panes::Pane;

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    // The program.
    Binding::new("palette", Action::Palette, &[ch(':'), ctrl('p')], ALL, "Find a command or a scenario by name, and do it.")
        .hint(10, "commands")
        .group(Group::Program),
    Binding::new(
        "edit-line",
        Action::OpenEditor,
        &[ch('E')],
        ALL,
        "Open a line in $VISUAL or $EDITOR: the top one of the code, or where the selected task waits or was spawned.",
    )
    .hint(18, "editor")
    .group(Group::Program),
    Binding::new("find", Action::Find, &[ch('/')], NOT_LANES, "Find a scenario.").hint(10, "find").group(Group::Program),
    Binding::new(
        "path",
        Action::Path,
        &[ch('P')],
        ALL,
        "Show the path through the scenarios: what to see next, and what was run.",
    )
    .hint(11, "path")
    .group(Group::Program),
    Binding::new("next-pane", Action::FocusNext, &[key(KeyCode::Tab)], ALL, "The next pane.")
        .hint(7, "pane")
        .group(Group::Program),
    Binding::new("previous-pane", Action::FocusPrevious, &[key(KeyCode::BackTab)], ALL, "The pane before.").group(Group::Program),
    Binding::new("focus-scenarios", Action::Focus(Pane::Scenarios), &[ch('1')], NOT_FORM, "To the scenarios.")
        .group(Group::Program),
    Binding::new("focus-parameters", Action::Focus(Pane::Parameters), &[ch('2')], NOT_FORM, "To the parameters.")
        .group(Group::Program),
    Binding::new("focus-timeline", Action::Focus(Pane::Timeline), &[ch('3')], NOT_FORM, "To the timeline.").group(Group::Program),
    Binding::new("focus-metrics", Action::Focus(Pane::Metrics), &[ch('4')], NOT_FORM, "To the metrics.").group(Group::Program),
    Binding::new("focus-log", Action::Focus(Pane::Log), &[ch('5')], NOT_FORM, "To the log.").group(Group::Program),
    Binding::new("focus-code", Action::Focus(Pane::Code), &[ch('6')], NOT_FORM, "To the code.").group(Group::Program),
    Binding::new("focus-task", Action::Focus(Pane::Task), &[ch('7')], NOT_FORM, "To the selected task.").group(Group::Program),
    Binding::new("help", Action::Help, &[ch('?')], ALL, "Help for this pane.").hint(5, "help").group(Group::Program),
    Binding::new("close", Action::Close, &[key(KeyCode::Esc)], ALL, "Leave the full screen; end a search.").group(Group::Program),
    Binding::new("quit", Action::Quit, &[ch('q')], ALL, "Quit.").hint(6, "quit").group(Group::Program),
    Binding::new("quit-anywhere", Action::Quit, &[ctrl('c')], Scope::Always, "Quit, from anywhere.").group(Group::Program),
    Binding::new("suspend", Action::Suspend, &[ctrl('z')], Scope::Always, "Suspend: back to the shell until `fg`.")
        .group(Group::Program),
];
