use std::collections::HashMap;

use super::*;

/// What is added to a command in a folder with these settings.
struct Case {
    folder: tempfile::TempDir,
    variables: HashMap<String, OsString>,
    manifest: &'static str,
}

impl Case {
    fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("inner/.cargo")).expect("it is new");
        fs::create_dir_all(folder.path().join(".cargo")).expect("it is new");
        fs::write(folder.path().join(".cargo/config.toml"), config).expect("it is writable");
        Self { folder, variables: HashMap::new(), manifest: "" }
    }

    fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.insert(variable.to_owned(), value.into());
        self
    }

    fn added(&self, words: &str) -> Added {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let around = Surroundings {
            variable: &|name| self.variables.get(name).cloned(),
            folder: &self.folder.path().join("inner"),
            home: None,
            manifest: self.manifest.parse().ok(),
        };
        added(&words, &around)
    }

    /// The settings that are added.
    fn config(&self, words: &str) -> Vec<String> {
        let arguments = self.added(words).arguments;
        arguments.iter().map(|word| word.to_string_lossy().into_owned()).filter(|word| word != "--config").collect()
    }
}

const QUOTED: &str = r#"["--cfg","tokio_unstable","-C","force-frame-pointers=yes"]"#;

#[test]
fn variables_are_appended_to_and_hide_the_settings() {
    let case = Case::new("").with("RUSTFLAGS", "-C target-cpu=native");
    let all = "-C target-cpu=native --cfg tokio_unstable -C force-frame-pointers=yes";
    assert_eq!(case.added("run"), Added { after: 0, arguments: vec![], variables: vec![("RUSTFLAGS".to_owned(), all.into())] });
    let case = case.with("CARGO_ENCODED_RUSTFLAGS", "-A\u{1f}warnings");
    let all = "-A\u{1f}warnings\u{1f}--cfg\u{1f}tokio_unstable\u{1f}-C\u{1f}force-frame-pointers=yes";
    assert_eq!(case.added("run").variables, [("CARGO_ENCODED_RUSTFLAGS".to_owned(), all.into())]);
    let empty = Case::new("[build]\nrustflags = ['-g']").with("RUSTFLAGS", "").added("run").variables;
    assert_eq!(empty, [("RUSTFLAGS".to_owned(), FLAGS.join(" ").into())], "cargo takes an empty variable too");
}

#[test]
fn every_place_of_flags_in_the_settings_gets_them() {
    assert_eq!(Case::new("").config("run"), [format!("build.rustflags={QUOTED}")]);
    let case = Case::new("[target.x86_64-unknown-linux-gnu]\nrustflags = ['-g']\n[target.'cfg(unix)']\nlinker = 'cc'");
    fs::write(case.folder.path().join("inner/.cargo/config"), "[target.'cfg(target_os = \"linux\")']\nrustflags = '-g'")
        .expect("it is writable");
    let [triple, cfg, build] = case.config("run").try_into().expect("three settings");
    assert_eq!(build, format!("build.rustflags={QUOTED}"));
    // The quotes are as TOML writes them; what counts is that cargo reads the same key.
    let keys = [cfg, triple].map(|setting| targets(&[setting.parse().expect("TOML")]).pop_first());
    assert!(keys.contains(&Some("x86_64-unknown-linux-gnu".to_owned())), "{keys:?}");
    assert!(keys.contains(&Some("cfg(target_os = \"linux\")".to_owned())), "{keys:?}");
}

#[test]
fn settings_on_the_command_line_and_included_ones_count() {
    let case = Case::new("include = ['more.toml']");
    fs::write(case.folder.path().join(".cargo/more.toml"), "[target.a]\nrustflags = []").expect("it is writable");
    fs::write(case.folder.path().join("inner/own.toml"), "[target.b]\nrustflags = []").expect("it is writable");
    let config = case.config("run --config own.toml --config=target.c.rustflags=['-g'] -- --config target.d.rustflags=[]");
    let keys: Vec<_> = config.iter().filter_map(|setting| targets(&[setting.parse().expect("TOML")]).pop_first()).collect();
    assert_eq!(keys, ["a", "b", "c"]);
}

#[test]
fn an_external_subcommand_gets_the_flags_from_the_environment() {
    let added = Case::new("").with("CARGO_BUILD_RUSTFLAGS", "-g").added("nextest now");
    let all = format!("-g {}", FLAGS.join(" "));
    assert_eq!(added.variables, [("CARGO_BUILD_RUSTFLAGS".to_owned(), all.into())]);
}

#[test]
fn an_optimised_build_gets_debug_information_unless_the_user_has_decided() {
    let debug = |case: &Case, words: &str| case.config(words).into_iter().find(|setting| setting.starts_with("profile."));
    let case = Case::new("");
    assert_eq!(debug(&case, "run"), None, "a build for development has it");
    for words in ["run --release", "run -r", "test --profile release", "run --profile=release --bin x"] {
        assert_eq!(debug(&case, words).as_deref(), Some("profile.release.debug=\"limited\""), "{words}");
    }
    assert_eq!(debug(&case, "bench").as_deref(), Some("profile.bench.debug=\"limited\""));
    assert_eq!(debug(&case, "run -- --release"), None, "that is for the program");
    assert_eq!(debug(&Case::new("[profile.release]\ndebug = 1"), "run --release"), None);
    assert_eq!(debug(&Case::new("").with("CARGO_PROFILE_RELEASE_DEBUG", "0"), "run --release"), None);
    let custom = Case { manifest: "[profile.fast]\ninherits = 'release'", ..Case::new("") };
    assert_eq!(debug(&custom, "run --profile fast").as_deref(), Some("profile.fast.debug=\"limited\""));
    let decided = Case { manifest: "[profile.fast]\ninherits = 'release'\n[profile.release]\ndebug = false", ..Case::new("") };
    assert_eq!(debug(&decided, "run --profile fast"), None);
}

#[test]
fn added_settings_are_beside_those_of_the_user_and_never_given_to_the_program() {
    let case = Case::new("");
    for (words, after) in [
        ("run --example x", 0),
        ("run --config a=1 --example x", 3),
        ("--config a=1 run", 2),
        ("run --config=a=1 --bin y -- --config app.toml", 2),
        ("run --example x serve --config app.toml", 0),
        ("test --config a=1 filter", 3),
    ] {
        assert_eq!(case.added(words).after, after, "{words}");
    }
}

/// The flags that cargo really passes to the compiler.
#[test]
fn cargo_adds_the_flags_to_those_of_the_user() {
    for (config, variable, user) in [
        ("", None, None),
        ("[build]\nrustflags = ['--cfg', 'users']", None, Some("users")),
        ("[build]\nrustflags = ['--cfg', 'hidden']\n[target.'cfg(all())']\nrustflags = '--cfg users'", None, Some("users")),
        (
            "[target.'cfg(windows)']\nrustflags = ['--cfg', 'hidden']\n[build]\nrustflags = ['--cfg', 'users']",
            None,
            Some("users"),
        ),
        ("[build]\nrustflags = ['--cfg', 'hidden']", Some("--cfg users"), Some("users")),
    ] {
        let mut case = Case::new(config);
        if let Some(value) = variable {
            case = case.with("RUSTFLAGS", value);
        }
        let inner = case.folder.path().join("inner");
        fs::create_dir(inner.join("src")).expect("it is new");
        fs::write(inner.join("Cargo.toml"), "[package]\nname = 'x'\nedition = '2024'\n[workspace]\n").expect("it is writable");
        let main = "fn main() { print!(\"{} {} {}\", cfg!(tokio_unstable), cfg!(users), cfg!(hidden)) }";
        fs::write(inner.join("src/main.rs"), main).expect("it is writable");
        let added = case.added("run");
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&inner)
            .args(&added.arguments)
            .args(["run"])
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        cargo.env("CARGO_TARGET_DIR", inner.join("target"));
        let said = cargo.envs(added.variables).output().expect("cargo runs");
        let expected = format!("true {} false", user.is_some());
        let (printed, errors) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert_eq!(printed, expected, "{config}: {errors}");
    }
}
