//! Findings: problems in a run, which may still end well.
//!
//! Each finding names a task, a line, the reason why it is bad, and what to do. It
//! uses only what the trace knows, so a recording has the same findings as its run.
//! Each group of lints has a file, which says what fires and above which bound.
//!
//! **Few and certain.** Every lint prefers false negatives to false positives: nobody
//! reads a list that is not believed. Inferred findings are marked as inferred.
//!
//! **Cost.** As events arrive, the trace makes a few comparisons, to note long polls,
//! holds that keep others waiting, self-wakes, and log lines that report lost
//! messages. [`Trace::findings`] then walks once over the tasks and looks at a bounded
//! number of everything else, so its cost grows with tasks and not with events. No
//! frame pays for it: a run in progress is searched now and then, and a finished run
//! once, in pieces if it has many tasks.

mod cut;
mod lagged;
mod locks;
mod lost;
mod polls;
mod queues;
mod size;
#[cfg(test)]
mod tests;
mod timers;
mod unheard;
mod unrun;
mod wakes;

pub(super) use lagged::Lagged;
pub(super) use locks::Hold;
pub(super) use polls::LongPolls;

use super::Trace;
use super::task::TaskIx;
use super::waits::Leaf;
use facts::site::Place;

/// At most this many tasks are marked.
const MOST_MARKS: usize = 1 << 17;

/// All findings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The findings, gravest kind first; at most one of each kind per place.
    pub list: Vec<Finding>,
    /// The tasks with findings, in order, each with the time of its first.
    marks: Vec<(TaskIx, u64)>,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub kind: FindingKind,
    /// The worst affected task; `None` if no task is affected.
    pub task: Option<TaskIx>,
    /// How many tasks have the problem at this place.
    pub tasks: u32,
    /// The source line to look at; `text` says what happens there.
    pub place: Option<Place>,
    /// When the problem is complete, in nanoseconds since the run began.
    pub at_ns: u64,
    /// What happened, in one sentence without a full stop.
    pub text: String,
    /// Whether it was inferred rather than observed.
    pub inferred: bool,
}

/// The kinds of problem, gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A lock was granted to a future that its task does not poll, and others wait for the lock.
    UnpolledLock,
    /// Tasks wait for each other in a cycle, and at least one link is inferred.
    PossibleDeadlock,
    /// A task waits, and no waker is left that could wake it.
    LostWaker,
    /// A task of a `LocalSet` was never polled, although something waits for it.
    NeverDriven,
    /// Every thread of the blocking pool waits, one of them for a queued closure.
    BlockedPool,
    /// A future was dropped at an await while it held a lock.
    DroppedWhileHolding,
    /// A broadcast receiver lost messages.
    LaggedReceiver,
    /// A task failed or panicked, and nobody waited for its end.
    FailedUnheard,
    /// A deadline passed within a poll, and the timeout still returned a value.
    LateTimeout,
    /// A task did all its work in one long poll.
    NeverYields,
    /// A long poll blocked its worker.
    BlocksWorker,
    /// A queue only grew.
    QueueGrows,
    /// An interval delivered all missed ticks at once.
    IntervalBurst,
    /// A lock was held while its holder waited for something else, and others waited for the lock.
    LockAcrossWait,
    /// A task was woken again and again with nothing to do.
    UselessWakes,
    /// A task mostly wakes itself.
    SelfWakes,
    /// A task's future is very large.
    LargeFuture,
}

impl FindingKind {
    /// Every kind, in order.
    pub const ALL: [Self; 17] = [
        Self::UnpolledLock,
        Self::PossibleDeadlock,
        Self::LostWaker,
        Self::NeverDriven,
        Self::BlockedPool,
        Self::DroppedWhileHolding,
        Self::LaggedReceiver,
        Self::FailedUnheard,
        Self::LateTimeout,
        Self::NeverYields,
        Self::BlocksWorker,
        Self::QueueGrows,
        Self::IntervalBurst,
        Self::LockAcrossWait,
        Self::UselessWakes,
        Self::SelfWakes,
        Self::LargeFuture,
    ];

    /// The name in reports and JSON: `"blocks-worker"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnpolledLock => "unpolled-lock",
            Self::PossibleDeadlock => "possible-deadlock",
            Self::LostWaker => "lost-waker",
            Self::NeverDriven => "never-driven",
            Self::BlockedPool => "blocked-pool",
            Self::DroppedWhileHolding => "dropped-while-holding",
            Self::LaggedReceiver => "lagged-receiver",
            Self::FailedUnheard => "failed-unheard",
            Self::LateTimeout => "late-timeout",
            Self::NeverYields => "never-yields",
            Self::BlocksWorker => "blocks-worker",
            Self::QueueGrows => "queue-grows",
            Self::IntervalBurst => "interval-burst",
            Self::LockAcrossWait => "lock-across-wait",
            Self::UselessWakes => "useless-wakes",
            Self::SelfWakes => "self-wakes",
            Self::LargeFuture => "large-future",
        }
    }

    /// Whether findings of this kind are always inferred.
    fn is_inferred(self) -> bool {
        matches!(self, Self::PossibleDeadlock | Self::NeverDriven | Self::BlockedPool | Self::FailedUnheard)
    }

    /// Why it is bad and what to do, in a few sentences.
    pub fn advice(self) -> &'static str {
        match self {
            Self::UnpolledLock => {
                "The future keeps its grant without using it, so every waiter behind it waits for ever. Await the future, \
                 drop it before you await anything else, or spawn it as a task."
            }
            Self::PossibleDeadlock => {
                "None of these tasks can continue if each holds what it seems to hold. An owned guard may have moved to \
                 another task, and the receiver of a channel is not always known, so check both. Take locks in the same order \
                 everywhere."
            }
            Self::LostWaker => {
                "The task will never run again. A future that returns Pending must store a clone of the waker from that poll, \
                 and something must call it."
            }
            Self::NeverDriven => {
                "Tasks of a LocalSet run only while the set is polled. Await local.run_until(handle) or the set itself, never \
                 the handle alone."
            }
            Self::BlockedPool => {
                "A closure that waits for another closure occupies a thread that the other one needs. Do not call block_on in \
                 a spawn_blocking closure: await the second step in a task, or run such closures on threads of their own."
            }
            Self::DroppedWhileHolding => {
                "The rest of the critical section never runs, so the next task that takes the lock finds a half-made change. \
                 Wait first and make the change without an await, or spawn the change as a task and let the branch wait for \
                 it."
            }
            Self::LaggedReceiver => {
                "A full broadcast channel overwrites its oldest messages, so a slow receiver misses them. Lagged is not \
                 Closed: a loop that ends at any error ends here too. Continue with the oldest message still there, fetch \
                 what is missing, or enlarge the channel."
            }
            Self::FailedUnheard => {
                "Its error is silently lost. Await the handle or keep it in a JoinSet; if nothing should wait for the task, \
                 let it log the error itself."
            }
            Self::LateTimeout => {
                "A timeout can act only between two polls of its future. If a poll runs past the deadline and then returns a \
                 value, the timeout returns that value. Do blocking work with spawn_blocking, and await the handle under the \
                 timeout."
            }
            Self::NeverYields => {
                "Awaiting a future that is always ready does not let other tasks run. Call yield_now in the loop, or do the \
                 work with spawn_blocking."
            }
            Self::BlocksWorker => {
                "A worker polls one task at a time, so its other tasks, and perhaps the timers, make no progress during a \
                 poll. Use spawn_blocking for blocking calls, and yield_now between the steps of a long computation."
            }
            Self::QueueGrows => {
                "More comes in than goes out, so memory use and latency grow until something breaks. Bound the queue and let \
                 senders wait, or drop the excess."
            }
            Self::IntervalBurst => {
                "By default an interval makes up for missed ticks, so a late task gets them all at once. If the pause between \
                 ticks matters more, set MissedTickBehavior to Delay or Skip."
            }
            Self::LockAcrossWait => {
                "Every task that needs the lock waits for that too, so the tasks run one after another. Do the slow part \
                 first and hold the lock only for the change, or let one task own the data."
            }
            Self::UselessWakes => {
                "Each useless wake costs a poll: if n tasks wait for one thing, n - 1 of them go straight back to waiting. \
                 Wake one task (notify_one, a semaphore, a channel), and wake all only if all can continue."
            }
            Self::SelfWakes => {
                "This is a busy loop: it keeps a worker busy just to wait. Wait for the event itself: a channel, a Notify or \
                 a timer."
            }
            Self::LargeFuture => {
                "The future is copied when it is spawned, and the task keeps that much memory until it ends. Look for large \
                 values held across an await, and box the value or the future (Box::pin)."
            }
        }
    }
}

/// One occurrence of a problem. Occurrences at one place become one finding.
#[derive(Debug)]
struct Sight<T> {
    task: Option<TaskIx>,
    at_ns: u64,
    place: Option<Place>,
    /// How bad it is, in the lint's own unit.
    weight: u64,
    /// The sentence, or what it is made of.
    told: T,
}

/// A walk over all tasks of a trace, in pieces of any size. The trace must not change between them.
#[derive(Debug, Default)]
pub struct Search {
    /// The next task to look at.
    next: TaskIx,
    lost: Vec<Sight<String>>,
    alone: Vec<TaskIx>,
    lasting: Vec<polls::LongPoll>,
    redundant: Vec<Sight<String>>,
    own: Vec<Sight<String>>,
    large: Vec<Sight<String>>,
    undriven: Vec<Sight<String>>,
    closures: unrun::Closures,
}

impl Search {
    /// Looks at the next `tasks` tasks. Returns the findings after the last one.
    pub fn go_on(&mut self, trace: &Trace, tasks: usize) -> Option<Findings> {
        let first = self.next as usize;
        let last = first.saturating_add(tasks).min(trace.tasks.len());
        for task in first..last {
            let (task, of) = (task as TaskIx, &trace.tasks[task]);
            self.lost.extend(lost::waker(trace, task, of));
            self.alone.extend(unheard::fails_alone(trace, of).then_some(task));
            self.lasting.extend(polls::lasting(trace, task, of));
            self.redundant.extend(wakes::redundant(trace, task, of));
            self.own.extend(wakes::own(trace, task, of));
            self.large.extend(size::large(trace, task, of));
            self.undriven.extend(unrun::never_driven(trace, task, of));
            self.closures.look(task, of);
        }
        self.next = last as TaskIx;
        (last == trace.tasks.len()).then(|| std::mem::take(self).end(trace))
    }

    /// Collects what was seen, and looks at everything that is not a task.
    fn end(self, trace: &Trace) -> Findings {
        let mut found = Findings::default();
        lost::unpolled_locks(trace, &mut found);
        lost::possible_deadlocks(trace, &mut found);
        found.add(FindingKind::LostWaker, self.lost, told);
        found.add(FindingKind::NeverDriven, self.undriven, told);
        unrun::blocked_pool(trace, &self.closures, &mut found);
        cut::holding(trace, &mut found);
        lagged::receivers(trace, &mut found);
        unheard::failures(trace, &self.alone, &mut found);
        timers::late(trace, &mut found);
        polls::long_ones(trace, self.lasting, &mut found);
        queues::growing(trace, &mut found);
        timers::bursts(trace, &mut found);
        locks::held_across_waits(trace, &mut found);
        wakes::herds(trace, &mut found);
        found.add(FindingKind::UselessWakes, self.redundant, told);
        found.add(FindingKind::SelfWakes, self.own, told);
        found.add(FindingKind::LargeFuture, self.large, told);
        found.list.sort_by(|a, b| (a.kind, a.at_ns, &a.place).cmp(&(b.kind, b.at_ns, &b.place)));
        found.marks.sort_unstable();
        found.marks.dedup_by_key(|(task, _)| *task);
        found
    }
}

/// The prefix of a number that may be too low because not `all` was looked at.
fn at_least(all: bool) -> &'static str {
    if all { "" } else { "at least " }
}

/// The sentence of a sight whose lint wrote it.
fn told(sight: &Sight<String>) -> String {
    sight.told.clone()
}

impl Trace {
    /// The findings so far. This walks over every task; [`Search`] does it in pieces.
    pub fn findings(&self) -> Findings {
        Search::default().go_on(self, usize::MAX).unwrap_or_default()
    }

    fn spawn_place(&self, task: TaskIx) -> Option<Place> {
        let at = self.tasks.get(task as usize)?.spawned_at.as_ref()?;
        Some(Place { file: at.file().into(), line: at.line() })
    }

    fn place_among(&self, leaves: &[Leaf]) -> Option<Place> {
        leaves.iter().find_map(|leaf| self.site(leaf.site).place.clone())
    }
}

impl Findings {
    /// Since when a task is marked, in nanoseconds since the run began; none if it has no finding.
    pub fn mark(&self, task: TaskIx) -> Option<u64> {
        let place = self.marks.binary_search_by_key(&task, |(task, _)| *task).ok()?;
        Some(self.marks[place].1)
    }

    /// How many findings there are up to a time.
    pub fn by(&self, at_ns: u64) -> usize {
        self.list.iter().filter(|finding| finding.at_ns <= at_ns).count()
    }

    /// Adds the sights of one kind. At each place the worst is reported and the others are counted.
    fn add<T>(&mut self, kind: FindingKind, sights: Vec<Sight<T>>, tell: impl Fn(&Sight<T>) -> String) {
        self.add_some(kind, sights, "", tell);
    }

    /// Like [`Self::add`], with `at_least` before the count if there may be more than were looked at.
    fn add_some<T>(&mut self, kind: FindingKind, mut sights: Vec<Sight<T>>, at_least: &str, tell: impl Fn(&Sight<T>) -> String) {
        sights
            .sort_by(|a, b| a.place.cmp(&b.place).then(b.weight.cmp(&a.weight)).then((a.at_ns, a.task).cmp(&(b.at_ns, b.task))));
        for same in sights.chunk_by(|a, b| a.place == b.place) {
            let worst = &same[0];
            let mut tasks: Vec<TaskIx> = same.iter().filter_map(|sight| sight.task).collect();
            tasks.sort_unstable();
            tasks.dedup();
            let text = match tasks.len() {
                0 | 1 => tell(worst),
                2 => format!("{}; the same with {at_least}1 other task", tell(worst)),
                all => format!("{}; the same with {at_least}{} other tasks", tell(worst), all - 1),
            };
            self.tell(kind, worst, text, same.iter().filter_map(|sight| Some((sight.task?, sight.at_ns))));
        }
    }

    /// Adds a finding and marks its tasks, each from a time on.
    fn tell<T>(&mut self, kind: FindingKind, worst: &Sight<T>, text: String, marks: impl Iterator<Item = (TaskIx, u64)>) {
        let before = self.marks.len();
        self.marks.extend(marks.take(MOST_MARKS.saturating_sub(before)));
        let mut tasks: Vec<TaskIx> = self.marks[before..].iter().map(|(task, _)| *task).collect();
        tasks.sort_unstable();
        tasks.dedup();
        self.list.push(Finding {
            kind,
            task: worst.task,
            tasks: tasks.len() as u32,
            place: worst.place.clone(),
            at_ns: worst.at_ns,
            text,
            inferred: kind.is_inferred(),
        });
    }
}

/// A duration in words: `50 ms`, `1.55 s`.
fn span(ns: u64) -> String {
    let (size, unit) = match ns {
        1_000_000_000.. => (1e9, "s"),
        1_000_000.. | 0 => (1e6, "ms"),
        1_000.. => (1e3, "us"),
        _ => (1.0, "ns"),
    };
    let text = format!("{:.2}", ns as f64 / size);
    format!("{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A number of tasks, in words.
fn tasks(count: usize) -> String {
    if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") }
}

/// The file name without folders, and the line.
fn short(place: &Place) -> String {
    let file = place.file.rsplit(['/', '\\']).next().unwrap_or(&place.file);
    format!("{file}:{}", place.line)
}
