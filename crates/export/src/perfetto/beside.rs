//! What runs beside the states of a task, on tracks below its own: spans, and branches of a `select!` or `join!`.
//!
//! A span begins in the middle of one poll and ends in the middle of another, so it is never within a slice of its task and never
//! around one. Spans of one task may overlap without nesting too. Those that nest share a track; each further track has the
//! others, and a viewer shows all of them as one row.

use trace::{End, SpanLabel, TaskIx, Trace};

use super::file::{File, Id, Lane, Part, When};
use super::polls::Polls;
use super::waits;
use super::{below, merged};

/// Adds the spans and branches of every task.
pub(super) fn add(file: &mut File, trace: &Trace, polls: &Polls<'_>) {
    for (ix, task) in (0..).zip(&trace.tasks) {
        spans(file, polls, ix, &task.spans);
        for (rank, lane) in (0..).zip(trace.branch_order(ix)) {
            branches(file, trace, ix, lane, rank);
        }
    }
}

/// A track with spans that nest.
struct Nest<'a> {
    lane: Lane,
    /// The spans that are open, from the outermost in.
    open: Vec<&'a SpanLabel>,
}

impl<'a> Nest<'a> {
    /// Ends all spans that are over by a time.
    fn over(&mut self, file: &mut File, ends: impl Fn(&SpanLabel) -> Option<When>, by_ns: u64) {
        while let Some(last) = self.open.last().filter(|open| end(open) <= by_ns) {
            self.lane.end(file, ends(last));
            self.open.pop();
        }
    }

    /// Whether a span that begins now is within those that are open.
    fn fits(&self, span: &SpanLabel) -> bool {
        self.open.iter().rev().find(|open| end(open) > span.start_ns).is_none_or(|open| end(span) <= end(open))
    }

    fn begin(&mut self, file: &mut File, from: When, to: Option<When>, span: &'a SpanLabel) {
        let what = file.what("span", &span.label);
        if self.lane.begin(file, from, to, what) {
            self.open.push(span);
        }
    }
}

/// The end of a span; none is later than all others.
fn end(span: &SpanLabel) -> u64 {
    span.end_ns.unwrap_or(u64::MAX)
}

fn spans(file: &mut File, polls: &Polls<'_>, task: TaskIx, spans: &[SpanLabel]) {
    let mut sorted: Vec<&SpanLabel> = spans.iter().collect();
    sorted.sort_by_key(|span| (span.start_ns, std::cmp::Reverse(end(span))));
    let when = |at_ns: u64| When::new(at_ns, polls.during(task, at_ns, 0), Part::Within);
    let ends = |span: &SpanLabel| span.end_ns.map(when);
    let mut nests: Vec<Nest<'_>> = Vec::new();
    for span in sorted {
        for nest in &mut nests {
            nest.over(file, ends, span.start_ns);
        }
        let known = nests.iter().position(|nest| nest.fits(span)).unwrap_or(nests.len());
        if known == nests.len() {
            let id = Id::Spans(task, known as u32);
            file.track(merged(id, Id::Task(task), "spans", 0));
            nests.push(Nest { lane: Lane::new(id.uuid()), open: Vec::new() });
        }
        nests[known].begin(file, when(span.start_ns), ends(span), span);
    }
    for mut nest in nests {
        while let Some(last) = nest.open.pop() {
            nest.lane.end(file, ends(last));
        }
    }
}

fn branches(file: &mut File, trace: &Trace, task: TaskIx, lane: usize, rank: usize) {
    let branches = trace.branches(task, lane);
    let Some(first) = branches.first() else { return };
    let id = Id::Branch(task, lane as u32);
    let cause = trace.site(first.site).cause.name();
    file.track(below(id, Id::Task(task), &format!("branch: {}", trace.await_name(first.site).unwrap_or(cause)), rank + 1));
    let mut row = Lane::new(id.uuid());
    for branch in branches {
        let mut what = waits::branch(file, trace, task, branch);
        if let Some(end) = branch.end {
            let how = match end.how {
                End::Completed => "returned",
                End::Cancelled => "dropped",
                _ => "unknown",
            };
            what.notes.push(file.text("end", how));
            what.notes.extend(end.inferred.then(|| file.holds("end inferred")));
        }
        let until = branch.end.map(|end| When::new(end.at_ns, 0, Part::Within));
        row.slice(file, When::new(branch.start_ns, 0, Part::Within), until, what);
    }
}
