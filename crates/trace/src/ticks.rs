//! Ticks of intervals: those that came late, and then all at once.
//!
//! An interval is a timer that is set anew for each tick, when the tick is asked
//! for. One that is asked for when its time has passed is there at once. So a task
//! that comes late to its interval gets all the ticks that it has missed, one right
//! after the other. Of any other timer each use is a timer of its own to Tokio, so
//! one that fires again and again is an interval.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasherDefault;

use super::Trace;
use super::lookup::NumberHasher;
use super::task::TaskIx;
use super::waits::SiteIx;
use facts::event::OpId;

/// So many ticks at once are a burst.
const BURST: u32 = 3;

/// So long after the tick before, at least. An interval of less than the timer's step always gives several ticks at once.
const GAP_NS: u64 = 10_000_000;

/// The ticks of a burst come within such a part of the time since the tick before.
const MOMENT: u64 = 10;

/// So many timers are remembered, and as many that were before them. Most fire once, and which do not is seen when they do again.
const REMEMBERED: usize = 4_096;

/// So many bursts are kept.
const MOST: usize = 1_024;

type Fired = HashMap<OpId, Tick, BuildHasherDefault<NumberHasher>>;

/// The timers that have fired lately.
#[derive(Debug, Default)]
pub(super) struct Ticks {
    new: Fired,
    old: Fired,
}

/// What is known of a timer that has fired.
#[derive(Debug, Clone, Copy)]
struct Tick {
    /// When it fired last.
    at_ns: u64,
    /// Where it was waited for last.
    site: Option<SiteIx>,
    burst: Option<Burst>,
}

/// Ticks of an interval that came at once, after its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Burst {
    pub(super) task: TaskIx,
    pub(super) site: Option<SiteIx>,
    /// The first of them.
    pub(super) from_ns: u64,
    pub(super) count: u32,
    /// The time since the tick before them.
    pub(super) gap_ns: u64,
    /// Its place among those that are kept, once it is.
    kept: Option<u32>,
}

impl Ticks {
    /// What is known of a timer. One that is not known is from now on.
    fn of(&mut self, op: OpId, new: Tick) -> Option<&mut Tick> {
        if self.new.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.new);
        }
        match (self.new.entry(op), self.old.remove(&op)) {
            (Entry::Occupied(known), _) => Some(known.into_mut()),
            (Entry::Vacant(place), Some(known)) => Some(place.insert(known)),
            (Entry::Vacant(place), None) => {
                place.insert(new);
                None
            }
        }
    }
}

impl Tick {
    /// The next tick, by so much too late; none if it was asked for when its time had passed.
    fn next(&mut self, at_ns: u64, task: TaskIx, late_ns: Option<u64>) {
        let gap_ns = at_ns.saturating_sub(self.at_ns);
        self.at_ns = at_ns;
        self.burst = match self.burst {
            Some(burst) if late_ns.is_none() && at_ns.saturating_sub(burst.from_ns) <= burst.gap_ns / MOMENT => {
                Some(Burst { count: burst.count + 1, ..burst })
            }
            _ if gap_ns >= GAP_NS && late_ns.is_none_or(|late_ns| late_ns >= GAP_NS) => {
                Some(Burst { task, site: None, from_ns: at_ns, count: 1, gap_ns, kept: None })
            }
            _ => None,
        };
    }
}

impl Trace {
    /// Whether all bursts are kept.
    pub(super) fn all_bursts(&self) -> bool {
        self.bursts.len() < MOST
    }

    /// A timer of a task's has fired, by so much too late; none if it was set when its time had passed.
    pub(super) fn ticks(&mut self, at_ns: u64, task: TaskIx, op: OpId, late_ns: Option<u64>, site: Option<SiteIx>) {
        let Some(tick) = self.ingest.ticks.of(op, Tick { at_ns, site, burst: None }) else { return };
        tick.site = site.or(tick.site);
        tick.next(at_ns, task, late_ns);
        let Some(burst) = tick.burst.as_mut().filter(|burst| burst.count >= BURST) else { return };
        burst.site = tick.site;
        match burst.kept {
            Some(kept) => self.bursts[kept as usize] = *burst,
            None if self.bursts.len() < MOST => {
                burst.kept = Some(self.bursts.len() as u32);
                self.bursts.push(*burst);
            }
            None => {}
        }
    }
}
