//! The run in a page: it is the trace, change by change.

use ::trace::{End, State, Trace};
use serde_json::Value;

use super::Made;

/// What a page may weigh beside its run, in bytes.
const PAGE: usize = 400_000;

/// The page has each change of state, wake, end and hold of each task, at its time.
pub(super) fn compared(made: &Made, id: &str) {
    let page = export::page(&made.exported(), "<svg/>").expect("it is written");
    let (before, rest) = page.split_once("<script type=\"application/json\" id=\"run\">").expect("a run");
    let (run, after) = rest.split_once("</script>").expect("its end");
    assert!(before.len() + after.len() < PAGE, "{id}: {} bytes beside the run", before.len() + after.len());
    let run: Value = serde_json::from_str(run).expect("JSON");
    let trace = &made.trace;
    assert_eq!((&run["id"], &run["end"]), (&Value::from(id), &Value::from(trace.end_ns)));
    let tasks = run["tasks"].as_array().expect("tasks");
    assert_eq!(tasks.len(), trace.tasks.len(), "{id}: tasks");
    for ((ix, task), told) in (0..).zip(&trace.tasks).zip(tasks) {
        let what = format!("{id}: {}", task.name);
        assert_eq!(told["name"], task.name, "{what}");
        let states: Vec<(u64, String)> =
            pairs(&told["segments"]).into_iter().map(|(at_ns, state)| (at_ns, state_told(&run, state))).collect();
        let known: Vec<(u64, String)> =
            task.segments.iter().map(|segment| (segment.start_ns, state_known(trace, segment.state))).collect();
        assert_eq!(states, known, "{what}: states");
        let wakes: Vec<u64> = pairs(&told["wakes"]).into_iter().map(|(at_ns, _)| at_ns).collect();
        assert_eq!(wakes, task.wakes.iter().map(|wake| wake.at_ns).collect::<Vec<_>>(), "{what}: wakes");
        let end = task.ended.filter(|end| end.how != End::Dropped);
        assert_eq!(told["end"][0].as_u64(), end.map(|end| end.at_ns), "{what}: end");
        let held = trace.held(ix, 0, u64::MAX).into_iter().filter(|held| held.shown).count();
        assert_eq!(told["held"].as_array().map_or(0, Vec::len), held, "{what}: held");
    }
}

/// A flat list of differences and values, as times and values.
fn pairs(list: &Value) -> Vec<(u64, i64)> {
    let numbers: Vec<i64> = list.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    let mut at_ns = 0;
    let add = |pair: &[i64]| {
        at_ns += pair[0];
        (at_ns as u64, pair[1])
    };
    numbers.chunks_exact(2).map(add).collect()
}

/// A state as the page has it.
fn state_told(run: &Value, state: i64) -> String {
    match state {
        0 => "ready".to_owned(),
        1.. => {
            let site = run["waits"][state as usize - 1][0][0].as_u64().expect("a site");
            format!("waits for {}", run["sites"][site as usize]["cause"].as_str().expect("a cause"))
        }
        _ => format!("polled by {}", run["threads"][(-1 - state) as usize].as_str().expect("a thread")),
    }
}

fn state_known(trace: &Trace, state: State) -> String {
    match state {
        State::Ready => "ready".to_owned(),
        State::Waiting(cause) => format!("waits for {}", cause.name()),
        State::Running(thread) => format!("polled by {}", trace.thread_name(thread)),
    }
}
