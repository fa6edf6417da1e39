//! A second receiver of a run's events besides the trace, such as a file.

use std::io::Write;

use facts::event::Event;
use recording::Writer;
use trace::{Sample, Trace};

use crate::told::{footer, header};
use crate::{Report, Spec};

/// Receives what the trace of a run receives, in the same order, so that another trace can be built from it.
///
/// The thread that drains the run calls it, so no call may take long. No call returns an error: the sink keeps its
/// [fault](Sink::fault) for the caller to fetch.
pub trait Sink: Send {
    /// See [`Trace::push`].
    fn event(&mut self, thread: u16, event: &Event);
    /// See [`Trace::name_thread`].
    fn name_thread(&mut self, index: u16, name: &str);
    /// See [`Trace::add_sample`].
    fn add_sample(&mut self, sample: &Sample);
    /// See [`Trace::add_lost`].
    fn add_lost(&mut self, events: u64);
    /// The run has nothing more for now. More may come at once or much later.
    fn rest(&mut self);
    /// The run is over, and its trace was closed at `at_ns`, in nanoseconds since the run began.
    fn close(&mut self, at_ns: u64, report: &Report, trace: &Trace);
    /// The error, if any, in one line. After an error the sink ignores everything else.
    fn fault(&self) -> Option<String>;
}

impl<W: Write + Send> Sink for Writer<W> {
    fn event(&mut self, thread: u16, event: &Event) {
        self.event(thread, event);
    }

    fn name_thread(&mut self, index: u16, name: &str) {
        self.name_thread(index, name);
    }

    fn add_sample(&mut self, sample: &Sample) {
        self.add_sample(sample);
    }

    fn add_lost(&mut self, events: u64) {
        self.add_lost(events);
    }

    fn rest(&mut self) {
        self.rest();
    }

    fn close(&mut self, at_ns: u64, report: &Report, trace: &Trace) {
        self.close(&footer(at_ns, report, trace));
    }

    fn fault(&self) -> Option<String> {
        self.fault()
    }
}

/// Starts a recording of a run of this spec.
pub fn writer<W: Write>(to: W, spec: &Spec) -> Writer<W> {
    Writer::new(to, &header(spec))
}
