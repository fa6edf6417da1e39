//! Traces for Perfetto: they have what the run has.

use std::collections::BTreeSet;

use ::trace::{End, State, TaskIx, Trace, Waker};

use super::read::{Read, Slice, definitions, read};
use super::{Made, all};

/// The counts of a file and of its trace must be equal. Those of the trace do not come from what the file is made of, where the
/// trace knows them in another way.
fn counted(read: &Read, trace: &Trace, id: &str) {
    let slices = |category| read.of(category).count();
    let tasks = || (0..).zip(&trace.tasks);
    let polls: u64 = trace.tasks.iter().map(|task| task.polls).sum();
    assert_eq!(slices("poll") as u64, polls, "{id}: polls");
    assert_eq!(trace.polls_by(u64::MAX), polls, "{id}: polls");
    let on_threads: usize =
        (0..trace.threads.len() as u16).filter_map(|ix| trace.polls_on(ix)).map(|on| on.begun_by(u64::MAX)).sum();
    assert_eq!(slices("thread"), on_threads, "{id}: polls on threads");
    assert_eq!(slices("wait"), tasks().map(|(ix, _)| trace.waits_of(ix).count()).sum::<usize>(), "{id}: waits");
    let ready = |state: &State| matches!(state, State::Ready);
    let stretches = trace.tasks.iter().flat_map(|task| &task.segments).filter(|segment| ready(&segment.state)).count();
    assert_eq!(slices("ready"), stretches, "{id}: ready");
    assert_eq!(slices("span"), trace.tasks.iter().map(|task| task.spans.len()).sum::<usize>(), "{id}: spans");
    let branches = |ix: TaskIx| (0..trace.branch_lanes(ix)).map(|lane| trace.branches(ix, lane).len()).sum::<usize>();
    assert_eq!(slices("branch"), tasks().map(|(ix, _)| branches(ix)).sum::<usize>(), "{id}: branches");
    assert_eq!(slices("state"), trace.words.iter().map(|words| words.points.len()).sum::<usize>(), "{id}: states");
    assert_eq!(read.instants_of("log"), trace.log.len(), "{id}: log");
    assert_eq!(read.instants_of("preempted"), trace.preemptions().len(), "{id}: preemptions");
    let ended = trace.tasks.iter().filter(|task| task.ended.is_some_and(|end| end.how != End::Dropped)).count();
    assert_eq!(read.instants_of("end"), ended, "{id}: ends");
    let moments = trace.moments.iter().filter(|moment| moment.at_ns <= trace.end_ns).count();
    assert_eq!(read.instants_of("moment"), moments, "{id}: moments");
    let named: Vec<f64> = trace.counters.iter().flat_map(|counter| &counter.points).map(|(_, value)| *value).collect();
    let values = read.values.iter().filter(|(track, ..)| read.row(*track).0 == "counters").count();
    assert_eq!(values, named.len(), "{id}: values of counters");
}

/// Each state of a task has its slice: when it began, when it ended, and what it was.
fn stretches_of_tasks(read: &Read, trace: &Trace, id: &str) {
    let mut of: Vec<Vec<&Slice>> = trace.tasks.iter().map(|_| Vec::new()).collect();
    for slice in ["poll", "ready", "wait"].iter().flat_map(|category| read.of(category)) {
        of[read.index(slice.track, "tasks")].push(slice);
    }
    for (task, slices) in trace.tasks.iter().zip(&mut of) {
        slices.sort_by_key(|slice| slice.place);
        for (place, (slice, segment)) in slices.iter().zip(&task.segments).enumerate() {
            let category = match segment.state {
                State::Running(_) => "poll",
                State::Ready => "ready",
                State::Waiting(_) => "wait",
            };
            let ended = task.ended.filter(|end| end.how != End::Dropped).map(|end| end.at_ns);
            let end = task.segments.get(place + 1).map(|next| next.start_ns).or(ended);
            let expected = (category, segment.start_ns, end, 0);
            let found = (&*slice.category, slice.from_ns, slice.to_ns, slice.depth);
            assert_eq!(found, expected, "{id}: {}, segment {place}", task.name);
        }
        assert_eq!(slices.len(), task.segments.len(), "{id}: {}", task.name);
    }
}

/// Each wake by a task that made a task ready is a flow: from a poll of the one at that time to the other's ready stretch.
fn wakes(read: &Read, trace: &Trace, id: &str) {
    let mut begun: Vec<(u64, &Slice)> = Vec::new();
    for slice in &read.slices {
        begun.extend(slice.flows.iter().map(|flow| (*flow, slice)));
    }
    begun.sort_by_key(|(flow, _)| *flow);
    let mut found: Vec<(usize, usize, u64)> = Vec::new();
    for woken in read.slices.iter().filter(|slice| !slice.ends.is_empty()) {
        let place = begun.binary_search_by_key(&woken.ends[0], |(flow, _)| *flow).expect("a flow that ends has begun");
        let waker = begun[place].1;
        assert!(waker.place < woken.place, "{id}: a flow begins before it ends");
        assert_eq!((&*waker.category, &*woken.category, woken.ends.len()), ("poll", "ready", 1), "{id}");
        assert!(waker.from_ns <= woken.from_ns, "{id}");
        found.push((read.index(waker.track, "tasks"), read.index(woken.track, "tasks"), woken.from_ns));
    }
    assert_eq!(found.len(), begun.len(), "{id}: each flow has two ends");
    let mut expected = Vec::new();
    for (ix, task) in trace.tasks.iter().enumerate() {
        // All but the first are because of a wake; one that comes in the last poll of a task has no effect.
        let ready: Vec<_> = task.segments.iter().skip(1).filter(|segment| segment.state == State::Ready).collect();
        assert!(
            ready.len() == task.wakes.len() || ready.len() + 1 == task.wakes.len() && task.ended.is_some(),
            "{id}: {}",
            task.name
        );
        for (segment, wake) in ready.iter().zip(&task.wakes) {
            if let Waker::Task(by) = wake.by {
                expected.push((by as usize, ix, segment.start_ns));
            }
        }
    }
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "{id}: wakes");
}

/// At each time at which something about a resource changes, the file and the trace have the same holders and numbers.
fn holders(read: &Read, trace: &Trace, id: &str) {
    let resource_of = |track: u64| {
        let of = &read.tracks[&track];
        if read.tracks[&of.parent].name == "resources" { of.rank as usize } else { read.tracks[&of.parent].rank as usize }
    };
    let mut held: Vec<Vec<&Slice>> = trace.resources.iter().map(|_| Vec::new()).collect();
    read.of("holder").for_each(|slice| held[resource_of(slice.track)].push(slice));
    for (ix, (resource, held)) in trace.resources.iter().zip(&held).enumerate() {
        let times: BTreeSet<u64> = held.iter().flat_map(|slice| [Some(slice.from_ns), slice.to_ns]).flatten().collect();
        for at_ns in times {
            let is_held = |slice: &&&Slice| slice.from_ns <= at_ns && slice.to_ns.is_none_or(|to_ns| at_ns < to_ns);
            let found: BTreeSet<&str> = held.iter().filter(is_held).map(|slice| &*slice.name).collect();
            let holders = resource.at(at_ns).holders;
            let name = |holder: &::trace::Holder| {
                let unknown = if holder.inferred { "unknown" } else { "outside all tasks" };
                holder.task.map_or(unknown, |task| &trace.tasks[task as usize].name)
            };
            assert_eq!(found, holders.iter().map(name).collect(), "{id}: holders of resource {ix} at {at_ns}");
        }
    }
    // A guard that a task had is a slice, and so are the two parts of one that moved.
    let of_tasks: usize = (0..trace.tasks.len() as TaskIx).map(|task| trace.held(task, 0, u64::MAX).len()).sum();
    let named = |slice: &&Slice| slice.name != "unknown" && slice.name != "outside all tasks";
    let is_lock = |slice: &&Slice| trace.resources[resource_of(slice.track)].kind != ::trace::ResourceKind::Channel;
    assert_eq!(read.of("holder").filter(named).filter(is_lock).count(), of_tasks, "{id}: holders");
    for (track, at_ns, value) in read.values.iter().filter(|(track, ..)| {
        let parent = &read.tracks[&read.tracks[track].parent];
        parent.parent != 0 && read.tracks[&parent.parent].name == "resources"
    }) {
        let now = trace.resources[resource_of(*track)].at(*at_ns);
        match &*read.tracks[track].name {
            "waiting" => assert_eq!(*value, f64::from(now.waiting), "{id}: waiting at {at_ns}"),
            "free" => assert_eq!(Some(*value), now.free.map(f64::from), "{id}: free at {at_ns}"),
            "held" if !now.inferred => {
                assert_eq!(
                    *value,
                    now.holders.iter().map(|holder| f64::from(holder.permits)).sum::<f64>(),
                    "{id}: held at {at_ns}"
                );
            }
            "held" => {}
            other => panic!("{id}: a counter {other}"),
        }
    }
}

#[test]
fn the_trace_of_every_scenario_has_what_the_run_has() {
    let definitions = definitions();
    for made in all() {
        let Made { spec, trace, .. } = &made;
        let read = read(&definitions, &export::perfetto(&made.exported()));
        let id = spec.scenario.id;
        counted(&read, trace, id);
        stretches_of_tasks(&read, trace, id);
        wakes(&read, trace, id);
        holders(&read, trace, id);
    }
}
