//! The facts of one update: collected in any order, passed on in order of time.
//!
//! An update says what is new of each task, one task after the other. A trace wants the facts of all tasks in order of time.

use std::collections::HashMap;
use std::sync::Arc;

use facts::event::{Event, NewSite, SiteId, What};
use facts::site::{Cause, Place, Site};
use prost_types::{Duration, Timestamp};
use recording::{Fact, LATEST_NS};

use crate::attach::Batch;

/// A sample does not name the thread of a poll, so all polls are on one.
pub(super) const THREAD: u16 = 0;

/// Turns the server's times into the times of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// When the run began, in nanoseconds since 1970.
    pub(super) base_ns: u64,
}

impl Clock {
    /// A time in nanoseconds since the run began.
    pub(super) fn at(self, stamp: &Timestamp) -> u64 {
        since_1970(stamp).saturating_sub(self.base_ns).min(LATEST_NS)
    }

    /// [`Clock::at`], if there is a time.
    pub(super) fn at_some(self, stamp: Option<&Timestamp>) -> Option<u64> {
        stamp.map(|stamp| self.at(stamp))
    }
}

/// A time in nanoseconds since 1970; 0 if it is earlier.
pub(super) fn since_1970(stamp: &Timestamp) -> u64 {
    nanoseconds(stamp.seconds, stamp.nanos)
}

/// A duration in nanoseconds.
pub(super) fn length(duration: &Duration) -> u64 {
    nanoseconds(duration.seconds, duration.nanos)
}

fn nanoseconds(seconds: i64, nanos: i32) -> u64 {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(nanos).unwrap_or(0))
}

/// The facts of one update.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Facts without a time, which come first.
    first: Batch,
    timed: Vec<(u64, What)>,
}

impl Facts {
    /// Adds a fact without a time.
    pub(super) fn add(&mut self, fact: Fact) {
        self.first.push(fact);
    }

    /// Adds an event. Events of the same time stay in the order in which they were added.
    pub(super) fn push(&mut self, at_ns: u64, what: What) {
        self.timed.push((at_ns, what));
    }

    /// All facts in order of time, none earlier than `from_ns`. Returns the time of the last one too.
    pub(super) fn finish(mut self, from_ns: u64) -> (Batch, u64) {
        self.timed.sort_by_key(|(at_ns, _)| *at_ns);
        let mut last_ns = from_ns;
        let mut batch = self.first;
        batch.extend(self.timed.into_iter().map(|(at_ns, what)| {
            last_ns = at_ns.max(from_ns);
            Fact::Event(THREAD, Event { at_ns: last_ns, what })
        }));
        (batch, last_ns)
    }
}

/// The sites that were used so far.
#[derive(Debug, Default)]
pub(super) struct Sites(HashMap<(Cause, Option<Place>), SiteId>);

impl Sites {
    /// The maximum number of distinct sites; a program has some hundreds.
    const MOST: usize = 4_096;

    /// The site of a cause at a place; announced if it is new.
    pub(super) fn of(&mut self, facts: &mut Facts, cause: Cause, place: Option<&Place>) -> SiteId {
        let key = (cause, place.cloned());
        if let Some(known) = self.0.get(&key) {
            return *known;
        }
        if self.0.len() >= Self::MOST {
            return SiteId::default();
        }
        let id = SiteId(self.0.len() as u32 + 1);
        let site = Arc::new(Site { cause, place: place.cloned(), ..Site::default() });
        facts.add(Fact::Event(THREAD, Event { at_ns: 0, what: What::Site(Box::new(NewSite { id, site })) }));
        self.0.insert(key, id);
        id
    }
}

/// A source line as people name it: relative to the registry if it is in there.
pub(super) fn place(location: Option<&console_api::Location>) -> Option<Place> {
    let location = location?;
    let file = location.file.as_deref()?;
    let file = file.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/')).map_or(file, |(_, file)| file);
    Some(Place { file: file.into(), line: location.line? })
}
