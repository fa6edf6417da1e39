//! Opens a recording without trusting its writer.
//!
//! A file is read from front to back, one chunk at a time, up to the first invalid
//! part. Nothing in it is trusted: every length is compared with a bound before
//! anything is allocated, every number is checked, and the trace's memory is estimated
//! from the facts, and measured where the system reports it. No fact is free, since a
//! file could then contain any number of such facts: a fact that stores nothing is
//! charged like one that does, and each is charged for its bytes, because a small file
//! can decompress to many of them.
//!
//! Time is bounded too, because facts that no run produces can make a trace slow. So
//! there is a time limit for each byte of the file, far above the usual time. It counts
//! processor time: a busy machine or a slow disk is not the file's fault.

use std::io::{BufReader, Read};
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::bytes::{Bytes, Damage};
use super::codec::Fact;
use super::decode::Decoder;
use super::frame::{self, Kind};
use super::told::{Footer, Header};
use super::{Flaw, OpenError, Recording};
use crate::engine::{Ending, Report};
use crate::files;
use crate::record::event::{Event, What};
use crate::source;
use crate::text;
use crate::trace::{Ahead, Trace};

/// The maximum memory of a recording's trace, in bytes.
const MEMORY: u64 = 2 << 30;
/// The memory charged for every fact, in bytes.
const FACT: u64 = 48;
/// How long opening a recording may take, however short it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// The additional time for each of its bytes: thirty times the usual, or three times in an unoptimised build.
const PATIENCE_A_BYTE: Duration = Duration::from_micros(15);

/// Opens a recording. One that is cut off or damaged is opened up to its last intact chunk: see [`Recording::flaw`].
///
/// # Errors
///
/// If it is not a regular file, cannot be read, is not a recording, or is one that this version of the program cannot open.
pub fn open(path: &Path) -> Result<Recording, OpenError> {
    read(BufReader::with_capacity(1 << 16, files::open(path).map_err(OpenError::Io)?))
}

/// Opens a recording from any reader.
///
/// # Errors
///
/// See [`open`].
pub fn read(from: impl Read) -> Result<Recording, OpenError> {
    read_by(busy, from)
}

/// Opens a recording from any reader; `clock` measures the time spent.
fn read_by(clock: fn() -> Duration, mut from: impl Read) -> Result<Recording, OpenError> {
    let header = frame::open(&mut from)?;
    let header: Header = serde_json::from_slice(&header).map_err(|error| OpenError::Header(text::message(&error.to_string())))?;
    let spec = header.spec().map_err(OpenError::Header)?;
    let mut trace = if header.is_of_this_program() { source::trace(spec.scenario) } else { Trace::default() };
    let (footer, mut flaw) = match Chunks::new(clock).replay(&mut from, &mut trace) {
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

/// The state between two chunks.
#[derive(Debug)]
struct Chunks {
    decoder: Decoder,
    ahead: Ahead,
    /// The memory of the trace in bytes, estimated from the facts.
    memory: u64,
    /// The memory of the program before the first chunk, in bytes.
    before: u64,
    facts: u32,
    clock: fn() -> Duration,
    began: Duration,
    /// The time allowed for what has been read of the file.
    patience: Duration,
}

impl Chunks {
    fn new(clock: fn() -> Duration) -> Self {
        let (decoder, ahead, before) = (Decoder::default(), Ahead::default(), resident().unwrap_or(0));
        Self { decoder, ahead, memory: 0, before, facts: 0, clock, began: clock(), patience: PATIENCE }
    }

    /// Feeds all facts of the file to the trace, up to the footer.
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
            self.patience += PATIENCE_A_BYTE * u32::try_from(chunk.length).unwrap_or(u32::MAX);
            match chunk.kind {
                Kind::Facts => self.facts(&chunk, trace)?,
                Kind::Footer => {
                    return serde_json::from_slice(&chunk.content).map_err(|_| Flaw::Damaged("an unreadable footer"));
                }
            }
        }
    }

    fn facts(&mut self, chunk: &frame::Chunk, trace: &mut Trace) -> Result<(), Flaw> {
        self.decoder.begin();
        let mut bytes = Bytes(&chunk.content);
        let mut facts = 0;
        while !bytes.is_empty() {
            let left = bytes.0.len();
            let fact = self.decoder.fact(&mut bytes).map_err(|Damage(what)| Flaw::Damaged(what))?;
            facts += 1;
            self.charge(&fact, left - bytes.0.len())?;
            match fact {
                Fact::Event(thread, event) => self.ahead.push(trace, thread, event),
                // These belong to no event, so it does not matter that `ahead` still holds earlier events.
                Fact::Thread(index, name) => trace.name_thread(index, name),
                Fact::Sample(sample) => trace.add_sample(sample),
                Fact::Lost(events) => trace.add_lost(events),
            }
        }
        if facts == chunk.facts { Ok(()) } else { Err(Flaw::Damaged("a chunk with a wrong number of facts")) }
    }

    /// Adds an upper bound of the memory that the trace needs for a fact of this many bytes, and checks all limits.
    fn charge(&mut self, fact: &Fact, bytes: usize) -> Result<(), Flaw> {
        let more = match fact {
            Fact::Event(_, Event { what, .. }) => of_event(what),
            Fact::Thread(_, name) => name.len() as u64,
            Fact::Sample(sample) => 80 + 8 * sample.busy.len() as u64,
            Fact::Lost(_) => 0,
        };
        self.memory += FACT + bytes as u64 + more;
        self.facts = self.facts.checked_add(1).ok_or(Flaw::TooLarge)?;
        if self.memory > MEMORY {
            return Err(Flaw::TooLarge);
        }
        // Do not check at every fact: a system call costs more than a fact does.
        if self.facts.is_multiple_of(64) && (self.clock)().saturating_sub(self.began) > self.patience {
            return Err(Flaw::TooLong);
        }
        if self.facts.is_multiple_of(4096) && resident().is_some_and(|now| now.saturating_sub(self.before) > MEMORY) {
            return Err(Flaw::TooLarge);
        }
        Ok(())
    }
}

/// The program's resident memory in bytes; `None` if the system does not report it. A trace can be made to take more than the
/// estimate, with growing memory for each fact; this includes all of it.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// The memory of an event in addition to [`FACT`].
fn of_event(what: &What) -> u64 {
    match what {
        What::Spawn { .. } => 600,
        What::Resource { .. } => 470,
        What::Named(named) => 16 + named.name.len() as u64,
        What::Panic(panic) => 150 + 3 * (panic.message.len() + panic.place.len()) as u64,
        What::SpanOpen(open) => 80 + open.label.len() as u64,
        What::Log(log) => 80 + log.message.len() as u64 + 64 * log.counters.len() as u64,
        What::Site(new) => 470 + 80 * new.site.frames.len() as u64,
        _ => 0,
    }
}

/// The processor time of this thread.
fn busy() -> Duration {
    let busy = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(busy.tv_sec as u64, busy.tv_nsec as u32)
}

#[cfg(test)]
mod tests;
