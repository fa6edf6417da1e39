//! Every fact of a recording as a line of JSON: the contract of `export --format json --events`.
//!
//! The first line is the header, the last one the end, and between them is one line for each fact, in the order of the recording.
//! Facts are read and passed on chunk by chunk, so a recording of any length needs the memory of one chunk. Writing the lines is
//! up to the caller, who knows what a terminal must not get.

mod end;
mod fields;
mod what;

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};

use facts::event::{Event, SiteId};
use recording::{Fact, Flaw, Footer, Header, OpenError, Reader, Subject};
use serde::Serialize;

pub use end::End;
use fields::Fields;

/// The version of these lines. It changes when a field changes its meaning or is no longer there.
const FORMAT: u32 = 1;

/// Which facts are wanted: those from one time to another, both included, in nanoseconds since the run began. Facts about what
/// exists are wanted whenever they were, since others refer to them by number.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// From when on.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
}

/// One line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Line<'a> {
    /// The first line.
    Header(Box<Head>),
    /// A fact.
    Fact(Told<'a>),
    /// The last line.
    End(Box<End>),
}

/// The first line: what ran.
#[derive(Debug, Serialize)]
pub struct Head {
    r#type: &'static str,
    /// The version of the lines.
    format: u32,
    /// The run's clock.
    clock: String,
    #[serde(flatten)]
    header: Header,
}

/// A line for a fact.
#[derive(Debug, Serialize)]
pub struct Told<'a> {
    r#type: &'static str,
    /// When. A fact without a time has that of the event before it.
    at_ns: u64,
    /// The thread that wrote the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread: Option<u16>,
    /// Whether it is in a keyframe, which says again what still matters.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    restated: bool,
    #[serde(flatten)]
    fields: Fields<'a>,
}

/// Why there are no lines, or not all of them.
#[derive(Debug)]
pub enum EventsError {
    /// It cannot be read as a recording.
    Open(OpenError),
    /// A line could not be written.
    Write(io::Error),
}

impl fmt::Display for EventsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EventsError {}

/// Passes on a recording line by line. What is wrong with the recording, if anything, is in the last line and is returned.
///
/// # Errors
///
/// If it is not a recording, or a line cannot be written.
pub fn events(
    from: impl Read,
    wanted: Wanted,
    mut write: impl FnMut(&Line<'_>) -> io::Result<()>,
) -> Result<Option<Flaw>, EventsError> {
    // A live reader keeps nothing and so has no bound for what it reads.
    let (header, mut reader) = Reader::live(from).map_err(EventsError::Open)?;
    let clock = match &header.subject {
        Subject::Scenario(scenario) => scenario.clock.clone(),
        Subject::Program(_) => "real".to_owned(),
    };
    let head = Head { r#type: "header", format: FORMAT, clock, header };
    write(&Line::Header(Box::new(head))).map_err(EventsError::Write)?;
    let mut lines = Lines { wanted, places: HashMap::new(), last_ns: 0, write, fault: None };
    let read = replay(&mut reader, &mut lines);
    if let Some(fault) = lines.fault {
        return Err(EventsError::Write(fault));
    }
    let (end, flaw) = match read {
        Ok(footer) => (End::of(footer), None),
        Err(flaw) => (End::without(lines.last_ns, &flaw), Some(flaw)),
    };
    (lines.write)(&Line::End(Box::new(end))).map_err(EventsError::Write)?;
    Ok(flaw)
}

/// Passes on all facts, up to the footer or the first line that cannot be written.
fn replay<R: Read, W: FnMut(&Line<'_>) -> io::Result<()>>(reader: &mut Reader<R>, lines: &mut Lines<W>) -> Result<Footer, Flaw> {
    loop {
        let footer = reader.chunk(&mut |fact| lines.fact(&fact, false))?;
        if let Some(footer) = footer {
            return Ok(footer);
        }
        if lines.fault.is_some() {
            return Err(Flaw::CutOff);
        }
    }
}

/// The lines under way.
struct Lines<W> {
    wanted: Wanted,
    /// The place of each site.
    places: HashMap<SiteId, String>,
    /// The time of the last event.
    last_ns: u64,
    write: W,
    /// Why a line could not be written. After that there are no more.
    fault: Option<io::Error>,
}

impl<W: FnMut(&Line<'_>) -> io::Result<()>> Lines<W> {
    fn fact(&mut self, fact: &Fact, restated: bool) {
        if self.fault.is_some() {
            return;
        }
        match fact {
            Fact::Event(thread, event) => self.event(*thread, event, restated),
            Fact::Thread(index, name) => self.tell("thread", Fields::Thread { index: *index, name }, restated),
            Fact::Sample(sample) => {
                if self.is_wanted(sample.at_ns) {
                    self.write("sample", sample.at_ns, None, Fields::sample(sample), restated);
                }
            }
            Fact::Lost(events) => self.tell("lost", Fields::Lost { events: *events }, restated),
            Fact::Keyframe(facts) => {
                self.tell("keyframe", Fields::Keyframe { facts: facts.len() }, restated);
                for fact in facts {
                    self.fact(fact, true);
                }
            }
        }
    }

    fn event(&mut self, thread: u16, event: &Event, restated: bool) {
        if !restated {
            self.last_ns = event.at_ns;
        }
        what::learn(&mut self.places, &event.what);
        if !self.is_wanted(event.at_ns) && !restated && !what::exists(&event.what) {
            return;
        }
        let (name, fields) = (what::name(&event.what), what::fields(&event.what, &self.places));
        self.write(name, event.at_ns, Some(thread), fields, restated);
    }

    fn is_wanted(&self, at_ns: u64) -> bool {
        (self.wanted.from_ns..=self.wanted.to_ns).contains(&at_ns)
    }

    /// A fact without a time.
    fn tell(&mut self, name: &'static str, fields: Fields<'_>, restated: bool) {
        self.write(name, self.last_ns, None, fields, restated);
    }

    fn write(&mut self, name: &'static str, at_ns: u64, thread: Option<u16>, fields: Fields<'_>, restated: bool) {
        let line = Line::Fact(Told { r#type: name, at_ns, thread, restated, fields });
        self.fault = (self.write)(&line).err();
    }
}
