//! A pseudo-terminal with the program in it, and helpers that wait for what they want to see.

pub(crate) mod control;
pub(crate) mod harmful;
pub(crate) mod process;
mod usage;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{MouseProtocolMode, Parser};

/// The time before a test gives up. It is long, since the machine may be busy, and only a failure waits that long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Every mode that the program turns on: its number in `CSI ? n h`, and a name.
const MODES: [(u16, &str); 7] = [
    (1049, "alternate screen"),
    (2004, "bracketed paste"),
    (1000, "mouse presses"),
    (1002, "mouse drags"),
    (1003, "mouse movements"),
    (1006, "SGR mouse"),
    (2026, "synchronized output"),
];

/// The start and the end of a frame.
const FRAME: [&str; 2] = ["\x1b[?2026h", "\x1b[?2026l"];

/// A program on its own terminal.
pub(crate) struct Tty {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Seen>,
    /// How the terminal handled typed lines before the program started.
    line_modes: String,
}

/// The output of the program.
struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    parser: Parser,
    bytes: Vec<u8>,
    /// True if the program, and every other process that had the terminal, has closed it.
    over: bool,
    /// True if the terminal is to be taken away.
    hung_up: bool,
    /// True within a frame: until it ends, the screen is incomplete.
    mid_frame: bool,
    pace: Pace,
}

/// How fast the terminal reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// As fast as possible.
    Fast,
    /// At most that many bytes, then a pause of that length.
    Slow(usize, Duration),
    /// Paused.
    Held,
}

/// The remains of a program that has ended.
pub(crate) struct Ended {
    /// Its exit code.
    pub(crate) code: u32,
    /// The signal that ended it, if one did.
    pub(crate) signal: Option<i32>,
    /// The screen as the program left it.
    pub(crate) screen: String,
    bytes: Vec<u8>,
    modes: Modes,
}

/// The state in which the terminal is left.
#[derive(Debug, PartialEq, Eq)]
struct Modes {
    alternate_screen: bool,
    cursor_hidden: bool,
    paste: bool,
    mouse: MouseProtocolMode,
    /// True if typed lines are handled as before the program; `None` if the terminal was taken away.
    same_lines: Option<bool>,
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        // A mode may be cut in two.
        let from = self.bytes.len().saturating_sub(FRAME[0].len());
        self.bytes.extend_from_slice(bytes);
        let new = String::from_utf8_lossy(&self.bytes[from..]);
        if let [begun, ended] = FRAME.map(|mode| new.rfind(mode))
            && begun != ended
        {
            self.mid_frame = begun > ended;
        }
    }
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tty {
    /// Starts a program on a terminal with that many columns and rows.
    pub(crate) fn start(program: &Path, args: &[&str], size: (u16, u16)) -> Self {
        Self::start_with(program, args, size, &[])
    }

    /// Starts a program with these environment variables.
    pub(crate) fn start_with(program: &Path, args: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(pty_size(size)).expect("a pseudo-terminal");
        let line_modes = process::line_modes(&*pair.master);
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        // The tests must not count as runs that the user has seen.
        command.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
        // Nor do the user's settings and terminal apply.
        command.env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-config"));
        command.env_remove("COLORTERM");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        // The program must be the only process that has it open, so that its end is noticed.
        drop(pair.slave);
        let parser = Parser::new(rows(size), cols(size), 0);
        let state =
            Mutex::new(State { parser, bytes: Vec::new(), over: false, hung_up: false, mid_frame: false, pace: Pace::Fast });
        let seen = Arc::new(Seen { state, changed: Condvar::new() });
        let reader = pair.master.try_clone_reader().expect("a reader");
        let watcher = seen.clone();
        thread::spawn(move || watch(reader, &watcher));
        let keys = pair.master.take_writer().expect("a writer");
        Self { master: Some(pair.master), keys, child, seen, line_modes }
    }

    /// Types keys.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).and_then(|()| self.keys.flush()).expect("the terminal takes keys");
    }

    /// Pastes text, as a terminal with bracketed paste does.
    pub(crate) fn paste(&mut self, text: &str) {
        self.keys(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Moves the wheel, or presses or moves a button: its number, at a column and a row from 0.
    pub(crate) fn mouse(&mut self, button: u8, (column, row): (usize, usize)) {
        self.keys(&format!("\x1b[<{button};{};{}M", column + 1, row + 1));
    }

    /// Releases a button.
    pub(crate) fn let_go(&mut self, button: u8, (column, row): (usize, usize)) {
        self.keys(&format!("\x1b[<{button};{};{}m", column + 1, row + 1));
    }

    /// Stops reading what the program writes, except for what is on its way; or resumes.
    pub(crate) fn hold(&self, held: bool) {
        self.seen.lock().pace = if held { Pace::Held } else { Pace::Fast };
        self.seen.changed.notify_all();
    }

    /// Reads only that many bytes at a time, with a pause of that length.
    pub(crate) fn slow(&self, bytes: usize, takes: Duration) {
        self.seen.lock().pace = Pace::Slow(bytes, takes);
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.seen.lock().parser.screen_mut().set_size(rows(size), cols(size));
        self.claim(size);
    }

    /// Lets the terminal claim a size that it does not have.
    pub(crate) fn claim(&mut self, size: (u16, u16)) {
        self.master.as_ref().expect("the terminal is there").resize(pty_size(size)).expect("the terminal can be resized");
    }

    /// Takes the terminal away, as when its window is closed.
    pub(crate) fn hang_up(&mut self) {
        // The reader has it open too, and closes it when it has something to read, so press a key.
        self.seen.lock().hung_up = true;
        self.keys("?");
        drop(self.wait_over());
        self.keys = Box::new(std::io::sink());
        self.master = None;
    }

    /// Waits until the screen satisfies a condition, and returns it.
    pub(crate) fn wait_until(&self, wanted: &str, mut is: impl FnMut(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        let mut state = self.seen.lock();
        loop {
            let screen = state.parser.screen().contents();
            if !state.mid_frame && is(&screen) {
                return screen;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !state.over, "never seen: {wanted}\n{}", framed(&screen));
            state = self.seen.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until a text is on the screen, and returns the screen.
    pub(crate) fn sees(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// True if a text appears on the screen within that time.
    pub(crate) fn sees_within(&self, time: Duration, text: &str) -> bool {
        let state = self.seen.lock();
        let unseen = |state: &mut State| state.mid_frame || !state.parser.screen().contents().contains(text);
        !self.seen.changed.wait_timeout_while(state, time, unseen).unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The current screen.
    pub(crate) fn screen(&self) -> String {
        self.wait_until("a whole frame", |_| true)
    }

    /// The number of bytes written so far.
    pub(crate) fn written(&self) -> usize {
        self.seen.lock().bytes.len()
    }

    /// Waits until a complete frame has been drawn after that many bytes.
    pub(crate) fn draws(&self, written: usize) {
        let state = self.seen.lock();
        let waits = |state: &mut State| !state.over && (state.mid_frame || state.bytes.len() <= written);
        let (state, timeout) =
            self.seen.changed.wait_timeout_while(state, PATIENCE, waits).unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out() && !state.over, "no frame is drawn\n{}", framed(&state.parser.screen().contents()));
    }

    /// The number of reversed cells in the row of the screen with that text.
    pub(crate) fn reversed(&self, text: &str) -> usize {
        let state = self.seen.lock();
        let screen = state.parser.screen();
        let columns = screen.size().1.get();
        let row = screen.contents().lines().position(|row| row.contains(text)).map_or(u16::MAX, |row| row as u16);
        (0..columns).filter(|column| screen.cell(row, *column).is_some_and(vt100::Cell::inverse)).count()
    }

    /// True if that style was ever set, by its number in `CSI n m`.
    pub(crate) fn has_styled(&self, number: &str) -> bool {
        let bytes = String::from_utf8_lossy(&self.seen.lock().bytes).into_owned();
        // Other sequences, such as a move to row 36, end in other letters.
        let is_style = |numbers: &str| numbers.chars().all(|c| c.is_ascii_digit() || c == ';');
        let sets = |numbers: &str| is_style(numbers) && numbers.split(';').any(|n| n == number);
        bytes.split("\x1b[").any(|rest| rest.split_once('m').is_some_and(|(numbers, _)| sets(numbers)))
    }

    fn wait_over(&self) -> MutexGuard<'_, State> {
        let until = Instant::now() + PATIENCE;
        let mut state = self.seen.lock();
        while !state.over {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the program does not end\n{}", framed(&state.parser.screen().contents()));
            state = self.seen.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// Waits until the program has ended, without waiting for its output. Returns its exit code.
    pub(crate) fn code(mut self) -> u32 {
        comes("the program's end", || self.child.try_wait().expect("the program can be waited for")).exit_code()
    }

    /// Waits until the program has ended and all of its output has been read.
    pub(crate) fn end(mut self) -> Ended {
        let state = self.wait_over();
        let screen = state.parser.screen();
        let modes = Modes {
            alternate_screen: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            paste: screen.bracketed_paste(),
            mouse: screen.mouse_protocol_mode(),
            same_lines: self.has_same_lines(),
        };
        let (screen, bytes) = (screen.contents(), state.bytes.clone());
        drop(state);
        let child: &mut dyn Child = &mut *self.child;
        let child = child.downcast_mut::<std::process::Child>().expect("a process of the system");
        let status = child.wait().expect("the program can be waited for");
        Ended { code: status.code().map_or(0, |code| code as u32), signal: status.signal(), screen, bytes, modes }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // After a failed test the program is still running. Otherwise this fails, which is fine.
        let _ = self.child.kill();
    }
}

impl Ended {
    /// How often these bytes were written.
    pub(crate) fn count(&self, text: &str) -> usize {
        String::from_utf8_lossy(&self.bytes).matches(text).count()
    }

    /// True if only ASCII was written.
    pub(crate) fn is_ascii(&self) -> bool {
        self.bytes.is_ascii()
    }

    /// True if these bytes were ever written.
    pub(crate) fn wrote(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.bytes).contains(text)
    }

    /// Asserts that the output has no control sequences but the program's own.
    pub(crate) fn assert_own(&self) {
        assert_eq!(control::foreign(&String::from_utf8_lossy(&self.bytes)), None);
    }

    /// Asserts that every mode that was turned on was finally turned off again.
    pub(crate) fn assert_restored(&self) {
        let bytes = String::from_utf8_lossy(&self.bytes);
        for (number, name) in MODES {
            let on = bytes.rfind(&format!("\x1b[?{number}h"));
            let off = bytes.rfind(&format!("\x1b[?{number}l"));
            assert!(on.is_some(), "{name} was never on: is this test looking at the right mode?");
            assert!(off > on, "{name} was left on");
        }
        self.assert_left_alone();
    }

    /// Asserts that the terminal is restored.
    pub(crate) fn assert_left_alone(&self) {
        let Modes { alternate_screen, cursor_hidden, paste, mouse, same_lines } = &self.modes;
        let off = !alternate_screen && !cursor_hidden && !paste && *mouse == MouseProtocolMode::None;
        assert!(off && *same_lines == Some(true), "{:?}\n{}", self.modes, framed(&self.screen));
    }
}

/// Polls for something that sends no notification.
pub(crate) fn comes<T>(wanted: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(there) = look() {
            return there;
        }
        assert!(Instant::now() < until, "never there: {wanted}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn watch(mut reader: Box<dyn Read + Send>, seen: &Seen) {
    let mut buffer = [0; 8192];
    loop {
        // When the other side has closed, Linux reports EIO, not end of file.
        let pace = seen.lock().pace;
        let most = if let Pace::Slow(bytes, _) = pace { bytes } else { buffer.len() };
        let read = reader.read(&mut buffer[..most]).unwrap_or(0);
        if let Pace::Slow(_, takes) = pace {
            thread::sleep(takes);
        }
        let mut state = seen.lock();
        state.take(&buffer[..read]);
        state.over = read == 0 || state.hung_up;
        seen.changed.notify_all();
        if state.over {
            return;
        }
        drop(seen.changed.wait_while(state, |state| state.pace == Pace::Held).unwrap_or_else(PoisonError::into_inner));
    }
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn cols(size: (u16, u16)) -> NonZeroU16 {
    NonZeroU16::new(size.0).expect("a terminal has columns")
}

fn rows(size: (u16, u16)) -> NonZeroU16 {
    NonZeroU16::new(size.1).expect("a terminal has rows")
}

/// A screen with a border, for the output of a test.
fn framed(screen: &str) -> String {
    screen.lines().fold(String::new(), |mut all, line| {
        let _ = writeln!(all, "| {line}");
        all
    })
}
