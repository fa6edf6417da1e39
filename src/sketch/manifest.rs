//! The manifest of a sketch: which crates its source uses, at the versions of the checkout.

use std::fmt::Write as _;
use std::path::Path;

use toml::{Table, Value};

use super::{LayError, read};

/// The flags that the recorder needs, as in the checkout.
pub(super) const FLAGS: &str = "\
# What the recorder needs: names, hooks and metrics of tasks, and stacks that can be walked.
[build]
rustflags = [\"--cfg\", \"tokio_unstable\", \"-C\", \"force-frame-pointers=yes\"]
";

/// What takes longer unoptimised than its optimisation does.
const OPTIMISED: [&str; 11] = [
    "addr2line",
    "async-playground-recorder",
    "async-playground-recording",
    "async-playground-trace",
    "backtrace",
    "gimli",
    "lz4_flex",
    "miniz_oxide",
    "object",
    "rustc-demangle",
    "tokio",
];

/// The profile of a sketch. Its builds are debug builds.
pub(super) fn profile() -> String {
    let mut text = "
# Lines of waits.
[profile.dev]
debug = \"line-tables-only\"

# What each run executes, and what reads the lines.
[profile.dev.package]
"
    .to_owned();
    for package in OPTIMISED {
        let _ = writeln!(text, "{package} = {{ opt-level = 2 }}");
    }
    text
}

/// The main file of a sketch.
pub(super) fn main(id: &str) -> String {
    format!(
        "//! `cargo run` runs the scenario once; `async-playground open {id}` shows it, and shows it again at each save.

mod scenario;

use std::process::ExitCode;

fn main() -> ExitCode {{
    engine::sketch::main(&scenario::SCENARIO)
}}
"
    )
}

/// The manifest of a sketch with these sources.
pub(super) fn sketch(id: &str, checkout: &Path, sources: &[&str]) -> Result<String, LayError> {
    let workspace = table(&checkout.join("Cargo.toml"))?;
    let scenarios = table(&checkout.join("scenarios/Cargo.toml"))?;
    let empty = Table::new();
    let shared = workspace.get("workspace").and_then(|it| it.get("dependencies")).and_then(Value::as_table).unwrap_or(&empty);
    let used = scenarios.get("dependencies").and_then(Value::as_table).unwrap_or(&empty);
    let mut text = format!(
        "# A scenario of your own. Change src, and see.
[package]
name = \"{id}\"
version = \"0.1.0\"
edition = \"2024\"
publish = false

# Its own workspace, wherever it is put.
[workspace]

[dependencies]
{}",
        ours(checkout)
    );
    for (name, dependency) in used.iter().filter(|(name, _)| *name != "scenario") {
        let path = format!("{}::", name.replace('-', "_"));
        if sources.iter().any(|source| source.contains(&path)) {
            let _ = writeln!(text, "{name} = {}", requirement(dependency, shared.get(name)));
        }
    }
    Ok(text + &profile())
}

/// The crates of the checkout that a sketch uses.
pub(super) fn ours(checkout: &Path) -> String {
    let path = |name: &str| Value::from(checkout.join("crates").join(name).to_string_lossy().into_owned()).to_string();
    format!(
        "engine = {{ package = \"async-playground-engine\", path = {}, default-features = false }}
scenario = {{ package = \"async-playground-scenario\", path = {} }}
",
        path("engine"),
        path("scenario")
    )
}

/// What a crate of the checkout requires, with what it has from the workspace.
fn requirement(own: &Value, shared: Option<&Value>) -> String {
    let field = |name: &str| own.get(name).or_else(|| shared?.get(name));
    let version = field("version").or_else(|| own.as_str().map(|_| own)).or_else(|| shared.filter(|it| it.is_str()));
    let mut parts = vec![format!("version = {}", version.unwrap_or(&Value::from("*")))];
    if field("default-features").and_then(Value::as_bool) == Some(false) {
        parts.push("default-features = false".to_owned());
    }
    let features = [shared.and_then(|it| it.get("features")), own.get("features")].into_iter().flatten();
    let features: Vec<_> = features.filter_map(Value::as_array).flatten().map(ToString::to_string).collect();
    if !features.is_empty() {
        parts.push(format!("features = [{}]", features.join(", ")));
    }
    format!("{{ {} }}", parts.join(", "))
}

fn table(file: &Path) -> Result<Table, LayError> {
    read(file)?.parse().map_err(|_| LayError::Checkout(file.to_owned()))
}
