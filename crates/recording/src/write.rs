//! Writes a recording during the run.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use facts::event::Event;
use facts::sample::Sample;

use super::encode::Encoder;
use super::frame::{self, Kind, part};
use super::{Footer, Header};

/// A chunk is written when it has this many bytes before compression.
const ENOUGH: usize = 256 << 10;
/// A chunk is written after this long, however small it is, so that a crash loses no more than that.
const SOON: Duration = Duration::from_secs(1);

/// Writes a recording chunk by chunk, with only one chunk in memory, however long the run is. Each chunk, and the opening, is
/// passed on in one call of `write_all`.
///
/// After a write error it stops for good, and [`fault`](Self::fault) returns the error. The part that was written before can be
/// opened.
#[derive(Debug)]
pub struct Writer<W> {
    to: W,
    facts: Encoder,
    packed: Vec<u8>,
    written: Instant,
    fault: Option<io::Error>,
    /// Within a keyframe: the bits for its next chunk.
    keyframe: Option<u8>,
}

/// The bytes before the first chunk of a recording.
///
/// # Errors
///
/// If the header cannot be written as JSON.
pub fn opening(header: &Header) -> io::Result<Vec<u8>> {
    Ok(frame::opening(&serde_json::to_vec(header)?))
}

/// A chunk that says that so many events were lost. It may be put between any two other chunks, except within a keyframe.
pub fn lost_chunk(events: u64) -> Vec<u8> {
    let (mut facts, mut packed) = (Encoder::default(), Vec::new());
    facts.lost(events);
    frame::pack((Kind::Facts, 0), facts.facts, &facts.out, &mut packed);
    packed
}

/// Whether a keyframe begins with this chunk, so that a reader can begin with it.
pub fn begins_keyframe(chunk: &[u8]) -> bool {
    frame::begins_keyframe(chunk)
}

/// The number of facts in a chunk, leaving out keyframes.
pub fn facts_in(chunk: &[u8]) -> u32 {
    frame::facts(chunk)
}

impl<W: Write> Writer<W> {
    /// Starts a recording.
    pub fn new(to: W, header: &Header) -> Self {
        let (facts, packed) = (Encoder::default(), Vec::new());
        let mut writer = Self { to, facts, packed, written: Instant::now(), fault: None, keyframe: None };
        let opening = opening(header);
        writer.put(opening.as_deref());
        writer
    }

    /// The underlying writer.
    pub fn to(&self) -> &W {
        &self.to
    }

    fn put(&mut self, bytes: Result<&[u8], &io::Error>) {
        if self.fault.is_none() {
            let bytes = bytes.map_err(|error| io::Error::new(error.kind(), error.to_string()));
            self.fault = bytes.and_then(|bytes| self.to.write_all(bytes)).err();
        }
    }

    /// Writes the current chunk, unless it is empty.
    pub fn flush(&mut self) {
        let part = self.keyframe.as_mut().map(|next| std::mem::replace(next, part::CONTINUED | part::MORE));
        let kind = part.map_or((Kind::Facts, 0), |part| (Kind::Keyframe, part));
        if self.facts.facts > 0 || part.is_some() {
            frame::pack(kind, self.facts.facts, &self.facts.out, &mut self.packed);
            let packed = std::mem::take(&mut self.packed);
            self.put(Ok(&packed));
            self.packed = packed;
        }
        self.facts.begin();
        self.written = Instant::now();
    }

    /// Starts a keyframe: the facts up to [`end_keyframe`](Self::end_keyframe) restate the living. The numbers of lines and sites
    /// start anew, so a site must be restated before it is used again.
    pub fn begin_keyframe(&mut self) {
        self.flush();
        self.facts.restart();
        self.keyframe = Some(part::MORE);
    }

    /// Ends a keyframe.
    pub fn end_keyframe(&mut self) {
        self.keyframe = self.keyframe.map(|next| next & !part::MORE);
        self.flush();
        self.keyframe = None;
    }

    /// The underlying writer.
    pub fn to_mut(&mut self) -> &mut W {
        &mut self.to
    }

    fn told(&mut self) {
        if self.facts.out.len() >= ENOUGH {
            self.flush();
        }
    }
}

impl<W: Write> Writer<W> {
    /// Adds an event that the thread of this index wrote.
    pub fn event(&mut self, thread: u16, event: &Event) {
        if self.fault.is_none() {
            self.facts.event(thread, event);
            self.told();
        }
    }

    /// Adds the name of the thread of this index.
    pub fn name_thread(&mut self, index: u16, name: &str) {
        self.facts.thread_name(index, name);
        self.told();
    }

    /// Adds a sample of the runtime's metrics.
    pub fn add_sample(&mut self, sample: &Sample) {
        self.facts.sample(sample);
        self.told();
    }

    /// Adds that so many events were lost here.
    pub fn add_lost(&mut self, events: u64) {
        self.facts.lost(events);
        self.told();
    }

    /// There is nothing more for now. Writes what is old enough.
    pub fn rest(&mut self) {
        self.rest_for(SOON);
    }

    /// There is nothing more for now. Writes what is older than this.
    pub fn rest_for(&mut self, at_most: Duration) {
        if self.facts.facts > 0 && self.written.elapsed() >= at_most {
            self.flush();
        }
    }

    /// Ends the recording.
    pub fn close(&mut self, footer: &Footer) {
        self.flush();
        let footer = serde_json::to_vec(footer).map_err(io::Error::from);
        let mut packed = Vec::new();
        let footer = footer.map(|json| frame::pack((Kind::Footer, 0), 0, &json, &mut packed));
        self.put(footer.as_ref().map(|()| &*packed));
        if self.fault.is_none() {
            self.fault = self.to.flush().err();
        }
    }

    /// The error that stopped the recording, if any, in one line.
    pub fn fault(&self) -> Option<String> {
        self.fault.as_ref().map(|error| format!("the recording stopped: {error}"))
    }
}
