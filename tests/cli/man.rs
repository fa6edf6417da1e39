//! What a package installs beside the program: completions and the manual page.

use super::{program, run, stdout};

#[test]
fn there_is_a_completion_script_for_each_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(stdout(&output).contains("ASYNC_PLAYGROUND_COMPLETE"), "{shell}: {}", stdout(&output));
    }
}

/// The completions that a shell gets for the last of these words.
fn completed(words: &[&str]) -> Vec<String> {
    let mut command = program(&["--", "async-playground"]);
    command.env("ASYNC_PLAYGROUND_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    command.env("_CLAP_IFS", "\n").args(words);
    let output = command.output().expect("the program starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    stdout(&output).lines().map(str::to_owned).collect()
}

#[test]
fn scenarios_parameters_and_their_values_are_completed() {
    for words in [&["sema"][..], &["run", "sema"], &["list", "sema"]] {
        assert_eq!(completed(words), ["semaphore"], "{words:?}");
    }
    assert_eq!(completed(&["run", "semaphore", "-p", "permits"]), ["permits=", "permits_each="]);
    assert_eq!(completed(&["semaphore", "--param", "permits="]), ["permits=3"]);
    assert_eq!(completed(&["futurelock", "-p", "variant="]), ["variant=select-ref", "variant=spawned"]);
    assert_eq!(completed(&["futurelock", "-p", "variant=sp"]), ["variant=spawned"]);
    // The parameters depend on the scenario.
    assert_eq!(completed(&["gather", "-p", "permits"]), Vec::<String>::new());
}

#[test]
fn the_manual_page_has_every_subcommand_with_its_flags() {
    let output = run(&["man"]);
    let page = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(page.contains(".TH async-playground 1"), "{page}");
    for part in [
        ".SH NAME",
        ".SH LINT",
        ".SH LIST",
        ".SH RUN",
        ".SS \"EXAMPLES\"",
        ".SS \"EXIT CODES\"",
        ".SH COMPLETIONS",
        "\\-\\-workers",
        "NAME=VALUE",
        "interrupted by SIGINT",
    ] {
        assert!(page.contains(part), "{part:?}: {page}");
    }
}
