//! The findings of the run on screen, and when to search again.
//!
//! A search walks over all tasks, which is too expensive for every frame. Once a run is over there is nothing new to
//! find, so it is searched once, when its trace closes, over several frames if there are very many tasks. While a run
//! is under way it is searched a few times a second, at a cost of some milliseconds; a run with very many tasks is
//! searched only when it is over.

use std::time::Duration;

use trace::{Findings, Search, Trace};

/// The wall time between two searches of a run that is under way.
const EVERY: Duration = Duration::from_millis(400);

/// A run with more tasks is searched only when it is over.
const MOST_TASKS: usize = 20_000;

/// How many tasks are searched at a time once the run is over: some milliseconds of work.
const AT_ONCE: usize = 32_768;

/// The findings of a run, as of the last search.
#[derive(Debug, Default)]
pub struct Found {
    /// All findings.
    pub all: Findings,
    /// The age of the last search, in wall time.
    age: Duration,
    /// Whether the last search saw the complete trace.
    whole: bool,
    /// The search under way.
    search: Option<Search>,
}

impl Found {
    /// The trace has grown or closed: starts the final search if it is complete.
    pub(in crate::app) fn recorded(&mut self, trace: &Trace) {
        if trace.closed && !self.whole && self.search.is_none() {
            self.search = Some(Search::default());
            self.go_on(trace);
        }
    }

    /// Wall time has passed: searches again if the last search is old enough.
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

    /// Whether a run that is over is still being searched.
    pub fn is_looking(&self) -> bool {
        self.search.is_some()
    }

    fn go_on(&mut self, trace: &Trace) {
        if let Some(all) = self.search.as_mut().and_then(|search| search.go_on(trace, AT_ONCE)) {
            *self = Self { all, whole: true, ..Self::default() };
        }
    }
}
