//! One word for each kind of resource and each level, for reports and exports.

use crate::event::{Level, ResourceKind};

impl ResourceKind {
    /// One word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mutex => "mutex",
            Self::RwLock => "rwlock",
            Self::Semaphore => "semaphore",
            Self::Channel => "channel",
            Self::Oneshot => "oneshot",
            Self::Barrier => "barrier",
        }
    }
}

impl Level {
    /// Its name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}
