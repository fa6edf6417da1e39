//! The command palette, undo of views, the user's own keys, and the editor.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::support::Tty;
use super::{PROGRAM, SIZE, command, header, program, zoom};

#[test]
fn the_palette_finds_what_was_meant_and_does_it() {
    let mut tty = program(&["gather", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    let before = zoom(&tty.screen());
    tty.keys(":zoom in");
    let found = tty.sees("▸ zoom in");
    assert!(found.contains("Commands") && found.contains("+ = w"), "{found}");
    tty.keys("\r");
    tty.wait_until("the zoom", |screen| !screen.contains("Commands") && zoom(screen) != before);
    // Ctrl-P, and a scenario.
    tty.keys("\x10run deadl");
    tty.sees("▸ run deadlock");
    tty.keys("\r");
    tty.wait_until("deadlock is run", |screen| header(screen).contains("deadlock"));
    tty.keys("\x10");
    tty.sees("type a command, a parameter or a scenario");
    tty.keys("\x1b");
    tty.wait_until("it is closed", |screen| !screen.contains("Commands"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn views_are_taken_back_and_made_again() {
    let mut tty = program(&["gather", "--speed", "max"]);
    let whole = tty.wait_until("the end", |screen| header(screen).contains("ended"));
    let whole = zoom(&whole);
    tty.keys("\tww");
    tty.wait_until("a quarter", |screen| zoom(screen) != whole);
    tty.keys("f");
    tty.wait_until("without a task it is the whole run", |screen| zoom(screen) == whole);
    tty.keys("jjf");
    tty.sees("▸fetch 0");
    tty.keys("uuuu");
    tty.wait_until("the whole run", |screen| zoom(screen) == whole);
    tty.keys("u");
    tty.sees("nothing to undo");
    command(&mut tty, "redo view");
    tty.wait_until("the zoom again", |screen| zoom(screen) != whole);
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_wake_is_followed_to_the_waker_with_the_cursor() {
    let mut tty = program(&["gather", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    tty.keys("\tg");
    command(&mut tty, "wake back");
    let screen = tty.sees("woke main at");
    assert!(screen.contains("▸fetch"), "{screen}");
    command(&mut tty, "wake on");
    tty.wait_until("main again", |screen| screen.contains("▸main"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn the_users_keys_hold_and_are_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("async-playground/config.toml");
    fs::create_dir_all(file.parent().expect("a folder")).expect("it is made");
    fs::write(&file, "theme = 'mono'\n[keys]\nquit = 'Q'\nhelp = 'F1'\n").expect("it is written");
    let home = folder.path().to_str().expect("a name");
    let mut tty = Tty::start_with(Path::new(PROGRAM), &["gather"], SIZE, &[("XDG_CONFIG_HOME", home)]);
    let screen = tty.sees("F1 help");
    assert!(screen.contains("Q quit"), "{screen}");
    tty.keys("q\x1bOP");
    tty.sees("┏ Keys │ Marks");
    tty.keys("\x1b");
    tty.wait_until("the help is closed", |screen| !screen.contains("┏ Keys │ Marks"));
    assert!(!tty.has_styled("36"), "the mono theme has no colour");
    tty.keys("Q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn all_colours_are_used_where_the_terminal_has_them() {
    for (colorterm, args, all) in
        [("truecolor", &["gather"][..], true), ("", &["gather"], false), ("24bit", &["--theme", "ansi"], false)]
    {
        let mut tty = Tty::start_with(Path::new(PROGRAM), args, SIZE, &[("COLORTERM", colorterm)]);
        tty.sees("q quit");
        tty.keys("q");
        // Sky blue, from Okabe-Ito.
        assert_eq!(tty.end().wrote("38;2;86;180;233"), all, "{colorterm} {args:?}");
    }
}

/// An editor that records its arguments, reads a line from the terminal, and ends as that line says.
fn editor(folder: &Path, code: u8) -> String {
    let file = folder.join("editor");
    let log = folder.join("log");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" > '{}'\nstty -a | grep -o ' -\\?icanon' >> '{0}'\nprintf 'the editor is open\\r\\n'\nread line\nprintf '%s\\n' \"$line\" >> '{0}'\nexit {code}\n",
        log.display()
    );
    fs::write(&file, script).expect("it is written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it can be run");
    file.to_str().expect("a name").to_owned()
}

#[test]
fn the_editor_has_the_terminal_and_gives_it_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let editor = editor(folder.path(), 0);
    let env = [("VISUAL", editor.as_str()), ("EDITOR", "false")];
    let mut tty = Tty::start_with(Path::new(PROGRAM), &["semaphore", "--speed", "max"], SIZE, &env);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    // Go to the third request, and to a moment at which it waits.
    tty.keys("\tjjjjj");
    tty.sees("▸request 3");
    tty.keys("T100\r");
    tty.wait_until("the time", |screen| header(screen).contains("00:00.100"));
    command(&mut tty, "edit line");
    tty.sees("the editor is open");
    tty.keys("typed into it\n");
    tty.wait_until("the screen again", |screen| header(screen).contains("00:00.100"));
    let log = fs::read_to_string(folder.path().join("log")).expect("it was run");
    let words: Vec<&str> = log.lines().map(str::trim).collect();
    assert!(words[0].starts_with('+') && words[1].ends_with("scenarios/semaphore.rs"), "{log}");
    assert_eq!(words[2..], ["icanon", "typed into it"], "the editor had the terminal's normal modes, and every key");
    let line: usize = words[0][1..].parse().expect("a line");
    let source = fs::read_to_string(words[1]).expect("the source");
    assert!(source.lines().nth(line - 1).is_some_and(|line| line.contains(".acquire")), "line {line}");
    tty.keys("q");
    let ended = tty.end();
    assert_eq!(ended.code, 0);
    ended.assert_restored();
}

#[test]
fn an_editor_that_stops_itself_stops_the_program_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("editor");
    // As vim does at Ctrl-Z: the whole job stops, and the shell has the terminal.
    let editor = "#!/bin/sh\necho 'the editor is open'\nkill -s TSTP 0\necho 'the editor goes on'\nread line\n";
    fs::write(&file, editor).expect("it is written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it can be run");
    let script = r#"set -m; "$0" gather --speed max; echo "stopped with $?"; read -r line; fg; echo "ended with $?""#;
    let env = [("VISUAL", file.to_str().expect("a name"))];
    let mut tty = Tty::start_with(Path::new("/bin/sh"), &["-c", script, PROGRAM], SIZE, &env);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    tty.keys("\tjj");
    command(&mut tty, "edit line");
    tty.sees("the editor is open");
    tty.sees("stopped with");
    tty.keys("\n");
    tty.sees("the editor goes on");
    tty.keys("\n");
    tty.wait_until("the screen again", |screen| header(screen).contains("ended"));
    tty.keys("q");
    tty.sees("ended with 0");
    tty.end().assert_restored();
}

#[test]
fn an_editor_that_fails_or_is_not_there_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let editor = editor(folder.path(), 3);
    for (value, told) in
        [(editor.as_str(), "ended with exit status: 3"), ("no-such-editor", "exit status: 127"), ("", "no editor is set")]
    {
        let env = [("VISUAL", ""), ("EDITOR", value)];
        let mut tty = Tty::start_with(Path::new(PROGRAM), &[], SIZE, &env);
        tty.sees("q quit");
        command(&mut tty, "rust");
        command(&mut tty, "edit line");
        if value == editor {
            tty.sees("the editor is open");
            tty.keys("\n");
        }
        tty.sees(told);
        tty.keys("q");
        assert_eq!(tty.end().code, 0);
    }
}

#[test]
fn a_pointer_tells_what_it_is_over_and_two_clicks_fit_it() {
    let mut tty = program(&["gather", "--speed", "max"]);
    let screen = tty.wait_until("the end", |screen| header(screen).contains("ended"));
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains("fetch 1")).expect("a lane");
    let bar = line.chars().position(|c| c == '─').expect("its wait") + 4;
    let (whole, at) = (zoom(&screen), format!("{bar};{}", row + 1));
    tty.keys(&format!("\x1b[<35;{at}M"));
    let told = tty.wait_until("the tip", |screen| screen.lines().last().is_some_and(|line| line.contains("fetch 1")));
    let told = told.lines().last().unwrap_or_default().trim().to_owned();
    assert!(told.contains("waiting") && told.contains("for a timer") && told.contains("at gather.rs:"), "{told}");
    tty.keys(&format!("\x1b[<0;{at}M\x1b[<0;{at}m\x1b[<0;{at}M\x1b[<0;{at}m"));
    tty.wait_until("the fit", |screen| zoom(screen) != whole);
    tty.keys("\x1b[<35;1;1Mq");
    tty.end().assert_restored();
}

#[test]
fn a_number_takes_digits_and_the_next_key_leaves_it_and_acts() {
    let mut tty = program(&["semaphore", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("/ 00:03.500"));
    // The field `permits`. Undoing shows what `z` did, and then what `t` did.
    tty.keys("j5zt");
    tty.wait_until("5 is taken, and the pane fills the screen", |screen| {
        header(screen).contains("/ 00:02.000") && !screen.contains("Timeline")
    });
    tty.keys("z");
    tty.sees("semaphore:`");
    // An invalid value stays where it was typed, and the key does nothing.
    tty.keys("0z");
    let screen = tty.sees("out of range");
    assert!(screen.contains("Timeline"), "{screen}");
    tty.keys("\x1b");
    tty.wait_until("the value from before", |screen| !screen.contains("out of range"));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_search_goes_through_lanes_log_and_code() {
    let mut tty = program(&["semaphore", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("ended"));
    tty.keys("\tn");
    tty.sees("no search yet");
    tty.keys("/request 1\r");
    tty.sees("▸request 1 ");
    tty.keys("n");
    tty.sees("▸request 10");
    tty.keys("NN");
    tty.sees("▸request 19");
    tty.keys("/nobody\r");
    tty.sees("no match for 'nobody'");
    tty.keys("\x1b");
    tty.wait_until("the field is closed", |screen| !screen.contains("nobody"));
    command(&mut tty, "rust");
    tty.keys("/acquire_many\r");
    tty.sees("match 1 of ");
    tty.keys("n");
    tty.sees("match 2 of ");
    tty.keys("\x1b");
    tty.wait_until("the search is over", |screen| !screen.contains("match 2 of "));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn a_live_run_on_the_real_clock_asks_before_it_is_made_again() {
    let mut tty = program(&["workers", "--clock", "real"]);
    tty.wait_until("it is live", |screen| header(screen).contains("live"));
    tty.keys("r");
    tty.sees("lose the recording of this live run?");
    tty.keys("n");
    tty.wait_until("it goes on", |screen| !screen.contains("recorded?") && screen.contains("q quit"));
    tty.keys("ry");
    tty.wait_until("it is made again", |screen| !screen.contains("recorded?") && header(screen).contains(" 00:00."));
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}

#[test]
fn problems_are_gone_through_and_the_palette_says_what_it_does_not_know() {
    let mut tty = program(&["blocking", "--speed", "max"]);
    tty.wait_until("the end", |screen| header(screen).contains("/ 00:0") && screen.contains("1 finding"));
    command(&mut tty, "rewind");
    tty.wait_until("the start", |screen| header(screen).contains("00:00.000 / "));
    tty.keys("p");
    tty.sees("problem 1 of ");
    tty.keys("\x10xyzzy");
    tty.sees("no such command");
    tty.keys("\r\x1b");
    tty.wait_until("it is closed", |screen| !screen.contains("no such command"));
    // From the sixteen colours of a terminal that reports no more.
    for name in ["mono", "okabe-ito", "light", "projector", "ansi"] {
        command(&mut tty, "theme");
        tty.sees(&format!("theme {name};"));
    }
    tty.keys("q");
    assert_eq!(tty.end().code, 0);
}
