//! A program that runs elsewhere: its facts, as they arrive.
//!
//! The facts come from a socket, a file that grows, or a server that samples. A thread waits for them, so that the screen never
//! does. The channel is bounded: a viewer that falls behind slows down the thread, not the program, which drops what its
//! viewers do not take.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use recording::{Fact, Flaw, Footer, OpenError, Program, Reader, Subject};

/// How many batches of facts may wait for the viewer.
const BATCHES: usize = 64;

/// How long a program may take to send its header.
const HEADER_WITHIN: Duration = Duration::from_secs(5);

/// Facts that arrived together.
pub type Batch = Vec<Fact>;

/// Why there are no more facts.
#[derive(Debug, Clone)]
pub enum Over {
    /// The program said that it ends.
    Ended(Footer),
    /// The connection or the file ended, or its content is invalid.
    Cut(Flaw),
    /// The source failed: the reason in one line.
    Failed(String),
}

/// The facts of one program.
#[derive(Debug)]
pub struct Feed {
    /// What is known of the program.
    pub program: Program,
    /// Whether the facts are samples of a server, and not every event.
    pub sampled: bool,
    batches: Receiver<Batch>,
    sender: SyncSender<Batch>,
    over: Arc<OnceLock<Over>>,
    /// Set when the viewer is gone.
    gone: Arc<AtomicBool>,
}

/// Adds to a feed what is known of the program from elsewhere, such as its output.
#[derive(Debug, Clone)]
pub struct Side(SyncSender<Batch>);

impl Side {
    /// Passes facts on unless the viewer is behind or gone. Returns whether it did.
    pub fn offer(&self, batch: Batch) -> bool {
        self.0.try_send(batch).is_ok()
    }
}

/// The other end of a feed.
#[derive(Debug)]
pub struct Source {
    batches: SyncSender<Batch>,
    over: Arc<OnceLock<Over>>,
}

impl Source {
    /// Passes facts on; waits while the viewer is behind. Returns false if the viewer is gone.
    pub fn send(&self, batch: Batch) -> bool {
        self.batches.send(batch).is_ok()
    }

    /// Ends the feed.
    pub fn end(self, over: Over) {
        _ = self.over.set(over);
    }
}

impl Feed {
    /// Creates a feed and its source.
    pub fn new(program: Program, sampled: bool) -> (Source, Self) {
        let (sender, batches) = mpsc::sync_channel(BATCHES);
        let over = Arc::new(OnceLock::new());
        let source = Source { batches: sender.clone(), over: over.clone() };
        (source, Self { program, sampled, batches, sender, over, gone: Arc::default() })
    }

    /// Another way into the feed, which may end first.
    pub fn side(&self) -> Side {
        Side(self.sender.clone())
    }

    /// Reads a recording that a program is writing, on a thread. If a read returns [`io::ErrorKind::WouldBlock`], it is repeated
    /// at once as long as there is a viewer, so it should block for a moment before that.
    ///
    /// # Errors
    ///
    /// If it is not a recording of a program, its header does not come within some seconds, or the system refuses a thread.
    pub fn read(from: impl Read + Send + 'static) -> Result<Self, OpenError> {
        let (opened, gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let patient = Patient { from, since: Instant::now(), opened: opened.clone(), gone: gone.clone() };
        let (header, mut reader) = Reader::live(patient)?;
        opened.store(true, Ordering::Relaxed);
        let Subject::Program(program) = header.subject else {
            return Err(OpenError::Header("it is of a scenario, and not of a program".to_owned()));
        };
        let (source, mut feed) = Self::new(program, false);
        feed.gone = gone;
        thread::Builder::new().name("feed".to_owned()).spawn(move || pump(&mut reader, source)).map_err(OpenError::Io)?;
        Ok(feed)
    }

    /// The next facts; `None` if there are none for now.
    pub fn next(&self) -> Option<Batch> {
        self.batches.try_recv().ok()
    }

    /// Waits for facts.
    pub fn wait(&self, at_most: Duration) -> Option<Batch> {
        self.batches.recv_timeout(at_most).ok()
    }

    /// Why there will be no more facts. The facts from before may not have been taken yet.
    pub fn over(&self) -> Option<&Over> {
        self.over.get()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

/// A reader that waits for a slow writer, but not for ever for its header, nor without a viewer.
#[derive(Debug)]
struct Patient<R> {
    from: R,
    since: Instant,
    /// Whether the header is there.
    opened: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
}

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.from.read(into) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    let late = !self.opened.load(Ordering::Relaxed) && self.since.elapsed() > HEADER_WITHIN;
                    if late || self.gone.load(Ordering::Relaxed) {
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "it sends nothing"));
                    }
                }
                read => return read,
            }
        }
    }
}

fn pump<R: Read>(reader: &mut Reader<R>, source: Source) {
    loop {
        let mut batch = Vec::new();
        let next = reader.chunk(&mut |fact| batch.push(fact));
        if !batch.is_empty() && !source.send(batch) {
            return;
        }
        match next {
            Ok(None) => {}
            Ok(Some(footer)) => return source.end(Over::Ended(footer)),
            Err(flaw) => return source.end(Over::Cut(flaw)),
        }
    }
}
