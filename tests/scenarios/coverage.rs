//! `docs/coverage.md` matches the catalogue that it is generated from.

use std::fmt::Write;
use std::path::Path;

use scenarios::CATALOGUE;

const HEAD: &str = "\
# Patterns

Which scenario shows which asyncio pattern, and where Tokio differs; an empty cell means that both do the same.
`just coverage` generates this file from the catalogue: do not edit it.
";

#[test]
fn the_table_of_patterns_is_what_the_catalogue_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md");
    let wanted = table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == wanted, "docs/coverage.md is out of date; run `just coverage`");
}

/// One table for each group, one row for each scenario.
fn table() -> String {
    let mut text = HEAD.to_owned();
    let mut group = None;
    for scenario in CATALOGUE {
        if group.replace(scenario.group) != Some(scenario.group) {
            let _ = write!(text, "\n## {}\n\n", scenario.group.title());
            text.push_str("| asyncio pattern | scenario | where Tokio differs |\n|---|---|---|\n");
        }
        let (patterns, id, path) = (scenario.patterns.join(", "), scenario.id, scenario.path);
        let _ = writeln!(text, "| {patterns} | [{id}](../{path}) | {} |", scenario.differs);
    }
    text
}
