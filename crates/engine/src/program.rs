//! A program in the place of a scenario.
//!
//! Everything that shows a run takes its clock, its detail and its name from a spec. A program has these too, but neither code
//! that this program could run, nor parameters, nor a seed.

use std::time::Duration;

use recorder::Detail;
use recording::Program;
use scenario::{Clock, Scenario};

use crate::Spec;

/// Stands for every program. It cannot be run: [`Scenario::refuse`] refuses it.
pub static PROGRAM: Scenario = Scenario {
    id: "program",
    title: "Program",
    clocks: &[Clock::Real],
    refuse: |_, _| Err(scenario::ValueError { param: "", reason: "another program cannot be run here".to_owned() }),
    ..Scenario::DEFAULTS
};

/// How much of a program is recorded: everything, if it does not say.
pub(crate) fn detail(program: &Program) -> Detail {
    Detail::of(&program.detail).unwrap_or_default()
}

/// The spec of a program's run: on the real clock, without a limit.
pub fn spec(program: &Program) -> Spec {
    Spec { detail: detail(program), limit: Duration::MAX, ..Spec::new(&PROGRAM) }
}
