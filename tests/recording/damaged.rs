//! Damaged files: everything readable is read, and the rest is reported.

use engine::Ending;
use recording::{Flaw, OpenError};

use super::file::{Chunk, Parts, json, opened, record, spec};

/// One run in several chunks, split between facts, which only the program can do.
fn in_chunks() -> Vec<u8> {
    let recorded = record(spec("gather"));
    let mut parts = Parts::of(&recorded.bytes);
    let whole = parts.chunks[0].clone();
    // A second copy of the same facts adds nothing: live tasks are not spawned twice.
    parts.chunks.insert(1, whole);
    parts.bytes()
}

#[test]
fn a_file_that_is_cut_anywhere_opens_up_to_its_last_whole_chunk() {
    let recorded = record(spec("gather"));
    let parts = Parts::of(&recorded.bytes);
    let (opening, whole) = (parts.opening.len(), recorded.bytes.len());
    let footer = Parts { opening: Vec::new(), chunks: vec![parts.chunks[parts.chunks.len() - 1].clone()] }.bytes().len();
    for length in 0..whole {
        let bytes = &recorded.bytes[..length];
        if length < opening {
            let error = super::read(bytes).err().unwrap_or_else(|| panic!("{length} bytes are a recording"));
            assert!(matches!(error, OpenError::NotARecording) == (length < 8), "{length}: {error}");
            continue;
        }
        let back = opened(bytes);
        assert_eq!((back.flaw, &back.report.ending), (Some(Flaw::CutOff), &Ending::CutOff), "{length}");
        assert!(back.trace.closed);
        let known = if length < whole - footer { 0 } else { recorded.trace.recorded };
        assert_eq!(back.trace.recorded, known, "{length}");
    }
}

#[test]
fn a_byte_that_is_changed_anywhere_is_noticed() {
    let whole = record(spec("gather"));
    for at in 0..whole.bytes.len() {
        let mut bytes = whole.bytes.clone();
        bytes[at] ^= 0x10;
        if let Ok(back) = super::read(&*bytes) {
            assert!(matches!(back.flaw, Some(Flaw::Damaged(_) | Flaw::CutOff)), "{at}: {:?}", back.flaw);
        }
    }
}

#[test]
fn what_comes_before_a_damage_is_shown() {
    let bytes = in_chunks();
    let parts = Parts::of(&bytes);
    let before = Parts { opening: parts.opening.clone(), chunks: parts.chunks[..1].to_vec() }.bytes().len();
    let mut bytes = bytes.clone();
    bytes[before + 30] ^= 1;
    let back = opened(&bytes);
    assert_eq!(back.flaw, Some(Flaw::Damaged("a chunk with a wrong checksum")));
    assert_eq!(back.trace.tasks.len(), 6);
    assert!(json(&back.spec, &back.trace, &back.report).contains(r#""spawned":6"#));
}

#[test]
fn other_files_and_other_versions_are_refused() {
    for bytes in [&b""[..], b"APLAY", b"\x7fELF and so on, for some more bytes", &[0; 100]] {
        assert!(matches!(super::read(bytes), Err(OpenError::NotARecording)));
    }
    let mut bytes = record(spec("gather")).bytes;
    bytes[8] = 6;
    let error = super::read(&*bytes).expect_err("it has another version");
    assert_eq!(error.to_string(), "is a recording in format 6; this version of the program opens format 5");
}

/// A recording with another header.
fn with_header(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let bytes = record(spec("gather")).bytes;
    let mut parts = Parts::of(&bytes);
    let mut header = serde_json::from_slice(&parts.opening[18..]).expect("it is JSON");
    change(&mut header);
    with_opening(&mut parts, header.to_string().as_bytes());
    parts.bytes()
}

fn with_opening(parts: &mut Parts, header: &[u8]) {
    parts.opening.truncate(10);
    parts.opening.extend((header.len() as u32).to_le_bytes());
    parts.opening.extend(crc32fast::hash(header).to_le_bytes());
    parts.opening.extend(header);
}

#[test]
fn a_run_that_this_program_cannot_have_made_is_refused_with_the_reason() {
    let refused = |change: fn(&mut serde_json::Value), reason: &str| {
        let error = super::read(&*with_header(change)).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    };
    refused(|header| header["scenario"]["id"] = "dinner".into(), "no scenario 'dinner'");
    refused(|header| header["scenario"]["params"]["tasks"] = "many".into(), "tasks: 'many' is not a whole number");
    refused(|header| header["scenario"]["params"] = serde_json::json!({}), "it lacks the parameter 'tasks'");
    refused(|header| header["scenario"]["clock"] = "sundial".into(), "unknown clock");
    refused(|header| header["scenario"]["workers"] = 3.into(), "workers");
    refused(|header| header["scenario"]["seed"] = "seven".into(), "expected u64");
    refused(|header| *header = serde_json::json!([]), "unusable header");
}

#[test]
fn a_header_that_is_deep_or_long_is_refused() {
    let bytes = record(spec("gather")).bytes;
    let mut parts = Parts::of(&bytes);
    with_opening(&mut parts, "[".repeat(60_000).as_bytes());
    assert!(matches!(super::read(&*parts.bytes()), Err(OpenError::Header(_))));
    with_opening(&mut parts, " ".repeat(70_000).as_bytes());
    assert!(matches!(super::read(&*parts.bytes()), Err(OpenError::Header(_))));
}

#[test]
fn a_chunk_that_says_it_is_large_is_not_believed() {
    let whole = record(spec("gather")).bytes;
    let parts = Parts::of(&whole);
    for (length, size) in [(u32::MAX, 1), (1, u32::MAX), (1, (4 << 20) + 1), (100, 4 << 20)] {
        let mut bytes = parts.opening.clone();
        let numbers = [length, size, 1, 1, 0];
        bytes.extend(numbers.iter().flat_map(|number: &u32| number.to_le_bytes()));
        bytes.extend([0; 50]);
        let back = opened(&bytes);
        assert!(matches!(back.flaw, Some(Flaw::Damaged(_) | Flaw::CutOff)), "{length} {size}: {:?}", back.flaw);
    }
}

#[test]
fn a_chunk_that_says_other_than_it_has_is_noticed() {
    let whole = record(spec("gather")).bytes;
    let changed = |change: fn(&mut Chunk)| {
        let mut parts = Parts::of(&whole);
        change(&mut parts.chunks[0]);
        opened(&parts.bytes()).flaw
    };
    assert_eq!(changed(|chunk| chunk.facts += 1), Some(Flaw::Damaged("a chunk with a wrong number of facts")));
    assert_eq!(changed(|chunk| chunk.kind = 4), Some(Flaw::Damaged("a chunk of an unknown kind")));
    assert_eq!(changed(|chunk| chunk.content.push(0x1f)), Some(Flaw::Damaged("a fact of an unknown kind")));
}

#[test]
fn a_recording_that_is_told_more_than_was_recorded_is_noticed() {
    // Everything is intact, but the footer belongs to another trace.
    assert_eq!(opened(&in_chunks()).flaw, Some(Flaw::Differs));
}

#[test]
fn what_would_take_too_much_memory_is_cut_off_before_it_does() {
    let whole = record(spec("gather")).bytes;
    let mut parts = Parts::of(&whole);
    // A line, and a task that is spawned there repeatedly: three bytes each, for a task that takes hundreds.
    let spawns = 1_000_000;
    let content = [&b"\x1b\x04a.rs\x01\x00\x02\x00"[..], &b"\x00\x00\x00".repeat(spawns - 1)].concat();
    parts.chunks = vec![Chunk { kind: 1, facts: spawns as u32, content }; 4];
    let bytes = parts.bytes();
    assert!(bytes.len() < 100_000, "{}", bytes.len());
    assert_eq!(opened(&bytes).flaw, Some(Flaw::TooLarge));
}

#[test]
fn more_lost_events_than_a_number_holds_are_as_many_as_it_holds() {
    let whole = record(spec("gather")).bytes;
    let mut parts = Parts::of(&whole);
    let lost = [&[0x1a][..], &[0xff; 9], &[0x01]].concat();
    parts.chunks = vec![Chunk { kind: 1, facts: 2, content: lost.repeat(2) }];
    assert_eq!(opened(&parts.bytes()).trace.lost, u64::MAX);
}
