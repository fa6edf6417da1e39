//! Keys, mouse and signals, in one queue.
//!
//! Two threads wait where one can only block: one on the terminal, one on
//! signals. The event loop waits on the queue alone, so it can sleep until
//! something happens. While another program has the terminal the first one holds
//! still, or it would take keys away from that.
//!
//! crossterm reads with its feature `use-dev-tty`, that is, with `poll`. Its
//! usual source, with `epoll`, loses a key that comes together with a change of
//! size: it tells of the size, forgets the key, and is not woken for it again.

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

/// How long to look for more after an event: crossterm looks at what it has read already only if it may wait.
const MOMENT: Duration = Duration::from_millis(1);

/// Something from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Pasted text.
    Paste(String),
    /// The terminal has another size.
    Resized,
    /// The process was stopped and is continued.
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
    /// Inputs that came while another program had the terminal.
    kept: VecDeque<Input>,
    /// A byte over it asks the thread on the terminal to hold still, the answer says that it does, and another byte lets it
    /// go on.
    holds: UnixStream,
}

impl Inputs {
    /// Starts to listen: from now on SIGINT, SIGTERM and SIGHUP are inputs and do not end the process, unless the caller
    /// ignores them. Until the terminal is this job's, it waits.
    ///
    /// # Errors
    ///
    /// When the system gives no thread or no signal handler.
    pub fn open() -> io::Result<Self> {
        // This comes before the signal handlers, so that a signal ends a job that waits in the background. The system may run a
        // handler on any thread, and this thread could stop the process again before the handler has run.
        guard::wait_for_turn()?;
        let (sender, queue) = mpsc::channel();
        let (holds, asked) = UnixStream::pair()?;
        signals::note()?;
        let signals = Signals::new(signals::heeded(&[SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH]))?;
        let also = sender.clone();
        thread::Builder::new().name("signals".to_owned()).spawn(move || forward_signals(signals, &also))?;
        thread::Builder::new().name("input".to_owned()).spawn(move || forward_events(&sender, &asked))?;
        Ok(Self { queue, kept: VecDeque::new(), holds })
    }

    /// The next input; none when there is none until the deadline. Without a deadline it waits for ever.
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
    /// Stops reading the terminal, so that another program can; or reads it again. An interrupt that came meanwhile was
    /// that program's.
    pub fn hold(&mut self, held: bool) {
        // When the thread has ended there is nothing to hold: the terminal is gone, and that is an input.
        let asked = self.holds.write_all(&[1]);
        if held {
            let _ = asked.and_then(|()| self.holds.read_exact(&mut [0]));
        } else {
            self.kept.extend(self.queue.try_iter().filter(|input| *input != Input::Ended(SIGINT)));
        }
    }
}

/// Runs until the queue is gone, that is, until the event loop has ended.
fn forward_signals(mut signals: Signals, queue: &Sender<Input>) {
    for signal in signals.forever() {
        let input = match signal {
            SIGWINCH => Input::Resized,
            SIGCONT => Input::Continued,
            // Here, and not in the event loop: while an editor has the terminal, that one does not listen, and the shell
            // waits until all of the job has stopped.
            SIGTSTP => {
                guard::give_back();
                // If it cannot be stopped it goes on.
                let _ = signals::stop();
                Input::Continued
            }
            signal => Input::Ended(signal),
        };
        if queue.send(input).is_err() {
            return;
        }
    }
}

/// Says that the terminal is gone when the thread that reads it panics: a program that hears nothing more has to end.
struct Deaf<'a>(&'a Sender<Input>);

impl Drop for Deaf<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody may be there to hear it.
            let _ = self.0.send(Input::Gone);
        }
    }
}

/// Runs until the terminal or the queue is gone.
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

/// Returns whether there may be more.
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

/// Says that nothing is read, and comes back when it may be read again.
fn hold_still(mut asked: &UnixStream) -> io::Result<()> {
    asked.read_exact(&mut [0])?;
    asked.write_all(&[1])?;
    asked.read_exact(&mut [0])
}

/// Waits until there is something to read: true; or until it is asked to hold still: false.
///
/// crossterm's own wait takes the end of input for no input and spins, so the
/// terminal's going away has to be seen here.
///
/// # Errors
///
/// When the terminal is gone.
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
