//! Effects: what the shell must do outside the model.
//!
//! An update returns effects, and the shell performs them once per turn, after all inputs of the turn. An effect that
//! a later input makes pointless is dropped: of several starts, only the last is performed.

use std::mem;
use std::path::PathBuf;

use scenario::Scenario;

use crate::app::panes::Layout;
use engine::Spec;
use engine::hunt::Hunt;
use engine::sweep::Sweep;
use engine::target::Process;
use export::Format;

/// Something that the shell must do outside the model.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Start this run and replace the current one.
    Start(Spec),
    /// Attach to this process, and show it instead of the current run.
    Attach(Process),
    /// Start this hunt, and end the current one.
    Hunt(Box<Hunt>),
    /// End the hunt.
    EndHunt,
    /// Start this sweep, and end the current one.
    Sweep(Box<Sweep>),
    /// End the sweep.
    EndSweep,
    /// Stop the run.
    Stop,
    /// Hold the run before its next poll, or release it.
    Pause(bool),
    /// Let one more poll through, then hold the run.
    Step,
    /// Run at this speed.
    SetPace(f64),
    /// Copy this text to the clipboard.
    Copy(String),
    /// Save the recording of the run on screen.
    Save {
        /// The file.
        path: PathBuf,
        /// Whether to overwrite an existing file.
        force: bool,
    },
    /// Export the run on screen.
    Export {
        /// The file.
        path: PathBuf,
        /// Its form.
        format: Format,
        /// Whether to overwrite an existing file.
        force: bool,
    },
    /// Put this scenario into a folder as a crate of its own, and open it.
    MakeOwn {
        /// The scenario.
        scenario: &'static Scenario,
        /// The folder, which must not exist or be empty.
        folder: PathBuf,
    },
    /// Open this line in the user's editor.
    OpenEditor(SourceLine),
    /// Remember the current layout for later sessions.
    KeepLayout(Layout),
    /// Give the terminal back to the shell until the program is continued.
    Suspend,
}

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceLine {
    /// The path within the repository, `scenarios/semaphore.rs`, or below the folder of the program on screen.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The file's text as compiled into the program, for use without the repository; `None` if the file is not a
    /// scenario's.
    pub text: Option<&'static str>,
}

impl Effect {
    /// Whether this effect makes an earlier one, not yet performed, pointless.
    fn replaces(&self, earlier: &Self) -> bool {
        match self {
            // The new run does not inherit requests that were meant for the old one.
            Self::Start(_) | Self::Attach(_) => !matches!(
                earlier,
                Self::Copy(_)
                    | Self::KeepLayout(_)
                    | Self::Suspend
                    | Self::Hunt(_)
                    | Self::EndHunt
                    | Self::Sweep(_)
                    | Self::EndSweep
            ),
            Self::Pause(_) => matches!(earlier, Self::Pause(_) | Self::Step),
            Self::Step => false,
            Self::Hunt(_) | Self::EndHunt => matches!(earlier, Self::Hunt(_) | Self::EndHunt),
            Self::Sweep(_) | Self::EndSweep => matches!(earlier, Self::Sweep(_) | Self::EndSweep),
            Self::Stop
            | Self::KeepLayout(_)
            | Self::SetPace(_)
            | Self::Copy(_)
            | Self::Save { .. }
            | Self::Export { .. }
            | Self::OpenEditor(_)
            | Self::MakeOwn { .. }
            | Self::Suspend => mem::discriminant(self) == mem::discriminant(earlier),
        }
    }
}

/// Adds effects to the pending ones, and removes those that they replace.
pub fn add(pending: &mut Vec<Effect>, later: Vec<Effect>) {
    for effect in later {
        pending.retain(|earlier| !effect.replaces(earlier));
        pending.push(effect);
    }
}

#[cfg(test)]
mod tests {
    use scenarios::semaphore;

    use super::*;

    /// The names of the effects that remain pending.
    fn left(effects: Vec<Effect>) -> Vec<String> {
        let mut pending = Vec::new();
        for effect in effects {
            add(&mut pending, vec![effect]);
        }
        pending.iter().map(|effect| format!("{effect:?}").chars().take(11).collect()).collect()
    }

    fn start(seed: u64) -> Effect {
        Effect::Start(Spec { seed, ..Spec::new(&semaphore::SCENARIO) })
    }

    #[test]
    fn of_several_starts_the_last_is_left_without_what_was_asked_of_the_run_before() {
        let mut pending = Vec::new();
        let save = Effect::Save { path: "a.rec".into(), force: false };
        add(&mut pending, vec![start(1), Effect::Pause(true), Effect::Step, Effect::SetPace(2.0), save, start(2)]);
        assert!(matches!(&pending[..], [Effect::Start(spec)] if spec.seed == 2), "{pending:?}");
        let kept = left(vec![Effect::Copy("a".into()), Effect::Suspend, Effect::Stop, start(3)]);
        assert_eq!(kept, ["Copy(\"a\")", "Suspend", "Start(Spec "]);
    }

    #[test]
    fn steps_add_up_until_the_run_is_paused_or_let_go() {
        assert_eq!(left(vec![Effect::Step, Effect::Step]), ["Step", "Step"]);
        assert_eq!(left(vec![Effect::Pause(true), Effect::Step]), ["Pause(true)", "Step"]);
        assert_eq!(left(vec![Effect::Step, Effect::Pause(true), Effect::Pause(false)]), ["Pause(false"]);
        assert_eq!(left(vec![Effect::SetPace(1.0), Effect::Stop, Effect::SetPace(2.0)]), ["Stop", "SetPace(2.0"]);
    }
}
