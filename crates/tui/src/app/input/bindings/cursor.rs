//! The keys of the time cursor: by a cell, by a step, to the ends, to problems, to a typed time.

use crossterm::event::KeyCode;

use super::binding::{ALL, ARROWS_FREE, Binding, Group, LEFT, NONE, NOT_TASK, RIGHT, ch, key};
use crate::app::input::action::{Action, Landmark, Stride};

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    Binding::new("cursor-left", Action::Step(Stride::CellBack), LEFT, ARROWS_FREE, "Move the time cursor back.")
        .hint(9, "time")
        .group(Group::Time),
    Binding::new("cursor-right", Action::Step(Stride::Cell), RIGHT, ARROWS_FREE, "Move the time cursor forward.")
        .hint(9, "time")
        .group(Group::Time),
    Binding::new("rewind", Action::ToStart, &[ch('0'), key(KeyCode::Home)], ALL, "Go to the start of the run.")
        .hint(10, "rewind")
        .group(Group::Time),
    Binding::new("end", Action::ToLive, &[ch('$'), key(KeyCode::End)], ALL, "Go to the end and follow.")
        .hint(11, "end")
        .group(Group::Time),
    Binding::new("step", Action::Step(Stride::Poll), &[ch('.')], NOT_TASK, "Step to the next poll.")
        .hint(9, "step")
        .group(Group::Time),
    Binding::new("step-back", Action::Step(Stride::PollBack), &[ch(',')], NOT_TASK, "Step back to the previous poll.")
        .hint(9, "step")
        .group(Group::Time),
    Binding::step("task-step", Stride::Task, &[ch('>')], "Step to the task's next event.").hint(16, "task step"),
    Binding::step("task-step-back", Stride::TaskBack, &[ch('<')], "Step to the task's previous event.").hint(16, "task step"),
    Binding::new("next-stop", Action::Story { on: true }, &[ch(']')], ALL, "Go to the next stop of the story.")
        .hint(7, "story")
        .group(Group::Time),
    Binding::new("previous-stop", Action::Story { on: false }, &[ch('[')], ALL, "Go back to the previous stop.")
        .hint(7, "story")
        .group(Group::Time),
    Binding::new("next-problem", Action::Problem { on: true }, &[ch('p')], ALL, "Go to the next problem.")
        .hint(8, "problem")
        .group(Group::Time),
    Binding::new("previous-problem", Action::Problem { on: false }, &[ch('P')], ALL, "Go to the previous problem.")
        .hint(8, "problem")
        .group(Group::Time),
    Binding::new("go-to-time", Action::TypeTime, &[ch('T')], ALL, "Type a time to go to.").hint(14, "go to").group(Group::Time),
    Binding::step("next-wake", Stride::Wake, NONE, "Go to the next wake of any task."),
    Binding::step("next-time", Stride::Time, NONE, "Go to the next time with a poll."),
    Binding::step("previous-time", Stride::TimeBack, NONE, "Go to the previous time with a poll."),
    Binding::new("bookmark", Action::Bookmark, NONE, ALL, "Set a bookmark at the cursor, or remove it.").group(Group::Time),
    Binding::new("next-bookmark", Action::NextBookmark, NONE, ALL, "Go to the next bookmark.").group(Group::Time),
    Binding::new("previous-bookmark", Action::PreviousBookmark, NONE, ALL, "Go to the previous bookmark.").group(Group::Time),
    Binding::jump("next-failure", Landmark::Failure, NONE, "Go to the next task that fails."),
    Binding::jump("next-cancellation", Landmark::Cancellation, NONE, "Go to the next task that is cancelled."),
    Binding::jump("next-panic", Landmark::Panic, NONE, "Go to the next task that panics."),
    Binding::jump("stall", Landmark::Stall, NONE, "Jump to the deadlock."),
    Binding::jump("longest-wait", Landmark::LongestWait, NONE, "Go to the end of the longest wait."),
];
