//! Opens the recording of a scenario's run.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use recording::{Fact, Flaw, LATEST_NS, OpenError, Reader, Subject, files};
use scenario::Scenario;
use trace::{Ahead, Names, Trace};

use crate::told;
use crate::{Ending, Report, Spec};

/// A recording that was opened.
#[derive(Debug)]
pub struct Recording {
    /// The spec of the run.
    pub spec: Spec,
    /// The trace, as far as it could be read. It is closed.
    pub trace: Trace,
    /// How the run ended; [`Ending::CutOff`] if that could not be read.
    pub report: Report,
    /// What is wrong with the recording, if anything.
    pub flaw: Option<Flaw>,
}

/// What a recording is opened with.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The scenarios that it may be of.
    pub catalogue: &'static [Scenario],
    /// The names in a scenario's source.
    pub names: fn(&'static Scenario) -> Arc<Names>,
}

/// Opens a recording. One that is cut off or damaged is opened up to its last intact chunk: see [`Recording::flaw`].
///
/// # Errors
///
/// If it is not a regular file, cannot be read, is not a recording, or is one that this version of the program cannot open. The
/// reason may contain texts from the file.
pub fn open(path: &Path, known: Known) -> Result<Recording, OpenError> {
    read(BufReader::with_capacity(1 << 16, files::open(path).map_err(OpenError::Io)?), known)
}

/// Opens a recording from any reader.
///
/// # Errors
///
/// See [`open`].
pub fn read(from: impl Read, known: Known) -> Result<Recording, OpenError> {
    let (header, mut reader) = Reader::new(from)?;
    let Subject::Scenario(told) = &header.subject else {
        return Err(OpenError::Header("it is of a program, and not of a scenario".to_owned()));
    };
    let spec = told::spec(told, &header.version, known.catalogue).map_err(OpenError::Header)?;
    let mut trace = Trace::new(spec.detail);
    // The names are right only if the sources are the same.
    if header.version == env!("CARGO_PKG_VERSION") {
        trace.set_names((known.names)(spec.scenario));
    }
    let (footer, mut flaw) = match replay(&mut reader, &mut trace) {
        Ok(footer) => (Some(footer), None),
        Err(flaw) => (None, Some(flaw)),
    };
    let closed_ns = footer.as_ref().map_or(trace.end_ns, |footer| footer.closed_ns);
    trace.close(closed_ns.min(LATEST_NS));
    if footer.as_ref().is_some_and(|footer| !told::is_of(footer, &trace)) {
        flaw = Some(Flaw::Differs);
    }
    let unknown = Report { ending: Ending::CutOff, elapsed_ns: trace.end_ns, runtime_polls: None };
    let report = footer.and_then(told::report).unwrap_or(unknown);
    Ok(Recording { spec, trace, report, flaw })
}

/// Feeds all facts of a recording to the trace, up to the footer.
fn replay<R: Read>(reader: &mut Reader<R>, trace: &mut Trace) -> Result<recording::Footer, Flaw> {
    let mut ahead = Ahead::default();
    let footer = reader.replay(|fact| match fact {
        Fact::Event(thread, event) => ahead.push(trace, thread, event),
        // These belong to no event, so it does not matter that `ahead` still holds earlier events.
        Fact::Thread(index, name) => trace.name_thread(index, name),
        Fact::Sample(sample) => trace.add_sample(sample),
        Fact::Lost(events) => trace.add_lost(events),
        Fact::Keyframe(_) => {}
    });
    ahead.finish(trace);
    footer
}
