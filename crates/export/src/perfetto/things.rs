//! The tracks of threads and of resources.

use trace::{Resource, ResourceIx, Tenure, Trace};

use super::file::{File, Id, Lane, Part, What, When};
use super::polls::Polls;
use super::proto::{CounterDescriptor, TrackDescriptor};
use super::{RESOURCES, THREADS, below, merged, row};

/// Adds the track of every thread that polls: its polls, by the names of the tasks.
pub(super) fn threads(file: &mut File, trace: &Trace) {
    for (rank, thread) in trace.polling_threads().enumerate() {
        let id = Id::Thread(thread.into());
        file.track(row(id, THREADS, &trace.thread_name(thread), rank));
        let Some(polls) = trace.polls_on(thread) else { continue };
        let mut lane = Lane::new(id.uuid());
        for place in 0.. {
            let (Some(poll), Some(number)) = (polls.get(place), polls.number(place)) else { break };
            let name = trace.tasks.get(poll.task as usize).map_or("", |task| &task.name);
            let mut what = file.what("thread", name);
            what.notes.push(file.number("poll", number + 1));
            let until = poll.end_ns.map(|end_ns| When::new(end_ns, number + 1, Part::End));
            lane.slice(file, When::new(poll.start_ns, number + 1, Part::Begin), until, what);
        }
    }
}

/// Adds the track of every resource: its holders, and how many permits are held and free, and how many tasks wait.
pub(super) fn resources(file: &mut File, trace: &Trace, polls: &Polls<'_>) {
    for (ix, resource) in (0..).zip(&trace.resources) {
        let made_at = resource.made_at.and_then(|site| trace.site(site).place.as_ref());
        let description = made_at.map(|place| format!("created at {place}"));
        file.track(TrackDescriptor { description, ..row(Id::Resource(ix), RESOURCES, &trace.resource_name(ix), ix as usize) });
        holders(file, trace, polls, ix, &resource.tenures());
        levels(file, ix, resource);
    }
}

/// Adds the holders: the first on the track itself, and those at the same time on tracks below it.
fn holders(file: &mut File, trace: &Trace, polls: &Polls<'_>, resource: ResourceIx, tenures: &[Tenure]) {
    let mut lanes: Vec<(Lane, u64)> = Vec::new();
    for tenure in tenures {
        let what = holder(file, trace, tenure);
        let during = |at_ns: u64| tenure.task.map_or(0, |task| polls.during(task, at_ns, 0));
        let from = When::new(tenure.from_ns, during(tenure.from_ns), Part::Within);
        let until = tenure.to_ns.map(|to_ns| When::new(to_ns, during(to_ns), Part::Within));
        let free = lanes.iter().position(|(_, busy_ns)| *busy_ns <= tenure.from_ns).unwrap_or(lanes.len());
        if free == lanes.len() {
            let id = if free == 0 { Id::Resource(resource) } else { Id::Holders(resource, free as u32) };
            if free > 0 {
                file.track(merged(id, Id::Resource(resource), "more holders", 0));
            }
            lanes.push((Lane::new(id.uuid()), 0));
        }
        let (lane, busy_ns) = &mut lanes[free];
        *busy_ns = tenure.to_ns.unwrap_or(u64::MAX);
        lane.slice(file, from, until, what);
    }
}

fn holder(file: &mut File, trace: &Trace, tenure: &Tenure) -> What {
    let task = tenure.task.and_then(|task| trace.tasks.get(task as usize));
    let nobody = if tenure.inferred { "unknown" } else { "outside all tasks" };
    let mut what = file.what("holder", task.map_or(nobody, |task| &task.name));
    what.notes.push(file.number("permits", tenure.permits.into()));
    let place = tenure.site.and_then(|site| trace.site(site).place.as_ref());
    what.notes.extend(place.map(|place| file.text("taken at", &place.to_string())));
    what.notes.extend(tenure.exclusive.then(|| file.holds("exclusive")));
    what.notes.extend(tenure.inferred.then(|| file.holds("inferred")));
    what
}

/// Adds the numbers of a resource over time.
fn levels(file: &mut File, ix: ResourceIx, resource: &Resource) {
    let levels = resource.levels();
    let mut add = |number: u32, name: &str, unit: &str, points: Vec<(u64, f64)>| {
        if points.is_empty() {
            return;
        }
        let id = Id::Level(ix, number);
        let counter = Some(CounterDescriptor { unit_name: Some(unit.to_owned()) });
        file.track(TrackDescriptor { counter, ..below(id, Id::Resource(ix), name, number as usize + 1) });
        file.counter(id.uuid(), points);
    };
    add(0, "held", "permits", levels.iter().map(|level| (level.at_ns, level.held.into())).collect());
    add(1, "waiting", "tasks", levels.iter().map(|level| (level.at_ns, level.waiting.into())).collect());
    add(2, "free", "permits", levels.iter().filter_map(|level| Some((level.at_ns, level.free?.into()))).collect());
}
