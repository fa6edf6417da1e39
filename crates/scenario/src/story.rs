//! The story of a scenario: the moments to look at, in order, and a sentence for each.
//!
//! A stop is found in the trace of the run and has no time of its own, so a story is right at any
//! parameters. If a moment does not occur, its stop is left out.

use crate::param::Values;

/// A stop of a story: a moment of the run, and what to see there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// The moment.
    pub when: When,
    /// One or two sentences. `{task}` and other names in braces are replaced by figures of the run: see [`Stop::FIGURES`].
    pub says: &'static str,
    /// A part of the source line to look at; empty if the trace knows the line.
    pub line: &'static str,
    /// Where it occurs.
    pub occurs: Occurs,
}

/// In which runs a stop occurs. A test compares this with runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurs {
    /// At the defaults, in every variant, with every seed.
    Always,
    /// Only where a parameter has this value, as the user would type it; there with every seed.
    At(&'static str, &'static str),
    /// Only where a parameter has another value than this one; there with every seed.
    NotAt(&'static str, &'static str),
    /// In some runs.
    Sometimes,
}

/// A moment that is found in a trace. A name means every task whose name begins with these words; an empty name means all tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A task is spawned.
    Spawn(Nth, &'static str),
    /// A task begins to wait.
    Wait(Nth, &'static str, For),
    /// A task's wait has ended.
    Resume(Nth, &'static str, For),
    /// A task waits longest: the moment at which that wait began.
    LongestWait(&'static str, For),
    /// More tasks wait at the same time than at any other time: the first such moment.
    Crowd(For),
    /// The longest poll begins.
    LongestPoll(&'static str),
    /// A task ends.
    End(Nth, &'static str, How),
    /// The scenario's own event whose text begins with these words.
    Log(Nth, &'static str),
    /// A counter reaches its highest value.
    Highest(&'static str),
    /// A quantity becomes this word.
    Becomes(Nth, &'static str, &'static str),
    /// Nothing can ever run again.
    Stall,
    /// The run is over.
    Over,
    /// The run is over, or nothing can ever run again. Two stops can share it: a stop whose text needs a figure that the run
    /// does not have is left out, so one can name `figure:NAME` and the other `stuck`.
    OverOrStall,
}

/// Which of several moments, in order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nth {
    /// The first.
    First,
    /// The last.
    Last,
    /// This one, counted from 1.
    Number(usize),
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Anything.
    Anything,
    /// A timer.
    Time,
    /// A permit of a semaphore.
    Permit,
    /// A mutex or a read-write lock.
    Lock,
    /// Room in a bounded channel.
    Room,
    /// A message of any channel.
    Message,
    /// A notification or the others at a barrier.
    Signal,
    /// The end of a task.
    Join,
    /// A socket.
    Io,
    /// Work on a blocking thread.
    Blocking,
    /// Its next turn.
    Turn,
}

/// How a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// In any way.
    Somehow,
    /// It returns, and reports no error.
    Well,
    /// It returns after it has reported an error.
    Failed,
    /// It is cancelled.
    Cancelled,
    /// It panics.
    Panicked,
}

impl Stop {
    /// The figures that the text of a stop can name, each with its meaning. `NAME` is replaced by a name.
    pub const FIGURES: &'static [(&'static str, &'static str)] = &[
        ("time", "when it is"),
        ("length", "how long the run takes"),
        ("task", "the task's name"),
        ("by", "the task that ended the wait"),
        ("lasted", "how long the wait or the poll lasts, or the task lived"),
        ("crowd", "how many tasks wait for the same as the task"),
        ("holders", "the tasks that have what the task waits for"),
        ("queue", "how many tasks wait in the same queue"),
        ("spawned", "how many tasks have been spawned, without main"),
        ("alive", "how many of them are alive"),
        ("ended", "how many of them have ended"),
        ("cancelled", "how many of them have been cancelled so far"),
        ("text", "the text of the event"),
        ("stuck", "the tasks that can never go on"),
        ("count:NAME", "how many tasks whose names begin so have been spawned"),
        ("done:NAME", "how many tasks whose names begin so have ended"),
        ("counter:NAME", "the value of a counter"),
        ("word:NAME", "the word of a quantity"),
        ("figure:NAME", "a figure of the outcome"),
        ("param:NAME", "a parameter"),
    ];

    /// A stop that always occurs.
    pub const fn at(when: When, says: &'static str) -> Self {
        Self { when, says, line: "", occurs: Occurs::Always }
    }

    /// Points at the first source line that contains this text.
    #[must_use]
    pub const fn line(self, line: &'static str) -> Self {
        Self { line, ..self }
    }

    /// It occurs only where the parameter has this value, as the user would type it.
    #[must_use]
    pub const fn only(self, param: &'static str, value: &'static str) -> Self {
        Self { occurs: Occurs::At(param, value), ..self }
    }

    /// It occurs only where the parameter has another value than this one.
    #[must_use]
    pub const fn unless(self, param: &'static str, value: &'static str) -> Self {
        Self { occurs: Occurs::NotAt(param, value), ..self }
    }

    /// It occurs in some runs only.
    #[must_use]
    pub const fn sometimes(self) -> Self {
        Self { occurs: Occurs::Sometimes, ..self }
    }

    /// Whether it is part of the story at these values.
    pub fn is_told_at(&self, values: &Values) -> bool {
        self.occurs.is_at(values)
    }
}

impl Occurs {
    /// Whether these values allow it.
    pub(crate) fn is_at(self, values: &Values) -> bool {
        let is_set = |name, value| values.iter().any(|(param, set)| param.name == name && set.to_string() == value);
        match self {
            Self::Always | Self::Sometimes => true,
            Self::At(name, value) => is_set(name, value),
            Self::NotAt(name, value) => !is_set(name, value),
        }
    }
}
