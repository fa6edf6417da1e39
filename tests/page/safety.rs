//! What the page never does: call out, run what a program's texts contain, or need a script to be read.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::browser::Tab;
use super::pages::Page;
use super::said::recording;

/// Texts that try to be more than a text.
const HOSTILE: [&str; 4] = [
    "</script><script>window.hit = 1; alert(1)</script>",
    "<img src=x onerror=\"window.hit = 1; alert(1)\">",
    "\u{202e}gpj.exe\u{0}\u{1b}]0;title\u{7}\u{feff}\r\n",
    "javascript:alert(1)//`${alert(1)}`{{js}}",
];

#[test]
fn a_page_opens_without_errors_and_without_a_network() {
    let Some(mut tab) = Tab::open() else { return };
    tab.screen(1280, 800, false);
    for scenario in ["semaphore", "deadlock", "cancellation", "circuit-breaker", "shutdown", "workers"] {
        let page = Page::exported(scenario);
        tab.view(&page.file());
        tab.act("document.querySelectorAll('[role=tab], .theme').forEach(node => node.click())");
        for key in ["]", "+", ".", "c", "ArrowDown", " ", "Escape"] {
            tab.key(key);
        }
        let wide = tab.number("document.documentElement.scrollWidth - innerWidth");
        assert!(wide <= 0.0, "{scenario}: {wide} pixels too wide");
    }
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    // The pages themselves, and the pictures in them.
    let outside: Vec<&str> = tab.requests().into_iter().filter(|url| !url.starts_with("data:")).collect();
    assert_eq!(outside.len(), 6, "{outside:?}");
    assert!(outside.iter().all(|url| url.starts_with("file://")), "{outside:?}");
}

#[test]
fn texts_of_a_program_are_shown_and_never_run() {
    let Some(mut tab) = Tab::open() else { return };
    let long = "x".repeat(10_000);
    let hostile = HOSTILE.iter().copied().chain([&*long]);
    for text in hostile {
        for scenario in ["semaphore", "deadlock", "shutdown"] {
            let page = Page::exported(scenario).changed(|run| replace_texts(run, text));
            tab.screen(1280, 800, false);
            tab.view(&page.file());
            tab.act("document.querySelectorAll('[role=tab]').forEach(node => node.click())");
            for key in ["ArrowDown", "ArrowDown", "]", "]"] {
                tab.key(key);
            }
            assert_eq!(tab.eval("window.hit ?? null"), Value::Null, "{text:.40}");
            assert_eq!(tab.eval("document.querySelectorAll('#app img, iframe, object').length"), 0, "{text:.40}");
            let wide = tab.number("document.documentElement.scrollWidth - innerWidth");
            assert!(wide <= 0.0, "{text:.40}: {wide} pixels too wide");
            let shown = tab.text("document.getElementById('app').innerText");
            assert!(!shown.contains(['\u{202e}', '\u{0}', '\u{1b}', '\u{feff}']), "{text:.40}");
        }
    }
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
}

#[test]
fn a_program_that_says_such_texts_is_exported_in_every_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tab = Tab::open();
    let long = "x".repeat(10_000);
    for text in HOSTILE.iter().copied().chain([&*long]) {
        let from = folder.path().join("said.rec");
        fs::write(&from, recording(text)).expect("the recording");
        let export = |format: &str| {
            let to = folder.path().join(format!("said.{format}"));
            let mut command = Command::new(env!("CARGO_BIN_EXE_async-playground"));
            let output = command.arg("export").arg(&from).args(["--format", format, "-o"]).arg(&to).output().expect("it runs");
            assert!(output.status.success(), "{format}, {text:.40}: {}", String::from_utf8_lossy(&output.stderr));
            to
        };
        let plain = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
        for format in ["html", "svg"] {
            let file = export(format);
            let written = fs::read_to_string(&file).expect("a text");
            assert!(written.chars().all(plain) && !written.contains("window.hit = 1; alert(1)<"), "{format}, {text:.40}");
            let Some(tab) = &mut tab else { continue };
            tab.load(&file);
            assert_eq!(tab.eval("window.hit ?? null"), Value::Null, "{format}, {text:.40}");
        }
        // In JSON a text is whole, and each line is one value.
        for format in ["cast", "json"] {
            let written = fs::read_to_string(export(format)).expect("a text");
            assert!(written.chars().all(plain), "{format}, {text:.40}");
            assert!(written.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{format}, {text:.40}");
        }
        // What a film writes to a terminal sets no title, and rings no bell.
        let film = fs::read_to_string(folder.path().join("said.cast")).expect("the film");
        for line in film.lines().skip(1) {
            let event: Value = serde_json::from_str(line).expect("an event");
            let output = event[2].as_str().expect("a text");
            assert!(event[1] == "m" || !output.contains(['\u{7}', '\u{202e}']) && !output.contains("\u{1b}]"), "{output:?}");
        }
        assert!(fs::metadata(export("perfetto")).expect("a trace").len() > text.len() as u64, "{text:.40}");
    }
    let complaints = tab.map(|tab| tab.complaints()).unwrap_or_default();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn without_scripts_the_picture_and_the_story_can_be_read() {
    let Some(mut tab) = Tab::open() else { return };
    let page = Page::exported("semaphore");
    tab.screen(1280, 800, false);
    tab.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    tab.load(&page.file());
    for part in ["#picture img", "ol li", "table td", "h1"] {
        assert!(is_visible(&mut tab, part), "{part} is not shown");
    }
    tab.call("Emulation.setScriptExecutionDisabled", &json!({ "value": false }));
    tab.view(&page.file());
    assert!(!is_visible(&mut tab, "#picture img"), "the lanes replace the picture");
    assert!(is_visible(&mut tab, "canvas"));
}

/// Puts this text into each text of a run.
fn replace_texts(value: &mut Value, text: &str) {
    match value {
        Value::String(own) => *own = format!("{own}{text}"),
        Value::Array(all) => all.iter_mut().for_each(|one| replace_texts(one, text)),
        Value::Object(all) => all.values_mut().for_each(|one| replace_texts(one, text)),
        _ => {}
    }
}

#[test]
fn a_viewer_that_fails_leaves_the_plain_page() {
    let Some(mut tab) = Tab::open() else { return };
    let page = Page::exported("semaphore").changed(|run| run["tasks"] = Value::Null);
    tab.screen(1280, 800, false);
    tab.load(&page.file());
    assert!(!tab.complaints().is_empty(), "the run cannot be shown");
    assert!(is_visible(&mut tab, "#picture img"));
    assert!(is_visible(&mut tab, "ol li"));
}

/// Whether an element takes up room on the page. Needs no script.
fn is_visible(tab: &mut Tab, selector: &str) -> bool {
    let root = tab.call("DOM.getDocument", &json!({}))["root"]["nodeId"].clone();
    let node = tab.call("DOM.querySelector", &json!({ "nodeId": root, "selector": selector }))["nodeId"].clone();
    if node == 0 {
        return false;
    }
    let model = tab.ask("DOM.getBoxModel", &json!({ "nodeId": node }));
    model["result"]["model"]["height"].as_u64().is_some_and(|height| height > 0)
}
