//! What a package carries beside the program: completions and the manual page.

use super::{run, stdout};

#[test]
fn completions_know_the_flags_of_run() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(stdout(&output).contains("workers"), "{shell}");
    }
}

#[test]
fn the_manual_page_has_every_subcommand_with_its_flags() {
    let output = run(&["man"]);
    let page = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(page.contains(".TH async-playground 1"), "{page}");
    for part in [
        ".SH NAME",
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
