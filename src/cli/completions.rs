//! Shell completion of flags, scenarios, parameters and parameter values.
//!
//! A static script cannot know the scenarios of a later version, nor which parameters
//! belong to the scenario that was typed. So a shell's script only calls the program
//! with the words so far and [`ASKED`] set, and the program answers.

use std::ffi::{OsStr, OsString};

use clap_complete::env::{CompleteEnv, Shells};
use clap_complete::{CompletionCandidate, Shell};
use scenario::{Kind, Param};
use scenarios::CATALOGUE;

use super::args;
use super::out;
use super::stop::Stop;

/// The environment variable that a shell sets to ask for completions.
const ASKED: &str = "ASYNC_PLAYGROUND_COMPLETE";

/// The name of the installed program, which the script calls.
const PROGRAM: &str = "async-playground";

/// By default Bash splits words at `=`, but `NAME=VALUE` is one word.
const WHOLE_WORDS: &str = "COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}\n";

/// Prints the completion script of a shell.
pub(super) fn print(shell: Shell) -> Result<(), Stop> {
    let mut script = if shell == Shell::Bash { WHOLE_WORDS.as_bytes().to_vec() } else { Vec::new() };
    let name = shell.to_string();
    let known = Shells::builtins();
    // Every shell that clap names has a script.
    if let Some(of) = known.completer(&name) {
        of.write_registration(ASKED, PROGRAM, PROGRAM, PROGRAM, &mut script).map_err(Stop::Output)?;
    }
    out::print(&String::from_utf8_lossy(&script))
}

/// Answers a shell that asks for completions, and returns whether one did.
pub(super) fn answer() -> Result<bool, Stop> {
    let here = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(args::command).var(ASKED).try_complete(std::env::args_os(), here.as_deref());
    asked.map_err(Stop::Parse)
}

/// The scenarios whose ID begins with the typed text, each with its title.
pub(super) fn scenarios(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let begins = CATALOGUE.iter().filter(|scenario| scenario.id.starts_with(&*typed));
    begins.map(|scenario| CompletionCandidate::new(scenario.id).help(Some(scenario.title.into()))).collect()
}

/// Completes the parameters of the scenario on the command line as `NAME=`, and after the `=` their values.
pub(super) fn parameters(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let words: Vec<OsString> = std::env::args_os().collect();
    let named = words.iter().filter_map(|word| scenarios::find(word.to_str()?)).next_back();
    let params = named.into_iter().flat_map(|scenario| scenario.params);
    params.flat_map(|param| values(param, &typed)).collect()
}

/// The completions of one parameter, or of its value after the `=`.
fn values(param: &Param, typed: &str) -> Vec<CompletionCandidate> {
    let name = format!("{}=", param.name);
    let told = |value: String| CompletionCandidate::new(value).help(Some(param.help.into()));
    let whole = match param.kind {
        _ if name.starts_with(typed) && name != typed => vec![name],
        Kind::Choice(choices) => choices.iter().map(|choice| format!("{name}{choice}")).collect(),
        Kind::Number { default, .. } => vec![format!("{name}{default}")],
    };
    whole.into_iter().filter(|whole| whole.starts_with(typed)).map(told).collect()
}
