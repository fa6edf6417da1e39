//! Opens the recording of a scenario's run, or of a program.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use recording::{Flaw, Footer, LATEST_NS, OpenError, Program, Reader, Subject, files};
use scenario::Scenario;
use trace::{Names, Trace};

use crate::intake::Intake;
use crate::{Ending, Report, Spec, program, told};

/// A recording that was opened.
#[derive(Debug)]
pub struct Recording {
    /// The spec of the run; of a program, see [`program::spec`].
    pub spec: Spec,
    /// The program, if the recording is not of a scenario.
    pub program: Option<Program>,
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
    let (spec, program) = match header.subject {
        Subject::Program(program) => (program::spec(&program), Some(program)),
        Subject::Scenario(told) => (told::spec(&told, &header.version, known.catalogue).map_err(OpenError::Header)?, None),
    };
    let mut trace = Trace::new(spec.detail);
    // The names are right only if the sources are the same.
    if program.is_none() && header.version == env!("CARGO_PKG_VERSION") {
        trace.add_names((known.names)(spec.scenario));
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
    Ok(Recording { spec, program, trace, report, flaw })
}

/// Feeds all facts of a recording to the trace, up to the footer.
fn replay<R: Read>(reader: &mut Reader<R>, trace: &mut Trace) -> Result<Footer, Flaw> {
    let mut intake = Intake::default();
    let footer = reader.replay(|fact| intake.take(trace, fact));
    intake.finish(trace);
    footer
}
