//! Names of actions that were given up, and the names that took their place.
//!
//! A settings file that has an old name is refused with the new one: to pass over it would take a key away without a word.

/// The name that an old one has now; none if it never was a name.
pub(super) fn now(old: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(name, _)| *name == old).map(|(_, now)| *now)
}

/// Old names and new ones.
pub(super) const RENAMED: &[(&str, &str)] = &[
    ("pan-left", "cursor-left"),
    ("pan-right", "cursor-right"),
    ("pan-to-start", "rewind"),
    ("follow", "end"),
    ("live", "end"),
    ("next-poll", "step"),
    ("previous-poll", "step-back"),
    ("next-event", "task-step"),
    ("previous-event", "task-step-back"),
    ("slower", "speed-down"),
    ("faster", "speed-up"),
    ("switch-clock", "clock"),
    ("timeline-zoom-in", "zoom-in"),
    ("timeline-zoom-out", "zoom-out"),
    ("fit-selection", "fit"),
    ("together", "group"),
    ("lane-kind", "lanes"),
    ("first-task", "first"),
    ("last-task", "last"),
    ("show-step", "show"),
    ("show-finding", "show"),
    ("close-why", "close-explain"),
    ("close-findings", "close-explain"),
    ("close-path", "close"),
    ("path", "tour"),
];
