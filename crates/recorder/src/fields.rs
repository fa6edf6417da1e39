//! The relevant fields of Tokio's tracing data and of the program's own.

use std::fmt::{Debug, Write as _};

use smallvec::SmallVec;
use tracing_core::field::{Field, Visit};

use super::event::{Change, Cues, LaneOf};

/// The relevant fields of a task's span.
#[derive(Default)]
pub(super) struct TaskFields {
    pub(super) id: u64,
    pub(super) name: String,
    /// The size of the future as spawned; Tokio reports it in addition to `bytes` if it has boxed the future.
    original_bytes: u64,
    bytes: u64,
    pub(super) of: LaneOf,
    /// The line of the spawn.
    pub(super) line: u32,
    /// As bytes on the stack, since there are many tasks.
    file: SmallVec<[u8; 128]>,
}

impl TaskFields {
    /// The size of the future.
    pub(super) fn bytes(&self) -> u64 {
        self.original_bytes.max(self.bytes)
    }

    /// The file of the spawn.
    pub(super) fn file(&self) -> &str {
        std::str::from_utf8(&self.file).unwrap_or_default()
    }
}

impl Visit for TaskFields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "task.id" => self.id = value,
            "original_size.bytes" => self.original_bytes = value,
            "size.bytes" => self.bytes = value,
            "loc.line" => self.line = u32::try_from(value).unwrap_or_default(),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "loc.file" {
            self.file = SmallVec::from_slice(value.as_bytes());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "task.name" => _ = write!(self.name, "{value:?}"),
            "kind" => self.of = lane_of(value),
            _ => {}
        }
    }
}

/// Tokio's name for the kind of lane. Read without allocating a string, since there are many tasks.
fn lane_of(value: &dyn Debug) -> LaneOf {
    struct First(Option<LaneOf>);
    impl std::fmt::Write for First {
        fn write_str(&mut self, word: &str) -> std::fmt::Result {
            let of = match word {
                "local" => LaneOf::Local,
                "blocking" => LaneOf::Blocking,
                "block_on" => LaneOf::Root,
                _ => LaneOf::Task,
            };
            self.0.get_or_insert(of);
            Ok(())
        }
    }
    let mut first = First(None);
    let _ = write!(first, "{value:?}");
    first.0.unwrap_or_default()
}

/// The span id of an event about a waker: that of its task, although Tokio names the field `task.id`.
#[derive(Default)]
pub(super) struct SpanOf(pub(super) u64);

impl Visit for SpanOf {
    fn record_u64(&mut self, _: &Field, value: u64) {
        self.0 = value;
    }

    fn record_str(&mut self, _: &Field, _: &str) {}

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// Whether the guard of a span's operation owns its resource: `Mutex::lock_owned`, `Semaphore::acquire_many_owned` and similar
/// operations. Such a guard can leave its task.
#[derive(Default)]
pub(super) struct Owned(pub(super) bool);

impl Visit for Owned {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0 |= field.name() == "source" && value.ends_with("_owned");
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// An operation on a waker.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum WakerOp {
    Wake,
    Clone,
    Drop,
    #[default]
    Unknown,
}

impl Visit for WakerOp {
    fn record_str(&mut self, _: &Field, value: &str) {
        match value {
            "waker.wake" | "waker.wake_by_ref" => *self = Self::Wake,
            "waker.clone" => *self = Self::Clone,
            "waker.drop" => *self = Self::Drop,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// The fields of an event about the state of a resource or an operation: one value and its change.
pub(super) struct StateFields {
    pub(super) name: &'static str,
    pub(super) flag: Option<bool>,
    pub(super) number: Option<u64>,
    pub(super) change: Change,
}

impl Default for StateFields {
    fn default() -> Self {
        Self { name: "", flag: None, number: None, change: Change::Set }
    }
}

impl Visit for StateFields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        (self.name, self.flag) = (field.name(), Some(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        (self.name, self.number) = (field.name(), Some(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        // Tokio's untyped numbers are `i32`.
        self.record_u64(field, value.unsigned_abs());
    }

    fn record_str(&mut self, _: &Field, value: &str) {
        // Only one text field has these values, and comparing its name would cost more than everything else here.
        match value {
            "add" => self.change = Change::Add,
            "sub" => self.change = Change::Sub,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// The fields of a program's span or event.
#[derive(Default)]
pub(super) struct Text {
    pub(super) message: String,
    pub(super) fields: String,
    pub(super) counters: Vec<(&'static str, f64)>,
    pub(super) error: bool,
    pub(super) cues: Cues,
}

impl Text {
    fn field(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => {
                let _ = write!(self.message, "{value:?}");
                return;
            }
            "moment" => return self.cues.moment = Some(format!("{value:?}")),
            "mark" => return self.cues.mark = Some(format!("{value:?}")),
            name => {
                if let Some(state) = name.strip_prefix("state.") {
                    return self.cues.states.push((state, format!("{value:?}")));
                }
                self.error |= name == "error";
            }
        }
        let space = if self.fields.is_empty() { "" } else { " " };
        let _ = write!(self.fields, "{space}{}={value:?}", field.name());
    }

    fn number(&mut self, field: &Field, value: f64, shown: &dyn Debug) {
        match field.name().strip_prefix("counter.") {
            Some(counter) => self.counters.push((counter, value)),
            None if field.name() == "moment_at_ms" => self.cues.moment_at_ms = Some(value as u64),
            None => self.field(field, shown),
        }
    }
}

impl Visit for Text {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.number(field, value, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value as f64, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value as f64, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, value);
    }
}
