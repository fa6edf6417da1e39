use proptest::prelude::*;

use super::*;
use trace::{Cause, End, Ended, Family, Segment, State, Task, Trace};

const MS: u64 = 1_000_000;

/// The invalid part of a query, and the reason.
fn refused(text: &str) -> (&str, String) {
    let error = Query::parse(text).expect_err(text);
    (&text[error.span], error.reason)
}

#[test]
fn what_cannot_be_read_is_shown_where_it_stands_with_what_would_be_right() {
    let table = [
        ("stat=ready", "stat", "did you mean 'state'?"),
        ("web state=runing", "runing", "did you mean 'running'?"),
        ("cause=semphore", "semphore", "did you mean 'semaphore'?"),
        ("cause=mpsc", "mpsc", "did you mean 'mpsc-"),
        ("cause=", "", "lock, mpsc-recv"),
        ("state=zz", "zz", "running, ready, waiting"),
        ("line=x.rs", "x.rs", "33 or semaphore.rs:33"),
        ("line=:3", ":3", "33 or semaphore.rs:33"),
        ("wait>", "", "a time such as 500ms"),
        ("wait>5x", "5x", "'5x' is not a time; try 1.5s"),
        ("polls>many", "many", "not a number of polls"),
        ("polls>=", "", "a number"),
        ("name=", "", "part of a name"),
        ("!wait>z", "z", "'z' is not a time"),
        ("state>ready", ">", "state is compared with ="),
        ("=3", "", "a field must come first"),
        ("qqq=3", "qqq", "name, state, cause"),
        ("a \"b c", "\"b c", "missing closing \""),
    ];
    for (text, wrong, right) in table {
        let (span, reason) = refused(text);
        assert_eq!(span, wrong, "{text}: {reason}");
        assert!(reason.contains(right), "{text}: {reason}");
    }
}

/// Four tasks: one waits for time from 0 to 400 ms and ends, one is polled once and fails, one waits from 100 ms on.
fn trace() -> Trace {
    let waits = State::Waiting(Cause::Time);
    let segments = |changes: &[(u64, State)]| changes.iter().map(|(ms, state)| Segment::new(ms * MS, *state)).collect::<Vec<_>>();
    let run = State::Running(0);
    let task = |name: &str, spawned: u64, changes: &[(u64, State)], end: Option<(u64, End)>| Task {
        name: name.into(),
        spawned_ns: spawned * MS,
        segments: segments(changes),
        ended: end.map(|(at, how)| Ended { at_ns: at * MS, how, inferred: false }),
        ..Task::default()
    };
    let mut trace = Trace::default();
    trace.tasks = vec![
        task("main", 0, &[(0, State::Ready), (0, run), (0, waits), (400, run)], Some((400, End::Completed))),
        task("Web 1", 50, &[(50, State::Ready), (60, run)], Some((90, End::Failed))),
        task("web 12", 100, &[(100, State::Ready), (100, run), (100, waits)], None),
        task("été", 300, &[(300, State::Ready)], None),
    ];
    trace.end_ns = 500 * MS;
    trace
}

fn found(text: &str, at_ms: u64) -> Vec<u32> {
    let (trace, query) = (trace(), Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}")));
    (0..4).filter(|task| query.matches(&trace, *task, at_ms * MS)).collect()
}

#[test]
fn terms_are_joined_by_and_and_turned_round() {
    let table: [(&str, u64, &[u32]); 27] = [
        ("", 200, &[0, 1, 2, 3]),
        ("web", 200, &[1, 2]),
        ("WEB 1", 200, &[1, 2]),
        ("\"web 12\"", 200, &[2]),
        ("name=\"web 1\"", 200, &[1, 2]),
        ("!web", 200, &[0, 3]),
        ("-web !main", 200, &[3]),
        ("Été", 200, &[3]),
        ("web 2", 200, &[2]),
        ("state=waiting", 200, &[0, 2]),
        ("state=waiting", 450, &[2]),
        ("state=running", 70, &[1]),
        ("state=ready", 350, &[3]),
        ("state=ended", 450, &[0, 1]),
        ("state=ended", 80, &[]),
        ("state=failed", 450, &[1]),
        ("state=completed !web", 450, &[0]),
        ("state=alive", 450, &[2, 3]),
        ("duration>300ms", 450, &[0, 2]),
        ("duration>300ms", 350, &[0]),
        ("duration>=40ms duration<=40ms", 350, &[1]),
        ("spawned<2s", 0, &[0, 1, 2, 3]),
        ("spawned<0.1s", 0, &[0, 1]),
        ("polls>1", 450, &[0]),
        ("polls>1", 399, &[]),
        ("polls=0", 450, &[3]),
        ("STATE=Failed", 450, &[1]),
    ];
    for (text, at_ms, expected) in table {
        assert_eq!(found(text, at_ms), expected, "{text} at {at_ms} ms");
    }
}

#[test]
fn the_answer_is_looked_for_again_only_when_time_can_change_it() {
    for (text, depends) in [("", false), ("web !x spawned<2s", false), ("web polls>1", true), ("state=ready", true)] {
        assert_eq!(Query::parse(text).map(|query| query.depends_on_time()), Ok(depends), "{text}");
    }
}

#[test]
fn every_cause_can_be_asked_for() {
    for cause in Cause::ALL {
        let typed = format!("cause={}", cause.name().replace(' ', "-"));
        assert!(Query::parse(&typed).is_ok(), "{typed}");
    }
    for family in Family::ALL {
        assert!(Query::parse(&format!("!cause={}", family.name())).is_ok());
    }
}

/// Text that resembles a query.
fn nearly() -> impl Strategy<Value = String> {
    let pieces =
        ["wait", "state", "cause", "line", "=", ">", "<=", "!", "-", "\"", " ", ":", "500ms", "lock", "é", "9", "\u{202e}"];
    let pieces = prop::collection::vec(proptest::sample::select(pieces.to_vec()), 0..12);
    prop_oneof![pieces.prop_map(|pieces| pieces.concat()), any::<String>()]
}

proptest! {
    #[test]
    fn whatever_is_typed_is_read_or_refused_with_a_place(text in nearly(), at_ms in 0..600_u64) {
        match Query::parse(&text) {
            Ok(query) => {
                let trace = trace();
                for task in 0..5 {
                    let _ = query.matches(&trace, task, at_ms * MS);
                }
                prop_assert_eq!(query.is_empty(), text.trim().is_empty());
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?} is no place in {:?}", error.span, text);
                prop_assert!(!error.reason.is_empty());
            }
        }
    }
}
