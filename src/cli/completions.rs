//! The completion script of a shell, for packages that install one.

use clap_complete::Shell;

use super::args;
use super::out;
use super::stop::Stop;

/// Prints the completion script of a shell.
pub(super) fn print(shell: Shell) -> Result<(), Stop> {
    let mut command = args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    out::print(&String::from_utf8_lossy(&script))
}
