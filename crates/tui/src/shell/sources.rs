//! Reads a program's source files, on a thread: a disk may be slow, and a file takes some milliseconds to parse.
//!
//! A recording names files, and may come from anyone. So only Rust files are read, only regular ones, and only below the
//! program's own folder, below the current one, or as absolute paths to libraries, and their size is bounded.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::attach::Feed;
use engine::target::Process;
use recording::{Program, files};

use crate::app::programs::view::Source;
use crate::source;

/// The longest source file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What the thread sends back: a file by its name in the trace, and what became of it.
type Done = (Arc<str>, Source);

/// What threads do beside a program on screen.
#[derive(Debug, Default)]
pub(super) struct Programs {
    /// The program that is being attached to.
    pub(super) attaching: Option<Receiver<Result<Feed, String>>>,
    /// The processes that listen, each time that they have changed.
    pub(super) listed: Option<Receiver<Vec<Process>>>,
    pub(super) sources: Option<Sources>,
}

/// A thread that reads the files of one program. It ends with this value.
#[derive(Debug)]
pub(super) struct Sources {
    asked: Sender<Arc<str>>,
    done: Receiver<Done>,
}

impl Sources {
    /// Starts a thread for a program; `None` if the system refuses one.
    pub(super) fn start(program: &Program) -> Option<Self> {
        let (asked, names) = mpsc::channel::<Arc<str>>();
        let (results, done) = mpsc::channel();
        let program = program.clone();
        let read = move || {
            for name in names {
                let source = read(&program, &name).unwrap_or_else(Source::Missing);
                if results.send((name, source)).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().name("sources".to_owned()).spawn(read).ok()?;
        Some(Self { asked, done })
    }

    /// Asks for a file.
    pub(super) fn ask(&self, name: Arc<str>) {
        // If the thread is gone, the pane keeps saying that the file is being read.
        let _ = self.asked.send(name);
    }

    /// The next file that was read.
    pub(super) fn next(&self) -> Option<Done> {
        self.done.try_recv().ok()
    }
}

/// Reads and parses a file; otherwise says why not.
fn read(program: &Program, name: &str) -> Result<Source, String> {
    let path = path(program, name)?;
    let text = files::read_text(&path, LONGEST).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => not_found(&path, name),
        _ => format!("{}: {error}", path.display()),
    })?;
    let names = Arc::new(source::read(name.to_owned(), &text));
    let newer = changed(&path).zip(built(program)).is_some_and(|(changed, built)| changed > built);
    let text = source::keep(drawable(&text)).ok_or("too many source files were shown: start the screen again to see more")?;
    Ok(Source::Text { text, names, newer })
}

/// The text of a source file, as it can be drawn; `None` if it cannot be read.
pub(super) fn text(path: &Path) -> Option<&'static str> {
    source::keep(drawable(&files::read_text(path, LONGEST).ok()?))
}

/// The text with the same lines, and without anything that a terminal would obey.
fn drawable(text: &str) -> String {
    crate::text::page(&text.replace("\r\n", "\n").replace('\t', "    ")).into_owned()
}

/// Where a file was looked for, and what to do.
fn not_found(path: &Path, name: &str) -> String {
    let whole = path.display();
    if Path::new(name).is_absolute() {
        return format!("the source is not found: {whole} does not exist. Put the sources where they were built.");
    }
    format!(
        "the source is not found: {whole} does not exist. If the sources were moved, start async-playground in their folder: \
             it looks for {name} there too."
    )
}

/// Where a file is on this machine: in the folder in which the program was built, or in the current one if the sources were moved
/// or the program was built elsewhere.
pub(super) fn path(program: &Program, name: &str) -> Result<PathBuf, String> {
    let file = Path::new(name);
    if file.extension().is_none_or(|extension| extension != "rs") {
        return Err(format!("{name} is not a Rust source"));
    }
    if program.base.is_empty() && file.is_relative() {
        return Err(format!("the folder of {name} is not known"));
    }
    let built = Path::new(&program.base).join(file);
    if file.is_relative() && !built.exists() {
        let here = env::current_dir().map(|here| here.join(file)).ok().filter(|here| here.exists());
        return Ok(here.unwrap_or(built));
    }
    Ok(built)
}

/// When the program was built: its executable may have been replaced since it began.
fn built(program: &Program) -> Option<SystemTime> {
    let began = UNIX_EPOCH.checked_add(Duration::from_millis(program.began_ms))?;
    Some(changed(Path::new(&program.exe)).map_or(began, |changed| changed.min(began)))
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(base: &Path, exe: &Path) -> Program {
        let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
        let began_ms = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64 + 60_000;
        Program { base: text(base), exe: text(exe), began_ms, ..Program::default() }
    }

    fn at(path: &Path, seconds: u64) {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        fs::File::options().write(true).open(path).and_then(|file| file.set_modified(time)).expect("it is ours");
    }

    #[test]
    fn a_file_is_read_below_the_base_and_a_newer_one_is_marked() {
        let folder = tempfile::tempdir().expect("a folder");
        let (exe, file) = (folder.path().join("exe"), folder.path().join("main.rs"));
        fs::write(&exe, "").expect("it is written");
        fs::write(&file, "async fn f() {\n    queue.recv().await;\n}\n").expect("it is written");
        for (changed, expected) in [(1_000, false), (3_000, true)] {
            at(&exe, 2_000);
            at(&file, changed);
            let Ok(Source::Text { text, names, newer }) = read(&program(folder.path(), &exe), "main.rs") else {
                panic!("it can be read");
            };
            assert!(text.starts_with("async fn f()"));
            assert_eq!(names.awaits.get(&2).map(|name| &**name), Some("queue.recv"));
            assert_eq!(newer, expected, "changed at {changed}");
        }
    }

    #[test]
    fn a_source_is_drawn_without_what_a_terminal_obeys() {
        assert_eq!(drawable("fn f() {\r\n\tg();\n}\n"), "fn f() {\n    g();\n}\n");
        assert_eq!(drawable("a\u{1b}[31m\u{202e}\n").matches('\n').count(), 1);
        assert!(!drawable("a\u{1b}[31m\u{202e}\n").contains(['\u{1b}', '\u{202e}']));
    }

    #[test]
    fn what_is_not_a_rust_file_of_bounded_size_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = program(folder.path(), Path::new("/nowhere"));
        fs::write(folder.path().join("large.rs"), vec![b' '; LONGEST as usize + 1]).expect("it is written");
        fs::create_dir(folder.path().join("folder.rs")).expect("it is made");
        for (name, reason) in [
            ("secret", "is not a Rust source"),
            ("/etc/passwd", "is not a Rust source"),
            ("missing.rs", "it looks for missing.rs there too"),
            ("/missing.rs", "/missing.rs does not exist. Put the sources"),
            ("folder.rs", "a directory is not a regular file"),
            ("large.rs", "is larger than 1024 KiB"),
        ] {
            let refused = read(&program, name).expect_err("it is refused");
            assert!(refused.contains(reason), "{name}: {refused}");
        }
        let nowhere = Program::default();
        assert!(read(&nowhere, "a.rs").is_err_and(|reason| reason.contains("the folder of a.rs is not known")));
    }
}
