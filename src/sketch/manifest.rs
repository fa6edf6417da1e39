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

/// Builds are debug builds. Lines are needed where futures wait; what records is optimised.
pub(super) const PROFILE: &str = "
# A save is on screen within seconds: no more debug information than the lines of waits need.
[profile.dev]
debug = \"line-tables-only\"
incremental = true

[profile.dev.package]
async-playground-recorder = { opt-level = 1 }
async-playground-recording = { opt-level = 1 }
async-playground-trace = { opt-level = 1 }
addr2line = { opt-level = 3, debug = false }
gimli = { opt-level = 3, debug = false }
miniz_oxide = { opt-level = 3, debug = false }
object = { opt-level = 3, debug = false }
tokio = { opt-level = 1 }
";

/// The main file of a sketch.
pub(super) fn main(stem: &str, id: &str) -> String {
    format!(
        "//! `cargo run` runs the scenario once; `async-playground open {id}` shows it, and shows it again at each save.

mod {stem};

use std::process::ExitCode;

fn main() -> ExitCode {{
    engine::sketch::main(&{stem}::SCENARIO)
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
    Ok(text + PROFILE)
}

/// The crates of the checkout that a sketch uses.
pub(super) fn ours(checkout: &Path) -> String {
    let path = |name: &str| Value::from(checkout.join("crates").join(name).to_string_lossy().into_owned()).to_string();
    format!(
        "engine = {{ package = \"async-playground-engine\", path = {} }}
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
