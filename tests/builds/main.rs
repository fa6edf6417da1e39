//! One program built in many ways: each line of a wait is right, or reported as not known with the reason. None is ever wrong.
//!
//! The program is `mini_redis` beside this file, with the recorder in it. Each way is a separate build, so these tests run only
//! with `just builds`. Comments in the source say what it waits for, and where.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/builds/mini_redis");

/// A way to build: settings of the release profile, and what is then missing.
struct Way {
    name: &'static str,
    settings: &'static [&'static str],
    rustflags: &'static str,
    missing: &'static [&'static str],
    /// The name of the source folder.
    sources: &'static str,
}

const USUAL: &str = "--cfg tokio_unstable -C force-frame-pointers=yes";

/// Tokio has line tables through its own setting; no other library has any.
const NO_LINES: [&str; 2] = ["debug=false", "package.tokio.debug=false"];

const RELEASE: Way = Way { name: "release", settings: &[], rustflags: USUAL, missing: &[], sources: "src" };

/// As `cargo install` does it: the program's sources are beside the libraries' sources.
const INSTALLED: Way = Way {
    name: "installed",
    rustflags: "--cfg tokio_unstable -C force-frame-pointers=yes \
                --remap-path-prefix=src=/home/me/.cargo/registry/src/index.crates.io-0123456789abcdef/mini_redis-0.4.1/src",
    sources: "mini_redis-0.4.1/src",
    ..RELEASE
};

/// The program's report about itself.
#[derive(Debug, Default)]
struct Told {
    /// Each cause with its line.
    waits: BTreeSet<(String, String)>,
    missing: Vec<String>,
    /// Everything else.
    others: Vec<String>,
}

impl Way {
    /// Builds the program in this way, and runs it.
    fn told(&self) -> Told {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        let locked = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
        fs::copy(locked, Path::new(PROGRAM).join("Cargo.lock")).expect("the playground's versions");
        build.current_dir(PROGRAM).args(["build", "--offline", "--quiet", "--release"]);
        build.arg("--target-dir").arg(&target).env("RUSTFLAGS", self.rustflags).env_remove("CARGO_ENCODED_RUSTFLAGS");
        for setting in self.settings {
            build.args(["--config", &format!("profile.release.{setting}")]);
        }
        assert!(build.status().expect("cargo starts").success(), "{}: it is built", self.name);
        let output = Command::new(target.join("release/mini_redis")).output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}: {text}{}", self.name, String::from_utf8_lossy(&output.stderr));
        let mut told = Told::default();
        for line in text.lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["wait", cause, place] => _ = told.waits.insert((cause.to_owned(), place.to_owned())),
                ["missing", what] => told.missing.push(what.to_owned()),
                _ => told.others.push(line.to_owned()),
            }
        }
        told
    }

    /// What holds for any build: the report says what is missing, and no false deadlock is found.
    fn checked(&self) -> Told {
        let told = self.told();
        assert_eq!(told.missing, self.missing, "{}: {told:?}", self.name);
        let [deadlocks, lost, ends] = &told.others[..] else { panic!("{}: {told:?}", self.name) };
        assert_eq!((&**deadlocks, &**lost), ("deadlocks\t0", "lost\t0"), "{}", self.name);
        let (completed, spawned) = ends.trim_start_matches("ends\t").split_once(" of ").expect("two numbers");
        assert_eq!(spawned, format!("{completed} completed"), "{}", self.name);
        told
    }
}

/// The causes and lines that comments in the source name: the ones of every run, and the ones that a run may have.
fn lines(sources: &str) -> [BTreeSet<(String, String)>; 2] {
    let mut lines = [BTreeSet::new(), BTreeSet::new()];
    for file in fs::read_dir(Path::new(PROGRAM).join("src")).expect("the folder").flatten() {
        let text = fs::read_to_string(file.path()).expect("a source");
        for (line, number) in text.lines().zip(1..) {
            for (words, all) in ["// waits: ", "// may wait: "].into_iter().zip(&mut lines) {
                let Some((code, causes)) = line.split_once(words) else { continue };
                // A comment on its own line belongs to the line before.
                let number = if code.trim().is_empty() { number - 1 } else { number };
                let place = format!("{sources}/{}:{number}", file.file_name().to_string_lossy());
                all.extend(causes.split(", ").map(|cause| (cause.to_owned(), place.clone())));
            }
        }
    }
    lines
}

fn lines_are_right(way: &Way) {
    let ([always, sometimes], told) = (lines(way.sources), way.checked());
    assert!(always.len() >= 10, "{always:?}");
    let (missed, false_ones): (Vec<_>, Vec<_>) = (
        always.difference(&told.waits).collect(),
        told.waits.iter().filter(|wait| !always.contains(*wait) && !sometimes.contains(*wait)).collect(),
    );
    assert!(missed.is_empty() && false_ones.is_empty(), "{}: missed {missed:?}, false {false_ones:?}", way.name);
}

/// The causes that Tokio reports in words, whatever the build.
const TOLD_BY_TOKIO: [&str; 5] = ["mpsc send", "mutex", "oneshot", "semaphore", "time"];

fn lines_are_not_known(way: &Way) {
    let (told, [always, sometimes]) = (way.checked(), lines(way.sources));
    let placed: Vec<_> = told.waits.iter().filter(|(_, place)| place != "-").collect();
    assert!(placed.is_empty(), "{}: {placed:?}", way.name);
    let causes: BTreeSet<&str> = told.waits.iter().map(|(cause, _)| cause.as_str()).collect();
    for cause in TOLD_BY_TOKIO {
        assert!(causes.contains(cause), "{}: no {cause} in {causes:?}", way.name);
    }
    let true_ones: BTreeSet<&str> = always.iter().chain(&sometimes).map(|(cause, _)| cause.as_str()).collect();
    let false_ones: Vec<_> = causes.difference(&true_ones).filter(|cause| **cause != "not known").collect();
    assert!(false_ones.is_empty(), "{}: {false_ones:?}", way.name);
}

#[test]
#[ignore = "builds a program several times: just builds"]
fn optimised_builds_have_every_line_right() {
    for way in [
        RELEASE,
        INSTALLED,
        Way { name: "lto", settings: &["lto='fat'"], ..RELEASE },
        Way { name: "opt-level z", settings: &["opt-level='z'"], ..RELEASE },
        Way { name: "panic abort", settings: &["panic='abort'"], ..RELEASE },
        Way { name: "unoptimised", settings: &["opt-level=0"], ..RELEASE },
        Way { name: "line tables only", settings: &["debug='line-tables-only'"], ..RELEASE },
    ] {
        lines_are_right(&way);
    }
}

#[test]
#[ignore = "builds a program several times: just builds"]
fn builds_that_lack_something_say_so_and_have_no_line_false() {
    for way in [
        Way { name: "no debug information", settings: &NO_LINES, missing: &["debug information"], ..RELEASE },
        Way { name: "stripped", settings: &["strip='symbols'"], missing: &["symbols"], ..RELEASE },
        Way { name: "no frame pointers", rustflags: "--cfg tokio_unstable", missing: &["frame pointers"], ..RELEASE },
        Way {
            name: "nothing",
            settings: &["strip='symbols'", "debug=false", "panic='abort'", "lto='fat'"],
            rustflags: "--cfg tokio_unstable",
            // Without them no return address resolves, so no function has a name.
            missing: &["frame pointers"],
            ..RELEASE
        },
    ] {
        lines_are_not_known(&way);
    }
}
