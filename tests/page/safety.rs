//! What the page never does: call out, run what a program's texts contain, or need a script to be read.

use serde_json::{Value, json};

use super::browser::Tab;
use super::pages::Page;

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
    let hostile = [
        "</script><script>window.hit = 1; alert(1)</script>",
        "<img src=x onerror=\"window.hit = 1; alert(1)\">",
        "\u{202e}gpj.exe\u{0}\u{1b}]0;title\u{7}\u{feff}\r\n",
        &long,
        "javascript:alert(1)//`${alert(1)}`{{js}}",
    ];
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
