//! Texts of outside origin: an export keeps them whole, whatever is in them.

use ::engine::Spec;
use ::export::events::{Wanted, events};
use ::export::{Exported, perfetto};
use ::trace::Trace;
use proptest::prelude::*;
use recording::Program;
use serde_json::Value;

use super::read::{Read, definitions, read};
use super::said::{recording, told};

fn in_perfetto(text: &str) -> Read {
    let spec = Spec::new(scenarios::find("semaphore").expect("it is in the catalogue"));
    let program = Program { name: text.to_owned(), args: vec![text.to_owned()], ..Program::default() };
    let mut trace = Trace::default();
    trace.name_thread(0, text);
    for event in told(text) {
        trace.push(0, event);
    }
    let exported = Exported { spec: &spec, program: Some(&program), trace: &trace, report: None, range_ns: 0..=trace.end_ns };
    read(&definitions(), &perfetto(&exported))
}

/// An empty name is replaced by the trace, so only others are kept.
fn is_kept(text: &str) {
    let read = in_perfetto(text);
    let named =
        |category: &str| read.slices.iter().chain(&read.instants).any(|event| event.category == category && event.name == text);
    for category in ["run", "thread", "span", "log", "moment"] {
        assert!(named(category), "{category}: {text:?}");
    }
    let poll = read.of("poll").next().expect("it was polled");
    assert_eq!((read.tracks[&poll.track].name.as_str(), poll.notes["thread"].as_str()), (text, text));
    assert!(read.tracks.values().filter(|track| track.name == text).count() >= 3, "the process, the task and the thread");
    let run = read.of("run").next().expect("there is a run");
    assert_eq!(run.notes["command"], text);
    in_lines(text);
}

fn in_lines(text: &str) {
    let recording = recording(text);
    let mut lines: Vec<Value> = Vec::new();
    let write = |line: &::export::events::Line<'_>| {
        let json = serde_json::to_string(line)?;
        assert!(!json.contains('\n'), "{json:?}");
        lines.push(serde_json::from_str(&json)?);
        Ok(())
    };
    events(&*recording, Wanted { from_ns: 0, to_ns: u64::MAX }, write).expect("it is a recording");
    let of = |kind: &str| lines.iter().find(|line| line["type"] == kind).unwrap_or_else(|| panic!("no {kind}"));
    let all = [
        ("header", "version"),
        ("named", "name"),
        ("span_open", "label"),
        ("log", "message"),
        ("log", "mark"),
        ("panic", "message"),
    ];
    // A recording cuts a mark, which is a word, at 4,096 bytes.
    for (kind, field) in all.into_iter().filter(|(_, field)| *field != "mark" || text.len() <= 4096) {
        assert_eq!(of(kind)[field], text, "{kind}.{field}");
    }
}

#[test]
fn names_are_kept_whole() {
    for text in [
        "<script>alert(1)</script>&amp;\"'`",
        "\u{1b}[2J\u{1b}]0;title\u{7}\r\n\t\u{7f}\u{9b}",
        "before\0after",
        "\u{202e}txt.exe\u{2066}\u{2028}\u{feff}",
        "日本語 👩‍👩‍👧 a\u{301}\u{301}\u{301}",
        " ",
        &"x".repeat(10_000),
        &"日".repeat(10_000),
        "}{[],:\\u0000\\",
    ] {
        is_kept(text);
    }
}

proptest! {
    #[test]
    fn any_text_is_kept_whole(text in ".{1,40}") {
        is_kept(&text);
    }
}
