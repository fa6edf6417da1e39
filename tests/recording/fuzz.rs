//! Malicious recordings. Whatever the bytes are, the program opens or refuses them quickly, and can report and draw what it
//! opened.
//!
//! A bad checksum ends most attempts at once, so most inputs have right checksums: facts that were changed, or that no run ever
//! gives. `FUZZ_SECONDS` sets how long to try; inputs that have failed are kept beside this file.

use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use async_playground::report::{self, Look};
use engine::Recording;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};
use scenarios::CATALOGUE;
use tui::app::model::{Mode, Model, Options, Overlay, Theme};
use tui::app::run::lifecycle;
use tui::app::timeline::viewport;
use tui::ui::{self, Cache};

use super::disguise::case;
use super::file::{Chunk, Parts, record, spec};
use super::outputs::assert_lines;
use super::support::harmful::harmful;

/// The default duration.
const SECONDS: u64 = 3;
/// A small file must not take longer than this, even on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// Runs that contain a bit of everything.
static WHOLE: LazyLock<Vec<Parts>> = LazyLock::new(|| {
    ["semaphore", "cancellation", "producer-consumer", "deadlock"].map(|id| Parts::of(&record(spec(id)).bytes)).to_vec()
});

/// A change of bytes at a position, which is taken modulo the length.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Flip(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    /// Copies some bytes to another position.
    Copy(usize, usize, usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: &usize| at % bytes.len().max(1);
        match self {
            _ if bytes.is_empty() => {}
            Self::Set(at, byte) => {
                let at = place(at);
                bytes[at] = *byte;
            }
            Self::Flip(at, bit) => {
                let at = place(at);
                bytes[at] ^= 1 << (bit % 8);
            }
            Self::Insert(at, more) => {
                let at = place(at);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = place(at);
                let end = (at + count % 40).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Copy(from, count, to) => {
                let (from, to) = (place(from), place(to));
                let some = bytes[from..(from + count % 400).min(bytes.len())].to_vec();
                bytes.splice(to..to, some);
            }
        }
    }
}

fn change_all(changes: &[Change], bytes: &mut Vec<u8>) {
    for change in changes {
        change.apply(bytes);
    }
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (at(), any::<u8>()).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (at(), facts(1..20)).prop_map(|(at, more)| Change::Insert(at, more)),
        (at(), at()).prop_map(|(at, count)| Change::Remove(at, count)),
        (at(), at(), at()).prop_map(|(from, count, to)| Change::Copy(from, count, to)),
    ]
}

/// Bytes that look like facts: kinds with few flags, and small numbers.
fn facts(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![6 => 0..32_u8, 3 => 0..6_u8, 1 => prop::sample::select(vec![0x42, 0x62, 0x82, 0xc5, 0xff, 0x8c, 0x80]), 1 => any::<u8>()];
    prop::collection::vec(byte, length)
}

/// A file made from an intact one.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let changes = || prop::collection::vec(change(), 1..12);
    let which = || any::<prop::sample::Index>();
    prop_oneof![
        // Anywhere, as a disk or a careless editor would.
        1 => (which(), changes()).prop_map(|(which, changes)| {
            let mut bytes = which.get(&WHOLE).bytes();
            change_all(&changes, &mut bytes);
            bytes
        }),
        // Within a chunk, with right checksums, and chunks repeated or in another order.
        4 => (which(), changes(), prop::collection::vec(which(), 1..4)).prop_map(|(which, changes, order)| {
            let mut parts = which.get(&WHOLE).clone();
            change_all(&changes, &mut parts.chunks[0].content);
            let chunks = parts.chunks;
            parts.chunks = order.iter().map(|chunk| chunk.get(&chunks).clone()).chain(chunks.iter().cloned()).collect();
            parts.bytes()
        }),
        // Facts of a real run, followed by random ones.
        4 => (which(), facts(0..3000)).prop_map(|(which, more)| {
            let mut parts = which.get(&WHOLE).clone();
            parts.chunks[0].content.extend(more);
            parts.bytes()
        }),
        // Harmful texts among changed facts.
        2 => (case(), changes()).prop_map(|(case, changes)| {
            let mut parts = Parts::of(&case.disguise().bytes);
            change_all(&changes, &mut parts.chunks[0].content);
            parts.bytes()
        }),
        // A random footer.
        1 => (which(), any::<u64>(), changes()).prop_map(|(which, closed_ns, changes)| {
            let mut parts = which.get(&WHOLE).clone();
            let Some(footer) = parts.chunks.last_mut() else { unreachable!("a recording has a footer") };
            if let Ok(mut object) = serde_json::from_slice::<serde_json::Value>(&footer.content) {
                object["closed_ns"] = closed_ns.into();
                object["elapsed_ns"] = closed_ns.into();
                footer.content = object.to_string().into_bytes();
            }
            if closed_ns.is_multiple_of(2) {
                change_all(&changes, &mut footer.content);
            }
            parts.bytes()
        }),
        // Nothing like a recording, after a beginning like one.
        1 => (which(), prop::collection::vec(any::<u8>(), 0..400)).prop_map(|(which, bytes)| {
            let mut parts = which.get(&WHOLE).clone();
            parts.chunks = vec![Chunk { kind: 1, facts: 1, content: bytes }];
            parts.bytes()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..400),
    ]
}

/// Opens the file, and does with it what the program would.
fn try_it(bytes: &[u8]) {
    let started = Instant::now();
    if let Ok(recording) = super::read(bytes) {
        let Recording { spec, trace, report, .. } = &recording;
        let json = report::json(spec, trace, report).expect("a report");
        assert_eq!(json.find(harmful), None, "JSON has an escape for it");
        assert_lines(&report::text(spec, trace, report, Look { width: 100, unicode: true }));
        show(recording);
    }
    assert!(started.elapsed() < SOON, "it took {:?}", started.elapsed());
}

/// Draws it at some times.
fn show(recording: Recording) {
    thread_local! {
        /// Highlight colours are built once, which takes far longer than a frame.
        static CACHE: RefCell<Cache> = RefCell::default();
    }
    let theme = Theme::plain(true, true);
    let options = Options { theme, mouse: false, reduced_motion: false, console: None, limit: Duration::from_secs(60) };
    let mut model = Model::new(CATALOGUE, options, Some(recording.spec.clone()));
    let end_ns = recording.trace.end_ns;
    lifecycle::replayed(&mut model, recording);
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("it is memory");
    for part in 0..4 {
        if let Some(run) = &mut model.run {
            run.cursor.at_ns = end_ns / 3 * part;
        }
        model.timeline.selected = Some(part as u32);
        model.mode = match part {
            1 => Mode::Overlay(Overlay::Findings { row: 1 }),
            2 => Mode::Overlay(Overlay::Why { task: Some(2), top: 0 }),
            3 => Mode::Overlay(Overlay::Resources { top: 0 }),
            _ => Mode::Browse,
        };
        let mut areas = None;
        let draw = |frame: &mut Frame<'_>| {
            areas = CACHE.with_borrow_mut(|cache| Some(ui::draw(frame, &model, cache)));
        };
        terminal.draw(draw).expect("it is memory");
        if let Some(areas) = areas {
            viewport::laid_out(&mut model, areas);
        }
    }
}

#[test]
fn whatever_the_bytes_are_they_are_opened_or_refused() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut tried = 0_u64;
    while Instant::now() < until {
        let kept = FileFailurePersistence::Direct("tests/recording/fuzz.proptest-regressions");
        let config = Config { cases: 64, failure_persistence: Some(Box::new(kept)), ..Config::default() };
        let result = TestRunner::new(config).run(&file(), |bytes| {
            try_it(&bytes);
            Ok(())
        });
        if let Err(error) = result {
            panic!("{error}");
        }
        tried += 64;
    }
    println!("{tried} files in {seconds} s");
}
