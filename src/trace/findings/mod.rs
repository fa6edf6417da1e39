//! Findings: what is wrong with a run though it may end well, found in its trace.
//!
//! Each finding has a task, a line, the reason why it is bad, and what to do. It
//! is made from what a trace knows anyway, so a recording has the same findings
//! as the run that it is of. There is one file for each group of lints; each says
//! what it looks for, and above which bound.
//!
//! **A finding is worth more than its absence.** Every lint is written so that it
//! rather stays silent than tells of something that may be well: a list that is
//! not believed is not read. What is inferred and was not observed is marked.
//!
//! **What it costs.** While events come only a few things are noted, each with a
//! comparison: a poll that was long, a hold that kept others waiting, a wake
//! that a task gave itself, a line of the log that speaks of lost messages. [`Trace::findings`] then walks once over the tasks, and
//! at a bounded number of whatever else there is: its cost grows with the tasks and
//! not with the events. No frame pays for it. Who shows a run that is under way
//! looks now and then; who has one that is over looks once, a piece at a time if
//! there are very many tasks.

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
use crate::record::site::Place;

/// At most so many tasks carry a mark.
const MOST_MARKS: usize = 1 << 17;

/// What is wrong with a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// All of them, the gravest kind first: of each kind at most one for a place.
    pub list: Vec<Finding>,
    /// The tasks that one tells of, each with when it could first be seen, in order.
    marks: Vec<(TaskIx, u64)>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// The task with which it is worst; none if it is no task's.
    pub task: Option<TaskIx>,
    /// How many tasks it is wrong with at this place.
    pub tasks: u32,
    /// The source line to look at; the text says what is there.
    pub place: Option<Place>,
    /// When it can be seen whole, in nanoseconds since the run began.
    pub at_ns: u64,
    /// What was seen, in one sentence without a full stop.
    pub text: String,
    /// Whether it is inferred and not observed.
    pub inferred: bool,
}

/// What can be wrong. The gravest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A lock was given to a future that its task does not poll, and others wait for it.
    UnpolledLock,
    /// Tasks wait for each other, if each has what it is believed to have.
    PossibleDeadlock,
    /// A task waits, and there is no waker that could wake it.
    LostWaker,
    /// A task of a `LocalSet` was never polled, and something waits for it.
    NeverDriven,
    /// All threads of the blocking pool wait, one of them for a closure that is queued.
    BlockedPool,
    /// A future was dropped at an await while it held a lock.
    DroppedWhileHolding,
    /// A broadcast receiver lost messages.
    LaggedReceiver,
    /// A task failed or panicked, and nobody waited for its end.
    FailedUnheard,
    /// A deadline passed within a poll, and a value was returned all the same.
    LateTimeout,
    /// A task did all that it ever did in one long poll.
    NeverYields,
    /// A poll kept its worker for long.
    BlocksWorker,
    /// A queue that only grows.
    QueueGrows,
    /// An interval made up for the ticks that its task had missed, all at once.
    IntervalBurst,
    /// A lock was held while its holder waited for something else, and others waited for the lock.
    LockAcrossWait,
    /// A task was woken again and again when there was nothing for it to do.
    UselessWakes,
    /// A task mostly wakes itself.
    SelfWakes,
    /// The future of a task is very large.
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

    /// Its name where a script reads it: `"blocks-worker"`.
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

    /// Whether what it tells of is always inferred and not observed.
    fn is_inferred(self) -> bool {
        matches!(self, Self::PossibleDeadlock | Self::NeverDriven | Self::BlockedPool | Self::FailedUnheard)
    }

    /// Why it is bad and what to do, in a few sentences.
    pub fn advice(self) -> &'static str {
        match self {
            Self::UnpolledLock => {
                "The future keeps its place and its grant and does nothing with them, so everybody behind it waits for ever. \
                 Await it, drop it before anything else is awaited, or give it a task of its own."
            }
            Self::PossibleDeadlock => {
                "None of them can go on if each holds what it seems to hold. An owned guard can be with another task, and who \
                 receives from a channel is not always seen: look where these are, and take locks in one order everywhere."
            }
            Self::LostWaker => {
                "It will never run again. A future that returns Pending has to keep a clone of the waker of this very poll, \
                 and somebody has to call it."
            }
            Self::NeverDriven => {
                "Tasks of a LocalSet run only while the set is polled: await local.run_until(handle), or the set itself, and never \
                 the handle alone."
            }
            Self::BlockedPool => {
                "A closure that waits for another one takes a thread that the other one needs. Do not call block_on in a closure \
                 of the pool: return what is to be done and await that in a task, or give such closures threads of their own."
            }
            Self::DroppedWhileHolding => {
                "What was to follow under the lock is never done, and the next task that takes the lock finds half of a change. Wait first \
                 and make the change without an await, or give the change a task of its own and let the branch wait for that."
            }
            Self::LaggedReceiver => {
                "The channel keeps a fixed number of messages and drops the oldest, so a receiver that is too slow misses them. \
                 Lagged is not Closed: a loop that ends at any error ends here, too. Go on with the oldest message that is kept, \
                 fetch what is missing, or give the channel a larger capacity."
            }
            Self::FailedUnheard => {
                "Its error is lost without a word. Await the handle or keep it in a JoinSet; if nobody is to wait, let the task \
                 log the error itself."
            }
            Self::LateTimeout => {
                "A timeout can act between two polls of what it limits, and never within one. If that is ready first, its value \
                 counts, however late it is. Do what blocks with spawn_blocking, and wait for the handle under the timeout."
            }
            Self::NeverYields => {
                "An await on what is always ready is no chance for others. Put a yield_now into the loop, or do the work with \
                 spawn_blocking."
            }
            Self::BlocksWorker => {
                "A worker polls one task at a time: all its other tasks, and maybe the timers, stand still meanwhile. Use \
                 spawn_blocking for calls that block, and yield_now between the pieces of a long computation."
            }
            Self::QueueGrows => {
                "More comes in than goes out, so memory and waiting time grow until something breaks. Bound the queue and let \
                 senders wait, or drop what is too much."
            }
            Self::IntervalBurst => {
                "An interval counts its ticks from its start, so a task that comes late gets all missed ticks at once. Where \
                 the pause between two ticks is what matters, set its missed tick behaviour to Delay or Skip."
            }
            Self::LockAcrossWait => {
                "Everybody who needs the lock waits for that, too, so the tasks run one after the other. Do the slow part \
                 first and take the lock for the moment of the change, or let one task own the data."
            }
            Self::UselessWakes => {
                "Each wake costs a poll that goes back to sleep: of n who wait for one thing n - 1 are woken in vain. Wake one \
                 (notify_one, a semaphore, a channel), and all only where all can go on."
            }
            Self::SelfWakes => {
                "That is a loop that keeps a worker busy in order to wait. Wait for what is to happen: a channel, a Notify, a \
                 timer."
            }
            Self::LargeFuture => {
                "It is copied when it is spawned, and each task holds so much memory for as long as it lives. Look for large \
                 values that live across an await, and Box::pin the future or the value."
            }
        }
    }
}

/// One occurrence, before those at one place are told as one.
#[derive(Debug)]
struct Sight<T> {
    task: Option<TaskIx>,
    at_ns: u64,
    place: Option<Place>,
    /// How bad it is, in a unit of the lint's own.
    weight: u64,
    /// What its sentence is made of.
    told: T,
}

/// A walk over all tasks of a trace, in as many pieces as the caller likes. The trace must not grow meanwhile.
#[derive(Debug, Default)]
pub struct Search {
    /// Up to here the tasks were looked at.
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
    /// Looks at so many tasks more. After the last one it returns what is wrong.
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

    /// Puts together what was seen, and looks at all that is not a task.
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

/// Said of a number where not all was looked at.
fn at_least(all: bool) -> &'static str {
    if all { "" } else { "at least " }
}

/// The sentence, where a lint has made it already.
fn told(sight: &Sight<String>) -> String {
    sight.told.clone()
}

impl Trace {
    /// What is wrong, as far as it is known by now. Costs a look at every task: [`Search`] takes them piece by piece.
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
    /// Since when a task is marked, in nanoseconds since the run began; none if no finding tells of it.
    pub fn mark(&self, task: TaskIx) -> Option<u64> {
        let place = self.marks.binary_search_by_key(&task, |(task, _)| *task).ok()?;
        Some(self.marks[place].1)
    }

    /// How many could be seen by a time.
    pub fn by(&self, at_ns: u64) -> usize {
        self.list.iter().filter(|finding| finding.at_ns <= at_ns).count()
    }

    /// Adds what was seen of one kind: at each place the worst is reported, and the others are counted.
    fn add<T>(&mut self, kind: FindingKind, sights: Vec<Sight<T>>, tell: impl Fn(&Sight<T>) -> String) {
        self.add_some(kind, sights, "", tell);
    }

    /// Adds what was seen of one kind, if more may be there than was looked at: then there are `at least` so many.
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

    /// Adds a finding, and marks the tasks that it tells of, each from a time on.
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

/// A length of time in words: `50 ms`, `1.55 s`.
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

/// So many tasks, in words.
fn tasks(count: usize) -> String {
    if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") }
}

/// The file's name without its folders, and the line.
fn short(place: &Place) -> String {
    let file = place.file.rsplit(['/', '\\']).next().unwrap_or(&place.file);
    format!("{file}:{}", place.line)
}
