//! The pictures in `docs/pictures`, and what `export` says about pictures and films.

use std::fs;
use std::path::Path;

use super::{program, run, stderr};

/// The scenarios with a picture, at their defaults.
const SHOWN: [&str; 4] = ["semaphore", "deadlock", "cancellation", "circuit-breaker"];

fn exported(args: &[&str]) -> Vec<u8> {
    let output = run(&[&["export"], args].concat());
    assert_eq!((output.status.code(), &*stderr(&output)), (Some(0), ""), "{args:?}");
    output.stdout
}

#[test]
fn the_pictures_are_what_the_program_draws() {
    for id in SHOWN {
        let (picture, path) = (exported(&[id, "--format", "svg"]), Path::new("docs/pictures").join(id).with_extension("svg"));
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all("docs/pictures")
                .and_then(|()| fs::write(&path, &picture))
                .expect("the checkout can be written to");
        }
        let old = fs::read(&path).unwrap_or_default();
        assert!(old == picture, "{} is old: run `just pictures`", path.display());
        assert!(picture.len() < 20_000, "{id}: {} bytes", picture.len());
    }
}

#[test]
fn a_picture_is_the_same_on_each_machine_and_in_each_environment() {
    let usual = exported(&["semaphore", "--format", "svg"]);
    let mut other = program(&["export", "semaphore", "--format", "svg", "--speed", "max"]);
    other.env("NO_COLOR", "1").env("LC_ALL", "C").env("TERM", "dumb").env("TZ", "Asia/Tokyo").env("COLUMNS", "40");
    assert_eq!(other.output().expect("the program starts").stdout, usual);

    let film = exported(&["gather", "--format", "cast"]);
    let mut other = program(&["export", "gather", "--format", "cast"]);
    other.env("NO_COLOR", "1").env("LC_ALL", "C").env("TERM", "dumb").env("TZ", "Asia/Tokyo");
    assert_eq!(other.output().expect("the program starts").stdout, film);
}

#[test]
fn size_theme_marks_and_range_are_those_that_were_asked_for() {
    let text = |args: &[&str]| String::from_utf8(exported(args)).expect("text");
    let svg = |args: &[&str]| text(&[&["semaphore", "--format", "svg"], args].concat());
    assert!(svg(&["--size", "100x30"]).contains("viewBox=\"0 0 800 480\""));
    assert!(svg(&["--theme", "light"]).contains("<path fill=\"#fff\" d=\"M0 0h"));
    let ascii = svg(&["--ascii"]);
    assert!(ascii.is_ascii() && ascii.contains("sleep=="), "{ascii}");
    let part = svg(&["--from", "500", "--to", "1500"]);
    assert!(part.contains("1 cell 10.7 ms") && !svg(&[]).contains("1 cell 10.7 ms"), "{part}");
    // However long the run, the film has not many more frames than it takes to see them.
    let film = text(&["semaphore", "--format", "cast", "--size", "80x24", "--from", "0", "--to", "1000", "--speed", "10"]);
    assert!(film.starts_with("{\"version\":2,\"width\":80,\"height\":24,"), "{film}");
    assert!(film.lines().last().is_some_and(|last| last.starts_with("[0.1, ")), "{film}");
}

#[test]
fn a_recording_is_drawn_like_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.rec");
    let file = file.to_str().expect("a plain name");
    assert!(run(&["run", "semaphore", "--record", file]).status.success());
    let [of_file, of_run] =
        [file, "semaphore"].map(|what| String::from_utf8(exported(&[what, "--format", "svg"])).expect("text"));
    let lanes = |picture: &str| picture.matches("request").count();
    assert!(of_file.contains(">recording<") && !of_run.contains(">recording<"));
    assert_eq!(lanes(&of_file), lanes(&of_run));
    assert!(lanes(&of_run) > 5);
}
