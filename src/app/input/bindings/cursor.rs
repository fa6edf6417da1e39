//! The keys of the cursor: steps, jumps, bookmarks, times that are typed.

use super::binding::{ALL, Binding, Group, ch};
use crate::app::input::action::{Action, Landmark, Stride};

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    Binding::step(
        "next-poll",
        Stride::Poll,
        &[ch('n')],
        "To the next poll; a live run is paused, and lets just one poll through.",
    )
    .hint(7, "step"),
    Binding::step("previous-poll", Stride::PollBack, &[ch('N')], "Back to the poll before.").hint(7, "step"),
    Binding::step("next-event", Stride::Task, &[ch('.')], "To the next event of the selected task.").hint(13, "its events"),
    Binding::step("previous-event", Stride::TaskBack, &[ch(',')], "To the event of the selected task before.")
        .hint(13, "its events"),
    Binding::step("next-wake", Stride::Wake, &[ch('W')], "To the next wake of any task."),
    Binding::step(
        "next-time",
        Stride::Time,
        &[ch('J')],
        "To the next time at which anything is polled: over a jump of virtual time.",
    ),
    Binding::step("previous-time", Stride::TimeBack, &[ch('K')], "To the time before at which anything is polled."),
    Binding::step(
        "cursor-right",
        Stride::Cell,
        &[ch('>')],
        "Move the cursor on by a cell of the timeline; the pointer drags it by the ruler.",
    ),
    Binding::step("cursor-left", Stride::CellBack, &[ch('<')], "Move the cursor back by a cell of the timeline."),
    Binding::new(
        "go-to-time",
        Action::TypeTime,
        &[ch('T')],
        ALL,
        "Type a time to go to: 1.5s, 2413 (milliseconds) or 00:02.413.",
    )
    .hint(14, "to time")
    .group(Group::Time),
    Binding::new("live", Action::ToLive, &[ch('L')], ALL, "To the newest event; in a live run, stay there.")
        .hint(10, "live")
        .group(Group::Time),
    Binding::new("bookmark", Action::Bookmark, &[ch('m')], ALL, "Set a bookmark at the cursor, or take it away.")
        .group(Group::Time),
    Binding::new("next-bookmark", Action::NextBookmark, &[ch('\'')], ALL, "To the next bookmark.").group(Group::Time),
    Binding::new("previous-bookmark", Action::PreviousBookmark, &[ch('"')], ALL, "To the bookmark before.").group(Group::Time),
    Binding::jump("next-failure", Landmark::Failure, &[ch('x')], "To the next task that fails."),
    Binding::jump("next-cancellation", Landmark::Cancellation, &[ch('o')], "To the next task that is cancelled."),
    Binding::jump("next-panic", Landmark::Panic, &[ch('!')], "To the next task that panics."),
    Binding::jump("stall", Landmark::Stall, &[ch('S')], "To the moment from which on tasks are stuck for good."),
    Binding::jump(
        "longest-wait",
        Landmark::LongestWait,
        &[ch('M')],
        "To the end of the longest wait, of the selected task or else of any.",
    ),
];
