//! Where a run's recording goes, beside the trace.

use super::run::Report;
use crate::record::event::Event;
use crate::trace::{Sample, Trace};

/// Receives what the trace of a run receives, in the same order: a second trace that receives the same is equal.
///
/// The thread that drains the run calls it, so no call may take long. No call fails: the sink keeps its
/// [fault](Sink::fault) until somebody asks for it.
pub trait Sink: Send {
    /// See [`Trace::push`].
    fn event(&mut self, thread: u16, event: &Event);
    /// See [`Trace::name_thread`].
    fn name_thread(&mut self, index: u16, name: &str);
    /// See [`Trace::add_sample`].
    fn add_sample(&mut self, sample: &Sample);
    /// See [`Trace::add_lost`].
    fn add_lost(&mut self, events: u64);
    /// The run has nothing more now; more may come, at once or much later.
    fn rest(&mut self);
    /// The run is over, and its trace was closed at that time, in nanoseconds since the run began.
    fn close(&mut self, at_ns: u64, report: &Report, trace: &Trace);
    /// What has gone wrong, in one line; the sink ignores what comes after it.
    fn fault(&self) -> Option<String>;
}
