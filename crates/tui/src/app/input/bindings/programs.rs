//! The table for programs, made from the table for scenarios: there is nothing to run, to set or to learn.

use std::borrow::Cow;

use super::binding::{Binding, FORM, LIST, TASKS, ch};
use super::key::Key;
use super::scope::Scope;
use crate::app::input::action::{Action, Move};
use crate::app::panes::{CodeTab, Pane};

/// The key that leads to the processes.
const PROCESSES: &[Key] = &[ch('c')];

/// The row of the table for programs; `None` if it does nothing there.
pub(super) fn row(binding: Binding) -> Option<Binding> {
    let is_scenarios =
        matches!(binding.scope, Scope::Path | Scope::Predict | Scope::Sweep | Scope::Search | Scope::Edit | Scope::Folder);
    if is_scenarios || !works(&binding.action) && binding.scope != LIST {
        return None;
    }
    let row = match binding.action {
        Action::Pick => {
            return Some(Binding { action: Action::Attach, label: "attach", help: "Attach to this process.", ..binding });
        }
        Action::Palette => Binding { help: "Find a command.", ..binding },
        Action::Focus(Pane::Scenarios) => processes(binding),
        Action::Focus(Pane::Parameters) => Binding { name: "focus-threads", help: "Go to the threads.", ..binding },
        Action::Quit => Binding { help: "Leave; only what watch started ends.", ..binding },
        Action::Move(step) if binding.scope == LIST => Binding { help: in_list(step), ..binding },
        Action::Move(step) if binding.scope == FORM => Binding { help: in_threads(step), ..binding },
        Action::Move(Move::Up | Move::Down) if binding.scope == TASKS => Binding { label: "task", ..binding },
        Action::PauseOrGo => Binding { help: "Hold the picture, or let it go on.", ..binding },
        _ => binding,
    };
    Some(row)
}

/// The way to another program, which the list of scenarios needs no key for.
fn processes(binding: Binding) -> Binding {
    // The user may have given it other keys.
    let keys = if binding.keys.is_empty() { Cow::Borrowed(PROCESSES) } else { binding.keys.clone() };
    Binding { name: "focus-processes", keys, help: "Go to the processes; Enter attaches to one.", ..binding }.hint(2, "processes")
}

/// Whether an action does something on the screen for programs.
fn works(action: &Action) -> bool {
    use Action::{
        Answer, Challenge, Commit, Compare, Edit, MakeOwn, OpenProblem, Own, Path, Pick, Pin, Predict, Reset, Restart, SaveAs,
        Share, Stop, Sweep, SwitchClock, Turn,
    };
    let tabs = [CodeTab::Lesson, CodeTab::Asyncio, CodeTab::Test];
    !matches!(
        action,
        Pick | Turn(_)
            | Edit
            | Commit
            | Reset
            | SwitchClock
            | Restart
            | Pin
            | Sweep
            | Challenge
            | Stop
            | Share
            | SaveAs
            | Own
            | MakeOwn
            | OpenProblem
            | Path
            | Compare
            | Predict
            | Answer
    ) && !matches!(action, Action::NextTab | Action::PreviousTab)
        && !matches!(action, Action::ShowTab(tab) if tabs.contains(tab))
}

fn in_list(step: Move) -> &'static str {
    match step {
        Move::Up => "Go to the process above.",
        Move::Down => "Go to the process below.",
        Move::PageUp => "Go one page up.",
        Move::PageDown => "Go one page down.",
        Move::First => "Go to the first process.",
        Move::Last => "Go to the last process.",
    }
}

fn in_threads(step: Move) -> &'static str {
    match step {
        Move::Up => "Scroll up one line.",
        Move::Down => "Scroll down one line.",
        Move::PageUp => "Scroll one page up.",
        Move::PageDown => "Scroll one page down.",
        Move::First => "Go to the first thread.",
        Move::Last => "Go to the last thread.",
    }
}
