//! Takes the facts of a program into a trace.

use facts::event::What;
use recording::Fact;
use trace::{Ahead, Trace};

/// A keyframe that is made so soon after the program's start has nothing to leave out, in nanoseconds.
const AT_START_NS: u64 = 100_000_000;

/// See the module. A keyframe restates what earlier facts said, so a trace takes one in only as its beginning.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    ahead: Ahead,
    /// Whether the trace has begun.
    begun: bool,
    /// Whether it began with a keyframe, and no event has come since.
    dated: bool,
    /// The memory of the trace in bytes, estimated.
    pub(crate) memory: u64,
}

impl Intake {
    /// Takes in a fact. The trace has it after the next [`finish`](Self::finish) at the latest.
    pub(crate) fn take(&mut self, trace: &mut Trace, fact: Fact) {
        match fact {
            Fact::Keyframe(facts) if !self.begun => self.begin(trace, facts),
            Fact::Keyframe(_) => {}
            fact => self.one(trace, fact),
        }
    }

    /// Takes in everything that waits.
    pub(crate) fn finish(&mut self, trace: &mut Trace) {
        self.ahead.finish(trace);
    }

    fn begin(&mut self, trace: &mut Trace, facts: Vec<Fact>) {
        for fact in facts {
            self.one(trace, fact);
        }
        self.finish(trace);
        // Its events have their original times: the first event after it says when it was made.
        trace.since_ns = trace.end_ns;
        (self.begun, self.dated) = (true, true);
    }

    fn one(&mut self, trace: &mut Trace, fact: Fact) {
        self.memory += fact.memory();
        match fact {
            Fact::Event(thread, event) => {
                if std::mem::take(&mut self.dated) && event.at_ns > AT_START_NS {
                    trace.since_ns = trace.since_ns.max(event.at_ns);
                }
                // A line of the program's output may come before everything else.
                self.begun |= !matches!(event.what, What::Log(_));
                self.ahead.push(trace, thread, event);
            }
            // These belong to no event, so it does not matter that earlier events are not taken in yet.
            Fact::Thread(index, name) => trace.name_thread(index, name),
            Fact::Sample(sample) => trace.add_sample(sample),
            Fact::Lost(events) => trace.add_lost(events),
            // A keyframe contains no other.
            Fact::Keyframe(_) => {}
        }
    }
}
