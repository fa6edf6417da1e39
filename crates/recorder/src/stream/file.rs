//! A recording in a file, written by the program that is recorded.
//!
//! Each chunk is one call of the system, so whatever kills the program, what was written before can be opened. If a chunk does
//! not fit on the disk, the file is cut back to the chunk before it; the recording stops there, and the program runs on.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A file that is being written.
#[derive(Debug)]
pub(super) struct RecordingFile {
    path: PathBuf,
    file: File,
    /// The length of what was written completely, in bytes.
    length: u64,
    /// Why it stopped.
    stopped: bool,
    /// The facts that were not written.
    lost: u64,
}

/// The path with `%p` replaced by the process number, and `%%` by `%`.
pub(super) fn path_of(path: &Path, pid: u32) -> PathBuf {
    let mut bytes = path.as_os_str().as_bytes().iter().copied().peekable();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (b'%', Some(b'p')) => {
                out.extend_from_slice(pid.to_string().as_bytes());
                bytes.next();
            }
            (b'%', Some(b'%')) => out.extend(bytes.next()),
            _ => out.push(byte),
        }
    }
    std::ffi::OsString::from_vec(out).into()
}

impl RecordingFile {
    /// Creates the file; an existing one is replaced.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = recording::files::create(&path, true).map_err(named)?;
        Ok(Self { path, file, length: 0, stopped: false, lost: 0 })
    }

    /// Writes a chunk. The last ones of a recording are written even after it has stopped, if there is room again.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        if self.stopped {
            self.lost += u64::from(recording::facts_in(chunk));
        } else if let Err(error) = self.write(chunk) {
            self.stopped = true;
            self.lost += u64::from(recording::facts_in(chunk));
            // Standard error may be closed, too.
            _ = writeln!(io::stderr(), "async-playground: {}: {error}; the recording ends here", self.path.display());
        }
    }

    fn write(&mut self, chunk: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(chunk) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += chunk.len() as u64;
        Ok(())
    }

    /// The program ends. If facts were not written, says how many, if there is room again.
    pub(super) fn ends(&mut self) {
        if std::mem::take(&mut self.stopped) {
            use std::io::Seek;
            let sought = self.file.seek(io::SeekFrom::Start(self.length));
            self.stopped = sought.is_err() || self.write(&recording::lost_chunk(self.lost)).is_err();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_part_of_the_path() {
        for (path, made) in [("a.rec", "a.rec"), ("%p", "7"), ("/a/%p-%p.rec", "/a/7-7.rec"), ("%%p%", "%p%"), ("%x", "%x")] {
            assert_eq!(path_of(Path::new(path), 7), Path::new(made));
        }
    }
}
