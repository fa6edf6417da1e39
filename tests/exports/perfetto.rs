//! Traces for Perfetto: they have what the run has.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ::engine::Spec;
use ::export::Exported;
use ::trace::{End, State, TaskIx, Trace, Waker};
use facts::event::What;
use prost_reflect::DescriptorPool;
use recording::{Fact, Reader};

use super::read::{Read, Slice, definitions, read};
use super::{Made, all, make, page};

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
}

/// At each time at which a counter of a resource has a value, or a task begins or ends a wait for it, the counter and the trace
/// have the same number.
fn levels(read: &Read, trace: &Trace, id: &str) {
    let mut times: Vec<BTreeSet<u64>> = trace.resources.iter().map(|_| BTreeSet::new()).collect();
    for wait in (0..trace.tasks.len() as TaskIx).flat_map(|task| trace.waits_of(task)) {
        for resource in wait.leaves.iter().filter_map(|leaf| leaf.resource) {
            times[resource as usize].extend([Some(wait.start_ns), wait.end_ns].into_iter().flatten());
        }
    }
    let mut values: HashMap<u64, BTreeMap<u64, u32>> = HashMap::new();
    for (track, at_ns, value) in &read.values {
        let parent = &read.tracks[&read.tracks[track].parent];
        if parent.parent != 0 && read.tracks[&parent.parent].name == "resources" {
            let before = values.entry(*track).or_default().insert(*at_ns, *value as u32);
            assert_eq!(before, None, "{id}: a counter has one value at a time");
            times[parent.rank as usize].insert(*at_ns);
        }
    }
    for (track, values) in &values {
        let ix = read.tracks[&read.tracks[track].parent].rank as usize;
        for at_ns in &times[ix] {
            let now = trace.resources[ix].at(*at_ns);
            let found = values.range(..=at_ns).next_back().map_or(0, |(_, value)| *value);
            let expected = match &*read.tracks[track].name {
                "waiting" => now.waiting,
                "free" => now.free.expect("it is known"),
                "held" if now.inferred => continue,
                "held" => now.holders.iter().map(|holder| holder.permits).sum(),
                other => panic!("{id}: a counter {other}"),
            };
            assert_eq!(found, expected, "{id}: {} of resource {ix} at {at_ns}", read.tracks[track].name);
        }
    }
}

/// Each flow begins in the very poll in which the recorder saw the wake, and each line of the log is in its poll: the numbers of
/// these polls are found by reading the facts one by one.
fn wakers(read: &Read, made: &Made) {
    let id = made.spec.scenario.id;
    let (mut trace, mut ids, mut polls) = (Trace::default(), HashMap::new(), HashMap::new());
    let mut wakes: BTreeSet<(u64, usize)> = BTreeSet::new();
    let mut logged: Vec<(u64, String)> = Vec::new();
    let (_, mut reader) = Reader::new(&*made.recording).expect("it is a recording");
    let read_all = reader.replay(|fact| {
        let Fact::Event(thread, event) = fact else { return };
        let spawned = match &event.what {
            What::Spawn { task, .. } => Some(*task),
            What::Lane(lane) => Some(lane.task),
            What::Wake { task, by: Some(by) } => {
                let known = ids.get(by).and_then(|by| polls.get(by)).zip(ids.get(task));
                wakes.extend(known.map(|(poll, woken)| (*poll, *woken)));
                None
            }
            What::Log(log) if !log.message.is_empty() => {
                let poll = log.task.and_then(|task| polls.get(ids.get(&task)?));
                logged.extend(poll.map(|poll| (*poll, log.message.clone())));
                None
            }
            _ => None,
        };
        let (tasks, begun) = (trace.tasks.len(), trace.polls_by(u64::MAX));
        trace.push(thread, event);
        if let Some(task) = spawned.filter(|_| trace.tasks.len() > tasks) {
            ids.insert(task, tasks);
        }
        if let Some(poll) = trace.poll(begun) {
            polls.insert(poll.task as usize, begun + 1);
        }
    });
    assert!(read_all.is_ok(), "{id}");
    let mut found = in_polls(read);
    found.sort();
    logged.sort();
    assert_eq!(found, logged, "{id}: the log");
    let begun: HashMap<u64, &Slice> =
        read.slices.iter().flat_map(|slice| slice.flows.iter().map(move |flow| (*flow, slice))).collect();
    for woken in read.slices.iter().filter(|slice| !slice.ends.is_empty()) {
        let poll: u64 = begun[&woken.ends[0]].notes["poll"].parse().expect("a number");
        let wake = (poll, read.index(woken.track, "tasks"));
        assert!(wakes.contains(&wake), "{id}: no poll {poll} woke {} at {}", made.trace.tasks[wake.1].name, woken.from_ns);
    }
}

/// The lines of the log that are within polls, each with the number of its poll.
fn in_polls(read: &Read) -> Vec<(u64, String)> {
    let mut polls: HashMap<u64, Vec<&Slice>> = HashMap::new();
    read.of("poll").for_each(|poll| polls.entry(poll.track).or_default().push(poll));
    let lines = read.instants.iter().filter(|instant| instant.category == "log" && instant.depth > 0);
    let poll = |line: &Slice| {
        let of = &polls[&line.track];
        let poll = of[of.partition_point(|poll| poll.place < line.place) - 1];
        (poll.notes["poll"].parse().expect("a number"), line.name.clone())
    };
    lines.map(poll).filter(|(_, message)| !message.starts_with("panicked at ")).collect()
}

/// All of these.
fn compare(definitions: &DescriptorPool, made: &Made) -> Read {
    let (id, trace) = (made.spec.scenario.id, &made.trace);
    let read = read(definitions, &export::perfetto(&made.exported()));
    counted(&read, trace, id);
    stretches_of_tasks(&read, trace, id);
    wakes(&read, trace, id);
    holders(&read, trace, id);
    levels(&read, trace, id);
    wakers(&read, made);
    read
}

#[test]
fn the_trace_and_the_page_of_every_scenario_have_what_the_run_has() {
    let (definitions, mut totals) = (definitions(), BTreeMap::<String, usize>::new());
    for made in all() {
        page::compared(&made, made.spec.scenario.id);
        let read = compare(&definitions, &made);
        for event in read.slices.iter().chain(&read.instants) {
            *totals.entry(event.category.clone()).or_default() += 1;
            *totals.entry("flow".to_owned()).or_default() += event.flows.len();
        }
    }
    for kind in ["branch", "deadlock", "end", "flow", "holder", "log", "moment", "poll", "ready", "run", "span", "thread", "wait"]
    {
        assert!(totals.get(kind).is_some_and(|count| *count > 0), "no {kind}: {totals:?}");
    }
}

fn semaphore() -> Spec {
    Spec::new(scenarios::find("semaphore").expect("it is in the catalogue"))
}

#[test]
fn the_polls_that_a_schedule_cuts_are_marked_in_these_polls() {
    let made = make(Spec { schedule: "2:0,3:0".parse().expect("a schedule"), ..semaphore() });
    let read = compare(&definitions(), &made);
    let cut: Vec<&Slice> = read.instants.iter().filter(|instant| instant.category == "preempted").collect();
    assert_eq!(cut.len(), 2);
    for instant in cut {
        let poll = read.of("poll").filter(|poll| poll.track == instant.track && poll.place < instant.place).last();
        let poll = poll.expect("it is in a poll");
        assert!(["2", "3"].contains(&&*poll.notes["poll"]), "{poll:?}");
        assert_eq!(instant.depth, 1, "within the poll");
    }
}

#[test]
fn a_wait_says_for_what_where_and_because_of_whom() {
    let read = compare(&definitions(), &make(semaphore()));
    let wait = read.of("wait").find(|wait| read.tracks[&wait.track].name == "request 3").expect("it waits");
    assert_eq!(wait.name, "limit.acquire_many");
    let notes = ["cause", "resource", "held by", "woken by"].map(|key| &*wait.notes[key]);
    assert_eq!(notes, ["semaphore", "semaphore limit", "request 0; request 1; request 2", "request 0"]);
    assert!(wait.notes["place"].starts_with("scenarios/semaphore.rs:"), "{}", wait.notes["place"]);
}

#[test]
fn a_part_of_a_run_is_cut_at_its_ends() {
    let made = make(semaphore());
    let whole = read(&definitions(), &export::perfetto(&made.exported()));
    let (first, last) = (700_000_000, 1_300_000_000);
    let part = Exported { range_ns: first..=last, ..made.exported() };
    let part = read(&definitions(), &export::perfetto(&part));
    let key = |slice: &Slice| (slice.track, slice.category.clone(), slice.name.clone(), slice.from_ns, slice.to_ns);
    let in_sight = |slice: &&Slice| {
        slice.from_ns <= last && slice.to_ns.is_none_or(|to_ns| to_ns > first || slice.from_ns == first && to_ns == first)
    };
    let cut = |slice: &Slice| {
        let (track, category, name, from_ns, to_ns) = key(slice);
        (track, category, name, from_ns.max(first), Some(to_ns.map_or(last, |to_ns| to_ns.min(last))))
    };
    let mut expected: Vec<_> = whole.slices.iter().filter(in_sight).map(cut).collect();
    let mut found: Vec<_> = part.slices.iter().map(key).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(found.len() > 20 && found.len() < whole.slices.len() / 2);
    let within = |slice: &&Slice| (first..=last).contains(&slice.from_ns);
    assert_eq!(part.instants.len(), whole.instants.iter().filter(within).count());
    assert!(part.values.iter().all(|(_, at_ns, _)| (first..=last).contains(at_ns)));
    for (track, at_ns, value) in part.values.iter().filter(|(_, at_ns, _)| *at_ns == first) {
        let before = whole.values.iter().rfind(|(of, at, _)| of == track && at <= at_ns).expect("it has a value");
        assert_eq!(before.2.to_bits(), value.to_bits(), "a counter begins with what it is");
    }
    let flows = |read: &Read| read.slices.iter().map(|slice| slice.flows.len()).sum::<usize>();
    assert_eq!(flows(&part), part.slices.iter().map(|slice| slice.ends.len()).sum::<usize>());
    assert!(flows(&part) > 0);
}

/// The trace of a run that has not ended, as a screen has it: nothing has an end that is not known.
#[test]
fn a_run_under_way_is_written_as_far_as_it_is_known() {
    let made = make(semaphore());
    let mut trace = tui::source::trace(made.spec.scenario);
    let (_, mut reader) = Reader::new(&*made.recording).expect("it is a recording");
    let mut left = 200;
    let _ = reader.replay(|fact| {
        if let (Fact::Event(thread, event), 1..) = (fact, left) {
            left -= 1;
            trace.push(thread, event);
        }
    });
    let exported = Exported { trace: &trace, report: None, range_ns: 0..=trace.end_ns, ..made.exported() };
    let read = read(&definitions(), &export::perfetto(&exported));
    counted(&read, &trace, "semaphore");
    stretches_of_tasks(&read, &trace, "semaphore");
    wakes(&read, &trace, "semaphore");
    holders(&read, &trace, "semaphore");
    assert!(read.of("run").all(|run| run.to_ns.is_none()), "the run goes on");
    assert!(read.of("wait").filter(|wait| wait.to_ns.is_none()).count() > 3, "many wait");
}
