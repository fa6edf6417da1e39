//! The keys that work in one pane only.

use crossterm::event::KeyCode;

use super::binding::{
    Binding, CODE, DOWN, ENTER, FAR_LEFT, FAR_RIGHT, FIRST, FORM, LAST, LEFT, LIST, LOG, METRICS, PAGE_DOWN, PAGE_UP, RIGHT,
    TASK, TASKS, UP, ch, key,
};
use super::scope::Scope;
use crate::app::input::action::{Action, Move, Stride};

/// A movement between the rows of a pane.
const fn rows(name: &'static str, step: Move, scope: Scope, help: &'static str) -> Binding {
    let keys = match step {
        Move::Up => UP,
        Move::Down => DOWN,
        Move::PageUp => PAGE_UP,
        Move::PageDown => PAGE_DOWN,
        Move::First => FIRST,
        Move::Last => LAST,
    };
    Binding::new(name, Action::Move(step), keys, scope, help)
}

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    // The list of scenarios.
    Binding::new("start", Action::Pick, ENTER, LIST, "Start this scenario.").hint(2, "start"),
    rows("up", Move::Up, LIST, "Go to the scenario above.").hint(3, "choose"),
    rows("down", Move::Down, LIST, "Go to the scenario below.").hint(3, "choose"),
    rows("page-up", Move::PageUp, LIST, "Go one page up."),
    rows("page-down", Move::PageDown, LIST, "Go one page down."),
    rows("first", Move::First, LIST, "Go to the first scenario."),
    rows("last", Move::Last, LIST, "Go to the last scenario."),
    // The form. A field of digits takes those before any key.
    Binding::new("turn-down", Action::Turn(-1), LEFT, FORM, "Decrease the value; previous choice.").hint(2, "change"),
    Binding::new("turn-up", Action::Turn(1), RIGHT, FORM, "Increase the value; next choice.").hint(2, "change"),
    Binding::new("turn-down-ten", Action::Turn(-10), FAR_LEFT, FORM, "Decrease by ten steps."),
    Binding::new("turn-up-ten", Action::Turn(10), FAR_RIGHT, FORM, "Increase by ten steps."),
    Binding::new("edit", Action::Edit, ENTER, FORM, "Type a value, or start with a digit.").hint(3, "type"),
    Binding::new("reset", Action::Reset, &[ch('d'), key(KeyCode::Backspace)], FORM, "Reset the value to its default.")
        .hint(4, "default"),
    Binding::new("sweep", Action::Sweep, &[ch('S')], FORM, "Chart a figure over this parameter.").hint(17, "sweep"),
    Binding::new("hunt", Action::Hunt, &[ch('F')], FORM, "Hunt for a run that goes wrong.").hint(18, "hunt"),
    rows("up", Move::Up, FORM, "Go to the field above."),
    rows("down", Move::Down, FORM, "Go to the field below."),
    rows("page-up", Move::PageUp, FORM, "Go one page up."),
    rows("page-down", Move::PageDown, FORM, "Go one page down."),
    rows("first", Move::First, FORM, "Go to the first field."),
    rows("last", Move::Last, FORM, "Go to the last field."),
    // The timeline and its selected task.
    rows("up", Move::Up, TASKS, "Select the lane above.").hint(3, "select"),
    rows("down", Move::Down, TASKS, "Select the lane below.").hint(3, "select"),
    rows("page-up", Move::PageUp, TASKS, "Go one page of lanes up."),
    rows("page-down", Move::PageDown, TASKS, "Go one page of lanes down."),
    rows("first", Move::First, TASKS, "Select the first lane."),
    rows("last", Move::Last, TASKS, "Select the last lane."),
    Binding::new("step", Action::Step(Stride::Task), &[ch('.')], TASK, "Step to the task's next event.").hint(2, "step"),
    Binding::new("step-back", Action::Step(Stride::TaskBack), &[ch(',')], TASK, "Step to the task's previous event.")
        .hint(2, "step"),
    // The metrics.
    rows("up", Move::Up, METRICS, "Select the figure above.").hint(2, "explain"),
    rows("down", Move::Down, METRICS, "Select the figure below.").hint(2, "explain"),
    rows("page-up", Move::PageUp, METRICS, "Go one page up."),
    rows("page-down", Move::PageDown, METRICS, "Go one page down."),
    rows("first", Move::First, METRICS, "Select the first figure."),
    rows("last", Move::Last, METRICS, "Select the last figure."),
    // The log.
    rows("up", Move::Up, LOG, "Scroll up one line.").hint(2, "scroll"),
    rows("down", Move::Down, LOG, "Scroll down one line.").hint(2, "scroll"),
    rows("page-up", Move::PageUp, LOG, "Scroll one page up."),
    rows("page-down", Move::PageDown, LOG, "Scroll one page down."),
    rows("first", Move::First, LOG, "Go to the first line."),
    rows("last", Move::Last, LOG, "Go to the newest line and follow."),
    // The code.
    rows("up", Move::Up, CODE, "Scroll up one line.").hint(3, "scroll"),
    rows("down", Move::Down, CODE, "Scroll down one line.").hint(3, "scroll"),
    rows("page-up", Move::PageUp, CODE, "Scroll one page up."),
    rows("page-down", Move::PageDown, CODE, "Scroll one page down."),
    rows("first", Move::First, CODE, "Go to the first line."),
    rows("last", Move::Last, CODE, "Go to the last line."),
    Binding::new("tab-left", Action::PreviousTab, LEFT, CODE, "Show the previous tab.").hint(2, "tab"),
    Binding::new("tab-right", Action::NextTab, RIGHT, CODE, "Show the next tab.").hint(2, "tab"),
];
