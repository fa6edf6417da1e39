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

use std::io::Read;
use std::time::Duration;

use facts::event::{Event, What};
use rustix::time::{ClockId, clock_gettime};

use super::bytes::{Bytes, Damage};
use super::codec::Fact;
use super::decode::Decoder;
use super::frame::{self, Kind, part};
use super::{Flaw, Footer, Header, OpenError};

/// The maximum memory of a recording's trace, in bytes.
const MEMORY: u64 = 2 << 30;
/// The memory charged for every fact, in bytes.
const FACT: u64 = 48;
/// How long opening a recording may take, however short it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// The additional time for each of its bytes: thirty times the usual, or three times in an unoptimised build.
const PATIENCE_A_BYTE: Duration = Duration::from_micros(15);

/// Reads a recording, fact by fact, up to the first invalid part.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    decoder: Decoder,
    /// The memory of the facts' trace in bytes, estimated.
    memory: u64,
    /// The memory of the program before the first chunk, in bytes.
    before: u64,
    facts: u32,
    clock: fn() -> Duration,
    began: Duration,
    /// The time allowed for what has been read of the file.
    patience: Duration,
    /// Whether memory and time are bounded.
    bounded: bool,
    /// The parts of a keyframe that have been read.
    keyframe: Option<Parts>,
    /// Whether there was a chunk before.
    begun: bool,
}

/// The parts of a keyframe.
#[derive(Debug)]
struct Parts {
    facts: Vec<Fact>,
    /// What had been charged before: memory in bytes, and facts.
    charged: (u64, u32),
    /// Whether the recording begins with it.
    first: bool,
}

impl<R: Read> Reader<R> {
    /// Opens a recording of bounded size, such as a file, and returns its header.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is not a recording, or has another format version.
    pub fn new(from: R) -> Result<(Header, Self), OpenError> {
        Self::open(busy, from, true)
    }

    /// Opens a recording that is still being written, such as a socket. It may go on for ever, so the caller must bound what it
    /// keeps.
    ///
    /// # Errors
    ///
    /// See [`new`](Self::new).
    pub fn live(from: R) -> Result<(Header, Self), OpenError> {
        Self::open(busy, from, false)
    }

    fn open(clock: fn() -> Duration, mut from: R, bounded: bool) -> Result<(Header, Self), OpenError> {
        let header = frame::open(&mut from)?;
        let header = serde_json::from_slice(&header).map_err(|error| OpenError::Header(error.to_string()))?;
        let (decoder, before) = (Decoder::default(), resident().unwrap_or(0));
        let reader = Self {
            from,
            decoder,
            memory: 0,
            before,
            facts: 0,
            clock,
            began: clock(),
            patience: PATIENCE,
            bounded,
            keyframe: None,
            begun: false,
        };
        Ok((header, reader))
    }

    /// Passes on all facts up to the footer.
    ///
    /// # Errors
    ///
    /// What is wrong with the part after the facts that were passed on.
    pub fn replay(&mut self, mut to: impl FnMut(Fact)) -> Result<Footer, Flaw> {
        loop {
            if let Some(footer) = self.chunk(&mut to)? {
                return Ok(footer);
            }
        }
    }

    /// Passes on the facts of the next chunk, or returns the footer. Waits until the chunk is there.
    ///
    /// # Errors
    ///
    /// See [`replay`](Self::replay).
    pub fn chunk(&mut self, to: &mut impl FnMut(Fact)) -> Result<Option<Footer>, Flaw> {
        let chunk = match frame::unpack(&mut self.from) {
            Ok(Some(chunk)) => chunk,
            Ok(None) | Err(frame::CUT) => return Err(Flaw::CutOff),
            Err(Damage(what)) => return Err(Flaw::Damaged(what)),
        };
        self.patience += PATIENCE_A_BYTE * u32::try_from(chunk.length).unwrap_or(u32::MAX);
        if self.keyframe.is_some() != (chunk.part & part::CONTINUED != 0) {
            return Err(Flaw::Damaged("an incomplete keyframe"));
        }
        let begun = std::mem::replace(&mut self.begun, true);
        match chunk.kind {
            Kind::Facts => self.facts(&chunk, to).map(|()| None),
            Kind::Keyframe => self.keyframe(&chunk, begun, to).map(|()| None),
            Kind::Footer => serde_json::from_slice(&chunk.content).map(Some).map_err(|_| Flaw::Damaged("an unreadable footer")),
        }
    }

    /// Reads a part of a keyframe, and passes it on with the last one. Only the first keyframe of a recording is kept by a
    /// reader, so the memory of the others is free again.
    fn keyframe(&mut self, chunk: &frame::Chunk, begun: bool, to: &mut impl FnMut(Fact)) -> Result<(), Flaw> {
        if chunk.part & part::CONTINUED == 0 {
            self.decoder.restart();
        }
        let charged = (self.memory, self.facts);
        let mut parts = self.keyframe.take().unwrap_or(Parts { facts: Vec::new(), charged, first: !begun });
        let bounded = std::mem::replace(&mut self.bounded, true);
        let read = self.facts(chunk, &mut |fact| parts.facts.push(fact));
        self.bounded = bounded;
        read?;
        if chunk.part & part::MORE != 0 {
            self.keyframe = Some(parts);
            return Ok(());
        }
        if !parts.first || !self.bounded {
            (self.memory, self.facts) = parts.charged;
        }
        to(Fact::Keyframe(parts.facts));
        Ok(())
    }

    fn facts(&mut self, chunk: &frame::Chunk, to: &mut impl FnMut(Fact)) -> Result<(), Flaw> {
        self.decoder.begin();
        let mut bytes = Bytes(&chunk.content);
        let mut facts = 0;
        while !bytes.is_empty() {
            let left = bytes.0.len();
            let fact = self.decoder.fact(&mut bytes).map_err(|Damage(what)| Flaw::Damaged(what))?;
            facts += 1;
            self.charge(&fact, left - bytes.0.len())?;
            to(fact);
        }
        if facts == chunk.facts { Ok(()) } else { Err(Flaw::Damaged("a chunk with a wrong number of facts")) }
    }

    /// Adds an upper bound of the memory that the trace needs for a fact of this many bytes, and checks all limits.
    fn charge(&mut self, fact: &Fact, bytes: usize) -> Result<(), Flaw> {
        if !self.bounded {
            return Ok(());
        }
        self.memory += bytes as u64 + fact.memory();
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

impl Fact {
    /// An upper bound of the memory that a trace needs for it, in bytes, as an estimate.
    pub fn memory(&self) -> u64 {
        FACT + match self {
            Self::Event(_, Event { what, .. }) => of_event(what),
            Self::Thread(_, name) => name.len() as u64,
            Self::Sample(sample) => 80 + 8 * sample.busy.len() as u64,
            Self::Lost(_) => 0,
            Self::Keyframe(facts) => facts.iter().map(Self::memory).sum(),
        }
    }
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
