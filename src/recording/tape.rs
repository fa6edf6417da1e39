//! A recording in memory, which the user may want to save later.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::write::Writer;
use crate::engine::{Report, Sink, Spec};
use crate::files;
use crate::record::event::Event;
use crate::trace::{Sample, Trace};

/// The most bytes that a tape keeps.
const MOST: usize = 256 << 20;

/// A recording in memory. All clones are the same tape: one goes to the run as its [sink](crate::engine::Run::set_sink), and
/// another one saves it, while the run goes on or later.
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

/// Why a tape was not saved, or not all of it.
#[derive(Debug)]
pub enum SaveError {
    /// There is such a file.
    Exists,
    /// The system refuses it.
    Io(io::Error),
    /// It was saved up to where the run had grown too long for it, in one line.
    Short(String),
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::Exists => f.write_str("there is such a file"),
            SaveError::Io(error) => write!(f, "cannot be written: {error}"),
            SaveError::Short(fault) => write!(f, "is not whole: {fault}"),
        }
    }
}

impl std::error::Error for SaveError {}

impl Tape {
    /// An empty tape for a run of this spec.
    pub fn new(spec: &Spec) -> Self {
        Self(Arc::new(Mutex::new(Writer::new(Kept::default(), spec))))
    }

    /// Saves what was recorded up to now. A recording of a run that is not over is one that is cut off. A file that
    /// exists is overwritten only with `force`. One that is new and cannot be written to its end is removed.
    ///
    /// # Errors
    ///
    /// When there is a file and no `force`, the system refuses it, or the tape is not whole.
    pub fn save(&self, path: &Path, force: bool) -> Result<(), SaveError> {
        let mut writer = self.lock();
        writer.flush();
        let made = files::create(path, force).and_then(|mut file| {
            file.write_all(&writer.to().0).inspect_err(|_| {
                if !force {
                    // That it cannot be written is what the user has to know.
                    let _ = fs::remove_file(path);
                }
            })
        });
        made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => SaveError::Exists,
            _ => SaveError::Io(error),
        })?;
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
        self.lock().close(at_ns, report, trace);
    }

    /// Saving it reports that it is not whole. Until then nobody may want it.
    fn fault(&self) -> Option<String> {
        None
    }
}
