//! The crates of the workspace and what they may use: ARCHITECTURE.md against `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

type House = BTreeMap<String, BTreeSet<String>>;

/// A crate's short name: `trace` for `async-playground-trace`.
fn short(package: &str) -> String {
    package.strip_prefix("async-playground-").unwrap_or("the program").to_owned()
}

/// Each crate with the crates of the workspace that it depends on, other than for its tests.
fn built() -> House {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo starts");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let array = |value: &serde_json::Value| value.as_array().expect("an array").clone();
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let ours = |dependency: &serde_json::Value| dependency["path"].is_string() && dependency["kind"] != "dev";
    let uses = |package: &serde_json::Value| {
        array(&package["dependencies"]).iter().filter(|to| ours(to)).map(|to| short(&text(&to["name"]))).collect()
    };
    array(&metadata["packages"]).iter().map(|package| (short(&text(&package["name"])), uses(package))).collect()
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
