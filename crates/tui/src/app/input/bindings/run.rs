//! The keys of the run: pause, restart, clock, speed, save, share.
//!
//! `r` is the only key that restarts anything. Nothing that stops a run or switches its clock has a key, so that it
//! cannot be hit by accident: use the palette, or the clock field of the form.

use super::binding::{ALL, Binding, Group, NONE, ch};
use crate::app::input::action::Action;

/// The rows.
pub(super) static ROWS: &[Binding] = &[
    Binding::new("pause", Action::PauseOrGo, &[ch(' ')], ALL, "Pause, resume, or play again.").hint(5, "pause").group(Group::Run),
    Binding::new("restart", Action::Restart, &[ch('r')], ALL, "Run again; a live run asks first.")
        .hint(8, "restart")
        .group(Group::Run),
    Binding::new("speed-down", Action::Slower, &[ch('{')], ALL, "Play slower.").hint(12, "speed").group(Group::Run),
    Binding::new("speed-up", Action::Faster, &[ch('}')], ALL, "Play faster.").hint(12, "speed").group(Group::Run),
    Binding::new("put-off", Action::PutOff, &[ch('x')], ALL, "Put this poll off, and rerun.")
        .hint(13, "put off")
        .group(Group::Run),
    Binding::new("take-back", Action::TakeBack, &[ch('X')], ALL, "Take back the last put off.").group(Group::Run),
    Binding::new("challenge", Action::Challenge, NONE, ALL, "Break this scenario by putting polls off.").group(Group::Run),
    Binding::new("pin", Action::Pin, &[ch('C')], ALL, "Pin this run, or unpin it.").group(Group::Run),
    Binding::new("predict", Action::Predict, NONE, ALL, "Ask what you expect before each run.").group(Group::Run),
    Binding::new("stop", Action::Stop, NONE, ALL, "Stop the run and cancel its tasks.").group(Group::Run),
    Binding::new("clock", Action::SwitchClock, NONE, ALL, "Switch the clock, virtual or real; rerun.").group(Group::Run),
    Binding::new("save-as", Action::SaveAs, NONE, ALL, "Save a recording of this run.").group(Group::Run),
    Binding::new("export", Action::ExportAs, &[ch('E')], ALL, "Export this run to a file.").group(Group::Run),
    Binding::new("share", Action::Share, &[ch('y')], ALL, "Copy the command of this run.").group(Group::Run),
];
