//! Attaching on a real terminal: to a socket and to a file that grows, until the program ends or is gone.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use recording::Program;

use super::listening;
use super::observed::{about, record};
use super::support::Tty;

fn attach(target: &Path) -> Tty {
    let program = Path::new(env!("CARGO_BIN_EXE_async-playground"));
    Tty::start(program, &["attach", target.to_str().expect("a plain path")], (120, 40))
}

fn header(screen: &str) -> &str {
    screen.lines().next().unwrap_or_default()
}

/// Waits until the program is seen live, with its tasks, its threads, its source and its log.
fn sees_the_program(tty: &mut Tty) {
    tty.wait_until("the live program", |screen| header(screen).contains("live") && screen.contains("worker 2"));
    assert!(header(&tty.screen()).contains(&format!("pid {}", std::process::id())), "{}", tty.screen());
    tty.wait_until("its threads", |screen| screen.contains("orders-worker"));
    tty.wait_until("its source", |screen| screen.contains("observed.rs") && screen.contains(".await"));
    tty.wait_until("its log", |screen| screen.contains("order booked"));
}

#[test]
fn a_program_is_attached_to_by_its_socket_held_and_followed_to_its_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, over, program) = listening(folder.path());
    let mut tty = attach(&path);
    sees_the_program(&mut tty);
    tty.keys(" ");
    tty.wait_until("the held picture", |screen| header(screen).contains("behind"));
    tty.keys("$");
    tty.wait_until("the newest event", |screen| header(screen).contains("live"));
    over.store(true, Ordering::Relaxed);
    tty.wait_until("its end", |screen| header(screen).contains("ended") && screen.contains("the program has ended"));
    program.join().expect("it ends");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn a_recording_is_followed_while_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.rec");
    let over = Arc::new(AtomicBool::new(false));
    let file = File::create(&path).expect("it is new");
    let program = thread::spawn({
        let over = over.clone();
        move || record(file, about(), over)
    });
    // The header is there before the first task runs.
    while fs::metadata(&path).expect("it exists").len() == 0 {
        thread::yield_now();
    }
    let mut tty = attach(&path);
    sees_the_program(&mut tty);
    over.store(true, Ordering::Relaxed);
    tty.wait_until("its end", |screen| header(screen).contains("ended"));
    program.join().expect("it ends");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

/// The recording says where the sources were when the program was built.
#[test]
fn sources_that_were_moved_are_looked_for_in_the_current_folder_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, gone) = (folder.path().join("orders.rec"), folder.path().join("gone"));
    let about = Program { base: gone.to_str().expect("a plain path").to_owned(), ..about() };
    record(File::create(&file).expect("it is new"), about, Arc::new(AtomicBool::new(true)));
    let program = env!("CARGO_BIN_EXE_async-playground");
    let replay = |here: &Path| {
        let line = format!("cd '{}' && exec '{program}' replay '{}'", here.display(), file.display());
        Tty::start(Path::new("/bin/sh"), &["-c", &line], (200, 60))
    };
    let mut tty = replay(folder.path());
    tty.sees("the source is not found");
    tty.wait_until("where it was looked for, and what to do", |screen| {
        let text: String = screen.split_whitespace().collect();
        text.contains("gone/") && screen.contains("start async-playground")
    });
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
    let mut tty = replay(Path::new(env!("CARGO_MANIFEST_DIR")));
    tty.wait_until("the source", |screen| screen.contains("observed.rs") && screen.contains(".await"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

/// A connection that takes nothing more once the program is killed.
struct Killed<W>(W, Arc<AtomicBool>);

impl<W: Write> Write for Killed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.1.load(Ordering::Relaxed) { Err(std::io::ErrorKind::BrokenPipe.into()) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn a_program_that_is_killed_is_cut_off_and_what_was_seen_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("orders.sock");
    let listener = UnixListener::bind(&path).expect("it is new");
    let [over, killed] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let program = thread::spawn({
        let (over, killed) = (over.clone(), killed.clone());
        move || record(Killed(listener.accept().expect("a viewer").0, killed), about(), over)
    });
    let mut tty = attach(&path);
    tty.wait_until("the live program", |screen| header(screen).contains("live") && screen.contains("worker 2"));
    killed.store(true, Ordering::Relaxed);
    // The writer keeps its connection until the program ends.
    over.store(true, Ordering::Relaxed);
    program.join().expect("it ends");
    tty.wait_until("the cut", |screen| header(screen).contains("cut off") && screen.contains("worker 2"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn what_is_no_program_is_refused_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = folder.path().join("text");
    fs::write(&text, "no recording").expect("it is written");
    for (target, reason) in [(text.as_path(), "is not a recording"), (Path::new("/dev/null"), "a device is not a regular file")] {
        let tty = attach(target);
        tty.wait_until("the reason", |screen| screen.contains(reason));
        assert_eq!(tty.end().code, 2);
    }
    // No process has the highest id.
    let tty = attach(Path::new("4194304"));
    tty.wait_until("the reason", |screen| screen.contains("process 4194304 does not listen"));
    assert_eq!(tty.end().code, 2);
}
