//! What cargo is asked to add so that the program can be observed: flags of the compiler, and debug information.
//!
//! Cargo takes the flags from the first of four places that has any: `CARGO_ENCODED_RUSTFLAGS`, `RUSTFLAGS`,
//! `target.*.rustflags` of every matching target, and `build.rustflags`. Flags in an earlier place hide the later ones, so a
//! flag that is added in the wrong place would replace the user's. Within the settings, a list of `--config` is appended to
//! the lists of the files, and a text replaces the text of a file. So the flags are appended to the variable that is set; otherwise to
//! `build.rustflags` and to each `target.*.rustflags` that the settings have, whichever of them cargo takes.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use toml::{Table, Value};

/// The flags: the first makes Tokio report its tasks, the second makes the line of a wait cheap to find.
const FLAGS: [&str; 4] = ["--cfg", "tokio_unstable", "-C", "force-frame-pointers=yes"];
/// What separates the flags in `CARGO_ENCODED_RUSTFLAGS`.
const UNIT: &str = "\u{1f}";
/// The debug information of an optimised build: lines, and the names of async functions that were inlined.
const DEBUG: &str = "limited";
/// The subcommands that cargo has itself. Others are programs of their own, which get no `--config`.
const OWN: [&str; 12] = ["run", "r", "build", "b", "test", "t", "bench", "check", "c", "rustc", "install", "fix"];
/// The options whose value is the next word.
const VALUED: [&str; 20] = [
    "--config",
    "-C",
    "-Z",
    "--color",
    "-p",
    "--package",
    "--bin",
    "--example",
    "--test",
    "--bench",
    "-F",
    "--features",
    "--target",
    "--target-dir",
    "--manifest-path",
    "--profile",
    "-j",
    "--jobs",
    "--message-format",
    "--lockfile-path",
];
/// How deep settings may include others.
const DEEPEST: usize = 4;

/// What cargo's settings depend on.
pub(super) struct Surroundings<'a> {
    /// The environment.
    pub(super) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The folder in which cargo runs.
    pub(super) folder: &'a Path,
    /// Cargo's own folder.
    pub(super) home: Option<PathBuf>,
    /// The manifest of the workspace.
    pub(super) manifest: Option<Table>,
}

/// What is added to a command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Added {
    /// How many arguments come before the added ones.
    pub(super) after: usize,
    /// The added arguments.
    pub(super) arguments: Vec<OsString>,
    /// Variables of the environment.
    pub(super) variables: Vec<(String, OsString)>,
}

/// Whether a command is cargo.
pub(super) fn is_cargo(command: &OsStr) -> bool {
    Path::new(command).file_stem().is_some_and(|name| name == "cargo")
}

/// The number of words that choose the toolchain: `+nightly`.
pub(super) fn toolchain(words: &[OsString]) -> usize {
    usize::from(words.first().is_some_and(|word| word.to_string_lossy().starts_with('+')))
}

/// What to add to cargo with these arguments.
pub(super) fn added(words: &[OsString], around: &Surroundings<'_>) -> Added {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let own = &words[..cargos(&words)];
    let settings = settings(own, around);
    // `--config` after the subcommand hides the one before it, so all of them must be at the same place.
    let after = own.iter().rposition(|word| word.starts_with("--config")).map_or(0, |last| {
        let has_value = own[last].contains('=');
        if has_value { last + 1 } else { (last + 2).min(own.len()) }
    });
    let mut added = Added { after, ..Added::default() };
    flags(own, around, &settings, &mut added);
    debug(own, around, &settings, &mut added);
    added
}

/// How many of the arguments are cargo's own: all before `--`, and for `run` before the first one that is no option, which is
/// the program's.
fn cargos(words: &[String]) -> usize {
    let mut subcommand = None;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match word.as_str() {
            "--" => return at,
            word if VALUED.contains(&word) => at += 1,
            word if word.starts_with('-') => {}
            _ if matches!(subcommand, Some("run" | "r")) => return at,
            word => subcommand = subcommand.or(Some(word)),
        }
        at += 1;
    }
    words.len()
}

fn flags(words: &[String], around: &Surroundings<'_>, settings: &[Table], added: &mut Added) {
    for (variable, separator) in [("CARGO_ENCODED_RUSTFLAGS", UNIT), ("RUSTFLAGS", " ")] {
        if let Some(mut value) = (around.variable)(variable) {
            if !value.is_empty() {
                value.push(separator);
            }
            value.push(FLAGS.join(separator));
            added.variables.push((variable.to_owned(), value));
            return;
        }
    }
    for target in targets(settings) {
        let known = settings.iter().find_map(|table| table.get("target")?.get(&target)?.get("rustflags"));
        added.config(&format!("target.{}.rustflags={}", quoted(&target), appended(known)));
    }
    let known = settings.iter().find_map(|table| table.get("build")?.get("rustflags"));
    added.config(&format!("build.rustflags={}", appended(known)));
    let is_own = |word: &String| OWN.contains(&&**word);
    if !words.iter().any(is_own) {
        append(around, "CARGO_BUILD_RUSTFLAGS", added);
    }
}

/// Appends the flags to a list in the environment.
fn append(around: &Surroundings<'_>, variable: &str, added: &mut Added) {
    let mut value = (around.variable)(variable).unwrap_or_default();
    if !value.is_empty() {
        value.push(" ");
    }
    value.push(FLAGS.join(" "));
    added.variables.push((variable.to_owned(), value));
}

impl Added {
    fn config(&mut self, setting: &str) {
        self.arguments.extend(["--config".into(), setting.into()]);
    }
}

/// The value that adds the flags to the known one.
fn appended(known: Option<&Value>) -> String {
    match known {
        Some(Value::String(text)) => quoted(&format!("{text} {}", FLAGS.join(" "))),
        _ => format!("[{}]", FLAGS.map(quoted).join(",")),
    }
}

/// A text of TOML: it has the escapes of Rust.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// The targets for which the settings have flags.
fn targets(settings: &[Table]) -> BTreeSet<String> {
    let of = |table: &Table| table.get("target").and_then(Value::as_table).cloned().unwrap_or_default();
    let all = settings.iter().flat_map(of);
    all.filter(|(_, target)| target.get("rustflags").is_some()).map(|(name, _)| name).collect()
}

/// Adds debug information to an optimised build, unless the user has decided about it.
fn debug(words: &[String], around: &Surroundings<'_>, settings: &[Table], added: &mut Added) {
    let profile = profile(words);
    let tables = || settings.iter().chain(&around.manifest).filter_map(|table| table.get("profile")?.as_table());
    let mut name = profile.as_str();
    for _ in 0..DEEPEST {
        let variable = format!("CARGO_PROFILE_{}_DEBUG", name.to_uppercase().replace('-', "_"));
        let decides = |table: &Table| table.get(name).is_some_and(|profile| profile.get("debug").is_some());
        if tables().any(decides) || (around.variable)(&variable).is_some() {
            return;
        }
        let inherits = tables().find_map(|table| table.get(name)?.get("inherits")?.as_str());
        name = match name {
            "release" => return added.config(&format!("profile.{profile}.debug=\"{DEBUG}\"")),
            "bench" => "release",
            _ => match inherits {
                Some(parent) => parent,
                None => return,
            },
        };
    }
}

/// The profile that cargo builds with.
fn profile(words: &[String]) -> String {
    let next = words.iter().zip(words.iter().skip(1)).find(|(word, _)| *word == "--profile").map(|(_, name)| name.as_str());
    let named = next.or_else(|| words.iter().find_map(|word| word.strip_prefix("--profile=")));
    let subcommand = words.iter().find(|word| OWN.contains(&&***word)).map_or("", String::as_str);
    let release = words.iter().any(|word| matches!(word.as_str(), "--release" | "-r" | "-qr" | "-rq"));
    let implied = match subcommand {
        "bench" => "bench",
        "install" => "release",
        _ if release => "release",
        _ => "dev",
    };
    named.unwrap_or(implied).to_owned()
}

/// All settings that cargo reads, those that it prefers first: of the command line, of files from its folder upwards, and of its
/// own folder.
fn settings(words: &[String], around: &Surroundings<'_>) -> Vec<Table> {
    let mut folders: Vec<PathBuf> = around.folder.ancestors().map(|folder| folder.join(".cargo")).collect();
    folders.extend(around.home.clone().filter(|home| !folders.contains(home)));
    let mut all = given(words, around);
    for folder in folders {
        // The first one is what cargo reads if there are both.
        if let Some(file) = ["config", "config.toml"].map(|name| folder.join(name)).iter().find(|file| file.is_file()) {
            read(file, DEEPEST, &mut all);
        }
    }
    all
}

/// The settings of the command line, the last ones first.
fn given(words: &[String], around: &Surroundings<'_>) -> Vec<Table> {
    let mut all = Vec::new();
    let next = words.iter().zip(words.iter().skip(1)).filter(|(word, _)| *word == "--config").map(|(_, value)| value.as_str());
    for value in next.chain(words.iter().filter_map(|word| word.strip_prefix("--config="))) {
        match value.parse::<Table>() {
            Ok(table) => all.push(table),
            Err(_) => read(&around.folder.join(value), DEEPEST, &mut all),
        }
    }
    all.reverse();
    all
}

/// Reads settings. Cargo reports what is wrong with them.
fn read(file: &Path, depth: usize, into: &mut Vec<Table>) {
    let Some(table) = fs::read_to_string(file).ok().and_then(|text| text.parse::<Table>().ok()) else { return };
    let path = |value: &Value| value.as_str().or_else(|| value.get("path")?.as_str()).map(str::to_owned);
    let included = match table.get("include") {
        Some(Value::Array(list)) => list.iter().filter_map(path).collect(),
        Some(value) => path(value).into_iter().collect(),
        None => Vec::new(),
    };
    into.push(table);
    for included in included.iter().filter(|_| depth > 0) {
        read(&file.with_file_name(included), depth - 1, into);
    }
}

/// The manifest of the workspace that cargo with these arguments builds; none if cargo does not find it.
pub(super) fn manifest(cargo: &OsStr, words: &[OsString]) -> Option<Table> {
    let mut command = Command::new(cargo);
    command.args(&words[..toolchain(words)]).args(["locate-project", "--workspace", "--message-format", "plain"]);
    let given = words.iter().zip(words.iter().skip(1)).find(|(word, _)| *word == "--manifest-path");
    if let Some((flag, path)) = given {
        command.arg(flag).arg(path);
    }
    let found = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok().filter(|found| found.status.success())?;
    let path = String::from_utf8(found.stdout).ok()?;
    fs::read_to_string(path.trim_end()).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
