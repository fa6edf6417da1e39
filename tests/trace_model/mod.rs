//! The trace against a model: random runs whose every figure is known independently, and random nonsense that no run could
//! write.

use super::model;

use facts::Detail;
use facts::event::{Event, LastPoll, What};
use proptest::prelude::*;
use trace::{Census, State, Task, Trace};

use model::{Doing, Fact, Model};

fn feed(trace: &mut Trace, (thread, at_ns, fact): &(u16, u64, Fact)) {
    trace.push(*thread, Event { at_ns: *at_ns, what: fact.what() });
}

/// A pause of the virtual clock: often zero, otherwise a few milliseconds.
fn steps() -> impl Strategy<Value = Vec<(u64, usize, u8)>> {
    let pause = prop_oneof![3 => Just(0), 3 => 1..9_u64, 1 => 1_000_000..9_000_000_u64];
    prop::collection::vec((pause, any::<usize>(), 0..14_u8), 0..300)
}

fn told(facts: &[(u16, u64, Fact)]) -> Trace {
    let mut trace = Trace::default();
    for fact in facts {
        feed(&mut trace, fact);
    }
    trace
}

/// The hash of the run, and that of its wakes.
fn hashes(trace: &Trace) -> (u64, Option<u64>) {
    (trace.hash(), trace.wake_hash())
}

/// The invariants of any trace whatsoever.
fn check_invariants(trace: &Trace) -> Result<(), TestCaseError> {
    for task in &trace.tasks {
        check_task(trace, task)?;
    }
    let sum = |of: fn(&Task) -> u64| trace.tasks.iter().map(of).sum::<u64>();
    prop_assert_eq!(trace.polls, sum(|task| task.polls));
    prop_assert!(trace.log.windows(2).all(|pair| pair[0].at_ns <= pair[1].at_ns));
    for counter in &trace.counters {
        prop_assert!(counter.points.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
    let under_way = trace.census_at(u64::MAX).running;
    prop_assert_eq!(u64::from(trace.bins.total(0, u64::MAX).polls), trace.polls - u64::from(under_way));
    check_census(trace)
}

fn check_task(trace: &Trace, task: &Task) -> Result<(), TestCaseError> {
    let first = task.segments.first().map(|first| (first.start_ns, first.state));
    prop_assert_eq!(first, Some((task.spawned_ns, State::Ready)));
    for pair in task.segments.windows(2) {
        prop_assert!(pair[0].start_ns <= pair[1].start_ns);
        let polls = matches!((pair[0].state, pair[1].state), (State::Running(_), State::Running(_)));
        prop_assert!(polls || pair[0].state != pair[1].state);
    }
    let polls = task.segments.iter().filter(|segment| matches!(segment.state, State::Running(_))).count();
    prop_assert_eq!(polls as u64, task.polls);
    let last_ns = task.segments.last().map_or(0, |last| last.start_ns);
    let end_ns = task.ended.map_or(last_ns, |end| end.at_ns);
    prop_assert!(last_ns <= end_ns && end_ns <= trace.end_ns);
    prop_assert_eq!(task.busy_ns + task.ready_ns + task.waiting_ns, end_ns - task.spawned_ns);
    prop_assert!(task.wakes.windows(2).all(|pair| pair[0].at_ns <= pair[1].at_ns));
    prop_assert!(task.spans.windows(2).all(|pair| pair[0].start_ns <= pair[1].start_ns));
    prop_assert!(task.spans.iter().all(|span| span.end_ns.is_none_or(|end| span.start_ns <= end)));
    for segment in &task.segments {
        if let State::Running(thread) = segment.state {
            prop_assert!(usize::from(thread) < trace.threads.len());
        }
    }
    for segment in &task.segments {
        let times = task.times_at(segment.start_ns);
        prop_assert_eq!(times.busy_ns + times.ready_ns + times.waiting_ns, task.duration(segment.start_ns));
    }
    Ok(())
}

/// The census, at each moment and at the end of each bin, matches the tasks.
fn check_census(trace: &Trace) -> Result<(), TestCaseError> {
    let counted = |at_ns| {
        let mut census = Census::default();
        for task in trace.tasks.iter().filter(|task| task.spawned_ns <= at_ns) {
            match task.segment_at(at_ns).map(|segment| segment.state) {
                Some(State::Running(_)) => census.running += 1,
                Some(State::Ready) => census.ready += 1,
                Some(State::Waiting(_)) => census.waiting += 1,
                None => census.ended += 1,
            }
        }
        census
    };
    // A few dozen moments and bins: counting the tasks for thousands would take long.
    let segments = trace.tasks.iter().map(|task| task.segments.len()).sum::<usize>();
    for segment in trace.tasks.iter().flat_map(|task| &task.segments).step_by(segments / 30 + 1) {
        for at_ns in [segment.start_ns.saturating_sub(1), segment.start_ns, segment.start_ns.saturating_add(1)] {
            prop_assert_eq!(trace.census_at(at_ns), counted(at_ns), "at {}", at_ns);
        }
    }
    prop_assert_eq!(trace.census_at(trace.end_ns), counted(trace.end_ns));
    let every = trace.bins.bins.len() / 20 + 1;
    for (start_ns, bin) in trace.bins.range(0, u64::MAX).step_by(every) {
        let last_ns = start_ns.saturating_add(trace.bins.width_ns - 1);
        prop_assert_eq!(bin.census(), counted(last_ns), "in the bin from {}", start_ns);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_possible_run_is_understood(steps in steps(), pause in 0..50_u64) {
        let mut model = Model::from_steps(&steps);
        let mut trace = told(&model.told);
        check_invariants(&trace)?;
        prop_assert_eq!(trace.totals(), model.totals());
        for (modelled, task) in model.tasks.iter().zip(&trace.tasks) {
            let mut now = modelled.times;
            let lasts = model.now - modelled.since;
            match modelled.doing {
                Doing::Ready => now.ready_ns += lasts,
                Doing::Polled => now.busy_ns += lasts,
                Doing::Waiting => now.waiting_ns += lasts,
                Doing::Ended => {}
            }
            prop_assert_eq!(task.times_at(model.now), now, "while it runs");
        }

        model.close(pause);
        trace.close(model.now);
        check_invariants(&trace)?;
        prop_assert_eq!((trace.late, trace.end_ns), (0, model.now));
        prop_assert_eq!(trace.recorded, model.told.len() as u64);
        prop_assert_eq!(trace.totals(), model.totals());
        prop_assert_eq!(trace.tasks.len(), model.tasks.len());
        for (i, (modelled, task)) in model.tasks.iter().zip(&trace.tasks).enumerate() {
            prop_assert_eq!(task.ended.map(|end| (end.at_ns, end.how)), modelled.end);
            prop_assert!(task.ended.is_some_and(|end| !end.inferred));
            prop_assert_eq!(task.times_at(u64::MAX), modelled.times);
            prop_assert_eq!((task.polls, task.wakes.len(), task.redundant_wakes), (modelled.polls, modelled.wakes, modelled.redundant));
            prop_assert_eq!(&task.name, &if i % 2 == 0 { format!("named {i}") } else { format!("task {i}") });
        }
        for (at_ns, _) in &model.counts {
            prop_assert_eq!(trace.census_at(*at_ns), model.census_at(*at_ns));
        }
        let total = trace.bins.total(0, u64::MAX);
        prop_assert_eq!((u64::from(total.polls), total.poll_ns), model.finished);
        prop_assert_eq!((u64::from(total.delays), total.delay_ns), model.delays);
    }

    #[test]
    fn what_lives_when_the_recording_stops_is_seen_as_it_was(steps in steps()) {
        let mut model = Model::from_steps(&steps);
        let mut trace = told(&model.told);
        let look = |trace: &Trace, at_ns: u64| {
            let tasks: Vec<_> = (0..).zip(&trace.tasks).map(|(ix, task)| {
                (task.segment_at(at_ns), task.end_at(at_ns), task.times_at(at_ns), trace.wait_at(ix, at_ns).map(|wait| wait.start_ns))
            }).collect();
            let bin = trace.bins.total(at_ns, at_ns);
            (tasks, trace.census_at(at_ns), (bin.census(), bin.polls), trace.totals())
        };
        let before = look(&trace, model.now);
        model.close(0);
        trace.close(model.now);
        prop_assert_eq!(look(&trace, model.now), before);
    }

    #[test]
    fn a_trace_may_be_closed_piece_by_piece(steps in steps(), pause in 0..50_u64, piece in 1..4_usize) {
        let mut model = Model::from_steps(&steps);
        let (mut at_once, mut trace) = (told(&model.told), told(&model.told));
        model.close(pause);
        at_once.close(model.now);
        let mut looked_at = 0;
        while !trace.close_some(model.now, piece) {
            looked_at += piece;
            prop_assert!(looked_at < trace.tasks.len());
            check_invariants(&trace)?;
        }
        check_invariants(&trace)?;
        prop_assert_eq!((trace.closed, trace.hash(), trace.totals()), (true, at_once.hash(), at_once.totals()));
    }

    #[test]
    fn the_hash_does_not_depend_on_who_looks_when(steps in steps(), looks in prop::collection::vec(any::<bool>(), 1..9)) {
        let model = Model::from_steps(&steps);
        let mut plain = told(&model.told);
        let mut watched = Trace::default();
        for (fact, look) in model.told.iter().zip(looks.iter().cycle()) {
            feed(&mut watched, fact);
            if *look {
                watched.hash();
                watched.census_at(fact.1);
            }
        }
        plain.close(model.now);
        watched.close(model.now);
        prop_assert_eq!(plain.hash(), watched.hash());
    }

    #[test]
    fn the_hash_tells_one_time_from_another(steps in steps(), pick in any::<prop::sample::Index>()) {
        let model = Model::from_steps(&steps);
        let hashed: Vec<usize> = (0..model.told.len()).filter(|i| matters(&model, *i)).collect();
        let from = hashed[pick.index(hashed.len())];
        let mut later = model.told.clone();
        for (_, at_ns, _) in &mut later[from..] {
            *at_ns += 1;
        }
        prop_assert_ne!(hashes(&told(&model.told)), hashes(&told(&later)));
    }

    #[test]
    fn the_trace_hash_does_not_need_wakes(steps in steps()) {
        let model = Model::from_steps(&steps);
        let mut polls = Trace::new(Detail::Polls);
        let is_wake = |fact: &Fact| matches!(fact.what(), What::Wake { .. });
        for fact in model.told.iter().filter(|(.., fact)| !is_wake(fact)) {
            feed(&mut polls, fact);
        }
        check_invariants(&polls)?;
        prop_assert_eq!(hashes(&polls), (told(&model.told).hash(), None));
    }

    #[test]
    fn the_hash_tells_one_order_from_another(steps in steps(), pick in any::<prop::sample::Index>()) {
        let model = Model::from_steps(&steps);
        let swaps: Vec<usize> = (1..model.told.len()).filter(|second| can_swap(&model, *second)).collect();
        prop_assume!(!swaps.is_empty());
        let second = swaps[pick.index(swaps.len())];
        let mut swapped = model.told.clone();
        swapped.swap(second - 1, second);
        prop_assert_ne!(hashes(&told(&model.told)), hashes(&told(&swapped)), "swapped {:?}", &model.told[second - 1..=second]);
    }

    #[test]
    fn nonsense_breaks_nothing(facts in prop::collection::vec((0..4_u16, when(), nonsense()), 0..200), end_ns in when()) {
        let mut trace = Trace::default();
        for fact in &facts {
            feed(&mut trace, fact);
        }
        check_invariants(&trace)?;
        trace.close(end_ns);
        check_invariants(&trace)?;
        prop_assert!(trace.tasks.iter().all(|task| task.ended.is_some()));
        let (hash, recorded, end_ns) = (trace.hash(), trace.recorded, trace.end_ns);
        for fact in &facts {
            feed(&mut trace, fact);
        }
        trace.close(u64::MAX);
        prop_assert_eq!((trace.hash(), trace.recorded, trace.end_ns), (hash, recorded, end_ns));
    }

    #[test]
    fn a_run_that_comes_in_disorder_breaks_nothing(steps in steps(), moves in prop::collection::vec((any::<prop::sample::Index>(), 0..30_usize), 0..60)) {
        let mut model = Model::from_steps(&steps);
        for (from, by) in moves {
            let from = from.index(model.told.len());
            let to = (from + by).min(model.told.len() - 1);
            model.told[from..=to].rotate_left(1);
        }
        let mut trace = told(&model.told);
        check_invariants(&trace)?;
        trace.close(model.now);
        check_invariants(&trace)?;
    }
}

/// True if a fact of a model's run is part of the hash: notes are not, nor are wakes of ended tasks.
fn matters(model: &Model, place: usize) -> bool {
    match model.told[place].2 {
        Fact::Spawn(..) | Fact::Start(_) | Fact::Stop(_) => true,
        Fact::Wake(task, _) => {
            !model.told[..place].iter().any(|(_, _, fact)| matches!(fact, Fact::Gone(gone, _) if *gone == task))
        }
        Fact::Named(_) | Fact::Gone(..) | Fact::Panic(_) | Fact::Open(..) | Fact::Close(_) | Fact::Log(..) => false,
    }
}

/// True if a fact and the previous one have the same time, and the opposite order would be a different run.
fn can_swap(model: &Model, second: usize) -> bool {
    let (a, b) = (model.told[second - 1], model.told[second]);
    let of_tasks_that_live =
        |place| matters(model, place) && matches!(model.told[place].2, Fact::Start(_) | Fact::Stop(_) | Fact::Wake(..));
    a.1 == b.1 && a.2 != b.2 && of_tasks_that_live(second - 1) && of_tasks_that_live(second)
}

fn when() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..60_u64, 2 => 0..9_000_000_000_u64, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

fn nonsense() -> impl Strategy<Value = Fact> {
    let last = prop_oneof![Just(LastPoll::Polled), Just(LastPoll::Dropped), Just(LastPoll::Shutdown), Just(LastPoll::Unheard)];
    let task = 0..6_u64;
    prop_oneof![
        3 => (task.clone(), prop::option::of(task.clone())).prop_map(|(task, parent)| Fact::Spawn(task, parent)),
        1 => task.clone().prop_map(Fact::Named),
        6 => task.clone().prop_map(Fact::Start),
        6 => task.clone().prop_map(Fact::Stop),
        1 => (task.clone(), last).prop_map(|(task, last)| Fact::Gone(task, last)),
        4 => (task.clone(), prop::option::of(task.clone())).prop_map(|(task, by)| Fact::Wake(task, by)),
        1 => task.clone().prop_map(Fact::Panic),
        1 => (task.clone(), 0..3_u64).prop_map(|(task, span)| Fact::Open(task, span)),
        1 => (0..3_u64).prop_map(Fact::Close),
        1 => (prop::option::of(task), any::<bool>(), 0.0..9.0).prop_map(|(task, failed, value)| Fact::Log(task, failed, value)),
    ]
}
