//! A run as in the program, with engine and recorder, and what must hold for each.

use std::time::Duration;

use engine::{Ending, Phase, Run, Spec};
use recorder::Detail;
use scenario::Clock;
use trace::Trace;

/// Runs to the end or the limit, and returns how it ended. Nothing may be lost: every poll that Tokio counted is recorded, and
/// every task has an end.
pub(crate) fn watch(spec: &Spec) -> Ending {
    // Without lines of waits: resolving them takes wall time.
    let spec = Spec { detail: Detail::Polls, ..spec.clone() };
    let mut run = Run::start(&spec).unwrap();
    let mut trace = Trace::default();
    while run.phase() != Phase::Over {
        run.wait(Duration::from_millis(10));
        run.drain(&mut trace);
    }
    run.drain(&mut trace);
    let report = run.report().cloned().unwrap();
    let what = format!("{}: {:?}", spec.share(), report.ending);
    assert_eq!((trace.lost, trace.late), (0, 0), "{what}: events");
    if spec.clock == Clock::Virtual {
        assert_eq!(Some(trace.polls), report.runtime_polls, "{what}: polls by Tokio's count");
    }
    let open = trace.tasks.iter().filter(|task| task.ended.is_none()).count();
    assert_eq!(open, 0, "{what}: tasks without an end");
    report.ending
}
