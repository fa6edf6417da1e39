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
    frame::pack(Kind::Facts, facts + 1, &content, &mut chunk);
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
