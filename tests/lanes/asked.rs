//! Helpers that query lanes.

use trace::{LaneOf, State, Task, TaskIx, Trace};

/// The lanes of a kind, in spawn order.
pub(crate) fn lanes(trace: &Trace, of: LaneOf) -> Vec<(TaskIx, &Task)> {
    (0..).zip(&trace.tasks).filter(|(_, task)| task.of == of).collect()
}

/// The states of a lane, in order: `r` ready, `p` polled, `w` waiting.
pub(crate) fn life(task: &Task) -> String {
    let word = |state: State| match state {
        State::Ready => 'r',
        State::Running(_) => 'p',
        State::Waiting(_) => 'w',
    };
    task.segments.iter().map(|segment| word(segment.state)).collect()
}

/// A line of the source, without its indentation.
pub(crate) fn line_of(task: &Task) -> String {
    let at = task.spawned_at.as_ref().unwrap();
    let source = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(at.file())).unwrap();
    source.lines().nth(at.line() as usize - 1).unwrap_or_default().trim().to_owned()
}
