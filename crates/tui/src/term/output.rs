//! Non-blocking output to the terminal.
//!
//! A terminal can stop reading: the connection hangs, or the user is selecting text.
//! A thread that blocks in a write then handles no keys, and not even a signal can
//! end it in order. So bytes that the terminal does not accept are kept and written
//! when it reads again. Meanwhile no further frame is drawn, so at most one frame is
//! kept.
//!
//! Non-blocking mode is set only on the program's own file description: it shares
//! that of standard output with the shell.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

/// How long to wait for a terminal that accepts nothing when restoring it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Buffered output to the terminal.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    /// The bytes to write.
    kept: Vec<u8>,
    /// How many of them the terminal has accepted.
    taken: usize,
}

impl Output {
    /// Opens the terminal of standard output.
    ///
    /// # Errors
    ///
    /// If there is no standard output.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self { file: open()?, kept: Vec::new(), taken: 0 })
    }

    /// Writes, and keeps what the terminal does not accept now.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.kept.extend_from_slice(bytes);
        self.flush().map(drop)
    }

    /// Writes as much of the kept bytes as the terminal accepts. Returns whether that was all.
    ///
    /// # Errors
    ///
    /// If the terminal cannot be written to.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        while self.taken < self.kept.len() {
            match self.file.write(&self.kept[self.taken..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => self.taken += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        self.forget();
        Ok(true)
    }

    /// Whether the terminal has accepted everything.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Discards the kept bytes.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.taken = 0;
    }
}

/// Writes everything to the terminal of standard output, waiting as long as it makes progress.
///
/// # Errors
///
/// If the terminal cannot be written to, or accepts nothing for five seconds.
pub(super) fn write_now(bytes: &[u8]) -> io::Result<()> {
    let mut output = Output::open()?;
    output.kept.extend_from_slice(bytes);
    let (mut until, mut taken) = (Instant::now() + PATIENCE, 0);
    while !output.flush()? {
        if output.taken > taken {
            (until, taken) = (Instant::now() + PATIENCE, output.taken);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        match rustix::event::poll(&mut [PollFd::new(&output.file, PollFlags::OUT)], Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Opens the terminal of standard output in non-blocking mode. If that fails (it belongs to another user, or is not a
/// terminal), returns standard output itself, which may block.
///
/// This avoids the lock and the buffer of [`io::stdout`]: after a panic during a write, the lock may be held and the buffer
/// full.
///
/// # Errors
///
/// If there is no standard output.
pub(super) fn open() -> io::Result<File> {
    let stdout = io::stdout();
    let own = rustix::termios::ttyname(&stdout, Vec::new()).ok().and_then(|name| {
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(name).ok()
    });
    own.map_or_else(|| Ok(File::from(stdout.as_fd().try_clone_to_owned()?)), Ok)
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_is_not_taken_is_kept_and_comes_later_in_its_order() {
        let (here, mut there) = UnixStream::pair().expect("a pair");
        here.set_nonblocking(true).expect("it becomes non-blocking");
        let mut output = Output { file: File::from(OwnedFd::from(here)), kept: Vec::new(), taken: 0 };
        let sent: Vec<u8> = (0..4_000_000_u32).map(|i| (i % 251) as u8).collect();
        output.write(&sent).expect("nobody waits");
        assert!(!output.flush().expect("nobody waits"), "there is no room for all of it");
        let mut read = Vec::new();
        let mut buffer = vec![0; 65_536];
        while read.len() < sent.len() {
            let some = there.read(&mut buffer).expect("there is something");
            read.extend_from_slice(&buffer[..some]);
            output.flush().expect("it is there");
        }
        assert_eq!(read, sent);
        assert!(output.flush().expect("it is there") && output.kept.is_empty());
        drop(there);
        assert!(output.write(b"more").is_err(), "nobody is there");
    }
}
