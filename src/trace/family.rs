//! Causes that are drawn alike.
//!
//! Seventeen causes are too many for an eye: they fall into six families, by who
//! has to do something so that the wait ends. Each family has a mark of its own,
//! on the screen and in the timeline as text.

use crate::record::site::Cause;

/// Causes of waiting that are drawn alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// A timer: it ends by itself.
    Time,
    /// A lock or a permit: another task has to give it back.
    Lock,
    /// A message, a signal, the others at a barrier: another task has to send or to come.
    Channel,
    /// The end of another task.
    Join,
    /// The world outside: sockets, files, other processes.
    Io,
    /// Its next turn, something that is not Tokio's, or what is not known.
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

    /// What a task does that waits so, for the legend.
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
