//! `lint` from outside: its lines, its JSON and its exit codes.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use super::{program, run, stderr, stdout};

const RUST: &str = "use std::thread;\n\nasync fn work() {\n    thread::sleep(TICK);\n}\n";
const PYTHON: &str = "import time\n\nasync def work():\n    time.sleep(1)\n";

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("it is written");
    }
    folder
}

/// The output of `lint` for a file in a folder.
fn lint(folder: &TempDir, name: &str) -> (Option<i32>, String, String) {
    let output = run(&["lint".as_ref(), folder.path().join(name).as_os_str()]);
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn what_blocks_is_one_line_and_exit_1() {
    let folder = folder(&[("a.rs", RUST)]);
    let (code, out, err) = lint(&folder, "a.rs");
    let line = out.strip_prefix(&format!("{}:4: ", folder.path().join("a.rs").display())).unwrap_or_else(|| panic!("{out}{err}"));
    let expected = "std::thread::sleep in work: it puts the thread to sleep, and no other task on it can run; \
                    use tokio::time::sleep(…).await\n";
    assert_eq!((code, line, err.as_str()), (Some(1), expected, ""));
}

#[test]
fn nothing_found_is_silence_and_exit_0() {
    let folder = folder(&[("a.rs", "async fn work() {}\n")]);
    assert_eq!(lint(&folder, "a.rs"), (Some(0), String::new(), String::new()));
}

#[test]
fn a_folder_is_searched_and_json_names_each_file() {
    let folder = folder(&[("a.rs", RUST), ("b.py", PYTHON), ("c.txt", "")]);
    let output = run(&["lint".as_ref(), folder.path().as_os_str(), "--json".as_ref()]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(1), String::new()));
    let finds: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    let short = |find: &Value| {
        let file = PathBuf::from(find["file"].as_str().expect("a text"));
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        (name, find["line"].as_u64(), find["what"].as_str().map(str::to_owned), find["function"].as_str().map(str::to_owned))
    };
    let finds: Vec<_> = finds.as_array().expect("an array").iter().map(short).collect();
    let find = |file: &str, what: &str| (file.to_owned(), Some(4), Some(what.to_owned()), Some("work".to_owned()));
    assert_eq!(finds, [find("a.rs", "std::thread::sleep"), find("b.py", "time.sleep")]);
}

#[test]
fn what_cannot_be_checked_is_one_line_and_exit_2() {
    let folder = folder(&[("a.txt", ""), ("b.rs", "fn f() {\n    let = ;\n}\n"), ("c.py", "x = 1\ndef f(:\n"), ("d.rs", "\n")]);
    fs::write(folder.path().join("e.rs"), b"\xff").expect("it is written");
    for (name, says) in [
        ("none.rs", "none.rs: No such file"),
        ("a.txt", "a.txt: neither a .rs nor a .py file"),
        ("b.rs", "b.rs:2: cannot be parsed here"),
        ("c.py", "c.py:2: Python 3."),
        ("e.rs", "e.rs: cannot be read: "),
    ] {
        let (code, out, err) = lint(&folder, name);
        assert_eq!((code, out.as_str(), err.lines().count()), (Some(2), "", 1), "{name}: {err}");
        assert!(err.starts_with("error: ") && err.contains(says), "{name}: {err}");
    }
    let output = run(&["lint"]);
    assert_eq!((output.status.code(), stderr(&output).contains("<FILE>")), (Some(2), true));
}

#[test]
fn what_was_found_is_printed_though_another_file_cannot_be_checked() {
    let folder = folder(&[("a.rs", RUST), ("b.rs", "fn ((\n")]);
    let (code, out, err) = lint(&folder, "");
    assert_eq!((code, out.lines().count(), err.lines().count()), (Some(2), 1, 1), "{out}{err}");
}

#[test]
fn without_python_rust_is_still_checked() {
    let folder = folder(&[("a.rs", RUST), ("b.py", PYTHON)]);
    let mut command = program(&["lint".as_ref(), folder.path().as_os_str()]);
    let output = command.env("PATH", folder.path()).output().expect("the program starts");
    assert_eq!((output.status.code(), stdout(&output).lines().count()), (Some(2), 1));
    assert_eq!(stderr(&output), "error: no python3 found; Python files are checked with it\n");
}

/// One scenario blocks in a way that a rule can see, on purpose: it teaches that `block_on` panics in a task.
#[test]
fn scenarios_and_twins_block_only_where_they_teach_it() {
    let output = run(&["lint", "scenarios", "--json"]);
    assert_eq!((output.status.code(), stderr(&output)), (Some(1), String::new()));
    let finds: Value = serde_json::from_slice(&output.stdout).expect("one JSON value");
    let finds: Vec<_> = finds.as_array().expect("an array").iter().map(|find| [&find["file"], &find["function"]]).collect();
    assert_eq!(finds, [["scenarios/bridge.rs", "inside"]]);
}
