//! Families of causes that are drawn alike.
//!
//! Eighteen causes are too many to tell apart at a glance. They fall into six
//! families, by who has to act to end the wait. Each family has its own mark, on
//! the screen and in the text timeline.

use facts::site::Cause;

/// A family of causes that are drawn alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// A timer: the wait ends by itself.
    Time,
    /// A lock or permit: another task has to give it back.
    Lock,
    /// A message, a notification or a barrier: another task has to send, notify or arrive.
    Channel,
    /// The end of another task.
    Join,
    /// Something outside the runtime: a socket, a file, another process.
    Io,
    /// The next turn, something outside Tokio, or something unknown.
    Other,
}

impl Family {
    /// Every family, in the order of the legend.
    pub const ALL: [Self; 6] = [Self::Time, Self::Lock, Self::Channel, Self::Join, Self::Io, Self::Other];

    /// The family of a cause.
    pub const fn of(cause: Cause) -> Self {
        match cause {
            Cause::Time => Self::Time,
            cause if cause.is_lock() => Self::Lock,
            cause if cause.is_channel() => Self::Channel,
            Cause::Join => Self::Join,
            Cause::Io | Cause::Blocking => Self::Io,
            _ => Self::Other,
        }
    }

    /// What a waiting task does, for the legend.
    pub fn word(self) -> &'static str {
        match self {
            Self::Time => "sleeps",
            Self::Lock => "queued",
            Self::Channel => "awaits message",
            Self::Join => "awaits task",
            Self::Io => "awaits io",
            Self::Other => "awaits other",
        }
    }

    /// What a task does between two polls, if wakes were not recorded: it waits, or is ready.
    pub const UNKNOWN: &str = "between polls";

    /// One word, for queries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Lock => "lock",
            Self::Channel => "channel",
            Self::Join => "join",
            Self::Io => "io",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_the_family_of_whoever_ends_the_wait() {
        for cause in Cause::ALL {
            let family = Family::of(cause);
            assert_eq!(family == Family::Lock, cause.is_lock(), "{cause}");
            assert_eq!(family == Family::Channel, cause.is_channel(), "{cause}");
        }
        assert_eq!(Family::of(Cause::Blocking), Family::Io);
        assert!(Cause::ALL.iter().filter(|cause| cause.is_turn()).all(|cause| Family::of(*cause) == Family::Other));
        assert!(Family::ALL.iter().all(|family| Cause::ALL.iter().any(|cause| Family::of(*cause) == *family)));
    }
}
