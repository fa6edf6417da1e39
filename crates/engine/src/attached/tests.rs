use std::num::NonZeroU64;
use std::panic::Location;

use facts::event::{Event, Named, TaskId, What};
use recording::{Ended, Flaw, Footer, Program};

use super::*;
use crate::attach::Source;

const MS: u64 = 1_000_000;

fn event(at_ns: u64, what: What) -> Fact {
    Fact::Event(0, Event { at_ns, what })
}

fn id(task: u64) -> TaskId {
    TaskId(NonZeroU64::MIN.saturating_add(task))
}

/// The spawn of a task with that name.
fn spawn(at_ns: u64, task: u64, name: &str) -> [Fact; 2] {
    let named = Named { task: id(task), name: name.to_owned(), bytes: 0 };
    let spawn = What::Spawn { task: id(task), parent: None, at: Location::caller().into() };
    [event(at_ns, What::Named(Box::new(named))), event(at_ns, spawn)]
}

/// One poll of a task.
fn poll(at_ns: u64, task: u64) -> [Fact; 2] {
    [event(at_ns, What::PollStart(id(task))), event(at_ns + 1, What::PollEnd(id(task)))]
}

fn attached(budget: u64) -> (Source, Attached, Trace) {
    let (source, feed) = Feed::new(Program::default(), false);
    (source, Attached::with_budget(feed, budget), Trace::default())
}

fn names(trace: &Trace) -> Vec<&str> {
    trace.tasks.iter().map(|task| task.name.as_str()).collect()
}

#[test]
fn a_program_is_followed_to_its_end() {
    let (source, mut attached, mut trace) = attached(BUDGET);
    assert!(!attached.drain(&mut trace), "nothing has arrived");
    assert!(source.send([&spawn(MS, 0, "main")[..], &poll(2 * MS, 0)].concat()));
    assert!(attached.drain(&mut trace));
    assert_eq!((names(&trace), trace.polls, attached.phase()), (vec!["main"], 1, Phase::Running));
    source.send(poll(3 * MS, 0).to_vec());
    let footer = Footer {
        closed_ns: 9 * MS,
        trace_hash: None,
        wake_hash: None,
        recorded: None,
        ending: Ended::Exited,
        elapsed_ns: 9 * MS,
        runtime_polls: None,
    };
    source.end(Over::Ended(footer));
    assert!(attached.drain(&mut trace));
    assert_eq!((trace.polls, trace.end_ns, trace.closed), (2, 9 * MS, true));
    let report = attached.report().expect("it is over");
    assert_eq!((&report.ending, report.elapsed_ns, attached.phase()), (&Ending::Exited, 9 * MS, Phase::Over));
    assert!(!attached.drain(&mut trace));
}

#[test]
fn an_end_without_a_footer_has_its_reason() {
    for (over, ending, fault) in [
        (Over::Cut(Flaw::CutOff), Ending::CutOff, Some(Flaw::CutOff.to_string())),
        (Over::Failed("gone".to_owned()), Ending::Lost("gone".to_owned()), None),
    ] {
        let (source, mut attached, mut trace) = attached(BUDGET);
        source.send(spawn(5 * MS, 0, "main").to_vec());
        source.end(over);
        attached.drain(&mut trace);
        let report = attached.report().expect("it is over");
        assert_eq!((&report.ending, report.elapsed_ns, trace.tasks.len()), (&ending, 5 * MS, 1));
        assert_eq!(attached.take_fault(), fault);
    }
}

#[test]
fn a_trace_that_begins_with_a_keyframe_says_from_when_on_it_is_whole() {
    let (source, mut attached, mut trace) = attached(BUDGET);
    let keyframe = |at_ns| Fact::Keyframe([&spawn(MS, 0, "old")[..], &poll(at_ns, 0)].concat());
    source.send(vec![keyframe(600 * MS)]);
    source.send(spawn(601 * MS, 1, "new").to_vec());
    // It restates what is known.
    source.send(vec![keyframe(700 * MS)]);
    attached.drain(&mut trace);
    assert_eq!((names(&trace), trace.polls), (vec!["old", "new"], 1));
    assert_eq!((trace.since_ns, trace.tasks[0].spawned_ns), (601 * MS, MS));
}

/// A keyframe with one task, and then polls of it.
fn segment(source: &Source, from: u64, polls: u64) {
    let at = |number: u64| (from + number) * MS;
    source.send(vec![Fact::Keyframe([&spawn(MS, 0, "main")[..], &poll(at(0) - 2, 0)].concat())]);
    source.send((0..polls).flat_map(|number| poll(at(number), 0)).collect());
}

#[test]
fn a_long_history_is_dropped_at_a_keyframe_and_half_of_it_is_kept() {
    const POLLS: u64 = 100;
    let weight: u64 = poll(MS, 0).iter().map(Fact::memory).sum();
    let (source, mut attached, mut trace) = attached(3 * POLLS * weight);
    trace.add_lost(7);
    let mut shortened = Vec::new();
    let mut most = 0;
    for number in 0..40 {
        segment(&source, 1 + number * POLLS, POLLS);
        attached.drain(&mut trace);
        most = most.max(trace.polls);
        if let Some(old) = attached.take_old() {
            shortened.push((old.polls, trace.polls, trace.since_ns));
        }
    }
    assert!(shortened.len() > 10, "{shortened:?}");
    assert!(most <= 6 * POLLS, "{most} polls were kept");
    for (old, new, since_ns) in shortened {
        assert!(new < old && new >= POLLS && since_ns > 0, "{new} of {old} polls since {since_ns}");
    }
    assert_eq!((names(&trace), trace.lost), (vec!["main"], 7));
    // The last polls are all there.
    let last = trace.poll(trace.polls - 1).expect("it was polled");
    assert_eq!(last.at_ns, 40 * POLLS * MS);
}

#[test]
fn a_history_that_grows_without_a_keyframe_ends() {
    let (source, mut attached, mut trace) = attached(1000 * 48);
    for number in 0..100 {
        if !source.send((0..100).flat_map(|i| poll((number * 100 + i) * MS, 0)).collect()) {
            break;
        }
        attached.drain(&mut trace);
    }
    let ending = attached.report().map(|report| &report.ending);
    assert!(matches!(ending, Some(Ending::Lost(reason)) if reason.contains("without a keyframe")), "{ending:?}");
    assert!(!source.send(Vec::new()), "nobody takes facts any more");
}

#[test]
fn a_viewer_that_leaves_ends_the_thread_that_reads() {
    #[expect(dead_code, reason = "the sender says when it is dropped")]
    struct Silent(Vec<u8>, std::sync::mpsc::Sender<()>);
    impl std::io::Read for Silent {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let Self(opening, _) = self;
            if opening.is_empty() {
                return Err(std::io::ErrorKind::WouldBlock.into());
            }
            let length = opening.len().min(into.len());
            into[..length].copy_from_slice(&opening.drain(..length).collect::<Vec<_>>());
            Ok(length)
        }
    }
    let mut opening = Vec::new();
    let header = recording::Header { version: "1".to_owned(), subject: recording::Subject::Program(Program::default()) };
    drop(recording::Writer::new(&mut opening, &header));
    let (alive, ended) = std::sync::mpsc::channel();
    let mut attached = Attached::new(Feed::read(Silent(opening, alive)).expect("it has a header"));
    attached.leave();
    // The thread drops its reader, and with it the sender.
    assert_eq!(ended.recv(), Err(std::sync::mpsc::RecvError));
}
