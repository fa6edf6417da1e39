//! Facts as lines of JSON: one for each fact, with everything that a count needs.

use std::collections::{HashMap, HashSet};
use std::io;

use ::engine::Ending;
use ::export::events::{EventsError, Line, Wanted, events};
use recording::{Fact, Flaw, Reader};
use serde_json::Value;

use super::{Made, all, make};

const ALL: Wanted = Wanted { from_ns: 0, to_ns: u64::MAX };

/// The lines of a recording, parsed, and what is wrong with it.
fn lines(recording: &[u8], wanted: Wanted) -> (Vec<Value>, Option<Flaw>) {
    let mut lines = Vec::new();
    let flaw = events(recording, wanted, |line: &Line<'_>| {
        let text = serde_json::to_string(line)?;
        assert!(!text.contains('\n'), "{text}");
        lines.push(serde_json::from_str(&text)?);
        Ok(())
    });
    (lines, flaw.expect("it is a recording"))
}

fn of<'a>(lines: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    lines.iter().filter(move |line| line["type"] == kind)
}

/// The number of facts, and of the events among them.
fn facts(recording: &[u8]) -> (usize, usize) {
    let (mut all, mut events) = (0, 0);
    let mut count = |fact: Fact| {
        all += 1;
        events += usize::from(matches!(fact, Fact::Event(..)));
    };
    let (_, mut reader) = Reader::new(recording).expect("it is a recording");
    reader.replay(&mut count).expect("it is whole");
    (all, events)
}

#[test]
fn the_lines_of_every_scenario_are_its_facts() {
    let mut kinds = HashSet::new();
    for made in all() {
        let id = made.spec.scenario.id;
        let (lines, flaw) = lines(&made.recording, ALL);
        assert_eq!(flaw, None, "{id}");
        let (all, events) = facts(&made.recording);
        assert_eq!(lines.len(), all + 2, "{id}");
        assert_eq!(lines.iter().filter(|line| line["thread"].is_u64()).count(), events, "{id}");
        for line in &lines[1..] {
            assert!(line["at_ns"].is_u64() && line["type"].is_string(), "{id}: {line}");
            kinds.insert(line["type"].as_str().unwrap_or_default().to_owned());
        }
        header_and_end(&made, &lines);
        polls(&made, &lines);
        sites(id, &lines);
    }
    for kind in ["spawn", "named", "lane", "wake", "log", "pending", "granted", "lock", "timer", "sample", "site", "resource"] {
        assert!(kinds.contains(kind), "{kind}");
    }
}

fn header_and_end(made: &Made, lines: &[Value]) {
    let (head, end) = (&lines[0], &lines[lines.len() - 1]);
    let id = made.spec.scenario.id;
    assert_eq!((&head["type"], &head["format"]), (&"header".into(), &1.into()));
    assert_eq!((&head["scenario"]["id"], &head["clock"]), (&id.into(), &made.spec.clock.name().into()));
    assert_eq!(end["type"], "end");
    if let Ending::Finished(outcome) = &made.report.ending {
        let figures = outcome.figures.iter().map(|figure| (figure.name.as_str(), Some(figure.value), figure.unit));
        let told = end["outcome"].as_array().into_iter().flatten();
        let told = told.map(|one| (text(&one["name"]), one["value"].as_f64(), text(&one["unit"])));
        assert_eq!(told.collect::<Vec<_>>(), figures.collect::<Vec<_>>(), "{id}");
        let checks = outcome.checks.iter().map(|check| (check.name.as_str(), check.holds));
        let told = end["checks"].as_array().into_iter().flatten();
        let told = told.map(|one| (text(&one["name"]), one["holds"] == true));
        assert_eq!(told.collect::<Vec<_>>(), checks.collect::<Vec<_>>(), "{id}");
    }
    assert_eq!(end["trace_hash"], format!("{:016x}", made.trace.hash()), "{id}");
    assert_eq!(end["wake_hash"], made.trace.wake_hash().map_or(Value::Null, |hash| format!("{hash:016x}").into()), "{id}");
    assert_eq!(end["events"]["recorded"], made.trace.recorded, "{id}");
    assert_eq!(end["polls"]["runtime"].as_u64(), made.report.runtime_polls, "{id}");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The polls of the tasks that were spawned are those that `run --json` counts.
fn polls(made: &Made, lines: &[Value]) {
    let tasks: HashSet<&Value> = of(lines, "spawn").map(|line| &line["task"]).collect();
    let polls = of(lines, "poll_start").filter(|line| tasks.contains(&line["task"])).count();
    assert_eq!(polls as u64, made.trace.polls, "{}", made.spec.scenario.id);
}

/// A number of a site comes after the site, and has its line.
fn sites(id: &str, lines: &[Value]) {
    let mut places: HashMap<&Value, &Value> = HashMap::new();
    for line in lines.iter().filter(|line| line["site"].is_u64()) {
        if line["type"] == "site" {
            places.insert(&line["site"], &line["place"]);
        } else {
            assert_eq!(places.get(&line["site"]), Some(&&line["place"]), "{id}: {line}");
        }
    }
}

fn semaphore() -> Made {
    make(::engine::Spec::new(scenarios::find("semaphore").expect("it is in the catalogue")))
}

#[test]
fn a_part_has_its_own_facts_and_all_that_says_what_exists() {
    let made = semaphore();
    let (all, part) =
        (lines(&made.recording, ALL).0, lines(&made.recording, Wanted { from_ns: 600_000_000, to_ns: 1_200_000_000 }).0);
    for kind in ["header", "spawn", "named", "site", "resource", "thread", "end"] {
        assert_eq!(of(&part, kind).collect::<Vec<_>>(), of(&all, kind).collect::<Vec<_>>());
    }
    let within = |line: &&Value| line["at_ns"].as_u64().is_some_and(|at_ns| (600_000_000..=1_200_000_000).contains(&at_ns));
    for kind in ["poll_start", "wake", "log", "pending", "sample"] {
        let expected: Vec<_> = of(&all, kind).filter(within).collect();
        assert_eq!(of(&part, kind).collect::<Vec<_>>(), expected);
        assert!(!expected.is_empty() && expected.len() < of(&all, kind).count(), "{kind}");
    }
}

#[test]
fn a_recording_that_is_cut_off_says_so_in_its_last_line() {
    let made = semaphore();
    let whole = lines(&made.recording, ALL).0;
    let (cut, flaw) = lines(&made.recording[..made.recording.len() - 1], ALL);
    assert_eq!(flaw, Some(Flaw::CutOff));
    assert_eq!(cut[..cut.len() - 1], whole[..whole.len() - 1]);
    assert_eq!(cut[cut.len() - 1]["ended"], "cut off");
    assert_eq!(cut[cut.len() - 1]["why"], "the recording is cut off; the part before that is shown");
}

#[test]
fn a_line_that_cannot_be_written_is_the_last() {
    let made = semaphore();
    for written in [0, 1, 100] {
        let mut tried = 0;
        let result = events(&*made.recording, ALL, |_| {
            tried += 1;
            if tried > written { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
        });
        assert!(matches!(result, Err(EventsError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe));
        assert_eq!(tried, written + 1);
    }
    assert!(matches!(events(&b"no recording"[..], ALL, |_| Ok(())), Err(EventsError::Open(_))));
}
