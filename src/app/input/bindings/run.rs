//! The keys of the run and of the cursor, in every pane.

use super::binding::{ALL, Binding, Group, ch, ctrl};
use crate::app::input::action::{Action, Landmark, Stride};

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    // The run.
    Binding::new("pause", Action::PauseOrGo, &[ch(' ')], ALL, "Pause; go on; play again from the start when it has ended.")
        .hint(4, "pause")
        .group(Group::Run),
    Binding::new("restart", Action::Restart, &[ch('r')], ALL, "Run again from the start, with the same seed.")
        .hint(8, "restart")
        .group(Group::Run),
    Binding::new("stop", Action::Stop, &[ch('X')], ALL, "Stop the run; tasks that are left are cancelled.")
        .hint(13, "stop")
        .group(Group::Run),
    Binding::new(
        "switch-clock",
        Action::SwitchClock,
        &[ch('c')],
        ALL,
        "Switch between the virtual and the real clock, and run again.",
    )
    .hint(9, "clock")
    .group(Group::Run),
    Binding::new("slower", Action::Slower, &[ch('{')], ALL, "Play slower, down to a hundredth.")
        .hint(12, "speed")
        .group(Group::Run),
    Binding::new("faster", Action::Faster, &[ch('}')], ALL, "Play faster, up to a hundredfold, and then as fast as it goes.")
        .hint(12, "speed")
        .group(Group::Run),
    Binding::new("save-as", Action::SaveAs, &[ctrl('s')], ALL, "Save the recording of this run in a file.").group(Group::Run),
    Binding::new("share", Action::Share, &[ch('y')], ALL, "Copy the command that gives this run again, and show it.")
        .hint(15, "copy")
        .group(Group::Run),
    // The cursor.
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
