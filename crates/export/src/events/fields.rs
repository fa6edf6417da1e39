//! The fields of the lines, by kind of fact.

use facts::sample::Sample;
use serde::Serialize;

/// The fields of a line, without its type and time.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Fields<'a> {
    /// The name of a thread.
    Thread {
        index: u16,
        name: &'a str,
    },
    /// Facts were lost here.
    Lost {
        events: u64,
    },
    /// So many lines restate what lives.
    Keyframe {
        facts: usize,
    },
    Sample {
        busy: &'a [f64],
        mean_poll_ns: u64,
        polls: u64,
        global_queue: usize,
        local_queue: usize,
        steals: u64,
        blocking_threads: usize,
        budget_yields: u64,
    },
    Nothing {},
    Task {
        task: u64,
    },
    Spawn {
        task: u64,
        parent: Option<u64>,
        place: String,
    },
    Named {
        task: u64,
        name: &'a str,
        bytes: u64,
    },
    Lane {
        task: u64,
        of: &'static str,
        name: &'a str,
        bytes: u64,
        parent: Option<u64>,
        place: String,
    },
    Terminate {
        task: u64,
        last: &'static str,
    },
    Wake {
        task: u64,
        by: Option<u64>,
    },
    Panic {
        task: u64,
        message: &'a str,
        place: &'a str,
    },
    SpanOpen {
        span: String,
        task: u64,
        label: &'a str,
    },
    SpanClose {
        span: String,
    },
    Log {
        task: Option<u64>,
        level: &'static str,
        message: &'a str,
        counters: Vec<Named<'a, f64>>,
        states: Vec<Named<'a, &'a str>>,
        failed: bool,
        moment: Option<&'a str>,
        moment_at_ms: Option<u64>,
        mark: Option<&'a str>,
    },
    Site {
        site: u32,
        cause: &'static str,
        place: Option<String>,
        frames: Vec<Called<'a>>,
        missing: Vec<&'static str>,
    },
    Resource {
        resource: u32,
        kind: &'static str,
        #[serde(flatten)]
        at: At,
    },
    Pending {
        task: u64,
        #[serde(flatten)]
        op: Option<Op>,
        resource: Option<u32>,
        #[serde(flatten)]
        at: At,
    },
    Done {
        task: u64,
        #[serde(flatten)]
        op: Op,
        resource: Option<u32>,
        #[serde(flatten)]
        at: At,
    },
    Closed {
        #[serde(flatten)]
        op: Op,
        by: u64,
        #[serde(flatten)]
        at: At,
    },
    Timer {
        task: u64,
        #[serde(flatten)]
        op: Op,
        after_ms: u64,
    },
    Turn {
        task: u64,
        spent: bool,
        #[serde(flatten)]
        at: At,
    },
    Limited {
        task: u64,
        operations: u8,
    },
    Asked {
        #[serde(flatten)]
        op: Op,
        permits: u32,
        resource: Option<u32>,
    },
    Granted {
        #[serde(flatten)]
        op: Op,
        by: Option<u64>,
        permits: u32,
        resource: Option<u32>,
    },
    Permits {
        resource: u32,
        change: &'static str,
        permits: u32,
        by: Option<u64>,
    },
    Lock {
        resource: u32,
        change: &'static str,
        by: Option<u64>,
        owned: bool,
        #[serde(flatten)]
        at: At,
    },
}

/// A value with a name.
#[derive(Debug, Serialize)]
pub(super) struct Named<'a, T> {
    pub(super) name: &'a str,
    pub(super) value: T,
}

/// A site, and the program's line there.
#[derive(Debug, Serialize)]
pub(super) struct At {
    pub(super) site: Option<u32>,
    pub(super) place: Option<String>,
}

/// An operation, and whether its guard can leave its task.
#[derive(Debug, Serialize)]
pub(super) struct Op {
    /// 64 bits as hexadecimal digits, because many JSON readers cannot represent such numbers.
    pub(super) op: String,
    pub(super) owned_op: bool,
}

/// A call.
#[derive(Debug, Serialize)]
pub(super) struct Called<'a> {
    pub(super) function: &'a str,
    pub(super) place: String,
    pub(super) column: u32,
    pub(super) branch: u32,
    pub(super) own: bool,
    pub(super) polls: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) fn sample(sample: &'a Sample) -> Self {
        let Sample { mean_poll_ns, polls, global_queue, local_queue, steals, blocking_threads, budget_yields, .. } = *sample;
        let busy = &sample.busy;
        Self::Sample { busy, mean_poll_ns, polls, global_queue, local_queue, steals, blocking_threads, budget_yields }
    }
}
