//! The crates of the workspace: what they may use, as in ARCHITECTURE.md, and whether they have doc tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

type House = BTreeMap<String, BTreeSet<String>>;

/// A crate's short name: `trace` for `async-playground-trace`.
fn short(package: &str) -> String {
    package.strip_prefix("async-playground-").unwrap_or("the program").to_owned()
}

/// The packages of the workspace according to `cargo metadata`.
fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo starts");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    array(&metadata["packages"])
}

fn array(value: &Value) -> Vec<Value> {
    value.as_array().expect("an array").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Each crate with the crates of the workspace that it depends on, other than for its tests.
fn built() -> House {
    let ours = |dependency: &Value| dependency["path"].is_string() && dependency["kind"] != "dev";
    let uses = |package: &Value| {
        array(&package["dependencies"]).iter().filter(|to| ours(to)).map(|to| short(text(&to["name"]))).collect()
    };
    packages().iter().map(|package| (short(text(&package["name"])), uses(package))).collect()
}

/// True if a doc comment in the folder has a block of code.
fn has_code_in_docs(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder of sources").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return has_code_in_docs(&path);
        }
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let begins = |line: &str| ["/// ```", "//! ```"].iter().any(|begin| line.trim_start().starts_with(begin));
        is_rust && fs::read_to_string(&path).expect("a source").lines().any(begins)
    })
}

/// The words in backquotes, or else the text itself.
fn words(cell: &str) -> Vec<String> {
    let quoted: Vec<_> = cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    if quoted.is_empty() && !cell.trim().is_empty() { vec![cell.trim().to_owned()] } else { quoted }
}

/// The table of ARCHITECTURE.md.
fn drawn() -> House {
    let text = include_str!("../../ARCHITECTURE.md");
    let (_, table) = text.split_once("| crate | uses |\n|---|---|\n").expect("the table");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').collect();
        (words(cells[1]).remove(0), words(cells[2]).into_iter().collect())
    };
    rows.map(row).collect()
}

#[test]
fn the_crates_use_each_other_as_the_table_says() {
    let (built, drawn) = (built(), drawn());
    assert_eq!(built, drawn);
    for (from, to) in [("trace", "recorder"), ("recorder", "trace")] {
        assert!(!built[from].contains(to), "{from} must not use {to}");
    }
    assert!(built["scenario"].is_empty(), "a scenario must not know what watches it");
}

/// A crate without doc tests declares that, because rustdoc takes long to find none.
#[test]
fn the_crates_with_code_in_their_docs_run_it() {
    for package in packages() {
        let targets = array(&package["targets"]);
        let lib = targets.iter().find(|target| target["kind"][0] == "lib").expect("each crate has a library");
        let folder = Path::new(text(&lib["src_path"])).parent().expect("it is in a folder");
        assert_eq!(lib["doctest"], has_code_in_docs(folder), "`doctest` in Cargo.toml of {}", text(&package["name"]));
    }
}
