//! From events to the scenario's own words: spans, log, counters, and panics.
//!
//! Each of them belongs to the task in whose poll it was said, and is kept
//! there too, so that a lane can be drawn without looking through the log.

use super::task::{Mark, SpanLabel, TaskIx};
use super::{Counter, LogLine, Trace};
use crate::record::event::{Level, Log, Panic, SpanId, SpanOpen};

impl Trace {
    pub(super) fn open_span(&mut self, at_ns: u64, span: SpanOpen) -> bool {
        let Some(task) = self.known(span.task) else { return false };
        // A number is given out again only when its span is gone: the end was lost.
        self.close_span(at_ns, span.span);
        let spans = &mut self.tasks[task as usize].spans;
        let before_ns = spans.last().map_or(0, |before| before.start_ns);
        self.late += u64::from(at_ns < before_ns);
        self.ingest.spans.insert(span.span, (task, spans.len()));
        spans.push(SpanLabel { start_ns: at_ns.max(before_ns), end_ns: None, label: span.label });
        true
    }

    pub(super) fn close_span(&mut self, at_ns: u64, span: SpanId) -> bool {
        let Some((task, place)) = self.ingest.spans.remove(&span) else { return false };
        let span = &mut self.tasks[task as usize].spans.as_mut_slice()[place];
        self.late += u64::from(at_ns < span.start_ns);
        span.end_ns = Some(at_ns.max(span.start_ns));
        true
    }

    pub(super) fn write_log(&mut self, at_ns: u64, log: Log) -> bool {
        let task = log.task.and_then(|task| self.known(task));
        if let Some(task) = task {
            self.tasks[task as usize].failed |= log.failed;
        }
        self.listen(at_ns, task, &log.message);
        // An event that is nothing but counters is a track, and would be an empty line.
        if !log.message.is_empty() || log.counters.is_empty() {
            self.write_line(at_ns, task, log.level, log.message);
        }
        for (name, value) in log.counters {
            self.set_counter(at_ns, task, name, value);
        }
        true
    }

    pub(super) fn panicked(&mut self, at_ns: u64, panic: Panic) -> bool {
        let Some(task) = self.known(panic.task) else { return false };
        self.listen(at_ns, Some(task), &panic.message);
        self.write_line(at_ns, Some(task), Level::Error, format!("panicked at {}: {}", panic.place, panic.message));
        if self.tasks[task as usize].ended.is_none() {
            self.mark_panicked(task);
            self.tasks[task as usize].panic = Some(panic.message.into());
        }
        true
    }

    fn write_line(&mut self, at_ns: u64, task: Option<TaskIx>, level: Level, message: String) {
        let before_ns = self.log.last().map_or(0, |before| before.at_ns);
        self.late += u64::from(at_ns < before_ns);
        let at_ns = at_ns.max(before_ns);
        if let Some(task) = task {
            self.tasks[task as usize].marks.push(Mark { at_ns, line: self.log.len() as u32 });
        }
        self.log.push(LogLine { at_ns, task, level, message });
    }

    /// A late value goes where it belongs: it must not undo the newer ones.
    fn set_counter(&mut self, at_ns: u64, task: Option<TaskIx>, name: &'static str, value: f64) {
        let place = *self.ingest.counters.entry(name).or_insert_with(|| {
            self.counters.push(Counter { name, points: Vec::new(), task });
            self.counters.len() - 1
        });
        let points = &mut self.counters[place].points;
        // Nearly every value is the newest, and to look for its place in millions of others is what costs.
        let newest = points.last().is_none_or(|(last, _)| *last <= at_ns);
        let after = if newest { points.len() } else { points.partition_point(|(at, _)| *at <= at_ns) };
        match points[..after].last_mut() {
            Some((at, last)) if *at == at_ns => *last = value,
            _ => points.insert(after, (at_ns, value)),
        }
    }
}
