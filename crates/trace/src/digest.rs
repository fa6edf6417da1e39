//! The trace hash: one number that distinguishes two runs.
//!
//! It covers what the runtime did and when (polls, spawns, ends), and leaves
//! out what differs between equal runs: Tokio's task numbers, threads,
//! addresses. It is updated event by event, so it does not depend on how the
//! events were batched.
//!
//! Wakes have a hash of their own, so that the trace hash is the same whether
//! wakes were recorded or not.

use std::hash::{DefaultHasher, Hasher};

use super::task::{End, TaskIx};
use facts::event::CallLine;

/// How many bytes are passed to the hasher at once. It costs mostly per call; the chunk size does not change the hash.
const AT_ONCE: usize = 4096;

/// A hash so far, either of the run or of its wakes. `DefaultHasher::new()` has fixed keys: equal builds give equal hashes.
#[derive(Debug, Default)]
pub(super) struct Digest {
    hasher: DefaultHasher,
    /// Bytes not yet passed to the hasher.
    bytes: Vec<u8>,
    /// The number of facts in it.
    facts: u64,
}

impl Digest {
    pub(super) fn spawn(&mut self, at_ns: u64, task: TaskIx, parent: Option<TaskIx>, at: &CallLine) {
        self.fact(1, at_ns, task, parent.map_or(0, number));
        self.write(at.file().as_bytes());
        self.write(&at.line().to_le_bytes());
    }

    pub(super) fn poll_start(&mut self, at_ns: u64, task: TaskIx) {
        self.fact(2, at_ns, task, 0);
    }

    pub(super) fn poll_end(&mut self, at_ns: u64, task: TaskIx) {
        self.fact(3, at_ns, task, 0);
    }

    /// A wake, with the task in whose poll it happened, if any, and its place in the order of the run: how many facts the hash
    /// of the run had by then.
    pub(super) fn wake(&mut self, at_ns: u64, task: TaskIx, by: Option<TaskIx>, after: u64) {
        self.fact(4, at_ns, task, by.map_or(0, number));
        self.write(&after.to_le_bytes());
    }

    /// The number of facts so far.
    pub(super) fn facts(&self) -> u64 {
        self.facts
    }

    pub(super) fn end(&mut self, at_ns: u64, task: TaskIx, how: End) {
        self.fact(5, at_ns, task, how as u32);
    }

    pub(super) fn value(&self) -> u64 {
        let mut whole = self.hasher.clone();
        whole.write(&self.bytes);
        whole.finish()
    }

    fn fact(&mut self, kind: u8, at_ns: u64, task: TaskIx, other: u32) {
        self.facts += 1;
        let mut bytes = [0; 17];
        bytes[0] = kind;
        bytes[1..9].copy_from_slice(&at_ns.to_le_bytes());
        bytes[9..13].copy_from_slice(&number(task).to_le_bytes());
        bytes[13..].copy_from_slice(&other.to_le_bytes());
        self.write(&bytes);
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.bytes.len() + bytes.len() > AT_ONCE {
            self.hasher.write(&self.bytes);
            self.bytes.clear();
        }
        self.bytes.extend_from_slice(bytes);
    }
}

/// Numbers tasks from 1, so that 0 means no task.
fn number(task: TaskIx) -> u32 {
    task.wrapping_add(1)
}
