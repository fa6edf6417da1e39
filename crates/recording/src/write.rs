//! Writes a recording during the run.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use facts::event::Event;
use facts::sample::Sample;

use super::encode::Encoder;
use super::frame::{self, Kind};
use super::{Footer, Header};

/// A chunk is written when it has this many bytes before compression.
const ENOUGH: usize = 256 << 10;
/// A chunk is written after this long, however small it is, so that a crash loses no more than that.
const SOON: Duration = Duration::from_secs(1);

/// Writes a recording chunk by chunk, with only one chunk in memory, however long the run is.
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
}

impl<W: Write> Writer<W> {
    /// Starts a recording.
    pub fn new(to: W, header: &Header) -> Self {
        let (facts, packed) = (Encoder::default(), Vec::new());
        let mut writer = Self { to, facts, packed, written: Instant::now(), fault: None };
        let opening = serde_json::to_vec(header).map_err(io::Error::from).map(|json| frame::opening(&json));
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
        if self.facts.facts > 0 {
            frame::pack(Kind::Facts, self.facts.facts, &self.facts.out, &mut self.packed);
            let packed = std::mem::take(&mut self.packed);
            self.put(Ok(&packed));
            self.packed = packed;
        }
        self.facts.begin();
        self.written = Instant::now();
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
        if self.facts.facts > 0 && self.written.elapsed() >= SOON {
            self.flush();
        }
    }

    /// Ends the recording.
    pub fn close(&mut self, footer: &Footer) {
        self.flush();
        let footer = serde_json::to_vec(footer).map_err(io::Error::from);
        let mut packed = Vec::new();
        let footer = footer.map(|json| frame::pack(Kind::Footer, 0, &json, &mut packed));
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
