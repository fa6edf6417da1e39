//! A second place for what a run records: beside the trace, a recording.

use super::run::Report;
use crate::record::event::Event;
use crate::trace::{Sample, Trace};

/// Told all that the trace of a run is told, in the same order: whoever tells another trace the same gets an equal one.
///
/// It is told by the thread that drains the run, so it must not take long. It never fails: what goes wrong is its own
/// to keep, until somebody asks for its [fault](Tee::fault).
pub trait Tee: Send {
    /// See [`Trace::push`].
    fn event(&mut self, thread: u16, event: &Event);
    /// See [`Trace::name_thread`].
    fn name_thread(&mut self, index: u16, name: &str);
    /// See [`Trace::add_sample`].
    fn add_sample(&mut self, sample: &Sample);
    /// See [`Trace::add_lost`].
    fn add_lost(&mut self, events: u64);
    /// All that was there has been told; more may come, at once or much later.
    fn rest(&mut self);
    /// The run is over, and its trace was closed at that time, in nanoseconds since the run began.
    fn close(&mut self, at_ns: u64, report: &Report, trace: &Trace);
    /// What has gone wrong, in one line; it takes nothing more then.
    fn fault(&self) -> Option<String>;
}
