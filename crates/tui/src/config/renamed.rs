//! Old names of actions, and the names that replaced them.
//!
//! An old name in a settings file is an error that gives the new one: ignoring it would silently drop a key.

/// The new name for an old one; `None` if the old one never was a name.
pub(super) fn now(old: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(name, _)| *name == old).map(|(_, now)| *now)
}

/// Old names, each with its new one.
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
