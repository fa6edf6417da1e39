//! The meaning of a stack: what a task waits for, and where.
//!
//! Plain data that `symbols` derives from the names of functions; the trace stores and
//! compares it.

use std::fmt;
use std::sync::Arc;

/// What a task waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Cause {
    /// A timer: `sleep`, `interval`, the deadline of a `timeout`.
    Time,
    /// A permit of a semaphore.
    Semaphore,
    /// A mutex.
    Mutex,
    /// A read-write lock.
    RwLock,
    /// Room in a bounded channel.
    MpscSend,
    /// A message from a channel.
    MpscRecv,
    /// The value of a oneshot channel, or its closing.
    Oneshot,
    /// A change of a watched value.
    Watch,
    /// A message of a broadcast channel.
    Broadcast,
    /// A notification.
    Notify,
    /// The others at a barrier.
    Barrier,
    /// The end of a task.
    Join,
    /// A socket, a pipe, a signal, another process.
    Io,
    /// Its next turn: it yielded.
    Yield,
    /// Its next turn: it used up its budget, and Tokio put it behind the others.
    Budget,
    /// Work on a blocking thread: files, name lookups.
    Blocking,
    /// Something else: a future from outside Tokio.
    #[default]
    Other,
    /// Unknown, because the build lacks something.
    Unknown,
    /// Its next turn: the run's schedule cut its poll.
    Preempted,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 19] = [
        Self::Time,
        Self::Semaphore,
        Self::Mutex,
        Self::RwLock,
        Self::MpscSend,
        Self::MpscRecv,
        Self::Oneshot,
        Self::Watch,
        Self::Broadcast,
        Self::Notify,
        Self::Barrier,
        Self::Join,
        Self::Io,
        Self::Yield,
        Self::Budget,
        Self::Blocking,
        Self::Other,
        Self::Unknown,
        Self::Preempted,
    ];

    /// The name in lower case: `"mpsc send"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Semaphore => "semaphore",
            Self::Mutex => "mutex",
            Self::RwLock => "rwlock",
            Self::MpscSend => "mpsc send",
            Self::MpscRecv => "mpsc recv",
            Self::Oneshot => "oneshot",
            Self::Watch => "watch",
            Self::Broadcast => "broadcast",
            Self::Notify => "notify",
            Self::Barrier => "barrier",
            Self::Join => "join",
            Self::Io => "io",
            Self::Yield => "yield",
            Self::Budget => "out of budget",
            Self::Blocking => "blocking",
            Self::Other => "other",
            Self::Unknown => "not known",
            Self::Preempted => "preempted",
        }
    }

    /// Whether it is a lock or a permit: something that another task holds.
    pub const fn is_lock(self) -> bool {
        matches!(self, Self::Semaphore | Self::Mutex | Self::RwLock)
    }

    /// Whether it is the task's next turn, which it gets at once.
    pub const fn is_turn(self) -> bool {
        matches!(self, Self::Yield | Self::Budget | Self::Preempted)
    }

    /// Whether it may be any kind of future: one from outside Tokio, or an unknown one.
    pub const fn is_foreign(self) -> bool {
        matches!(self, Self::Other | Self::Unknown)
    }

    /// Whether it is a message or a signal: something that another task sends.
    pub const fn is_channel(self) -> bool {
        matches!(
            self,
            Self::MpscSend | Self::MpscRecv | Self::Oneshot | Self::Watch | Self::Broadcast | Self::Notify | Self::Barrier
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A line of source code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the workspace or the registry: `scenarios/semaphore.rs`.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A call of an async function, or of a function within one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The function in the debug information: with its path, or perhaps without if it was inlined.
    pub function: Arc<str>,
    /// The line in it that calls the next inner function.
    pub place: Place,
    /// The column in that line, from 1; 0 if unknown.
    pub column: u32,
    /// The macros `select!` and `join!` put several calls on one line; this number tells them apart. Equal builds give equal
    /// numbers. Optimised code may have several copies of a call, each with a number. 0 elsewhere.
    pub branch: u32,
    /// Whether it belongs to the program, and not to a library.
    pub own: bool,
    /// How many futures it polls.
    pub polls: Polls,
}

impl Frame {
    /// Whether it is the same call, or may be a copy of it in optimised code.
    fn is_like(&self, other: &Self) -> bool {
        let Self { function, place, column, branch: _, own, polls } = self;
        (function, place, column, own, polls) == (&other.function, &other.place, &other.column, &other.own, &other.polls)
    }
}

/// The name of the innermost frame where an operation was dropped.
pub const SPAN_DROP: &str = "tracing::span::Span::drop";

/// How many futures a function polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Polls {
    /// One at a time: the body of an async function or block.
    One,
    /// A fixed set, each on its own line: a `select!`, a `join!`, a future with parts.
    Parts,
    /// Any number from the same line: a set of futures.
    Many,
}

/// What a build lacks for reading its stacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Missing {
    /// Stacks break off: code was built without frame pointers.
    pub frame_pointers: bool,
    /// Functions have no names: symbols were stripped.
    pub symbols: bool,
    /// Calls have no lines: the program has no debug information.
    pub lines: bool,
}

impl Missing {
    /// Whether anything is missing.
    pub const fn any(self) -> bool {
        self.frame_pointers || self.symbols || self.lines
    }

    /// What either of the two lacks.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            frame_pointers: self.frame_pointers || other.frame_pointers,
            symbols: self.symbols || other.symbols,
            lines: self.lines || other.lines,
        }
    }

    /// Each missing thing.
    pub fn parts(self) -> impl Iterator<Item = Part> {
        let part = |what, setting, whose| Part { what, setting, whose };
        let all = [
            (self.frame_pointers, part("frame pointers", "-C force-frame-pointers=yes", "rustflags")),
            (self.symbols, part("symbols", "strip = false", "the profile")),
            (self.lines, part("debug information", "debug = \"line-tables-only\"", "the profile")),
        ];
        all.into_iter().filter(|(missing, _)| *missing).map(|(_, part)| part)
    }
}

/// One thing that is [`Missing`], and how to get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What is missing.
    pub what: &'static str,
    /// The setting that adds it.
    pub setting: &'static str,
    /// Where the setting belongs.
    pub whose: &'static str,
}

/// The meaning of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Site {
    /// What the task waits for.
    pub cause: Cause,
    /// The innermost line of the program's own code: the `.await`. `None` if the task consists only of a library's future, or
    /// if the line is unknown.
    pub place: Option<Place>,
    /// The calls from the task's own future to the one that waits, outermost first, without calls that only forward a poll.
    pub frames: Arc<[Frame]>,
    /// What the build lacks, if `place` is missing for that reason.
    pub missing: Missing,
}

impl Site {
    /// The calls in the program's own code, outermost first.
    pub fn chain(&self) -> impl DoubleEndedIterator<Item = &Frame> {
        self.frames.iter().filter(|frame| frame.own)
    }

    /// For a stack that took room in a channel: whether the room was reserved, to be filled later. `send` calls `reserve`, so
    /// it has one more call of that module.
    pub fn reserves(&self) -> bool {
        let within = |frame: &&Frame| !frame.own && frame.place.file.ends_with("sync/mpsc/bounded.rs");
        matches!(self.frames.iter().filter(within).count(), 1 | 2)
    }

    /// Whether the program called a waker here, directly or through a channel, a lock or a notification. A library that polls
    /// many futures also calls its task's waker, so that all of them get their turn; that does not count.
    pub fn is_own_wake(&self) -> bool {
        let wakes = |frame: &&Frame| frame.place.file.ends_with("/runtime/task/waker.rs");
        let caller = self.frames.iter().rev().find(|frame| !wakes(frame));
        caller.is_some_and(|caller| caller.own || caller.place.file.contains("/src/sync/"))
    }

    /// Whether the functions in which an operation was dropped here are known.
    pub fn is_known_drop(&self) -> bool {
        self.frames.last().is_some_and(|frame| &*frame.function == SPAN_DROP)
    }

    /// The site without branch numbers; `None` if it has none.
    pub fn without_branches(&self) -> Option<Self> {
        let any = self.frames.iter().any(|frame| frame.branch != 0);
        let frames = || self.frames.iter().map(|frame| Frame { branch: 0, ..frame.clone() }).collect();
        any.then(|| Self { frames: frames(), ..self.clone() })
    }

    /// Whether a wait at `later` can be the next one in the same branch as a wait here: the two stacks diverge among the
    /// members of one set, or in the body of one async function below a call that polls several futures.
    pub fn leads_to(&self, later: &Self) -> bool {
        let same = self.frames.iter().zip(&*later.frames).take_while(|(mine, theirs)| mine.is_like(theirs)).count();
        let any = |polls: &[Polls]| self.frames[..same].iter().any(|frame| polls.contains(&frame.polls));
        let one_body =
            || matches!((self.frames.get(same), later.frames.get(same)), (Some(a), Some(b)) if a.function == b.function);
        any(&[Polls::Many]) || (any(&[Polls::Parts]) && one_body())
    }

    /// Whether a task cannot wait here and at `other` at once. It cannot if the two
    /// stacks diverge in the body of an async function, which awaits one thing at a
    /// time; it can if they diverge in a `select!`, a `join!`, or a future that polls
    /// several others.
    pub fn excludes(&self, other: &Self) -> bool {
        let same = self.frames.iter().zip(&*other.frames).take_while(|(mine, theirs)| mine == theirs).count();
        if self.frames[..same].iter().any(|frame| frame.polls == Polls::Many) {
            return false;
        }
        match (self.frames.get(same), other.frames.get(same)) {
            // Equal stacks do not show whether it is the same wait.
            (None, None) => false,
            // One function at two lines.
            (Some(mine), Some(theirs)) if mine.function == theirs.function => mine.polls == Polls::One,
            // One line that calls two functions, or one and none.
            _ => same.checked_sub(1).is_some_and(|last| self.frames[last].polls == Polls::One),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Polls::{Many, One, Parts};
    use super::*;

    fn site(frames: &[(&str, u32, Polls)]) -> Site {
        let frame = |(function, line, polls): &(&str, u32, Polls)| Frame {
            function: (*function).into(),
            place: Place { file: "a.rs".into(), line: *line },
            column: 0,
            branch: 0,
            own: true,
            polls: *polls,
        };
        Site { frames: frames.iter().map(frame).collect(), ..Site::default() }
    }

    #[test]
    fn an_async_function_waits_at_one_line_at_a_time() {
        let first = site(&[("main", 1, One), ("work", 5, One), ("recv", 9, One)]);
        assert!(first.excludes(&site(&[("main", 1, One), ("work", 6, One), ("recv", 9, One)])));
        assert!(first.excludes(&site(&[("main", 1, One), ("work", 5, One), ("send", 9, One)])));
        assert!(first.excludes(&site(&[("main", 2, One)])));
    }

    #[test]
    fn branches_wait_side_by_side() {
        let one = site(&[("main", 1, One), ("select", 5, Parts), ("recv", 9, One)]);
        assert!(!one.excludes(&site(&[("main", 1, One), ("select", 6, Parts), ("recv", 9, One)])));
        assert!(!one.excludes(&site(&[("main", 1, One), ("select", 5, Parts), ("sleep", 3, Parts)])));
        assert!(one.excludes(&site(&[("main", 1, One), ("select", 5, Parts), ("recv", 8, One)])));
        assert!(one.excludes(&site(&[("main", 2, One), ("sleep", 3, Parts)])));
    }

    #[test]
    fn of_many_futures_each_waits_where_it_likes() {
        let one = site(&[("main", 1, One), ("all", 5, Many), ("fetch", 9, One)]);
        assert!(!one.excludes(&site(&[("main", 1, One), ("all", 5, Many), ("fetch", 7, One)])));
        assert!(one.excludes(&site(&[("main", 2, One), ("sleep", 3, Parts)])));
    }

    #[test]
    fn every_cause_has_a_name_of_its_own() {
        let names: std::collections::HashSet<_> = Cause::ALL.iter().map(|cause| cause.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
    }
}
