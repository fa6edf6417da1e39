//! A recording in memory, which the user can save later.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use facts::event::Event;
use recording::{Writer, files};
use trace::{Sample, Trace};

use crate::told::header;
use crate::{Report, Sink, Spec};

/// The maximum size of a tape in bytes.
const MOST: usize = 256 << 20;

/// A recording in memory. All clones are the same tape: one is the run's [sink](crate::Run::set_sink), and another one
/// saves it, during the run or later.
#[derive(Debug, Clone)]
pub struct Tape(Arc<Mutex<Writer<Kept>>>);

/// The bytes of a tape.
#[derive(Debug, Default)]
struct Kept(Vec<u8>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {} MiB", MOST >> 20)));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a tape was not saved, or not completely.
#[derive(Debug)]
pub enum SaveError {
    /// The file already exists.
    Exists,
    /// The system refuses it.
    Io(io::Error),
    /// It was saved up to the point where the run exceeded the tape's size: the reason in one line.
    Short(String),
}

impl SaveError {
    /// What the system said about a file.
    pub fn of(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::AlreadyExists { Self::Exists } else { Self::Io(error) }
    }
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::Exists => f.write_str("already exists"),
            SaveError::Io(error) => write!(f, "cannot be written: {error}"),
            SaveError::Short(fault) => write!(f, "is incomplete: {fault}"),
        }
    }
}

impl std::error::Error for SaveError {}

impl Tape {
    /// An empty tape for a run of this spec.
    pub fn new(spec: &Spec) -> Self {
        Self(Arc::new(Mutex::new(Writer::new(Kept::default(), &header(spec)))))
    }

    /// Saves the recording so far. If the run is not over, the recording is cut off. An existing file is overwritten only with
    /// `force`. A new file that cannot be written completely is removed.
    ///
    /// # Errors
    ///
    /// If the file exists and `force` is false, the system refuses it, or the tape is incomplete.
    pub fn save(&self, path: &Path, force: bool) -> Result<(), SaveError> {
        let mut writer = self.lock();
        writer.flush();
        files::write(path, &writer.to().0, force).map_err(SaveError::of)?;
        writer.fault().map_or(Ok(()), |fault| Err(SaveError::Short(fault)))
    }

    fn lock(&self) -> MutexGuard<'_, Writer<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Tape {
    fn event(&mut self, thread: u16, event: &Event) {
        self.lock().event(thread, event);
    }

    fn name_thread(&mut self, index: u16, name: &str) {
        self.lock().name_thread(index, name);
    }

    fn add_sample(&mut self, sample: &Sample) {
        self.lock().add_sample(sample);
    }

    fn add_lost(&mut self, events: u64) {
        self.lock().add_lost(events);
    }

    fn rest(&mut self) {
        self.lock().rest();
    }

    fn close(&mut self, at_ns: u64, report: &Report, trace: &Trace) {
        Sink::close(&mut *self.lock(), at_ns, report, trace);
    }

    /// Saving reports whether the tape is incomplete; before that, nobody may need it.
    fn fault(&self) -> Option<String> {
        None
    }
}
