//! Where encoded chunks go.

use std::io::{self, Write};

use super::file::RecordingFile;
use super::viewers::Viewers;

/// Takes whole chunks and never fails: a file that cannot be written counts what it loses.
#[derive(Debug)]
pub(super) enum Output {
    /// To viewers and to memory.
    Listen(Viewers),
    /// To a file.
    File(RecordingFile),
}

/// The bytes before the first chunk.
const MAGIC: &[u8] = b"APLAYREC";

impl Write for Output {
    /// Takes a whole chunk: the recording's writer passes each on in one call.
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        match self {
            Self::Listen(viewers) if chunk.starts_with(MAGIC) => viewers.open(chunk),
            Self::Listen(viewers) => viewers.push(chunk),
            Self::File(file) => file.push(chunk),
        }
        Ok(chunk.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
