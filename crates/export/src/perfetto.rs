//! A run as a trace for Perfetto: a file that ui.perfetto.dev and `trace_processor` open.
//!
//! The file has a process for the run, and below it a group of tracks for each kind of thing. Categories say what an event is,
//! so that a query finds it: `poll`, `ready`, `wait`, `branch` and `span` on tasks, `thread` on threads, `holder` on resources,
//! `log`, `end`, `preempted`, `moment`, `deadlock`, `state` and `run`. A wake by a task is a flow, from the poll that called the
//! waker to the stretch in which the woken task was ready. docs/exports.md has the whole list.
//!
//! The format is a sequence of protobuf messages: see [`proto`]. All texts are written as they are, since a length says where
//! they end.

mod beside;
mod file;
mod marks;
mod polls;
mod proto;
mod tasks;
mod things;
mod waits;

use engine::Ending;

use crate::Exported;
use file::{File, Id, Lane, Part, When};
use polls::Polls;
use proto::{ChildTracksOrdering, ProcessDescriptor, SiblingMergeBehavior, TrackDescriptor};

/// The groups of tracks.
const TASKS: Id = Id::Group(0);
const THREADS: Id = Id::Group(1);
const RESOURCES: Id = Id::Group(2);
const COUNTERS: Id = Id::Group(3);
const METRICS: Id = Id::Group(4);

/// The run as a file for Perfetto. A run that goes on, and slices that do not end, have no end in it.
pub fn perfetto(exported: &Exported<'_>) -> Vec<u8> {
    let trace = exported.trace;
    let mut file = File::new(exported.range_ns.clone(), trace.end_ns);
    let polls = Polls::new(trace);
    groups(&mut file, exported);
    run(&mut file, exported);
    tasks::add(&mut file, trace, &polls);
    beside::add(&mut file, trace, &polls);
    things::threads(&mut file, trace);
    things::resources(&mut file, trace, &polls);
    marks::log(&mut file, trace, &polls);
    marks::moments(&mut file, trace);
    marks::preemptions(&mut file, trace, &polls);
    marks::counters(&mut file, trace);
    marks::metrics(&mut file, trace);
    file.into_bytes()
}

/// What ran, by name.
fn title<'a>(exported: &'a Exported<'_>) -> &'a str {
    exported.program.map_or(exported.spec.scenario.id, |program| &program.name)
}

/// Adds the process and the groups. A viewer does not nest tracks below a process, so one track is between.
fn groups(file: &mut File, exported: &Exported<'_>) {
    let pid = exported.program.and_then(|program| i32::try_from(program.pid).ok()).filter(|pid| *pid > 0).unwrap_or(1);
    let process = ProcessDescriptor { pid: Some(pid), process_name: Some(title(exported).to_owned()) };
    let process = TrackDescriptor { uuid: Some(Id::Process.uuid()), process: Some(process), ..TrackDescriptor::default() };
    file.track(process);
    file.track(below(Id::Run, Id::Process, "run", 0));
    let all = [(TASKS, "tasks"), (THREADS, "threads"), (RESOURCES, "resources"), (COUNTERS, "counters"), (METRICS, "Tokio")];
    for (rank, (group, name)) in all.into_iter().enumerate() {
        file.track(below(group, Id::Run, name, rank));
    }
}

/// A track below another, at a place among those there.
fn below(id: Id, parent: Id, name: &str, rank: usize) -> TrackDescriptor {
    TrackDescriptor {
        uuid: Some(id.uuid()),
        parent_uuid: Some(parent.uuid()),
        name: Some(name.to_owned()),
        child_ordering: Some(ChildTracksOrdering::Explicit.into()),
        sibling_order_rank: Some(i32::try_from(rank).unwrap_or(i32::MAX)),
        sibling_merge_behavior: Some(SiblingMergeBehavior::None.into()),
        ..TrackDescriptor::default()
    }
}

/// A track of a group.
fn row(id: Id, group: Id, name: &str, rank: usize) -> TrackDescriptor {
    below(id, group, name, rank)
}

/// A track that is shown as one row with those of the same name below the same parent.
fn merged(id: Id, parent: Id, name: &str, rank: usize) -> TrackDescriptor {
    TrackDescriptor {
        sibling_merge_behavior: Some(SiblingMergeBehavior::BySiblingMergeKey.into()),
        sibling_merge_key: Some(name.to_owned()),
        ..below(id, parent, name, rank)
    }
}

/// Adds the run as a slice, with what repeats it, and how it ended.
fn run(file: &mut File, exported: &Exported<'_>) {
    let spec = exported.spec;
    let mut what = file.what("run", title(exported));
    what.notes.push(file.text("clock", spec.clock.name()));
    if let Some(program) = exported.program {
        what.notes.push(file.text("command", &program.args.join(" ")));
    } else {
        let set: Vec<(&str, String)> = spec.values.iter().map(|(param, value)| (param.name, value.to_string())).collect();
        let set: Vec<_> = set.iter().map(|(name, value)| file.text(name, value)).collect();
        what.notes.extend((!set.is_empty()).then(|| file.dict("params", set)));
        what.notes.push(file.number("seed", spec.seed));
        what.notes.push(file.text("schedule", &spec.schedule.to_string()));
        what.notes.push(file.number("workers", spec.workers as u64));
    }
    what.notes.push(file.text("detail", spec.detail.name()));
    let end = exported.report.map(|_| When::new(exported.trace.end_ns, u64::MAX, Part::End));
    Lane::new(Id::Run.uuid()).slice(file, When::time(exported.trace.since_ns), end, what);
    if let Some(report) = exported.report {
        let what = file.what("run", ending(&report.ending));
        file.instant(Id::Run.uuid(), When::new(report.elapsed_ns, u64::MAX, Part::Within), what);
    }
}

/// How a run ended, in a word.
fn ending(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished(_) => "finished",
        Ending::Failed(_) => "failed",
        Ending::Panicked(_) => "panicked",
        Ending::Stalled => "stalled",
        Ending::Limit => "limit",
        Ending::Stopped => "stopped",
        Ending::Abandoned => "abandoned",
        Ending::CutOff => "cut off",
        Ending::Exited => "exited",
        Ending::Lost(_) => "lost",
    }
}
