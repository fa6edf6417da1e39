//! Files of programs that end in every way.

use std::io::Read;

use recording::Ended;

use super::*;

/// The largest file that a program on a full disk can write, in bytes.
const LIMIT: u64 = 200_000;

/// Where a program writes, and what it is called.
fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("a-%p.rec")
}

fn written(program: &Program, folder: &TempDir) -> PathBuf {
    folder.path().join(format!("a-{}.rec", program.child.id()))
}

#[test]
fn a_program_that_exits_writes_a_footer() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Program::new(&path(&folder), "exit", 1_000);
    assert!(program.end());
    let (picture, ended) = read(&written(&program, &folder));
    assert_eq!(ended.map(|footer| footer.ending), Ok(Ended::Exited));
    assert!(picture.is_complete() && picture.lost == 0);
    assert!(picture.names.values().any(|name| name == "task 1000"), "everything is there");
}

#[test]
fn a_program_that_is_killed_or_aborts_leaves_a_file_that_opens() {
    for end in ["never", "abort"] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut program = Program::new(&path(&folder), end, 100);
        let file = written(&program, &folder);
        // It writes each second, once the first stacks have been looked up.
        program.says("ready");
        until("everything is written", || {
            std::fs::metadata(&file).is_ok_and(|file| file.len() > 1_000) && read(&file).0.is_complete()
        });
        if end == "never" {
            program.child.kill().expect("it runs");
        }
        assert!(!program.end());
        let (picture, ended) = read(&file);
        assert_eq!(ended.err(), Some(Flaw::CutOff));
        assert!(picture.is_complete(), "{:?}", picture.alive);
    }
}

/// Its recorder ends with its threads, and the number of the process goes on.
#[test]
fn a_program_that_becomes_another_one_leaves_a_file_that_opens() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Program::new(&path(&folder), "exec", 100);
    let file = written(&program, &folder);
    program.says("ready");
    until("everything is written", || {
        std::fs::metadata(&file).is_ok_and(|file| file.len() > 1_000) && read(&file).0.is_complete()
    });
    assert!(program.end(), "`cat` ends with its input");
    let (picture, ended) = read(&file);
    assert_eq!(ended.err(), Some(Flaw::CutOff));
    assert!(picture.is_complete(), "{:?}", picture.alive);
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_program() {
    use std::os::unix::process::CommandExt;

    let folder = tempfile::tempdir().expect("a folder");
    let limited = |command: &mut Command| {
        let limit = || {
            let limit = libc::rlimit { rlim_cur: LIMIT, rlim_max: LIMIT };
            // SAFETY: the limit is a valid structure.
            #[expect(unsafe_code, reason = "only the C library sets limits")]
            let set = unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) };
            if set == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        };
        // SAFETY: it only makes a system call.
        #[expect(unsafe_code, reason = "the limit is set between fork and exec")]
        unsafe {
            command.pre_exec(limit)
        };
    };
    let mut program = Program::with(&path(&folder), "never", 0, limited);
    let file = written(&program, &folder);
    let mut said = String::new();
    until("the file is full", || program.turns() > 0 && std::fs::metadata(&file).is_ok_and(|file| file.len() > LIMIT / 2));
    assert!((0..4).all(|_| program.turns() > 0), "the program runs on");
    let length = std::fs::metadata(&file).expect("it exists").len();
    assert!(length > LIMIT / 2 && length <= LIMIT, "{length}");
    program.child.kill().expect("it runs");
    program.child.stderr.take().expect("it is a pipe").read_to_string(&mut said).expect("it is text");
    let lines: Vec<_> = said.lines().filter(|line| line.starts_with("async-playground: ")).collect();
    assert!(matches!(lines[..], [line] if line.contains("the recording ends here")), "{said}");
    let (picture, ended) = read(&file);
    assert_eq!(ended.err(), Some(Flaw::CutOff));
    // A busy machine may let it write faster than its recorder reads.
    assert!(picture.is_complete() || picture.was_complete, "{:?}, {} lost", picture.alive, picture.lost);
}
