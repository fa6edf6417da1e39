//! The settings file: printed, found, and refused.

use std::fs;

use super::{program, run, stderr, stdout};

#[test]
fn the_standard_file_is_printed_with_what_everything_means() {
    let output = run(&["config", "--default"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    for line in ["theme = \"auto\"", "reduced-motion = false", "quit = \"q\"", "zoom-in = [\"+\", \"=\", \"w\"]", "[colors]"] {
        assert!(text.lines().any(|there| there == line), "{line} in {text}");
    }
}

#[test]
fn it_is_looked_for_in_the_config_folder() {
    let path = |home: &str| {
        stdout(&program(&["config", "--path"]).env("XDG_CONFIG_HOME", home).env("HOME", "/h").output().expect("it runs"))
    };
    assert_eq!(path("/x"), "/x/async-playground/config.toml\n");
    assert_eq!(path("not/absolute"), "/h/.config/async-playground/config.toml\n");
    assert_eq!(path(""), "/h/.config/async-playground/config.toml\n");
}

#[test]
fn a_fault_in_it_is_one_line_that_names_file_line_and_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml");
    fs::write(&file, "mouse = true\n[keys]\nzoom-inn = \"x\"\n").expect("it is written");
    let name = file.to_str().expect("a name");
    let missing = folder.path().join("missing.toml");
    let table = [
        (&["--config", name][..], format!("{name}:3: keys.zoom-inn: unknown action 'zoom-inn'; did you mean 'zoom-in'?")),
        (&["--config", missing.to_str().expect("a name")], format!("cannot read the settings in {}: ", missing.display())),
        (&["config"], "--default".to_owned()),
        (&["--theme", "okabe"], "'okabe-ito'".to_owned()),
    ];
    for (args, told) in table {
        let output = run(args);
        let text = stderr(&output);
        assert!(output.status.code() == Some(2) && text.lines().count() == 1 && text.contains(&told), "{args:?}: {text}");
    }
    // A missing default settings file counts as empty.
    assert!(stderr(&run(&["gather"])).contains("needs a terminal"));
}
