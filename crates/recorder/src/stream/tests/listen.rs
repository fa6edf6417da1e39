//! Viewers of all kinds.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;

use super::*;

fn listens(tasks: usize) -> Program {
    let mut program = Program::new(Path::new("listen"), "never", tasks);
    program.says("ready");
    program
}

#[test]
fn two_viewers_see_the_living_after_much_history_within_a_second() {
    let mut program = listens(20_000);
    (0..4).for_each(|_| _ = program.turns());
    let mut first = program.attach();
    first.until(Picture::is_complete);
    let began = Instant::now();
    let mut second = program.attach();
    second.until(Picture::is_complete);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?} on a busy machine");
    for viewer in [&mut first, &mut second] {
        let before = viewer.picture.events;
        viewer.until(|picture| picture.events > before + 10_000);
        assert!(viewer.picture.is_complete() && viewer.picture.alive.len() < WAITERS + 20);
    }
}

#[test]
fn a_frozen_viewer_costs_the_program_nothing_and_learns_what_it_lost() {
    let mut program = listens(0);
    _ = program.turns();
    let before: u64 = (0..4).map(|_| program.turns()).sum();
    // A viewer that does not read is what a stopped process looks like from outside.
    let frozen = UnixStream::connect(program.socket()).expect("it listens");
    _ = program.turns();
    let during: u64 = (0..8).map(|_| program.turns()).sum::<u64>() / 2;
    assert!(during * 2 > before, "{before} turns before, {during} with a frozen viewer");
    let mut other = program.attach();
    other.until(Picture::is_complete);
    // It wakes up, reads what is left of its past, learns of the loss, and follows again.
    let mut frozen = Viewer::new(frozen);
    let lost_or_more = |picture: &Picture| picture.lost > 0;
    let began = Instant::now();
    while !lost_or_more(&frozen.picture) && began.elapsed() < Duration::from_secs(5) {
        assert_eq!(frozen.read(), Ok(None));
    }
    frozen.until(Picture::is_complete);
    let after = frozen.picture.events;
    frozen.until(|picture| picture.events > after + 10_000);
    eprintln!("turns before {before}, during {during}; lost {}", frozen.picture.lost);
}

#[test]
fn a_viewer_that_dies_and_a_socket_that_is_removed_change_nothing() {
    let program = listens(0);
    let mut viewer = program.attach();
    viewer.until(Picture::is_complete);
    drop(viewer);
    fs::remove_file(program.socket()).expect("it exists");
    until("it listens again", || program.socket().exists() && sockets::connect(&program.socket()).is_ok());
    program.attach().until(Picture::is_complete);
    fs::remove_dir_all(program.socket().parent().expect("a folder")).expect("it exists");
    until("it listens again", || program.socket().exists() && sockets::connect(&program.socket()).is_ok());
    program.attach().until(Picture::is_complete);
}

#[test]
fn folder_and_socket_are_the_users_own_and_go_with_the_program() {
    let mut program = Program::new(Path::new("listen"), "exit", 0);
    program.says("ready");
    let (socket, mode) = (program.socket(), |path: &Path| fs::metadata(path).map(|found| found.mode() & 0o777).ok());
    assert_eq!(mode(socket.parent().expect("a folder")), Some(0o700));
    let mut viewer = program.attach();
    viewer.until(Picture::is_complete);
    drop(program.child.stdin.take());
    let footer = loop {
        match viewer.read() {
            Ok(None) => {}
            Ok(Some(footer)) => break footer,
            Err(flaw) => panic!("{flaw}"),
        }
    };
    assert_eq!(footer.ending, recording::Ended::Exited);
    assert!(program.child.wait().expect("it ends").success());
    assert!(!socket.exists());
}

#[test]
fn a_folder_that_others_may_enter_is_refused() {
    let foreign = tempfile::tempdir().expect("a folder");
    let folder = foreign.path().join("async-playground");
    fs::create_dir(&folder).expect("it is new");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("it is the test's own");
    let with = |command: &mut Command| _ = command.env("XDG_RUNTIME_DIR", foreign.path());
    let mut program = Program::with(Path::new("listen"), "exit", 0, with);
    assert!(!program.child.wait().expect("it ends").success(), "`start` says no");
    assert_eq!(fs::read_dir(&folder).expect("it exists").count(), 0);
}

#[test]
fn of_a_program_that_becomes_another_one_the_stream_ends_and_nobody_listens() {
    let mut program = Program::new(Path::new("listen"), "exec", 0);
    program.says("ready");
    let mut viewer = program.attach();
    viewer.until(Picture::is_complete);
    let socket = program.socket();
    drop(program.child.stdin.take());
    let ended = std::iter::repeat_with(|| viewer.read()).find(|read| *read != Ok(None));
    assert_eq!(ended, Some(Err(Flaw::CutOff)));
    assert!(program.child.wait().expect("it ends").success());
    assert!(sockets::connect(&socket).is_err(), "its file is there, and nobody listens");
}
