//! Makes a crate of a scenario, which its user may change and keep.
//!
//! The crate uses the engine of the checkout that this program was built from, with the versions of its lock file, so that it
//! builds without a network.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use scenario::Scenario;
use toml::{Table, Value};

/// The checkout that this program was built from.
const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");
/// What the scenarios use.
const USED: &str = include_str!("../../scenarios/Cargo.toml");
/// The versions of that.
const WORKSPACE: &str = include_str!("../../Cargo.toml");
/// The scenario's source in the crate.
const SOURCE: &str = "src/scenario.rs";

/// What takes longer unoptimised than its optimisation does.
const OPTIMISED: [&str; 12] = [
    "addr2line",
    "async-playground-recorder",
    "async-playground-recording",
    "async-playground-trace",
    "backtrace",
    "gimli",
    "hashbrown",
    "lz4_flex",
    "miniz_oxide",
    "object",
    "rustc-demangle",
    "tokio",
];

const MAIN: &str = "\
//! Runs the scenario. `async-playground open` shows it.

mod scenario;

use std::process::ExitCode;

fn main() -> ExitCode {
    engine::sketch::main(&scenario::SCENARIO)
}
";

/// Makes a crate of a scenario in a folder that does not exist or is empty. Returns the scenario's source file, relative to the
/// folder.
///
/// # Errors
///
/// In one line, if the folder or the checkout cannot be used.
pub fn lay(scenario: &'static Scenario, folder: &Path) -> Result<String, String> {
    let shown = folder.display();
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{shown} exists and is not empty: choose another folder"));
    }
    if !Path::new(CHECKOUT).join("crates/engine").is_dir() {
        return Err(format!("{CHECKOUT}, from which this program was built, is gone: build it again from a checkout"));
    }
    // Nothing is left half written: it is made beside, and then renamed.
    let parent = match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let made = tempfile::Builder::new().prefix(".sketch-").tempdir_in(parent).and_then(|made| {
        write(scenario, folder, made.path())?;
        fs::rename(made.path(), folder).map(|()| made.keep())
    });
    made.map(|_| SOURCE.to_owned()).map_err(|error| format!("{shown} cannot be made: {error}"))
}

fn write(scenario: &Scenario, folder: &Path, to: &Path) -> io::Result<()> {
    let checkout = Path::new(CHECKOUT);
    let stem = Path::new(scenario.path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    fs::create_dir_all(to.join("src"))?;
    fs::create_dir_all(to.join(".cargo"))?;
    fs::write(to.join(".gitignore"), "/target\n")?;
    fs::copy(checkout.join(".cargo/config.toml"), to.join(".cargo/config.toml"))?;
    fs::copy(checkout.join("Cargo.lock"), to.join("Cargo.lock"))?;
    fs::write(to.join("src/main.rs"), MAIN)?;
    let mut all = scenario.source.to_owned();
    let source = scenario.source.replace(&format!("include_str!(\"{stem}.rs\")"), "include_str!(\"scenario.rs\")");
    fs::write(to.join(SOURCE), source)?;
    fs::write(to.join(format!("src/{stem}.py")), scenario.twin)?;
    let modules = checkout.join("scenarios").join(&stem);
    for entry in fs::read_dir(modules).into_iter().flatten().flatten() {
        fs::create_dir_all(to.join("src/scenario"))?;
        fs::copy(entry.path(), to.join("src/scenario").join(entry.file_name()))?;
        all.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
    }
    fs::write(to.join("Cargo.toml"), manifest(&package(folder), &all))
}

/// A valid name of a package for a folder.
fn package(folder: &Path) -> String {
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name.to_owned() } else { format!("sketch-{name}") }
}

/// The manifest of a crate with this source, which uses what the source names.
fn manifest(package: &str, source: &str) -> String {
    let mut text = format!(
        "[package]\nname = \"{package}\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n\
         # Its own workspace, wherever it is.\n[workspace]\n\n[dependencies]\n\
         engine = {{ path = {:?}, package = \"async-playground-engine\", default-features = false }}\n\
         scenario = {{ path = {:?}, package = \"async-playground-scenario\" }}\n",
        path("crates/engine"),
        path("crates/scenario")
    );
    let (used, workspace) = (table(USED), table(WORKSPACE));
    let versions = workspace.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    for (name, how) in used.get("dependencies").and_then(Value::as_table).into_iter().flatten() {
        if name == "scenario" || !source.contains(&format!("{}::", name.replace('-', "_"))) {
            continue;
        }
        let of_workspace = how.get("workspace").is_some();
        let mut version =
            if of_workspace { versions.and_then(|all| all.get(name)).cloned().unwrap_or(how.clone()) } else { how.clone() };
        if let (Some(features), Some(version)) = (how.get("features").filter(|_| of_workspace), as_table(&mut version)) {
            version.insert("features".to_owned(), features.clone());
        }
        let _ = writeln!(text, "{name} = {}", inline(&version));
    }
    text.push_str("\n# Lines of waits.\n[profile.dev]\ndebug = \"line-tables-only\"\n");
    text.push_str("\n# What each run executes, and what reads the lines.\n");
    for package in OPTIMISED {
        let _ = writeln!(text, "[profile.dev.package.{package}]\nopt-level = 2");
    }
    text
}

/// A dependency as a table, also if it is only a version.
fn as_table(version: &mut Value) -> Option<&mut Table> {
    if version.is_str() {
        *version = Value::Table(Table::from_iter([("version".to_owned(), version.clone())]));
    }
    version.as_table_mut()
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Array(all) => format!("[{}]", all.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Table(all) => {
            let all: Vec<_> = all.iter().map(|(name, value)| format!("{name} = {}", inline(value))).collect();
            format!("{{ {} }}", all.join(", "))
        }
        Value::Boolean(is) => is.to_string(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

fn table(text: &str) -> Table {
    text.parse().unwrap_or_default()
}

/// The path of a crate of the checkout.
fn path(folder: &str) -> String {
    format!("{CHECKOUT}/{folder}")
}
