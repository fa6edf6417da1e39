//! What was found in the run on screen, and when it is looked for again.
//!
//! To look costs a walk over all tasks, which no frame should pay for. Once a run
//! is over nothing more is to be found, so it is looked once, when its trace
//! closes, and over a few frames if there are very many tasks. While it is under
//! way it is looked a few times a second, which costs some milliseconds at most:
//! one with very many tasks is not looked through before it is over.

use std::time::Duration;

use crate::trace::{Findings, Search, Trace};

/// Between two looks at a run that is under way lies so much wall time.
const EVERY: Duration = Duration::from_millis(400);

/// With more tasks than that a run is looked through only when it is over.
const MOST_TASKS: usize = 20_000;

/// In a run that is over so many tasks are looked through at a time: some milliseconds' work.
const AT_ONCE: usize = 32_768;

/// What was found in a run, as of the last look.
#[derive(Debug, Default)]
pub struct Found {
    /// All that was found.
    pub all: Findings,
    /// How long ago that was, in wall time.
    age: Duration,
    /// Whether it was looked when all was known.
    whole: bool,
    /// The look that is under way.
    search: Option<Search>,
}

impl Found {
    /// The trace has grown or closed: looks if it is whole now.
    pub(in crate::app) fn recorded(&mut self, trace: &Trace) {
        if trace.closed && !self.whole && self.search.is_none() {
            self.search = Some(Search::default());
            self.go_on(trace);
        }
    }

    /// So much wall time has passed: looks again if the last look is old enough.
    pub(in crate::app) fn passed(&mut self, trace: &Trace, passed: Duration) {
        if self.is_looking() {
            self.go_on(trace);
        }
        if self.whole || trace.closed || trace.tasks.len() > MOST_TASKS {
            return;
        }
        self.age = self.age.saturating_add(passed);
        if self.age >= EVERY {
            *self = Self { all: trace.findings(), ..Self::default() };
        }
    }

    /// Whether a run that is over is still being looked through.
    pub fn is_looking(&self) -> bool {
        self.search.is_some()
    }

    fn go_on(&mut self, trace: &Trace) {
        if let Some(all) = self.search.as_mut().and_then(|search| search.go_on(trace, AT_ONCE)) {
            *self = Self { all, whole: true, ..Self::default() };
        }
    }
}
