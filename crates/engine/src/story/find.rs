//! Finds a moment of a story in a trace.

use scenario::story::{For, How, Nth, When};
use trace::{Cause, End, State, Task, TaskIx, Trace, WaitView};

use crate::{Ending, Report};

/// A moment that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// When it is, in nanoseconds since the run began.
    pub(crate) at_ns: u64,
    /// The task that it is about.
    pub(crate) task: Option<TaskIx>,
    /// When the wait or the poll that it is about began and ended.
    pub(crate) span: Option<(u64, u64)>,
    /// The place of the event that it is about, in the log.
    pub(crate) line: Option<usize>,
}

impl Found {
    pub(crate) fn at(at_ns: u64, task: Option<TaskIx>) -> Self {
        Self { at_ns, task, span: None, line: None }
    }
}

/// Finds the moment, if it has occurred.
pub(crate) fn find(trace: &Trace, report: Option<&Report>, when: When) -> Option<Found> {
    match when {
        When::Spawn(nth, name) => pick(nth, named(trace, name).map(|(ix, task)| Found::at(task.spawned_ns, Some(ix)))),
        When::Wait(nth, name, what) => pick(nth, waits(trace, name, what).map(|wait| Found { at_ns: start(&wait), ..wait })),
        When::Resume(nth, name, what) => {
            let ended = views(trace, name, what).filter(|(_, wait)| wait.wake.is_some());
            pick(nth, ended.map(|(task, wait)| waiting(trace, task, &wait)).map(|wait| Found { at_ns: end(&wait), ..wait }))
        }
        When::LongestWait(name, what) => {
            let longest = waits(trace, name, what)
                .max_by_key(|wait| (end(wait) - start(wait), std::cmp::Reverse((start(wait), wait.task))));
            longest.map(|wait| Found { at_ns: start(&wait), ..wait })
        }
        When::Crowd(what) => crowd(trace, what),
        When::LongestPoll(name) => longest_poll(trace, name),
        When::End(nth, name, how) => {
            let ends = named(trace, name).filter_map(|(ix, task)| {
                let ended = task.ended.filter(|ended| is_so(ended.how, how))?;
                Some(Found { span: Some((task.spawned_ns, ended.at_ns)), ..Found::at(ended.at_ns, Some(ix)) })
            });
            pick(nth, ends)
        }
        When::Log(nth, text) => {
            let lines = trace.log.iter().enumerate().filter(|(_, line)| line.message.starts_with(text));
            pick(nth, lines.map(|(at, line)| Found { line: Some(at), ..Found::at(line.at_ns, line.task) }))
        }
        When::Highest(name) => highest(trace, name),
        When::Becomes(nth, name, word) => {
            let words = trace.words.iter().find(|words| words.name == name)?;
            let points = words.points.iter().filter(|(_, is)| **is == *word);
            pick(nth, points.map(|(at_ns, _)| Found::at(*at_ns, None)))
        }
        When::Stall => {
            let stall = report?.stall(trace)?;
            // The last of the tasks that began to wait completed it.
            let since = |task: TaskIx| trace.wait_at(task, trace.end_ns).map(|wait| (wait.start_ns, task));
            let last = stall.tasks.iter().filter_map(|task| since(task.task)).max_by_key(|(since_ns, _)| *since_ns);
            let (at_ns, task) = last?;
            Some(Found::at(trace.deadlocks.first().map_or(at_ns, |(closed_ns, _)| *closed_ns), Some(task)))
        }
        When::Over => {
            let report = report.filter(|report| !matches!(report.ending, Ending::Stalled | Ending::Abandoned))?;
            Some(Found::at(report.elapsed_ns, None))
        }
        When::OverOrStall => find(trace, report, When::Stall).or_else(|| find(trace, report, When::Over)),
    }
}

/// The tasks whose names begin with these words, in spawn order.
pub(crate) fn named<'a>(trace: &'a Trace, name: &'a str) -> impl Iterator<Item = (TaskIx, &'a Task)> {
    let is_it = move |task: &Task| task.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    (0..).zip(&trace.tasks).filter(move |(_, task)| name.is_empty() || is_it(task))
}

/// Picks one of several moments, which are put in order of time; at the same time, in the order given.
fn pick(nth: Nth, moments: impl Iterator<Item = Found>) -> Option<Found> {
    match nth {
        Nth::First => moments.min_by_key(|found| found.at_ns),
        Nth::Last => moments.max_by_key(|found| found.at_ns),
        Nth::Number(number) => {
            let mut all: Vec<Found> = moments.collect();
            all.sort_by_key(|found| found.at_ns);
            all.get(number.checked_sub(1)?).copied()
        }
    }
}

/// The waits for something of tasks with a name.
fn views<'a>(trace: &'a Trace, name: &'a str, what: For) -> impl Iterator<Item = (TaskIx, WaitView<'a>)> {
    named(trace, name)
        .flat_map(move |(ix, _)| trace.waits_of(ix).map(move |wait| (ix, wait)))
        .filter(move |(_, wait)| is_for(trace, wait, what))
}

/// The moments at which these waits began.
fn waits<'a>(trace: &'a Trace, name: &'a str, what: For) -> impl Iterator<Item = Found> + 'a {
    views(trace, name, what).map(|(task, wait)| waiting(trace, task, &wait))
}

/// The moment at which a wait began. A wait that lasts is cut off at the end of the trace.
fn waiting(trace: &Trace, task: TaskIx, wait: &WaitView<'_>) -> Found {
    let ended = trace.tasks[task as usize].ended.map(|ended| ended.at_ns);
    let end_ns = wait.end_ns.or(ended).unwrap_or(trace.end_ns);
    Found { span: Some((wait.start_ns, end_ns)), ..Found::at(wait.start_ns, Some(task)) }
}

/// The wait that a moment is about. A time alone does not say which: on the virtual clock several waits of a task can begin at the
/// same time.
pub(crate) fn wait_of<'a>(trace: &'a Trace, found: &Found) -> Option<WaitView<'a>> {
    let (task, span) = (found.task?, found.span?);
    trace.waits_of(task).find(|wait| waiting(trace, task, wait).span == Some(span))
}

fn start(wait: &Found) -> u64 {
    wait.span.map_or(wait.at_ns, |(start_ns, _)| start_ns)
}

fn end(wait: &Found) -> u64 {
    wait.span.map_or(wait.at_ns, |(_, end_ns)| end_ns)
}

/// Whether a wait is for this, on one of its leaves at least.
fn is_for(trace: &Trace, wait: &WaitView<'_>, what: For) -> bool {
    what == For::Anything || wait.leaves.iter().any(|leaf| matches(trace.site(leaf.site).cause, what))
}

/// Whether a cause is of this kind.
pub(crate) fn matches(cause: Cause, what: For) -> bool {
    match what {
        For::Anything => true,
        For::Time => cause == Cause::Time,
        For::Permit => cause == Cause::Semaphore,
        For::Lock => matches!(cause, Cause::Mutex | Cause::RwLock),
        For::Room => cause == Cause::MpscSend,
        For::Message => matches!(cause, Cause::MpscRecv | Cause::Oneshot | Cause::Watch | Cause::Broadcast),
        For::Signal => matches!(cause, Cause::Notify | Cause::Barrier),
        For::Join => cause == Cause::Join,
        For::Io => cause == Cause::Io,
        For::Blocking => cause == Cause::Blocking,
        For::Turn => matches!(cause, Cause::Yield | Cause::Budget),
    }
}

fn is_so(end: End, how: How) -> bool {
    match how {
        How::Somehow => end != End::Dropped,
        How::Well => end == End::Completed,
        How::Failed => end == End::Failed,
        How::Cancelled => end == End::Cancelled,
        How::Panicked => end == End::Panicked,
    }
}

/// The first moment at which most tasks wait for this, and the task that began to wait then.
fn crowd(trace: &Trace, what: For) -> Option<Found> {
    let all: Vec<Found> = waits(trace, "", what).filter(|wait| end(wait) > start(wait)).collect();
    let mut changes: Vec<(u64, i64, usize)> =
        all.iter().enumerate().flat_map(|(at, wait)| [(start(wait), 1, at), (end(wait), -1, at)]).collect();
    // Everything at one time has happened at that time, so the number counts after the last change.
    changes.sort_unstable();
    let (mut now, mut most, mut found) = (0, 0, None);
    for same in changes.chunk_by(|a, b| a.0 == b.0) {
        now += same.iter().map(|(_, change, _)| change).sum::<i64>();
        if now > most {
            most = now;
            found = same.iter().rfind(|(_, change, _)| *change > 0).map(|(at_ns, _, at)| Found { at_ns: *at_ns, ..all[*at] });
        }
    }
    found
}

fn longest_poll(trace: &Trace, name: &str) -> Option<Found> {
    let polls = named(trace, name).flat_map(|(ix, task)| {
        let ends =
            task.segments.iter().skip(1).map(|next| next.start_ns).chain([task.ended.map_or(trace.end_ns, |end| end.at_ns)]);
        let polls = task.segments.iter().zip(ends).filter(|(segment, _)| matches!(segment.state, State::Running(_)));
        polls.map(move |(segment, end_ns)| Found {
            span: Some((segment.start_ns, end_ns)),
            ..Found::at(segment.start_ns, Some(ix))
        })
    });
    polls.max_by_key(|poll| (end(poll) - start(poll), std::cmp::Reverse(start(poll))))
}

fn highest(trace: &Trace, name: &str) -> Option<Found> {
    let counter = trace.counters.iter().find(|counter| counter.name == name)?;
    let most = counter.points.iter().map(|(_, value)| *value).max_by(f64::total_cmp)?;
    let (at_ns, _) = counter.points.iter().find(|(_, value)| *value >= most)?;
    let line = trace.log.iter().find(|line| line.at_ns == *at_ns && line.task.is_some());
    Some(Found::at(*at_ns, line.and_then(|line| line.task)))
}
