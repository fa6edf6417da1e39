//! What the scenario itself reports: spans, log lines, counters and panics.
//!
//! Each belongs to the task in whose poll it was emitted. The task keeps it too, so
//! drawing a lane does not search the log.

use super::task::{Mark, SpanLabel, TaskIx};
use super::within::Happening;
use super::{Counter, LogLine, Moment, Trace, Words};
use facts::event::{Cues, Level, Log, Panic, SpanId, SpanOpen};

/// At most this many moments are kept.
const MOMENTS: usize = 256;

impl Trace {
    pub(super) fn open_span(&mut self, at_ns: u64, span: SpanOpen) -> bool {
        let Some(task) = self.known(span.task) else { return false };
        // A span id is reused only after its span is gone, so the end of the earlier span was lost.
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
        // An event with only counters has a track and needs no line in the log.
        let Cues { moment, moment_at_ms, mark, states } = log.cues;
        if !log.message.is_empty() || mark.is_some() || (log.counters.is_empty() && states.is_empty() && moment.is_none()) {
            let message = Some(log.message).filter(|message| !message.is_empty()).or_else(|| mark.clone()).unwrap_or_default();
            self.write_line(at_ns, task, log.level, message, mark.map(Into::into));
        }
        if let Some(word) = moment {
            let then_ns = moment_at_ms.map_or(at_ns, |at_ms| at_ms.saturating_mul(1_000_000));
            self.add_moment(Moment { at_ns: then_ns, known_ns: at_ns, word: word.into() });
        }
        for (name, word) in states {
            self.set_word(at_ns, name, word.into());
        }
        for (name, value) in log.counters {
            self.set_counter(at_ns, task, name, value);
        }
        true
    }

    pub(super) fn panicked(&mut self, at_ns: u64, panic: Panic) -> bool {
        let Some(task) = self.known(panic.task) else { return false };
        self.listen(at_ns, Some(task), &panic.message);
        self.write_line(at_ns, Some(task), Level::Error, format!("panicked at {}: {}", panic.place, panic.message), None);
        if self.tasks[task as usize].ended.is_none() {
            self.mark_panicked(task);
            self.tasks[task as usize].panic = Some(panic.message.into());
        }
        true
    }

    fn write_line(&mut self, at_ns: u64, task: Option<TaskIx>, level: Level, message: String, mark: Option<Box<str>>) {
        let before_ns = self.log.last().map_or(0, |before| before.at_ns);
        self.late += u64::from(at_ns < before_ns);
        let at_ns = at_ns.max(before_ns);
        if let Some(task) = task {
            self.happens_in(at_ns, task, Happening::Log(self.log.len() as u32));
            self.tasks[task as usize].marks.push(Mark { at_ns, line: self.log.len() as u32 });
        }
        self.log.push(LogLine { at_ns, task, level, message, mark });
    }

    fn add_moment(&mut self, moment: Moment) {
        if self.moments.len() < MOMENTS {
            let place = self.moments.partition_point(|known| known.at_ns <= moment.at_ns);
            self.moments.insert(place, moment);
        }
    }

    fn set_word(&mut self, at_ns: u64, name: &'static str, word: Box<str>) {
        let place = self.words.iter().position(|words| words.name == name).unwrap_or_else(|| {
            self.words.push(Words { name, points: Vec::new() });
            self.words.len() - 1
        });
        let points = &mut self.words[place].points;
        if points.last().is_some_and(|(_, last)| *last == word) {
            return;
        }
        let after = points.partition_point(|(at, _)| *at <= at_ns);
        points.insert(after, (at_ns, word));
    }

    /// Inserts a late value at its own time, so it does not override newer ones.
    fn set_counter(&mut self, at_ns: u64, task: Option<TaskIx>, name: &'static str, value: f64) {
        let place = *self.ingest.counters.entry(name).or_insert_with(|| {
            self.counters.push(Counter { name, points: Vec::new(), task });
            self.counters.len() - 1
        });
        let points = &mut self.counters[place].points;
        // Nearly every value is the newest. Searching millions of values for its position would be slow.
        let newest = points.last().is_none_or(|(last, _)| *last <= at_ns);
        let after = if newest { points.len() } else { points.partition_point(|(at, _)| *at <= at_ns) };
        match points[..after].last_mut() {
            Some((at, last)) if *at == at_ns => *last = value,
            _ => points.insert(after, (at_ns, value)),
        }
    }
}
