//! The process on a terminal: signals to it, and how it changes the handling of typed lines.

use std::process::Command;

use portable_pty::MasterPty;

use super::Tty;

impl Tty {
    /// The id of the started process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().expect("the program is there")
    }

    /// Sends a signal to the program, by name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// True if typed lines are currently handled as before the program; `None` if the terminal was taken away.
    pub(crate) fn has_same_lines(&self) -> Option<bool> {
        self.master.as_ref().map(|master| line_modes(&**master) == self.line_modes)
    }
}

/// Sends a signal to a process, by name.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status().expect("kill runs");
    assert!(sent.success(), "kill -s {name} {pid}");
}

/// How the terminal handles typed lines, in words.
pub(super) fn line_modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}
