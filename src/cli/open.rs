//! `open`: shows a sketch, and shows it again at each save.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use scenarios::CATALOGUE;
use toml::Table;
use tui::app::model::{Model, Pane};
use tui::app::sketch::life;
use tui::text;

use super::args::SketchArgs;
use super::config;
use super::screen;
use super::stop::Stop;

/// The crate that every sketch uses.
const ENGINE: &str = "async-playground-engine";

/// Opens the screen with a sketch.
pub(super) fn open(args: &SketchArgs) -> Result<ExitCode, Stop> {
    let folder = sketch(&args.folder).map_err(Stop::Usage)?;
    screen::terminal()?;
    let config = config::load(&args.screen)?;
    let options = screen::options(&args.screen, &args.marks, &config, None, screen::LIMIT);
    let mut model = Model::new(CATALOGUE, options, None);
    model.bindings = config.bindings;
    model.session.own_colors = config.colors;
    model.focus = Pane::Timeline;
    life::opened(&mut model, folder);
    life::select(&mut model);
    screen::show(model, None, None)
}

/// The folder of the sketch: this one, or the playground in it. Otherwise, what is wrong and what would be right.
fn sketch(folder: &Path) -> Result<PathBuf, String> {
    let named = text::name(&folder.to_string_lossy()).into_owned();
    let make = "'async-playground new DIR' makes a sketch";
    if !folder.is_dir() {
        return Err(format!("{named} is not a folder; {make}"));
    }
    if !folder.join("Cargo.toml").is_file() {
        return Err(format!("{named} has no Cargo.toml; {make}"));
    }
    let candidates = [folder.to_owned(), folder.join("playground")];
    let found = candidates.into_iter().find(|folder| uses_engine(&folder.join("Cargo.toml")));
    let found = found.ok_or_else(|| format!("{named} does not depend on {ENGINE}, and has no playground; {make}"))?;
    found.canonicalize().map_err(|error| format!("{named}: {error}"))
}

/// Whether the manifest depends on the engine, under any name. One that cannot be read may: cargo says better what is wrong.
fn uses_engine(manifest: &Path) -> bool {
    let Ok(text) = fs::read_to_string(manifest) else { return false };
    let Ok(table) = text.parse::<Table>() else { return text.contains(ENGINE) };
    let Some(used) = table.get("dependencies").and_then(|used| used.as_table()) else { return false };
    used.iter().any(|(name, how)| {
        let package = how.as_table().and_then(|how| how.get("package")).and_then(|package| package.as_str());
        package.unwrap_or(name) == ENGINE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sketch_is_a_crate_that_uses_the_engine_or_has_a_playground_that_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let refused = |expected: &str| assert!(sketch(path).is_err_and(|reason| reason.contains(expected)), "{expected}");
        refused("has no Cargo.toml");
        fs::write(path.join("Cargo.toml"), "[dependencies]\ntokio = \"1\"\n").expect("it is written");
        refused("does not depend on async-playground-engine");
        fs::create_dir(path.join("playground")).expect("it is made");
        let engine = "[dependencies]\nengine = { path = \"x\", package = \"async-playground-engine\" }\n";
        fs::write(path.join("playground/Cargo.toml"), engine).expect("it is written");
        assert!(sketch(path).is_ok_and(|found| found.ends_with("playground")));
        fs::write(path.join("Cargo.toml"), engine).expect("it is written");
        assert!(sketch(path).is_ok_and(|found| !found.ends_with("playground")));
        assert!(sketch(&path.join("nowhere")).is_err_and(|reason| reason.contains("is not a folder")));
    }
}
