//! The user's editor: which one, with which words, on which file.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use super::{Engine, Events, Running, Shell, Surface, is_gone};
use crate::app::update::{self, SourceLine};

/// How long a run is recorded before it is looked whether the editor has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Where the sources of this program are, if they are still there.
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

impl<E: Events, S: Surface, G: Engine> Shell<E, S, G> {
    /// Opens a line in the user's editor, and waits until that is closed. What the run records meanwhile is kept.
    pub(super) fn edit(&mut self, place: &SourceLine) -> io::Result<()> {
        let outcome = match (self.engine.editor(), self.source(place)) {
            (None, _) => Err("no editor is set: set VISUAL or EDITOR, to vim for example".to_owned()),
            (_, Err(reason)) => Err(reason),
            (Some(editor), Ok((file, told))) => match self.lend(&mut command(&editor, &file, place.line)) {
                Ok(ended) if ended.success() => Ok(told),
                Ok(ended) => Err(format!("the editor, {editor}, ended with {ended}")),
                Err(error) if is_gone(&error) => return Err(error),
                Err(error) => Err(format!("the editor, {editor}, cannot be started: {error}")),
            },
        };
        update::edited(&mut self.model, outcome);
        self.dirty = true;
        Ok(())
    }

    fn lend(&mut self, command: &mut Command) -> io::Result<ExitStatus> {
        self.pass_time();
        self.events.hold(true);
        let (run, view) = (&mut self.run, &mut self.model.run);
        let ended = self.surface.lend(command, &mut || match (run.as_mut(), view.as_mut()) {
            (Some(run), Some(view)) => {
                run.wait(LOOK);
                run.drain(&mut view.trace);
                true
            }
            _ => false,
        });
        self.events.hold(false);
        if self.model.run.is_some() {
            update::recorded(&mut self.model);
        }
        // What was not seen was not played.
        self.ticked_at = self.events.now();
        ended
    }

    /// The file to open, and what the user is to be told of it.
    fn source(&mut self, place: &SourceLine) -> Result<(PathBuf, Option<String>), String> {
        let there = Path::new(SOURCES).join(&place.file);
        if there.is_file() {
            return Ok((there, None));
        }
        let Some(text) = place.text else { return Err(format!("{} is not on this machine", place.file)) };
        let copies = match self.copies.take() {
            Some(copies) => Ok(copies),
            None => TempDir::with_prefix("async-playground-"),
        };
        let written = copies.and_then(|copies| {
            let file = copies.path().join(Path::new(&place.file).file_name().unwrap_or("source".as_ref()));
            self.copies = Some(copies);
            fs::write(&file, text).map(|()| file)
        });
        let told = "the sources are not on this machine: what you saw is a copy, which goes when the program ends";
        written.map(|file| (file, Some(told.to_owned()))).map_err(|error| format!("cannot write down a copy: {error}"))
    }
}

/// The editor that the user wants, as a shell would run it; `VISUAL` is asked first.
pub(super) fn wanted() -> Option<String> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
    set("VISUAL").or_else(|| set("EDITOR"))
}

/// An editor's command may have words of its own, in quotes maybe: the shell knows how to read that.
fn command(editor: &str, file: &Path, line: u32) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{editor} \"$@\""), "editor"]);
    let place = format!("{}:{line}", file.display());
    match style(editor) {
        Style::Goto => command.args(["--goto", &place]),
        Style::Colon => command.arg(place),
        Style::Plus => command.arg(format!("+{line}")).arg(file),
    };
    command
}

/// How an editor is told a line.
#[derive(Debug, PartialEq, Eq)]
enum Style {
    /// `+LINE FILE`: vi and its kin, nano, emacs, and most others.
    Plus,
    /// `--goto FILE:LINE`.
    Goto,
    /// `FILE:LINE`.
    Colon,
}

fn style(editor: &str) -> Style {
    let program = editor.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'']);
    match Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or_default() {
        "code" | "code-insiders" | "codium" | "vscodium" | "cursor" | "windsurf" => Style::Goto,
        "hx" | "helix" | "zed" | "zeditor" | "subl" => Style::Colon,
        _ => Style::Plus,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_editor_is_told_the_line_in_its_way() {
        let table = [
            ("vim", "vim \"$@\" +7 /a b.rs"),
            ("/usr/bin/nano -l", "/usr/bin/nano -l \"$@\" +7 /a b.rs"),
            ("emacsclient -t", "emacsclient -t \"$@\" +7 /a b.rs"),
            ("code --wait", "code --wait \"$@\" --goto /a b.rs:7"),
            ("'/opt/x/hx'", "'/opt/x/hx' \"$@\" /a b.rs:7"),
        ];
        for (editor, told) in table {
            let command = command(editor, Path::new("/a b.rs"), 7);
            let words: Vec<_> = command.get_args().filter_map(|word| word.to_str()).collect();
            let words = [&words[1..2], &words[3..]].concat().join(" ");
            assert_eq!(words, told);
        }
    }
}
