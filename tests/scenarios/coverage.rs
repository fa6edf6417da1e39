//! `docs/coverage.md` is made from the catalogue, and is as new as that.

use std::fmt::Write;
use std::path::Path;

use scenarios::CATALOGUE;

const HEAD: &str = "\
# Patterns

Which scenario shows which pattern of asyncio, and where Tokio does it in another way. Made from the catalogue by
`just coverage`: do not edit it here. Where nothing is said, both do the same.
";

#[test]
fn the_table_of_patterns_is_what_the_catalogue_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coverage.md");
    let wanted = table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == wanted, "docs/coverage.md is out of date: `just coverage` makes it anew");
}

/// A table for each group, a row for each scenario.
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
