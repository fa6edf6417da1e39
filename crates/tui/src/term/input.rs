//! Keys, mouse and signals, in one queue.
//!
//! Two threads block, one on the terminal and one on signals. The event loop waits
//! only on the queue, so it can sleep until something happens. While another program
//! has the terminal, the first thread pauses, so that it does not steal keys.
//!
//! crossterm reads with `poll`, by its feature `use-dev-tty`. Its default source,
//! with `epoll`, loses a key that arrives together with a resize: it reports the
//! resize, drops the key, and is not woken for it again.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, KeyEvent, MouseEvent};
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use super::guard;
use crate::signals;

/// How long to look for more after an event: crossterm checks its own buffer only if it may wait.
const MOMENT: Duration = Duration::from_millis(1);

/// An input from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Something outside has news: look at it.
    Woken,
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Pasted text.
    Paste(String),
    /// The terminal's size has changed.
    Resized,
    /// The process was stopped and has been continued.
    Continued,
    /// A signal asks the program to end: its number.
    Ended(i32),
    /// The terminal is gone.
    Gone,
}

/// The queue of inputs.
#[derive(Debug)]
pub struct Inputs {
    queue: Receiver<Input>,
    sender: Sender<Input>,
    /// Inputs that came while another program had the terminal.
    kept: VecDeque<Input>,
    /// A byte asks the thread on the terminal to pause, its answer confirms that, and another byte lets it go on.
    holds: UnixStream,
}

impl Inputs {
    /// Waits until this job is in the foreground, then starts to listen. From then on SIGINT, SIGTERM and SIGHUP are inputs and
    /// do not end the process; signals that the caller ignores stay ignored.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread or a signal handler.
    pub fn open() -> io::Result<Self> {
        // This comes before the signal handlers, so that a signal ends a job that waits in the background. A handler may run on
        // any thread, and this one could stop the process again before the handler has run.
        guard::wait_for_turn()?;
        let (sender, queue) = mpsc::channel();
        let (holds, asked) = UnixStream::pair()?;
        signals::note()?;
        let signals = Signals::new(signals::heeded(&[SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH]))?;
        let (also, own) = (sender.clone(), sender.clone());
        thread::Builder::new().name("signals".to_owned()).spawn(move || forward_signals(signals, &also))?;
        thread::Builder::new().name("input".to_owned()).spawn(move || forward_events(&sender, &asked))?;
        Ok(Self { queue, sender: own, kept: VecDeque::new(), holds })
    }

    /// Waits for the next input; `None` if none comes by the deadline. Without a deadline, waits for ever.
    pub fn next(&mut self, until: Option<Instant>) -> Option<Input> {
        if let Some(input) = self.kept.pop_front() {
            return Some(input);
        }
        let Some(until) = until else {
            return Some(self.queue.recv().unwrap_or(Input::Gone));
        };
        match self.queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Input::Gone),
        }
    }
}

impl Inputs {
    /// Wakes the event loop from any thread.
    pub fn waker(&self) -> impl Fn() + Send + 'static {
        let sender = self.sender.clone();
        // The event loop may have ended.
        move || drop(sender.send(Input::Woken))
    }

    /// Stops reading the terminal, so that another program can, or resumes. A SIGINT that came meanwhile was meant for that
    /// program, and is dropped.
    pub fn hold(&mut self, held: bool) {
        // If the thread has ended, there is nothing to pause: the terminal is gone, and an input says so.
        let asked = self.holds.write_all(&[1]);
        if held {
            let _ = asked.and_then(|()| self.holds.read_exact(&mut [0]));
        } else {
            self.kept.extend(self.queue.try_iter().filter(|input| *input != Input::Ended(SIGINT)));
        }
    }
}

/// Forwards signals until the queue is gone, which means that the event loop has ended.
fn forward_signals(mut signals: Signals, queue: &Sender<Input>) {
    for signal in signals.forever() {
        let input = match signal {
            SIGWINCH => Input::Resized,
            SIGCONT => Input::Continued,
            // Handled here because the event loop does not listen while an editor has the terminal, and the shell waits
            // until the whole job has stopped.
            SIGTSTP => {
                guard::give_back();
                // If stopping fails, go on.
                let _ = signals::stop();
                Input::Continued
            }
            signal if signals::take_asked(signal) => Input::Ended(signal),
            // The process has sent it to itself: it belongs to a scenario.
            _ => continue,
        };
        if queue.send(input).is_err() {
            return;
        }
    }
}

/// Sends [`Input::Gone`] if the thread that reads the terminal panics: a program without input must end.
struct Deaf<'a>(&'a Sender<Input>);

impl Drop for Deaf<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // The event loop may have ended.
            let _ = self.0.send(Input::Gone);
        }
    }
}

/// Forwards events until the terminal or the queue is gone.
fn forward_events(queue: &Sender<Input>, asked: &UnixStream) {
    let _deaf = Deaf(queue);
    let mut alive = true;
    while alive {
        alive = match wait_for_terminal(asked) {
            Ok(true) => forward_one(queue) && forward_pending(queue),
            Ok(false) => hold_still(asked).is_ok(),
            Err(_) => queue.send(Input::Gone).is_err(),
        };
    }
}

fn forward_pending(queue: &Sender<Input>) -> bool {
    loop {
        match event::poll(MOMENT) {
            Ok(true) if forward_one(queue) => {}
            Ok(more) => return !more,
            Err(_) => return true,
        }
    }
}

/// Forwards one event. Returns whether there may be more.
fn forward_one(queue: &Sender<Input>) -> bool {
    let input = match event::read() {
        Ok(Event::Key(key)) => Input::Key(key),
        Ok(Event::Mouse(mouse)) => Input::Mouse(mouse),
        Ok(Event::Paste(text)) => Input::Paste(text),
        Ok(Event::Resize(..)) => Input::Resized,
        Ok(Event::FocusGained | Event::FocusLost) => return true,
        Err(_) => Input::Gone,
    };
    let gone = input == Input::Gone;
    queue.send(input).is_ok() && !gone
}

/// Confirms the pause, and returns when reading may go on.
fn hold_still(mut asked: &UnixStream) -> io::Result<()> {
    asked.read_exact(&mut [0])?;
    asked.write_all(&[1])?;
    asked.read_exact(&mut [0])
}

/// Waits for something to read (returns true) or for a request to pause (returns false).
///
/// crossterm's own wait spins at the end of input, so this detects that the terminal
/// is gone.
///
/// # Errors
///
/// If the terminal is gone.
fn wait_for_terminal(asked: &UnixStream) -> io::Result<bool> {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(asked, PollFlags::IN)];
    loop {
        match rustix::event::poll(&mut fds, None) {
            Ok(_) => break,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(fds[1].revents().is_empty())
}
