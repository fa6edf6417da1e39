//! The keys of the run: pause, restart, clock, speed, save, share.

use super::binding::{ALL, Binding, Group, ch, ctrl};
use crate::app::input::action::Action;

/// The rows.
pub(super) static ROWS: &[Binding] = &[
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
];
