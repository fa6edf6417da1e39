//! A complete recording comes back as it was.

use std::thread;

use async_playground::report::{self, Look};
use engine::{SaveError, Sink, Spec, Tape};
use facts::event::{Cues, Event, Level, Log, What};
use scenario::{Clock, Scenario};
use scenarios::CATALOGUE;
use trace::Trace;

use super::file::{Bytes, Parts, Recorded, json, opened, record, run, spec};

fn comes_back(recorded: &Recorded) {
    let Recorded { spec, trace, report, bytes } = recorded;
    let back = opened(bytes);
    let id = spec.scenario.id;
    assert_eq!(back.flaw, None, "{id}");
    assert_eq!(back.trace.hash(), trace.hash(), "{id}");
    assert_eq!(json(&back.spec, &back.trace, &back.report), json(spec, trace, report));
    let look = Look { width: 200, unicode: true };
    assert_eq!(report::text(&back.spec, &back.trace, &back.report, look), report::text(spec, trace, report, look));
    same_trace(&back.trace, trace);
}

/// Everything that the screen shows of a trace and no report contains.
fn same_trace(back: &Trace, trace: &Trace) {
    assert_eq!((back.end_ns, back.late, back.lost), (trace.end_ns, trace.late, trace.lost));
    assert_eq!((&back.threads, &back.log, &back.counters), (&trace.threads, &trace.log, &trace.counters));
    assert_eq!(back.samples, trace.samples);
    assert_eq!(back.resources.len(), trace.resources.len());
    for at_ns in (0..=10).map(|part| trace.end_ns / 10 * part) {
        assert_eq!(back.census_at(at_ns), trace.census_at(at_ns));
        assert!(back.places_at(at_ns).eq(trace.places_at(at_ns)));
        for (back, resource) in back.resources.iter().zip(&trace.resources) {
            assert_eq!(back.at(at_ns), resource.at(at_ns));
        }
    }
    for (ix, (told, task)) in (0..).zip(back.tasks.iter().zip(&trace.tasks)) {
        assert_eq!((&told.name, &told.segments, &told.wakes, told.ended), (&task.name, &task.segments, &task.wakes, task.ended));
        assert_eq!((&told.spans, &told.marks, &told.panic), (&task.spans, &task.marks, &task.panic));
        let line = |at: &facts::event::CallLine| at.to_string();
        assert_eq!(told.spawned_at.as_ref().map(line), task.spawned_at.as_ref().map(line));
        assert!(back.waits_of(ix).eq(trace.waits_of(ix)));
        for (told, wait) in back.waits_of(ix).zip(trace.waits_of(ix)) {
            assert!(told.leaves.iter().zip(wait.leaves).all(|(told, leaf)| back.site(told.site) == trace.site(leaf.site)));
        }
    }
}

#[test]
fn every_scenario_comes_back_with_every_seed() {
    let with = |id: &str, seed| comes_back(&record(Spec { seed, ..spec(id) }));
    let (on_virtual, real): (Vec<&Scenario>, Vec<&Scenario>) =
        CATALOGUE.iter().partition(|scenario| scenario.clocks.contains(&Clock::Virtual));
    thread::scope(|scope| {
        // They wait and do not compute.
        for scenario in real {
            scope.spawn(move || with(scenario.id, 0));
            scope.spawn(move || with(scenario.id, 7));
        }
        for scenario in on_virtual {
            with(scenario.id, 0);
            with(scenario.id, 7);
        }
    });
}

#[test]
fn a_run_on_several_threads_comes_back() {
    for id in ["gather", "producer-consumer"] {
        let mut spec = spec(id);
        (spec.clock, spec.workers) = (Clock::Real, 2);
        comes_back(&record(spec));
    }
}

#[test]
fn a_run_that_deadlocks_comes_back_with_the_reason() {
    let mut spec = spec("deadlock");
    let order = spec.scenario.param("order").expect("it has an order");
    spec.values.set(order, order.parse("crossed").expect("it can be crossed"));
    let recorded = record(spec);
    assert!(recorded.report.stall(&recorded.trace).is_some());
    comes_back(&recorded);
}

#[test]
fn the_header_can_be_read_without_the_program() {
    let recorded = record(spec("gather"));
    let parts = Parts::of(&recorded.bytes);
    let header: serde_json::Value = serde_json::from_slice(&parts.opening[18..]).expect("it is JSON");
    assert_eq!(
        (&header["scenario"]["id"], &header["scenario"]["clock"], &header["scenario"]["seed"]),
        (&"gather".into(), &"virtual".into(), &0.into())
    );
    let footer = parts.chunks.last().expect("it has chunks");
    assert_eq!(footer.kind, 2);
    let footer: serde_json::Value = serde_json::from_slice(&footer.content).expect("it is JSON");
    assert_eq!(footer["trace_hash"], format!("{:016x}", recorded.trace.hash()));
    assert_eq!(parts.bytes(), recorded.bytes, "the documentation is complete");
}

#[test]
fn a_text_that_is_longer_than_a_chunk_is_cut_and_nothing_else_is_lost() {
    let spec = spec("gather");
    let bytes = Bytes::default();
    let mut writer = engine::writer(bytes.clone(), &spec);
    for message in ["ä".repeat(3 << 20), "short".to_owned()] {
        let log = Log { task: None, level: Level::Info, message, counters: Vec::new(), failed: false, cues: Cues::default() };
        writer.event(0, &Event { at_ns: 1, what: What::Log(Box::new(log)) });
    }
    let (trace, report) = run(&spec, Box::new(Tape::new(&spec)));
    Sink::close(&mut writer, 2, &report, &trace);
    let back = opened(&bytes.get());
    let lines: Vec<_> = back.trace.log.iter().map(|line| line.message.len()).collect();
    assert_eq!(lines, [1 << 20, 5]);
}

#[test]
fn a_tape_is_saved_when_the_run_is_over_and_only_to_a_new_file() {
    let (directory, spec) = (tempdir("tape"), spec("semaphore"));
    let tape = Tape::new(&spec);
    let (trace, report) = run(&spec, Box::new(tape.clone()));
    let path = directory.join("a.rec");
    tape.save(&path, false).expect("there is no such file");
    let bytes = std::fs::read(&path).expect("it was saved");
    comes_back(&Recorded { spec, trace, report, bytes });
    assert!(matches!(tape.save(&path, false), Err(SaveError::Exists)));
    tape.save(&path, true).expect("it is overwritten");
    assert!(matches!(tape.save(&directory.join("no/such/a.rec"), false), Err(SaveError::Io(_))));
    std::fs::remove_dir_all(directory).expect("it is ours");
}

/// An empty directory for this test.
pub(crate) fn tempdir(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("async-playground-recording-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("it can be made");
    path
}
