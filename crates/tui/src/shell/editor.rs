//! Opens a source line in the user's editor.
//!
//! A recording names files, and may come from anyone. So only files in two directories are opened, after following all links:
//! the sources of this program, or the Rust sources of the program on screen, and the libraries that cargo has fetched.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use super::{Engine, Events, Running, Shell, Surface, is_gone};
use crate::app::editor;
use crate::app::effect::SourceLine;
use crate::app::run::playback;
use crate::app::sketch::shown;

/// How long to record a run between two checks of whether the editor has exited.
const LOOK: Duration = Duration::from_millis(20);

/// The workspace of this program, if it still exists.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

impl<E: Events, S: Surface, G: Engine> Shell<E, S, G> {
    /// Opens a line in the user's editor and waits until it exits. A live run is recorded meanwhile.
    pub(super) fn edit(&mut self, place: &SourceLine) -> io::Result<()> {
        let outcome = match (self.engine.editor(), self.source(place)) {
            (None, _) => Err("no editor is set; set VISUAL or EDITOR, for example to vim".to_owned()),
            (_, Err(reason)) => Err(reason),
            (Some(editor), Ok((file, told))) => match self.lend(&mut command(&editor, &file, place.line)) {
                Ok(ended) if ended.success() => Ok(told),
                Ok(ended) => Err(format!("the editor '{editor}' ended with {ended}")),
                Err(error) if is_gone(&error) => return Err(error),
                Err(error) => Err(format!("cannot start the editor '{editor}': {error}")),
            },
        };
        editor::edited(&mut self.model, outcome);
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
            playback::recorded(&mut self.model);
        }
        // Time in the editor does not advance the cursor.
        self.ticked_at = self.events.now();
        ended
    }

    /// The file to open, and a notice for the user about it.
    fn source(&mut self, place: &SourceLine) -> Result<(PathBuf, Option<String>), String> {
        let current = self.model.programs.as_ref().and_then(|programs| programs.current.as_ref());
        if let Some(current) = current {
            let path = super::sources::path(&current.program, &place.file)?;
            let built = Path::new(&current.program.base);
            let moved = Path::new(&*place.file).is_relative() && !path.starts_with(built);
            let base = if moved { env::current_dir().unwrap_or_default() } else { built.to_owned() };
            return find(&path, &base, &roots(&base)).map(|file| (file, None));
        }
        if let Some(folder) = shown::folder_of(&self.model, &place.file) {
            let mut roots = roots(folder);
            // The crate that a playground is for.
            roots.extend(folder.parent().filter(|_| folder.ends_with("playground")).map(Path::to_owned));
            return find(Path::new(&place.file), folder, &roots).map(|file| (file, None));
        }
        let missing = match find(Path::new(&place.file), Path::new(SOURCES), &roots(Path::new(SOURCES))) {
            Ok(file) => return Ok((file, None)),
            Err(reason) => reason,
        };
        let Some(text) = place.text else { return Err(missing) };
        let copies = match self.copies.take() {
            Some(copies) => Ok(copies),
            None => TempDir::with_prefix("async-playground-"),
        };
        let written = copies.and_then(|copies| {
            let file = copies.path().join(Path::new(&place.file).file_name().unwrap_or("source".as_ref()));
            self.copies = Some(copies);
            fs::write(&file, text).map(|()| file)
        });
        let told = "the sources are not on this machine: this is a copy, deleted when the program ends";
        written.map(|file| (file, Some(told.to_owned()))).map_err(|error| format!("cannot write a copy: {error}"))
    }
}

/// The directories of sources that exist, for a program that was built in a folder.
fn roots(base: &Path) -> Vec<PathBuf> {
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let libraries = cargo.map(|cargo| cargo.join("registry/src"));
    [Some(base.to_owned()), libraries].into_iter().flatten().filter_map(|root| root.canonicalize().ok()).collect()
}

/// Resolves a file, which may be relative to the base, to a path without links below one of these directories; otherwise, says
/// why not.
fn find(name: &Path, base: &Path, roots: &[PathBuf]) -> Result<PathBuf, String> {
    let shown = name.display();
    let file = base.join(name).canonicalize().map_err(|_| format!("{shown} is not on this machine"))?;
    if !roots.iter().any(|root| file.starts_with(root)) {
        return Err(format!("{shown} is not one of this program's sources"));
    }
    if file.is_file() { Ok(file) } else { Err(format!("{shown} is not a regular file")) }
}

/// The command to run. An editor's setting may contain arguments and quotes, so the shell parses it.
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

/// How an editor takes a line number.
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
    fn only_files_below_the_folders_with_sources_are_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there").join("root");
        fs::create_dir(&root).expect("it is made");
        for file in [root.join("a.rs"), folder.path().join("secret")] {
            fs::write(file, "").expect("it is written");
        }
        for (link, to) in [("out.rs", "../secret"), ("in.rs", "a.rs"), ("up", "..")] {
            std::os::unix::fs::symlink(to, root.join(link)).expect("it is made");
        }
        let find = |name: &str| find(&root.join(name), &root, std::slice::from_ref(&root));
        for name in ["a.rs", "in.rs", "../root/a.rs"] {
            assert_eq!(find(name), Ok(root.join("a.rs")));
        }
        for name in ["../secret", "out.rs", "up/secret", "/etc/passwd", "../../../../../../../../etc/passwd"] {
            assert!(find(name).is_err_and(|reason| reason.contains("is not one of this program's sources")), "{name}");
        }
        assert!(find("b.rs").is_err_and(|reason| reason.ends_with("is not on this machine")));
        assert!(find("").is_err_and(|reason| reason.ends_with("is not a regular file")));
    }

    #[test]
    fn the_sources_are_those_of_this_program() {
        let own = Path::new(SOURCES).canonicalize().expect("tests run in the checkout");
        let find = |name: &str| find(Path::new(name), Path::new(SOURCES), &roots(Path::new(SOURCES)));
        assert_eq!(find("scenarios/gather.rs"), Ok(own.join("scenarios/gather.rs")));
        for name in ["/etc/passwd", "../../../../../../../../etc/passwd", "scenarios/../../../../../../../../etc/passwd"] {
            assert!(find(name).is_err(), "{name}");
        }
    }

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
