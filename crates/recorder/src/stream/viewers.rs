//! The viewers that are attached to the program, and its socket.
//!
//! Nothing here ever blocks. What a viewer does not read waits for it, up to a bound; after that, whole segments are left out
//! for it. They are counted, it learns the count when it reads again, and a new keyframe gives it the picture back.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use recording::sockets;

use super::ring::{Chunk, Ring};

/// How much may wait for a viewer before segments are left out, in bytes.
const MOST_WAITING: usize = 8 << 20;

/// The maximum number of viewers.
const MOST_VIEWERS: usize = 16;

/// The maximum number of facts from the past for a new viewer. It takes a part of a second to show them.
const PAST: u64 = 1_000_000;

/// How often the socket is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the last facts may take to reach the viewers when the program ends.
const LAST: Duration = Duration::from_millis(300);

/// The socket, what is kept for viewers, and those that are attached.
#[derive(Debug)]
pub(super) struct Viewers {
    folder: PathBuf,
    socket: PathBuf,
    listener: UnixListener,
    looked: Instant,
    /// What each viewer gets first, once it is known.
    opening: Option<Chunk>,
    ring: Ring,
    attached: Vec<Viewer>,
}

/// A viewer.
#[derive(Debug)]
struct Viewer {
    stream: UnixStream,
    /// What it has not read, and how much of that has been written of the first chunk.
    waiting: VecDeque<Chunk>,
    bytes: usize,
    written: usize,
    state: State,
    /// The facts that were left out for it.
    lost: u64,
}

/// What a viewer gets next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Every chunk.
    Follows,
    /// Nothing before the next keyframe, since it would not understand it or does not read.
    Waits,
    /// It was sent the beginning of a keyframe, and gets the rest however much waits.
    Restarts,
}

impl Viewers {
    /// Listens in a folder that was checked.
    pub(super) fn listen(folder: PathBuf) -> io::Result<Self> {
        let (socket, listener) = sockets::listen(&folder)?;
        listener.set_nonblocking(true)?;
        let (opening, ring, attached) = (None, Ring::default(), Vec::new());
        Ok(Self { folder, socket, listener, looked: Instant::now(), opening, ring, attached })
    }

    /// Whether any viewer is attached.
    pub(super) fn any(&self) -> bool {
        !self.attached.is_empty()
    }

    /// Sets what each viewer gets first.
    pub(super) fn open(&mut self, opening: &[u8]) {
        self.opening = Some(opening.into());
    }

    /// Passes a chunk on to the ring and to all viewers.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        let chunk = Chunk::from(chunk);
        self.ring.push(&chunk);
        self.attached.iter_mut().for_each(|viewer| viewer.offer(&chunk));
    }

    /// Accepts viewers and writes what they read. Returns whether one of them needs a keyframe.
    pub(super) fn serve(&mut self) -> bool {
        self.look();
        while let (Some(opening), Ok((stream, _))) = (&self.opening, self.listener.accept()) {
            if self.attached.len() < MOST_VIEWERS && stream.set_nonblocking(true).is_ok() {
                self.attached.push(Viewer::new(stream, opening, &self.ring));
            }
        }
        self.attached.retain_mut(Viewer::write);
        self.attached.iter().any(|viewer| viewer.state == State::Waits && viewer.waiting.is_empty())
    }

    /// Listens again if the socket was removed.
    fn look(&mut self) {
        if self.looked.elapsed() < LOOK_EVERY {
            return;
        }
        self.looked = Instant::now();
        if fs::symlink_metadata(&self.socket).is_err()
            && sockets::create(&self.folder).is_ok()
            && let Ok((socket, listener)) = sockets::listen(&self.folder)
            && listener.set_nonblocking(true).is_ok()
        {
            (self.socket, self.listener) = (socket, listener);
        }
    }

    /// The program ends: removes the socket, and gives the viewers a moment to read what waits.
    pub(super) fn end(&mut self) {
        // It may be gone already.
        _ = fs::remove_file(&self.socket);
        let began = Instant::now();
        for viewer in &mut self.attached {
            let left = LAST.saturating_sub(began.elapsed());
            if !left.is_zero() && viewer.stream.set_nonblocking(false).is_ok() {
                _ = viewer.stream.set_write_timeout(Some(left));
                viewer.write();
            }
        }
    }
}

impl Viewer {
    fn new(stream: UnixStream, opening: &Chunk, ring: &Ring) -> Self {
        let mut waiting = VecDeque::from([opening.clone()]);
        waiting.extend(ring.newest(PAST).cloned());
        let state = if waiting.len() > 1 { State::Follows } else { State::Waits };
        Self { stream, bytes: waiting.iter().map(|chunk| chunk.len()).sum(), waiting, written: 0, state, lost: 0 }
    }

    /// Adds a chunk to what waits, or counts it as lost.
    fn offer(&mut self, chunk: &Chunk) {
        let (begins, full) = (recording::begins_keyframe(chunk), self.bytes > MOST_WAITING);
        let facts = u64::from(recording::facts_in(chunk));
        self.state = match self.state {
            State::Waits if begins && !full => State::Restarts,
            State::Restarts if facts == 0 => State::Restarts,
            State::Waits => State::Waits,
            State::Follows | State::Restarts if full && !begins => State::Waits,
            State::Follows if begins && full => State::Waits,
            State::Follows | State::Restarts => State::Follows,
        };
        if self.state == State::Waits {
            self.lost += facts;
            return;
        }
        if begins && self.lost > 0 {
            let lost = recording::lost_chunk(std::mem::take(&mut self.lost));
            self.add(lost.into());
        }
        self.add(chunk.clone());
    }

    fn add(&mut self, chunk: Chunk) {
        self.bytes += chunk.len();
        self.waiting.push_back(chunk);
    }

    /// Writes as much as the viewer takes. Returns whether it is still there.
    fn write(&mut self) -> bool {
        while let Some(chunk) = self.waiting.front() {
            match self.stream.write(&chunk[self.written..]) {
                Ok(0) => return false,
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
            if self.written == chunk.len() {
                self.bytes -= chunk.len();
                self.written = 0;
                self.waiting.pop_front();
            }
        }
        true
    }
}
