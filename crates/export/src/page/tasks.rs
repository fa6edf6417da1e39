//! The tasks of a run for the viewer: their states, and what they share.

use std::collections::HashMap;

use serde::Serialize;

use facts::event::LaneOf;
use trace::{Branch, Cause, End, Family, Leaf, SiteIx, State, Task, TaskIx, Trace, Waker};

/// The tasks, and the tables that their states refer to.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    sites: Vec<Site<'a>>,
    /// Sets of what is waited for: the site, the resource, and whether it is inferred. The first is drawn.
    waits: Vec<Vec<(u32, Option<u32>, bool)>>,
    tasks: Vec<TaskData<'a>>,
}

/// What is waited for, and where.
#[derive(Debug, Serialize)]
struct Site<'a> {
    cause: &'static str,
    /// The place of its family among all families.
    family: usize,
    place: Option<String>,
    /// The line, if the place is in the scenario's own source.
    line: Option<u32>,
    name: Option<&'a str>,
    /// Whether only the next turn is waited for: drawn as ready.
    turn: bool,
}

/// A task. What it does not have is left out: a page may have many tasks.
#[derive(Debug, Serialize)]
struct TaskData<'a> {
    name: &'a str,
    parent: Option<TaskIx>,
    depth: u32,
    spawned: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spawned_at: Option<String>,
    what: &'static str,
    bytes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    panic: Option<&'a str>,
    /// When, how, and whether that is inferred.
    end: Option<(u64, &'static str, bool)>,
    segments: Vec<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wakes: Vec<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<(u64, Option<u64>, u32, bool)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overdue: Vec<(u64, u64)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    marks: Vec<(u64, &'a str, &'static str)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<(u64, Option<u64>, &'a str)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    branches: Vec<Vec<BranchData>>,
}

#[derive(Debug, Serialize)]
struct BranchData {
    wait: (u32, Option<u32>),
    from: u64,
    granted: Option<u64>,
    to: Option<u64>,
    how: Option<&'static str>,
    inferred: bool,
}

/// Collects all tasks. `source` is the file whose lines the code panel shows.
pub(super) fn told<'a>(trace: &'a Trace, source: &str) -> Told<'a> {
    let mut sets = Sets::new(trace);
    let mut tasks: Vec<TaskData<'a>> = Vec::with_capacity(trace.tasks.len());
    for (ix, task) in (0..).zip(&trace.tasks) {
        let depth = task.parent.and_then(|parent| tasks.get(parent as usize)).map_or(0, |parent| parent.depth + 1);
        tasks.push(task_data(trace, ix, task, depth, source, &mut sets));
    }
    let known = (0..trace.sites()).map(|site| site_data(trace, site, source));
    let sites = known.chain(sets.bare.iter().map(|cause| bare(*cause))).collect();
    Told { sites, waits: sets.all, tasks }
}

fn site_data<'a>(trace: &'a Trace, site: SiteIx, source: &str) -> Site<'a> {
    let of = trace.site(site);
    let line = of.place.as_ref().filter(|place| !source.is_empty() && *place.file == *source).map(|place| place.line);
    Site { place: of.place.as_ref().map(ToString::to_string), line, name: trace.await_name(site), ..bare(of.cause) }
}

/// A cause without a place.
fn bare<'a>(cause: Cause) -> Site<'a> {
    let family = Family::of(cause) as usize;
    Site { cause: cause.name(), family, place: None, line: None, name: None, turn: cause.is_turn() }
}

/// The sets of what tasks wait for, each once.
struct Sets<'a> {
    trace: &'a Trace,
    all: Vec<Vec<(u32, Option<u32>, bool)>>,
    known: HashMap<(Cause, &'a [Leaf]), i64>,
    /// Causes of waits without a known leaf. They follow the trace's sites.
    bare: Vec<Cause>,
}

impl<'a> Sets<'a> {
    fn new(trace: &'a Trace) -> Self {
        Self { trace, all: Vec::new(), known: HashMap::new(), bare: Vec::new() }
    }

    /// The number of a set, from 1.
    fn number(&mut self, cause: Cause, leaves: &'a [Leaf]) -> i64 {
        if let Some(number) = self.known.get(&(cause, leaves)) {
            return *number;
        }
        let mut set: Vec<_> = leaves.iter().map(|leaf| (leaf.site, leaf.resource, leaf.inferred)).collect();
        // The one that is drawn comes first.
        set.sort_by_key(|(site, ..)| self.trace.site(*site).cause != cause);
        if set.is_empty() {
            let bare = self.bare.iter().position(|known| *known == cause).unwrap_or_else(|| {
                self.bare.push(cause);
                self.bare.len() - 1
            });
            set.push((self.trace.sites() + bare as u32, None, false));
        }
        self.all.push(set);
        let number = self.all.len() as i64;
        self.known.insert((cause, leaves), number);
        number
    }
}

fn task_data<'a>(trace: &'a Trace, ix: TaskIx, task: &'a Task, depth: u32, source: &str, sets: &mut Sets<'a>) -> TaskData<'a> {
    let spawned = task.spawned_at.as_ref();
    let here = spawned.filter(|line| !source.is_empty() && *line.file() == *source);
    TaskData {
        name: &task.name,
        parent: task.parent,
        depth,
        spawned: task.spawned_ns,
        line: here.map(facts::event::CallLine::line),
        spawned_at: spawned.map(ToString::to_string),
        what: what(task.of),
        bytes: task.bytes,
        panic: task.panic.as_deref(),
        end: task.ended.filter(|end| end.how != End::Dropped).map(|end| (end.at_ns, end.how.name(), end.inferred)),
        segments: segments(trace, ix, task, sets),
        wakes: wakes(task),
        held: held(trace, ix),
        overdue: task.overdue.iter().map(|late| (late.due_ns, late.woken_ns.min(trace.end_ns))).collect(),
        marks: marks(trace, task),
        spans: task.spans.iter().map(|span| (span.start_ns, span.end_ns, &*span.label)).collect(),
        branches: (0..trace.branch_lanes(ix)).map(|lane| trace.branches(ix, lane).iter().map(branch).collect()).collect(),
    }
}

const fn what(of: LaneOf) -> &'static str {
    match of {
        LaneOf::Task => "task",
        LaneOf::Local => "task of a LocalSet",
        LaneOf::Blocking => "blocking closure",
        LaneOf::Root => "block_on",
    }
}

/// The states: the time since the last change, and the state. 0 is ready, a positive number a set of waits from 1, and a
/// negative one a poll on a thread, from -1 downwards.
fn segments<'a>(trace: &'a Trace, ix: TaskIx, task: &'a Task, sets: &mut Sets<'a>) -> Vec<i64> {
    let mut waits = trace.waits_of(ix);
    let mut list = Vec::with_capacity(2 * task.segments.len());
    let mut before_ns = 0;
    for segment in &task.segments {
        let state = match segment.state {
            State::Ready => 0,
            State::Running(thread) => -1 - i64::from(thread),
            State::Waiting(cause) => sets.number(cause, waits.next().map_or(&[], |wait| wait.leaves)),
        };
        list.extend([(segment.start_ns - before_ns) as i64, state]);
        before_ns = segment.start_ns;
    }
    list
}

/// The wakes: the time since the last wake, and the task that woke, or a negative number for anything else.
fn wakes(task: &Task) -> Vec<i64> {
    let mut list = Vec::with_capacity(2 * task.wakes.len());
    let mut before_ns = 0;
    for wake in &task.wakes {
        let by = match wake.by {
            Waker::Task(by) => i64::from(by),
            Waker::Timer => -1,
            Waker::Io => -2,
            Waker::Blocking => -3,
            Waker::Scheduler => -4,
            Waker::Budget => -5,
            Waker::Schedule => -6,
            Waker::Outside => -7,
            Waker::Unknown => -8,
        };
        list.extend([(wake.at_ns - before_ns) as i64, by]);
        before_ns = wake.at_ns;
    }
    list
}

fn held(trace: &Trace, ix: TaskIx) -> Vec<(u64, Option<u64>, u32, bool)> {
    let held = trace.held(ix, 0, u64::MAX).into_iter().filter(|held| held.shown);
    held.map(|held| (held.from_ns, Some(held.to_ns).filter(|to| *to != u64::MAX), held.resource, held.inferred)).collect()
}

fn marks<'a>(trace: &'a Trace, task: &'a Task) -> Vec<(u64, &'a str, &'static str)> {
    let line = |mark: &trace::Mark| trace.log.get(mark.line as usize);
    let told = task
        .marks
        .iter()
        .filter_map(|mark| line(mark).and_then(|line| Some((line.at_ns, line.mark.as_deref()?, line.level.name()))));
    told.collect()
}

fn branch(branch: &Branch) -> BranchData {
    BranchData {
        wait: (branch.site, branch.resource),
        from: branch.start_ns,
        granted: branch.granted_ns,
        to: branch.end.map(|end| end.at_ns),
        how: branch.end.map(|end| end.how.name()),
        inferred: branch.end.is_some_and(|end| end.inferred),
    }
}
