//! Opening a recording, whoever has written it.
//!
//! A file is read from front to back, one chunk at a time, and ends where it
//! stops making sense. Nothing in it is trusted: every length is compared with
//! a bound before anything is allocated, every number is checked, and what a
//! trace takes in memory is estimated as the facts come, and asked where the system tells. What that leaves
//! open is time, which a trace can be made to waste by facts that no run gives:
//! so there is a bound for that too, far above what a recording takes.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use super::bytes::{Bytes, Damage};
use super::codec::Fact;
use super::decode::Decoder;
use super::frame::{self, Kind};
use super::told::{Footer, Header};
use super::{Flaw, OpenError, Recording};
use crate::engine::{Ending, Report};
use crate::record::event::{Event, What};
use crate::trace::{Ahead, Trace};

/// What the trace of a recording may take in memory, in bytes.
const MEMORY: u64 = 2 << 30;
/// What a recording may take to open, before its first fact.
const PATIENCE: Duration = Duration::from_secs(10);
/// And for each of its facts: ten times what an unoptimised build needs.
const PATIENCE_A_FACT: Duration = Duration::from_micros(20);

/// Opens a recording. One that is cut off or damaged is opened up to its last whole chunk: see [`Recording::flaw`].
///
/// # Errors
///
/// When the file cannot be read, is no recording, or is one that this version of the program does not know.
pub fn open(path: &Path) -> Result<Recording, OpenError> {
    read(BufReader::with_capacity(1 << 16, File::open(path).map_err(OpenError::Io)?))
}

/// The same from anything that can be read.
///
/// # Errors
///
/// See [`open`].
pub fn read(mut from: impl Read) -> Result<Recording, OpenError> {
    let header = frame::open(&mut from)?;
    let header: Header = serde_json::from_slice(&header).map_err(|error| OpenError::Header(error.to_string()))?;
    let spec = header.spec().map_err(OpenError::Header)?;
    let mut trace = Trace::default();
    let (footer, mut flaw) = match Chunks::default().replay(&mut from, &mut trace) {
        Ok(footer) => (Some(footer), None),
        Err(flaw) => (None, Some(flaw)),
    };
    let closed_ns = footer.as_ref().map_or(trace.end_ns, |footer| footer.closed_ns);
    trace.close(closed_ns.min(super::codec::LATEST_NS));
    if footer.as_ref().is_some_and(|footer| !footer.is_of(&trace)) {
        flaw = Some(Flaw::Differs);
    }
    let unknown = Report { ending: Ending::CutOff, elapsed_ns: trace.end_ns, runtime_polls: None };
    let report = footer.and_then(Footer::report).unwrap_or(unknown);
    Ok(Recording { spec, trace, report, flaw })
}

/// What is known between one chunk and the next.
#[derive(Debug)]
struct Chunks {
    decoder: Decoder,
    ahead: Ahead,
    /// What the trace takes, estimated from the facts, in bytes.
    memory: u64,
    /// What the program took when the first chunk was read, in bytes.
    before: u64,
    facts: u32,
    began: Instant,
}

impl Default for Chunks {
    fn default() -> Self {
        let (decoder, ahead, before) = (Decoder::default(), Ahead::default(), resident().unwrap_or(0));
        Self { decoder, ahead, memory: 0, before, facts: 0, began: Instant::now() }
    }
}

impl Chunks {
    /// Tells the trace all that the file has, up to the footer.
    fn replay(mut self, from: &mut impl Read, trace: &mut Trace) -> Result<Footer, Flaw> {
        let footer = self.chunks(from, trace);
        self.ahead.finish(trace);
        footer
    }

    fn chunks(&mut self, from: &mut impl Read, trace: &mut Trace) -> Result<Footer, Flaw> {
        loop {
            let chunk = match frame::unpack(from) {
                Ok(Some(chunk)) => chunk,
                Ok(None) | Err(frame::CUT) => return Err(Flaw::CutOff),
                Err(Damage(what)) => return Err(Flaw::Damaged(what)),
            };
            match chunk.kind {
                Kind::Facts => self.facts(&chunk, trace)?,
                Kind::Footer => {
                    return serde_json::from_slice(&chunk.content).map_err(|_| Flaw::Damaged("a footer that says nothing"));
                }
            }
        }
    }

    fn facts(&mut self, chunk: &frame::Chunk, trace: &mut Trace) -> Result<(), Flaw> {
        self.decoder.begin();
        let mut bytes = Bytes(&chunk.content);
        let mut facts = 0;
        while !bytes.is_empty() {
            let fact = self.decoder.fact(&mut bytes).map_err(|Damage(what)| Flaw::Damaged(what))?;
            facts += 1;
            self.charge(&fact)?;
            match fact {
                Fact::Event(thread, event) => self.ahead.push(trace, thread, event),
                // These belong to no event, so it does not matter that some are still to come.
                Fact::Thread(index, name) => trace.name_thread(index, name),
                Fact::Sample(sample) => trace.add_sample(sample),
                Fact::Lost(events) => trace.add_lost(events),
            }
        }
        if facts == chunk.facts { Ok(()) } else { Err(Flaw::Damaged("a chunk with other facts than it says")) }
    }

    /// Adds up what the trace will need, from above.
    fn charge(&mut self, fact: &Fact) -> Result<(), Flaw> {
        self.memory += match fact {
            Fact::Event(_, Event { what, .. }) => of_event(what),
            Fact::Thread(_, name) => 64 + name.len() as u64,
            Fact::Sample(sample) => 128 + 8 * sample.busy.len() as u64,
            Fact::Lost(_) => 0,
        };
        self.facts = self.facts.checked_add(1).ok_or(Flaw::TooLarge)?;
        if self.memory > MEMORY {
            return Err(Flaw::TooLarge);
        }
        // To ask the system costs more than a fact does.
        if self.facts.is_multiple_of(64) && self.began.elapsed() > PATIENCE + PATIENCE_A_FACT * self.facts {
            return Err(Flaw::TooLong);
        }
        if self.facts.is_multiple_of(4096) && resident().is_some_and(|now| now.saturating_sub(self.before) > MEMORY) {
            return Err(Flaw::TooLarge);
        }
        Ok(())
    }
}

/// What the program takes, in bytes; none where the system does not tell. A trace can be made to take more than its
/// facts let one think, for each of them some more than for the one before; this sees all of it.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn of_event(what: &What) -> u64 {
    match what {
        What::Spawn { .. } => 640,
        What::Resource { .. } => 512,
        What::Named(named) => 64 + named.name.len() as u64,
        What::Panic(panic) => 192 + 3 * (panic.message.len() + panic.place.len()) as u64,
        What::SpanOpen(open) => 128 + open.label.len() as u64,
        What::Log(log) => 128 + log.message.len() as u64 + 64 * log.counters.len() as u64,
        What::Site(new) => 512 + 80 * new.site.frames.len() as u64,
        _ => 48,
    }
}
