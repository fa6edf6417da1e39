//! The tracks of tasks: polls, stretches ready, waits, and how each task ended.

use std::collections::HashMap;

use trace::{End, Happening, State, Task, TaskIx, Trace, Wake, Waker};

use super::file::{File, Id, Lane, Part, What, When};
use super::polls::Polls;
use super::proto::{DebugAnnotation, TrackDescriptor};
use super::waits;
use super::{TASKS, row};

/// The flows that begin in each poll, by its number.
pub(super) type Flows = HashMap<u64, Vec<u64>>;

/// Adds the track of every task.
pub(super) fn add(file: &mut File, trace: &Trace, polls: &Polls<'_>) {
    let stretches: Vec<Vec<Stretch>> = (0..).zip(&trace.tasks).map(|(ix, task)| stretches(polls, ix, task)).collect();
    let mut flows = Flows::new();
    // A flow begins in a poll whose packet may already be written when its end is, so all flows are found first.
    let mut flow = |stretch: &Stretch| {
        let by = stretch.by?;
        let flow = file.flow(stretch.from.at_ns)?;
        flows.entry(by).or_default().push(flow);
        Some(flow)
    };
    let ends: Vec<Vec<Option<u64>>> = stretches.iter().map(|of| of.iter().map(&mut flow).collect()).collect();
    for ((ix, task), (stretches, ends)) in (0..).zip(&trace.tasks).zip(stretches.iter().zip(ends)) {
        describe(file, trace, ix, task);
        let mut lane = Lane::new(Id::Task(ix).uuid());
        for ((place, stretch), flow) in stretches.iter().enumerate().zip(ends) {
            let until = stretches.get(place + 1).map(|next| next.from).or(end_of(task, stretch));
            let what = what(file, trace, (ix, task), (place, stretch), &mut flows);
            lane.slice(file, stretch.from, until, What { ends_flow: flow, ..what });
        }
        ended(file, ix, task, stretches.last().map_or(0, |last| last.poll));
    }
}

/// One segment of a task.
#[derive(Debug)]
struct Stretch {
    from: When,
    /// The task's own last poll, which this may be.
    poll: u64,
    /// What made the task ready.
    wake: Option<Wake>,
    /// The poll of a task that did.
    by: Option<u64>,
}

/// Finds for each segment of a task when it began, in the order of the run.
fn stretches(polls: &Polls<'_>, ix: TaskIx, task: &Task) -> Vec<Stretch> {
    let mut wakes = (0..).zip(task.wakes.iter().copied()).peekable();
    let (mut poll, mut polled) = (0, 0);
    let mut stretches = Vec::with_capacity(task.segments.len());
    for (place, segment) in task.segments.iter().enumerate() {
        let at_ns = segment.start_ns;
        let stretch = match segment.state {
            State::Running(_) => {
                poll = polls.number(ix, polled);
                polled += 1;
                Stretch { from: When::new(at_ns, poll, Part::Begin), poll, wake: None, by: None }
            }
            State::Waiting(_) => Stretch { from: When::new(at_ns, poll, Part::End), poll, wake: None, by: None },
            State::Ready if place == 0 => {
                let by = task.parent.map_or(0, |parent| polls.of(Happening::Spawn(ix), parent, at_ns, 0));
                Stretch { from: When::new(at_ns, by, Part::Within), poll, wake: None, by: None }
            }
            State::Ready => {
                // Each wake that is kept made the task ready once, in this order.
                let (number, wake) = wakes.next_if(|(_, wake)| wake.at_ns <= at_ns).unzip();
                let by = wake.and_then(|wake| waker_poll(polls, wake, Happening::Wake(ix, number?), poll));
                Stretch { from: When::new(at_ns, by.unwrap_or(0), Part::Within), poll, wake, by }
            }
        };
        stretches.push(stretch);
    }
    stretches
}

/// The poll in which a task woke another.
fn waker_poll(polls: &Polls<'_>, wake: Wake, happening: Happening, later_than: u64) -> Option<u64> {
    let Waker::Task(by) = wake.by else { return None };
    Some(polls.of(happening, by, wake.at_ns, later_than)).filter(|poll| *poll > 0)
}

/// When the last segment of a task ends: with the task.
fn end_of(task: &Task, last: &Stretch) -> Option<When> {
    let ended = task.ended.filter(|ended| ended.how != End::Dropped)?;
    Some(When::new(ended.at_ns, last.poll, Part::End))
}

/// The slice of a segment.
fn what(
    file: &mut File,
    trace: &Trace,
    (ix, task): (TaskIx, &Task),
    (place, stretch): (usize, &Stretch),
    flows: &mut Flows,
) -> What {
    match task.segments[place].state {
        State::Running(thread) => {
            let mut what = file.what("poll", "poll");
            what.notes.push(file.number("poll", stretch.poll));
            what.notes.push(file.text("thread", &trace.thread_name(thread)));
            what.flows = flows.remove(&stretch.poll).unwrap_or_default();
            what
        }
        State::Ready => {
            let mut what = file.what("ready", "ready");
            if place == 0 {
                let spawned = task.parent.map(|parent| file.text("spawned by", &trace.tasks[parent as usize].name));
                what.notes.extend(spawned);
            }
            what.notes.extend(woken_by(file, trace, stretch.wake));
            what
        }
        State::Waiting(cause) => waits::what(file, trace, ix, place, cause),
    }
}

/// What called the task's waker.
pub(super) fn woken_by(file: &mut File, trace: &Trace, wake: Option<Wake>) -> Option<DebugAnnotation> {
    let by = match wake?.by {
        Waker::Task(task) => &trace.tasks.get(task as usize)?.name,
        Waker::Timer => "a timer",
        Waker::Io => "the IO driver",
        Waker::Blocking => "a blocking thread",
        Waker::Scheduler => "the scheduler",
        Waker::Budget => "the scheduler, after its budget",
        Waker::Schedule => "the scheduler, after the schedule cut its poll",
        Waker::Outside => "code outside all tasks",
        Waker::Unknown => "unknown",
    };
    Some(file.text("woken by", by))
}

/// Describes the track of a task.
fn describe(file: &mut File, trace: &Trace, ix: TaskIx, task: &Task) {
    let spawned = task.spawned_at.as_ref().map(|at| format!("spawned at {at}"));
    let parent = task.parent.and_then(|parent| trace.tasks.get(parent as usize)).map(|parent| format!("by {}", parent.name));
    let size = (task.bytes > 0).then(|| format!("{} bytes", task.bytes));
    let description: Vec<String> = [spawned, parent, size].into_iter().flatten().collect();
    let description = Some(description.join(", ")).filter(|text| !text.is_empty());
    file.track(TrackDescriptor { description, ..row(Id::Task(ix), TASKS, &task.name, ix as usize) });
}

/// Adds how a task ended.
fn ended(file: &mut File, ix: TaskIx, task: &Task, poll: u64) {
    let Some(ended) = task.ended else { return };
    let name = match ended.how {
        End::Completed => "completed",
        End::Failed => "failed",
        End::Cancelled => "cancelled",
        End::Panicked => "panicked",
        End::Unknown => "ended",
        // It was alive when the recording stopped.
        End::Dropped => return,
    };
    let mut what = file.what("end", name);
    what.notes.extend(task.panic.as_ref().map(|message| file.text("panic", message)));
    if ended.inferred {
        what.notes.push(file.holds("inferred"));
    }
    file.instant(Id::Task(ix).uuid(), When::new(ended.at_ns, poll, Part::End), what);
}
