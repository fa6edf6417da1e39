//! Broadcast receivers that lost messages.
//!
//! Tokio's tracing reports nothing about broadcast channels. Only the receiver
//! learns of the loss, from an error, so this lint looks for Tokio's wording in the
//! program's log lines and panics. A program that silently takes the error for the
//! end of the channel is missed.

use super::{FindingKind, Findings, Sight, told};
use crate::Trace;
use crate::task::TaskIx;
use facts::site::{Cause, Place};

/// The error's `Display` and `Debug` forms.
const WORDS: [&str; 2] = ["channel lagged by ", "Lagged("];

/// At most this many tasks are tracked.
const MOST: usize = 1_024;

/// How many of a task's waits are searched for its last receive.
const LOOKED_AT: usize = 256;

/// Reports of lost messages, by task.
#[derive(Debug, Default)]
pub(crate) struct Lagged(Vec<Said>);

/// The reports of one task.
#[derive(Debug)]
struct Said {
    task: Option<TaskIx>,
    /// When the first report came.
    at_ns: u64,
    messages: u64,
    times: u32,
}

impl Trace {
    /// Checks a log line or a panic message for a report of lost messages.
    pub(crate) fn listen(&mut self, at_ns: u64, task: Option<TaskIx>, text: &str) {
        let Some(messages) = lost(text) else { return };
        let said = &mut self.lagged.0;
        if let Some(known) = said.iter_mut().find(|known| known.task == task) {
            known.messages = known.messages.saturating_add(messages);
            known.times += 1;
        } else if said.len() < MOST {
            said.push(Said { task, at_ns, messages, times: 1 });
        }
    }

    /// Where a task last received from a broadcast channel.
    fn receives_at(&self, task: TaskIx) -> Option<Place> {
        let waits = self.waits_of(task).rev().take(LOOKED_AT);
        let received = waits.flat_map(|wait| wait.leaves).find(|leaf| self.site(leaf.site).cause == Cause::Broadcast);
        received.and_then(|leaf| self.site(leaf.site).place.clone())
    }
}

/// The number of lost messages, if a text reports any.
fn lost(text: &str) -> Option<u64> {
    // Fast path: most texts are about something else.
    if !text.contains("agged") {
        return None;
    }
    WORDS.iter().find_map(|words| {
        let at = text.find(words)?;
        let apart = !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let digits = text[at + words.len()..].split(|end: char| !end.is_ascii_digit()).next()?;
        digits.parse().ok().filter(|messages| apart && *messages > 0)
    })
}

/// Finds receivers that lost messages.
pub(super) fn receivers(trace: &Trace, found: &mut Findings) {
    let sights = trace.lagged.0.iter().map(|said| {
        let who = said.task.map_or("the program", |task| &trace.tasks[task as usize].name);
        let messages = if said.messages == 1 { "1 message".to_owned() } else { format!("{} messages", said.messages) };
        let times = if said.times == 1 { String::new() } else { format!(", {} times", said.times) };
        let told = format!("{who} reported that a broadcast receiver lost {messages}{times}");
        let place = said.task.and_then(|task| trace.receives_at(task).or_else(|| trace.spawn_place(task)));
        Sight { task: said.task, at_ns: said.at_ns, place, weight: said.messages, told }
    });
    let sights = sights.collect();
    found.add(FindingKind::LaggedReceiver, sights, told);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokios_own_words_count() {
        assert_eq!(lost("gives up error=channel lagged by 15"), Some(15));
        assert_eq!(lost("called `Result::unwrap()` on an `Err` value: Lagged(3)"), Some(3));
        for other in ["it lagged behind", "NotLagged(3)", "channel lagged by some", "Lagged(0)", "lagged by 15", "Lagged(n)"] {
            assert_eq!(lost(other), None, "{other}");
        }
    }
}
