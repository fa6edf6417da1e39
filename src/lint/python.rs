//! Python: parsed by Python itself.
//!
//! Only `ast` follows the language in all its versions, so the work is done by `python.py`, which one process of the system's
//! Python runs for all files: an interpreter takes longer to start than a file to check. The texts are sent to it rather than
//! the names, since Rust has read them with more care (no pipes, no endless files).

use std::io::{self, Write};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use super::{Checked, Fault, Found};

const SCRIPT: &str = include_str!("python.py");

/// The result for one file, as the script prints it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Found(Vec<(usize, String, String, String, String)>),
    Fault { line: Option<usize>, reason: String },
}

/// Checks Python sources. The results are in the order of the texts.
///
/// # Errors
///
/// If there is no Python or it fails, in one line.
pub(super) fn lint(texts: &[String]) -> Result<Vec<Checked>, String> {
    let output = match run(texts) {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err("no python3 found; Python files are checked with it".to_owned());
        }
        Err(error) => return Err(format!("python3 cannot be run: {error}")),
    };
    let answers: Vec<Answer> = serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("python3 failed: {}", said.lines().last().unwrap_or("it printed nothing"))
    })?;
    if answers.len() != texts.len() {
        return Err(format!("python3 answered for {} of {} files", answers.len(), texts.len()));
    }
    Ok(answers.into_iter().map(Answer::checked).collect())
}

/// Runs the script. It reads everything before it writes, so neither side waits for the other.
fn run(texts: &[String]) -> io::Result<Output> {
    let mut command = Command::new("python3");
    // Isolated: neither the user's folder nor the environment changes what is imported.
    command.args(["-I", "-X", "utf8", "-c", SCRIPT]);
    let mut python = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let sent = python.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(&serde_json::to_vec(texts)?));
    let output = python.wait_with_output()?;
    // If Python ended early, its own words say more than the broken pipe.
    match sent {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(output),
    }
}

impl Answer {
    fn checked(self) -> Checked {
        match self {
            Answer::Fault { line, reason } => Checked { fault: Some(Fault { line, reason }), ..Checked::default() },
            Answer::Found(found) => {
                let found = found.into_iter();
                let found = found.map(|(line, function, what, why, remedy)| Found { line, function, what, why, remedy });
                Checked { found: found.collect(), fault: None }
            }
        }
    }
}

#[cfg(test)]
mod tests;
