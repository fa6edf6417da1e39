//! The keys that work in one pane: the list, the form, the timeline with its task, the log, the code.

use crossterm::event::KeyCode;

use super::binding::{
    Binding, CODE, DOWN, ENTER, FIRST, FORM, LANES, LAST, LEFT, LIST, LOG, PAGE_DOWN, PAGE_UP, RIGHT, TASKS, UP, ch, key,
};
use crate::app::input::action::{Action, Move};

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    // The list of scenarios.
    Binding::new("start", Action::Pick, ENTER, LIST, "Pick this scenario and start it.").hint(1, "start"),
    Binding::new("up", Action::Move(Move::Up), UP, LIST, "The scenario above.").hint(2, "choose"),
    Binding::new("down", Action::Move(Move::Down), DOWN, LIST, "The scenario below.").hint(2, "choose"),
    Binding::new("page-up", Action::Move(Move::PageUp), PAGE_UP, LIST, "One page up."),
    Binding::new("page-down", Action::Move(Move::PageDown), PAGE_DOWN, LIST, "One page down."),
    Binding::new("first", Action::Move(Move::First), FIRST, LIST, "The first scenario."),
    Binding::new("last", Action::Move(Move::Last), LAST, LIST, "The last scenario."),
    // The form.
    Binding::new(
        "turn-down",
        Action::Turn(-1),
        LEFT,
        FORM,
        "Turn the value down by one step, or to the choice before; runs at once.",
    )
    .hint(1, "tune"),
    Binding::new("turn-up", Action::Turn(1), RIGHT, FORM, "Turn the value up by one step, or to the next choice; runs at once.")
        .hint(1, "tune"),
    Binding::new("turn-down-ten", Action::Turn(-10), PAGE_DOWN, FORM, "Turn the value down by ten steps."),
    Binding::new("turn-up-ten", Action::Turn(10), PAGE_UP, FORM, "Turn the value up by ten steps."),
    Binding::new("edit", Action::Edit, ENTER, FORM, "Type a value; a digit starts that too.").hint(2, "type"),
    Binding::new("reset", Action::Reset, &[ch('d'), key(KeyCode::Backspace)], FORM, "Turn the value back to its default.")
        .hint(3, "default"),
    Binding::new("up", Action::Move(Move::Up), UP, FORM, "The field above."),
    Binding::new("down", Action::Move(Move::Down), DOWN, FORM, "The field below."),
    Binding::new("first", Action::Move(Move::First), FIRST, FORM, "The first field."),
    Binding::new("last", Action::Move(Move::Last), LAST, FORM, "The last field."),
    // The timeline, and the task that is selected there.
    Binding::new("up", Action::Move(Move::Up), UP, TASKS, "Select the task above.").hint(1, "select"),
    Binding::new("down", Action::Move(Move::Down), DOWN, TASKS, "Select the task below.").hint(1, "select"),
    Binding::new("page-up", Action::Move(Move::PageUp), PAGE_UP, TASKS, "One page of tasks up."),
    Binding::new("page-down", Action::Move(Move::PageDown), PAGE_DOWN, TASKS, "One page of tasks down."),
    Binding::new("first-task", Action::Move(Move::First), &[ch('g')], TASKS, "Select the first task."),
    Binding::new("last-task", Action::Move(Move::Last), &[ch('G')], TASKS, "Select the last task."),
    Binding::new("pan-left", Action::Pan(-1), &[key(KeyCode::Left), ch('h'), ch('a')], LANES, "Look at an earlier time.")
        .hint(2, "scroll"),
    Binding::new("pan-right", Action::Pan(1), &[key(KeyCode::Right), ch('l'), ch('d')], LANES, "Look at a later time.")
        .hint(2, "scroll"),
    Binding::new("timeline-zoom-in", Action::ZoomIn, &[ch('w')], LANES, "Zoom in, around the cursor."),
    Binding::new("timeline-zoom-out", Action::ZoomOut, &[ch('s')], LANES, "Zoom out."),
    Binding::new("pan-to-start", Action::PanToStart, &[key(KeyCode::Home)], LANES, "Look at the start of the run."),
    Binding::new("follow", Action::Follow, &[key(KeyCode::End)], LANES, "Keep the cursor in sight again."),
    Binding::new(
        "fill-or-open",
        Action::FullScreen,
        ENTER,
        LANES,
        "Let this pane fill the screen, or put it back; where a row is a group, open it, and Esc closes it; \
         where it is a thread, a resource or a line, select a task there.",
    ),
    // The log.
    Binding::new("up", Action::Move(Move::Up), UP, LOG, "One line back.").hint(1, "scroll"),
    Binding::new("down", Action::Move(Move::Down), DOWN, LOG, "One line on.").hint(1, "scroll"),
    Binding::new("page-up", Action::Move(Move::PageUp), PAGE_UP, LOG, "One page back."),
    Binding::new("page-down", Action::Move(Move::PageDown), PAGE_DOWN, LOG, "One page on."),
    Binding::new("first", Action::Move(Move::First), FIRST, LOG, "The first line."),
    Binding::new("last", Action::Move(Move::Last), LAST, LOG, "The newest line; stay there."),
    // The code.
    Binding::new("up", Action::Move(Move::Up), UP, CODE, "One line up.").hint(1, "scroll"),
    Binding::new("down", Action::Move(Move::Down), DOWN, CODE, "One line down.").hint(1, "scroll"),
    Binding::new("page-up", Action::Move(Move::PageUp), PAGE_UP, CODE, "One page up."),
    Binding::new("page-down", Action::Move(Move::PageDown), PAGE_DOWN, CODE, "One page down."),
    Binding::new("first", Action::Move(Move::First), FIRST, CODE, "The first line."),
    Binding::new("last", Action::Move(Move::Last), LAST, CODE, "The last line."),
    Binding::new("tab-left", Action::PreviousTab, LEFT, CODE, "The tab before: lesson, Rust, asyncio.").hint(2, "tab"),
    Binding::new("tab-right", Action::NextTab, RIGHT, CODE, "The next tab: lesson, Rust, asyncio.").hint(2, "tab"),
];
