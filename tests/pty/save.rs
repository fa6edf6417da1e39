//! A run on screen is saved, and what was saved opens.

use super::{header, program};

#[test]
fn a_run_is_saved_with_a_key_and_replayed() {
    let folder = std::env::temp_dir().join(format!("async-playground-save-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    let path = folder.join("a.rec");
    let path = path.to_str().expect("the folder for temporary files has a plain name");

    let mut tty = program(&["gather", "--seed", "4"]);
    tty.sees("/ 00:02.000");
    // Ctrl-S; what is proposed is wiped out with Ctrl-U.
    tty.keys("\x13");
    tty.sees("gather-4.rec");
    tty.keys("\x15/no/such/folder/a.rec\r");
    tty.sees("cannot be written");
    tty.keys(&format!("\x15{path}\r"));
    tty.sees("saved: async-playground replay");
    // Once more the same file, and now it is there.
    tty.keys(&format!("\x13\x15{path}\r"));
    tty.sees("Enter again overwrites it");
    tty.keys("\r");
    tty.sees("saved: async-playground replay");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);

    let mut tty = program(&["replay", path]);
    tty.wait_until("the recording", |screen| header(screen).contains("recording") && header(screen).contains("seed 4"));
    tty.sees("/ 00:02.000");
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
    std::fs::remove_dir_all(folder).expect("it is ours");
}
