use std::cell::Cell;

use super::*;
use crate::codec::kind;
use crate::{Program, Subject};
use facts::event::SpanId;

thread_local! {
    /// How often the clock was read, and by how much it advances at each reading.
    static LOOKS: Cell<(u32, Duration)> = const { Cell::new((0, Duration::ZERO)) };
}

/// A clock that advances when it is read, so that the tests do not depend on the speed of the machine.
fn steps() -> Duration {
    let (looks, step) = LOOKS.get();
    LOOKS.set((looks + 1, step));
    step * looks
}

/// A recording of `facts` facts that close a span that was never opened, after an incompressible name of `name` bytes.
fn recording(facts: u32, name: usize) -> Vec<u8> {
    let header = serde_json::to_vec(&Header { version: String::new(), subject: Subject::Program(Program::default()) })
        .expect("it is JSON");
    let mut bytes = frame::opening(&header);
    let mut random = 1_u32;
    let letters = (0..name).map(|_| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 25) as u8
    });
    let mut content = vec![kind::NAMED, 2];
    crate::bytes::put(&mut content, name as u64);
    content.extend(letters);
    content.extend([kind::SPAN_CLOSE, 0].repeat(facts as usize));
    let mut chunk = Vec::new();
    frame::pack((Kind::Facts, 0), facts + 1, &content, &mut chunk);
    bytes.extend(chunk);
    bytes
}

fn flaw(step: Duration, bytes: &[u8]) -> (Option<Flaw>, u32) {
    LOOKS.set((0, step));
    let (_, mut reader) = Reader::open(steps, bytes, true).expect("it is a recording");
    (reader.replay(drop).err(), LOOKS.get().0)
}

#[test]
fn a_recording_has_time_for_each_byte_of_the_file_and_not_for_each_fact() {
    let (facts, ms) = (400_000, Duration::from_millis(1));
    let small = recording(facts, 0);
    assert!(small.len() < 10_000, "{} bytes", small.len());
    let (slow, looks) = flaw(ms, &small);
    assert_eq!(slow, Some(Flaw::TooLong));
    assert!((5_000..5_200).contains(&looks), "it is given up after {looks} looks at the clock");
    assert_eq!(flaw(ms / 10, &small).0, Some(Flaw::CutOff), "it is read to its end");
    assert_eq!(flaw(ms, &recording(facts, 1 << 20)).0, Some(Flaw::CutOff), "a large file has more time");
}

#[test]
fn no_fact_is_free() {
    let bytes = recording(0, 0);
    let event = |what| Fact::Event(0, Event { at_ns: 0, what });
    for fact in [Fact::Lost(1), Fact::Thread(0, String::new()), event(What::SpanClose(SpanId(1)))] {
        let (_, mut chunks) = Reader::new(&*bytes).expect("it is a recording");
        assert_eq!((chunks.charge(&fact, 2), chunks.memory), (Ok(()), FACT + 2), "{fact:?}");
        chunks.memory = MEMORY - FACT;
        assert_eq!(chunks.charge(&fact, 2), Err(Flaw::TooLarge), "{fact:?}");
    }
}

fn thread(index: u16) -> Fact {
    Fact::Thread(index, format!("worker {index}"))
}

fn add(writer: &mut crate::Writer<Vec<u8>>, fact: &Fact) {
    match fact {
        Fact::Thread(index, name) => writer.name_thread(*index, name),
        Fact::Event(thread, event) => writer.event(*thread, event),
        other => panic!("{other:?}"),
    }
}

fn spawn(task: u64, line: u32) -> Fact {
    let at = facts::event::CallLine::Told(std::sync::Arc::new(facts::site::Place { file: "a.rs".into(), line }));
    let task = facts::event::TaskId(std::num::NonZeroU64::new(task).expect("not 0"));
    Fact::Event(0, Event { at_ns: task.0.get(), what: What::Spawn { task, parent: None, at } })
}

fn live(bytes: &[u8]) -> Vec<Fact> {
    let (_, mut reader) = Reader::live(bytes).expect("it is a recording");
    let mut facts = Vec::new();
    assert_eq!(reader.replay(|fact| facts.push(fact)).expect_err("it has no footer"), Flaw::CutOff);
    facts
}

/// A stream: a fact, a keyframe, and more facts at the same lines.
fn with_keyframe(many: u64) -> Vec<u8> {
    let subject = crate::Subject::Program(crate::Program::default());
    let mut writer = crate::Writer::new(Vec::new(), &Header { version: "1".to_owned(), subject });
    add(&mut writer, &spawn(1, 7));
    writer.begin_keyframe();
    (1..=many).for_each(|task| add(&mut writer, &spawn(task, 7)));
    writer.end_keyframe();
    add(&mut writer, &spawn(many + 1, 7));
    add(&mut writer, &thread(3));
    writer.flush();
    writer.to().clone()
}

#[test]
fn a_stream_can_begin_at_a_keyframe_of_any_size() {
    for many in [0, 3, 200_000] {
        let whole = with_keyframe(many);
        let opening = whole.len() - chunks(&whole).iter().map(|chunk| chunk.len()).sum::<usize>();
        let at = chunks(&whole).iter().position(|chunk| crate::begins_keyframe(chunk)).expect("it has one");
        let skipped: usize = chunks(&whole)[..at].iter().map(|chunk| chunk.len()).sum();
        let late = [&whole[..opening], &whole[opening + skipped..]].concat();
        for (bytes, before) in [(&whole, 1), (&late, 0)] {
            let facts = live(bytes);
            assert_eq!(facts.len(), before + 3, "the keyframe is one fact");
            let Fact::Keyframe(living) = &facts[before] else { panic!("{:?}", facts[before]) };
            assert_eq!(living.len() as u64, many);
            assert_eq!(format!("{:?}", facts[before + 1]), format!("{:?}", spawn(many + 1, 7)));
        }
    }
}

#[test]
fn a_keyframe_without_its_end_or_its_beginning_is_damage() {
    let whole = with_keyframe(200_000);
    let parts = chunks(&whole);
    let opening = &whole[..whole.len() - parts.iter().map(|chunk| chunk.len()).sum::<usize>()];
    let first = parts.iter().position(|chunk| crate::begins_keyframe(chunk)).expect("it has one");
    let without = |gone: usize| {
        let kept = parts.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, chunk)| *chunk);
        [opening].into_iter().chain(kept).collect::<Vec<_>>().concat()
    };
    for gone in [first, parts.len() - 2] {
        let bytes = without(gone);
        let (_, mut reader) = Reader::live(&bytes[..]).expect("it is a recording");
        assert_eq!(reader.replay(|_| ()).expect_err("a part is missing"), Flaw::Damaged("an incomplete keyframe"));
    }
}

/// The chunks of a recording.
fn chunks(mut bytes: &[u8]) -> Vec<&[u8]> {
    let length = |bytes: &[u8], at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("four bytes")) as usize;
    bytes = &bytes[18 + length(bytes, 10)..];
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let (chunk, rest) = bytes.split_at(20 + length(bytes, 0));
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}
