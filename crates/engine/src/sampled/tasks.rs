//! From the samples of a task to its polls, wakes and end.
//!
//! A sample has the exact times of a task's first and last poll, and each of its operations has times at which the task was
//! being polled. These are *moments*: stretches of time in which the task was certainly in a poll. Between two moments it may
//! have been polled without a trace, so there it waits for something unknown, unless one of its operations is known to wait.

use console_api::tasks::{Stats, Task as NewTask};
use console_api::{Field, field};
use facts::event::{CallLine, Lane, LaneOf, LastPoll, Named, OpId, SiteId, TaskId, What};
use facts::site::Place;

use super::facts::{Clock, Facts, length, place};

/// Moments that are closer than this, in nanoseconds, are taken for one poll.
pub(super) const CLOSE_NS: u64 = 200_000;

/// Where Tokio spawns the workers of its multi-thread runtime, as closures for the blocking pool: they are threads, not tasks.
const WORKERS: &str = "runtime/scheduler/multi_thread/worker.rs";

/// A stretch of time in which a task was in a poll.
#[derive(Debug, Clone, Copy)]
struct Moment {
    from_ns: u64,
    /// `u64::MAX` if the poll is in progress.
    to_ns: u64,
    /// Whether the poll is known to have begun at `from_ns`, and not before.
    begins: bool,
}

/// What is known of a task.
#[derive(Debug)]
pub(super) struct Task {
    id: TaskId,
    created_ns: u64,
    /// The sample before.
    polls: u64,
    wakes: u64,
    self_wakes: u64,
    busy_ns: u64,
    woken_ns: Option<u64>,
    /// When the poll began that was in progress.
    open_ns: Option<u64>,
    /// When it is known to have ended its last poll.
    rested_ns: u64,
    /// How many operations wait in it.
    waiting: usize,
    /// The operation that represents an unknown cause, and whether it waits now.
    unknown: OpId,
    is_unknown: bool,
    /// Whether it has ended in its last poll.
    is_over: bool,
    moments: Vec<Moment>,
    events: Vec<(u64, What)>,
}

/// What the span says about a task.
#[derive(Debug)]
pub(super) struct Spawned {
    of: LaneOf,
    name: String,
    bytes: u64,
    at: Place,
}

impl Spawned {
    /// Reads a new task; none if it is a worker of the runtime.
    pub(super) fn read(task: &NewTask) -> Option<Self> {
        let at = place(task.location.as_ref()).unwrap_or_else(|| Place { file: "?".into(), line: 0 });
        let of = match text(task, "kind").as_deref() {
            Some("local") => LaneOf::Local,
            Some("blocking") => LaneOf::Blocking,
            Some("block_on") => LaneOf::Root,
            _ => LaneOf::Task,
        };
        let bytes = number(task, "original_size.bytes").or_else(|| number(task, "size.bytes")).unwrap_or(0);
        let is_worker = of == LaneOf::Blocking && at.file.ends_with(WORKERS);
        (!is_worker).then(|| Self { of, name: text(task, "task.name").unwrap_or_default(), bytes, at })
    }
}

fn value<'a>(task: &'a NewTask, name: &str) -> Option<&'a field::Value> {
    let named = |field: &&Field| matches!(&field.name, Some(field::Name::StrName(known)) if known == name);
    task.fields.iter().find(named)?.value.as_ref()
}

fn text(task: &NewTask, name: &str) -> Option<String> {
    value(task, name).map(ToString::to_string)
}

fn number(task: &NewTask, name: &str) -> Option<u64> {
    match value(task, name)? {
        field::Value::U64Val(number) => Some(*number),
        field::Value::I64Val(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

impl Task {
    /// A task that was spawned. `unknown` represents an unknown cause.
    pub(super) fn new(facts: &mut Facts, id: TaskId, created_ns: u64, unknown: OpId, spawned: Spawned) -> Self {
        let Spawned { of, name, bytes, at } = spawned;
        let at = CallLine::Told(at.into());
        if of == LaneOf::Task {
            facts.push(created_ns, What::Named(Box::new(Named { task: id, name, bytes })));
            facts.push(created_ns, What::Spawn { task: id, parent: None, at });
        } else {
            facts.push(created_ns, What::Lane(Box::new(Lane { task: id, of, name, bytes, parent: None, at })));
        }
        Self {
            id,
            created_ns,
            polls: 0,
            wakes: 0,
            self_wakes: 0,
            busy_ns: 0,
            woken_ns: None,
            open_ns: None,
            rested_ns: created_ns,
            waiting: 0,
            unknown,
            is_unknown: false,
            is_over: false,
            moments: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> TaskId {
        self.id
    }

    pub(super) fn created_ns(&self) -> u64 {
        self.created_ns
    }

    /// The task was in a poll at that time, in which something may have happened.
    pub(super) fn was_polled(&mut self, at_ns: u64, what: Option<What>) {
        if at_ns > self.rested_ns {
            self.moments.push(Moment { from_ns: at_ns, to_ns: at_ns, begins: false });
        }
        self.events.extend(what.map(|what| (at_ns, what)));
    }

    /// Takes in a sample. `until_ns` is the time of the sample before. Returns whether the task has ended.
    pub(super) fn sample(&mut self, facts: &mut Facts, clock: Clock, stats: &Stats, unknown: SiteId, until_ns: u64) -> bool {
        let ended_ns = clock.at_some(stats.dropped_at.as_ref());
        self.learn_polls(clock, stats, ended_ns, until_ns);
        self.learn_wakes(clock, stats);
        self.tell(facts, ended_ns, unknown);
        ended_ns.is_some()
    }

    /// Adds the moments that the poll statistics show.
    fn learn_polls(&mut self, clock: Clock, stats: &Stats, ended_ns: Option<u64>, until_ns: u64) {
        let Some(stats) = &stats.poll_stats else { return };
        let busy_ns = stats.busy_time.as_ref().map_or(0, length);
        let Some(from_ns) = clock.at_some(stats.last_poll_started.as_ref()) else { return };
        let to_ns = clock.at_some(stats.last_poll_ended.as_ref()).filter(|to_ns| *to_ns >= from_ns).or(ended_ns);
        let to_ns = to_ns.map_or(u64::MAX, |to_ns| to_ns.max(from_ns));
        let new = stats.polls.saturating_sub(self.polls);
        let last_ns = if to_ns == u64::MAX { 0 } else { to_ns - from_ns };
        let others_ns = busy_ns.saturating_sub(self.busy_ns).saturating_sub(last_ns);
        if let Some(open_ns) = self.open_ns.filter(|_| new > 0) {
            // The poll that was in progress has ended. Its length is known if only the last poll came after it.
            let to_ns = if new == 1 { open_ns.saturating_add(others_ns) } else { until_ns.max(open_ns) };
            self.moments.push(Moment { from_ns: open_ns, to_ns: to_ns.min(from_ns), begins: true });
        }
        if let Some(first_ns) = clock.at_some(stats.first_poll.as_ref()).filter(|_| self.polls == 0 && stats.polls > 1) {
            let to_ns = if stats.polls == 2 { first_ns.saturating_add(others_ns).min(from_ns) } else { first_ns };
            self.moments.push(Moment { from_ns: first_ns, to_ns: to_ns.max(first_ns), begins: true });
        }
        if new > 0 || self.open_ns.is_some() {
            self.moments.push(Moment { from_ns, to_ns, begins: true });
            self.merge(new + u64::from(self.open_ns.is_some()), others_ns);
        } else {
            self.moments.clear();
        }
        (self.polls, self.busy_ns) = (stats.polls, busy_ns);
    }

    /// Joins the moments that belong to one poll: those that are close, and more if there are more moments than polls and the
    /// time in polls allows it.
    fn merge(&mut self, polls: u64, busy_ns: u64) {
        self.moments.sort_by_key(|moment| moment.from_ns);
        self.moments.dedup_by(|later, earlier| {
            let within_ns = if later.begins { 0 } else { CLOSE_NS };
            let joins = later.from_ns <= earlier.to_ns.saturating_add(within_ns) && !(later.begins && earlier.begins);
            if joins {
                earlier.to_ns = earlier.to_ns.max(later.to_ns);
            }
            joins
        });
        let mut left_ns = busy_ns;
        while self.moments.len() as u64 > polls {
            let gap = |at: &usize| self.moments[at + 1].from_ns.saturating_sub(self.moments[*at].to_ns);
            let may_join = |at: &usize| !self.moments[at + 1].begins && gap(at) <= left_ns;
            let Some(least) = (0..self.moments.len() - 1).filter(may_join).min_by_key(gap) else { return };
            left_ns -= gap(&least);
            self.moments[least].to_ns = self.moments.remove(least + 1).to_ns;
        }
    }

    /// Adds the last wake, if it is new. The task woke itself if all its new wakes were its own.
    fn learn_wakes(&mut self, clock: Clock, stats: &Stats) {
        let (new, own) = (stats.wakes.saturating_sub(self.wakes), stats.self_wakes.saturating_sub(self.self_wakes));
        (self.wakes, self.self_wakes) = (stats.wakes, stats.self_wakes);
        let Some(at_ns) = clock.at_some(stats.last_wake.as_ref()).filter(|at_ns| Some(*at_ns) > self.woken_ns) else { return };
        self.woken_ns = Some(at_ns);
        let by = (new == own && own > 0).then_some(self.id);
        self.events.push((at_ns, What::Wake { task: self.id, by }));
    }

    /// Passes on what the moments and events show.
    fn tell(&mut self, facts: &mut Facts, ended_ns: Option<u64>, unknown: SiteId) {
        self.events.sort_by_key(|(at_ns, _)| *at_ns);
        let mut events = std::mem::take(&mut self.events).into_iter().peekable();
        for moment in std::mem::take(&mut self.moments) {
            while let Some((at_ns, what)) = events.next_if(|(at_ns, _)| *at_ns < moment.from_ns) {
                self.happens(facts, at_ns, what);
            }
            self.begin(facts, moment);
            while let Some((at_ns, what)) = events.next_if(|(at_ns, _)| *at_ns <= moment.to_ns) {
                self.happens(facts, at_ns, what);
            }
            self.rest(facts, moment, ended_ns, unknown);
        }
        for (at_ns, what) in events {
            self.happens(facts, at_ns, what);
        }
        if let Some(at_ns) = ended_ns.filter(|_| !self.is_over) {
            facts.push(at_ns.max(self.rested_ns), What::Terminate { task: self.id, last: LastPoll::Unheard });
        }
    }

    fn begin(&mut self, facts: &mut Facts, moment: Moment) {
        let (task, op) = (self.id, self.unknown);
        if self.open_ns.is_none() {
            facts.push(moment.from_ns, What::PollStart(task));
        }
        if std::mem::take(&mut self.is_unknown) {
            facts.push(moment.from_ns, What::Done { task, op, site: SiteId::default(), resource: None });
        }
    }

    /// Passes on an event, and counts what waits.
    fn happens(&mut self, facts: &mut Facts, at_ns: u64, what: What) {
        match what {
            What::Pending { .. } => self.waiting += 1,
            What::Done { .. } | What::Closed { .. } => self.waiting = self.waiting.saturating_sub(1),
            _ => {}
        }
        facts.push(at_ns, what);
    }

    /// The poll of a moment ends, unless it is in progress.
    fn rest(&mut self, facts: &mut Facts, moment: Moment, ended_ns: Option<u64>, unknown: SiteId) {
        let Moment { from_ns, to_ns, .. } = moment;
        let task = self.id;
        if to_ns == u64::MAX {
            self.open_ns = Some(self.open_ns.unwrap_or(from_ns));
            return;
        }
        // A task is dropped at the end of its last poll.
        let ended_ns = ended_ns.map(|ended_ns| ended_ns.max(to_ns)).filter(|ended_ns| ended_ns - to_ns <= CLOSE_NS);
        if ended_ns.is_some() {
            self.is_over = true;
            facts.push(to_ns, What::Terminate { task, last: LastPoll::Unheard });
        } else if self.waiting == 0 {
            self.is_unknown = true;
            facts.push(to_ns, What::Pending { task, op: Some(self.unknown), resource: None, site: unknown });
        }
        let to_ns = ended_ns.unwrap_or(to_ns);
        facts.push(to_ns, What::PollEnd(task));
        (self.open_ns, self.rested_ns) = (None, to_ns);
    }
}
