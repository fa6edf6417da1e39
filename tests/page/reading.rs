//! What a mouse and a keyboard do on a desktop.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::browser::Tab;
use super::pages::Page;

/// A tab of a desktop with the page of a scenario.
fn desktop(scenario: &str) -> Option<(Tab, Page)> {
    let mut tab = Tab::open()?;
    let page = Page::exported(scenario);
    tab.screen(1280, 800, false);
    tab.view(&page.file());
    Some((tab, page))
}

/// A point of a lane: the row, and a share of the time on screen.
fn point(tab: &mut Tab, row: u32, share: f64) -> (f64, f64) {
    let x = tab.number(&format!(
        "document.querySelector('canvas').getBoundingClientRect().left + playground.box.names + {share} * playground.box.plot"
    ));
    let y = tab.number(&format!(
        "document.querySelector('canvas').getBoundingClientRect().top + playground.box.top + ({row} + 0.5) * playground.box.row"
    ));
    (x, y)
}

fn mouse(tab: &mut Tab, kind: &str, (x, y): (f64, f64), more: &Value) {
    let mut params = json!({ "type": kind, "x": x, "y": y });
    for (key, value) in more.as_object().into_iter().flatten() {
        params[key] = value.clone();
    }
    tab.call("Input.dispatchMouseEvent", &params);
    tab.settle();
}

fn click(tab: &mut Tab, at: (f64, f64)) {
    for kind in ["mousePressed", "mouseReleased"] {
        mouse(tab, kind, at, &json!({ "button": "left", "clickCount": 1 }));
    }
}

/// The number of the first line of a source file with this text in it.
fn line(file: &str, text: &str) -> usize {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the source");
    source.lines().position(|line| line.contains(text)).expect("the text is in the source") + 1
}

/// How much time is on screen, in nanoseconds.
fn length(tab: &mut Tab) -> f64 {
    tab.number("playground.view.to - playground.view.from")
}

#[test]
fn the_pointer_over_a_bar_says_what_the_task_waits_for_where_and_who_has_it() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    // Below `main` and the requests 0 to 2, the rest wait for a permit.
    let at = point(&mut tab, 10, 0.1);
    mouse(&mut tab, "mouseMoved", at, &json!({}));
    let tip = tab.text("document.querySelector('.tip').innerText");
    let place = format!("scenarios/semaphore.rs:{}", line("scenarios/semaphore.rs", "acquire_many(each)"));
    for part in ["request 9", "waiting 1.5 s", &place, "request 0, request 1, request 2", "7th of 17"] {
        assert!(tip.contains(part), "no {part:?} in {tip:?}");
    }
    mouse(&mut tab, "mouseMoved", (5.0, 5.0), &json!({}));
    assert_eq!(tab.eval("document.querySelector('.tip').hidden"), true);
}

#[test]
fn a_click_moves_the_cursor_and_selects_the_task() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    let at = point(&mut tab, 10, 0.5);
    click(&mut tab, at);
    assert_eq!(tab.eval("playground.selected"), 10);
    let (cursor, end) = (tab.number("playground.cursor"), tab.number("playground.view.to"));
    assert!((cursor / end - 0.5).abs() < 0.01, "{cursor} of {end}");
    tab.act("document.getElementById('tab-task').click()");
    let task = tab.text("document.getElementById('panel-task').innerText");
    assert!(task.contains("request 9") && task.contains("holds"), "{task}");
    tab.key("Escape");
    assert_eq!(tab.eval("[playground.selected, playground.stop]"), json!([null, -1]));
}

#[test]
fn the_story_moves_the_cursor_selects_the_task_and_marks_the_line() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    let story = "document.querySelector('.story-text').innerText";
    let mut seen = vec![tab.text(story)];
    let run = "JSON.parse(document.getElementById('run').textContent)";
    for stop in 0..tab.number(&format!("{run}.story.length")) as usize {
        tab.key("]");
        let told = tab.eval(&format!("{run}.story[{stop}]"));
        assert_eq!(tab.eval("playground.cursor"), told["at"], "stop {stop}");
        assert_eq!(tab.eval("playground.selected"), told["task"], "stop {stop}");
        let text = tab.text(story);
        assert_eq!(text, told["text"], "stop {stop}");
        assert!(!seen.contains(&text), "{text:?} twice");
        seen.push(text);
        let marked = tab.eval("Number(document.querySelector('.code-line.marked .nr')?.textContent) || null");
        assert_eq!(marked, told["line"], "stop {stop}");
    }
    tab.key("[");
    assert_eq!(tab.text(story), seen[seen.len() - 2]);
}

#[test]
fn keys_and_the_wheel_zoom_and_pan() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    let whole = length(&mut tab);
    tab.key("+");
    let near = length(&mut tab);
    assert!(near < whole, "{near} of {whole}");
    let at = point(&mut tab, 3, 0.25);
    let under = "playground.view.from + 0.25 * (playground.view.to - playground.view.from)";
    let before = tab.number(under);
    mouse(&mut tab, "mouseWheel", at, &json!({ "deltaX": 0, "deltaY": -240 }));
    let nearer = length(&mut tab);
    assert!(nearer < near, "{nearer} of {near}");
    let after = tab.number(under);
    assert!((after - before).abs() < nearer / 100.0, "the time under the pointer moved from {before} to {after}");
    let from = tab.number("playground.view.from");
    tab.key("ArrowRight");
    assert!(tab.number("playground.view.from") > from);
    let moved = length(&mut tab);
    assert!((moved - nearer).abs() < 1.0, "panning zoomed from {nearer} to {moved}");
    tab.key("0");
    assert!((length(&mut tab) - whole).abs() < 1.0);
}

#[test]
fn a_drag_pans() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    tab.key("+");
    tab.key("+");
    let from = tab.number("playground.view.from");
    let (start, end) = (point(&mut tab, 5, 0.5), point(&mut tab, 5, 0.9));
    mouse(&mut tab, "mousePressed", start, &json!({ "button": "left", "clickCount": 1 }));
    mouse(&mut tab, "mouseMoved", end, &json!({ "button": "left", "buttons": 1 }));
    mouse(&mut tab, "mouseReleased", end, &json!({ "button": "left", "clickCount": 1 }));
    let shown = length(&mut tab);
    let moved = from - tab.number("playground.view.from");
    assert!((moved / shown - 0.4).abs() < 0.02, "{moved} of {shown}");
    assert_eq!(tab.eval("playground.selected"), Value::Null, "a drag is no click");
}

#[test]
fn a_keyboard_is_enough_and_a_screen_reader_hears_what_is_selected() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    // `main`, then the requests 0 to 3.
    for _ in 0..5 {
        tab.key("ArrowDown");
    }
    tab.key("Home");
    tab.key(".");
    let heard = tab.text("document.querySelector('[aria-live].sr').textContent");
    assert!(heard.starts_with("request 3: waiting 500 ms") && heard.contains("semaphore.rs:"), "{heard:?}");
    let cursor = tab.number("playground.cursor");
    tab.key(",");
    assert!(tab.number("playground.cursor") < cursor);
    // Each button and each panel has a name.
    let nameless = "[...document.querySelectorAll('button, select, canvas, [role=region], [role=tabpanel]')].filter(node => \
                    !(node.textContent.trim() || node.getAttribute('aria-label') || node.getAttribute('aria-labelledby'))).length";
    assert_eq!(tab.eval(nameless), 0);
    tab.key("?");
    assert_eq!(tab.eval("document.querySelector('dialog').open"), true);
    tab.key("?");
    assert_eq!(tab.eval("document.querySelector('dialog').open"), false);
}

#[test]
fn the_gutter_counts_the_tasks_that_wait_at_a_line_and_a_click_selects_one() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    tab.act("document.getElementById('tab-code').click()");
    tab.key("]");
    tab.key("]");
    let nr = line("scenarios/semaphore.rs", "acquire_many(each)");
    let count = format!("document.querySelectorAll('.code-line')[{}].querySelector('.count').textContent", nr - 1);
    assert_eq!(tab.text(&count), "17");
    tab.act(&format!("document.querySelectorAll('.code-line')[{}].click()", nr - 1));
    let selected = tab.number("playground.selected");
    assert!((4.0..=20.0).contains(&selected), "task {selected} does not wait there");
    tab.key("End");
    assert_eq!(tab.text(&count), "", "all have ended");
}

#[test]
fn a_task_folds_what_it_spawned_and_opens_into_a_lane_for_each_branch() {
    let Some((mut tab, _page)) = desktop("shutdown") else { return };
    let run = "JSON.parse(document.getElementById('run').textContent)";
    let tasks = tab.number(&format!("{run}.tasks.length"));
    let branches = tab.number(&format!("{run}.tasks.reduce((n, task) => n + (task.branches?.length ?? 0), 0)"));
    assert!(branches >= 2.0, "{branches} branches");
    let all = tab.number("playground.lanes");
    assert!((all - tasks - branches).abs() < 0.1, "{all} lanes");
    // The mark before the name of `main`.
    let (x, y) = point(&mut tab, 0, 0.0);
    let names = tab.number("playground.box.names");
    click(&mut tab, (x - names + 14.0, y));
    assert_eq!(tab.eval("playground.lanes"), 1);
    tab.key("ArrowDown");
    tab.key("Enter");
    let again = tab.number("playground.lanes");
    assert!((again - all).abs() < 0.1, "{again} lanes of {all}");
    // A branch has a tip of its own.
    let branch = tab.number(&format!("{run}.tasks.findIndex(task => task.branches) + 1")) as u32;
    let at = point(&mut tab, branch, 0.1);
    mouse(&mut tab, "mouseMoved", at, &json!({}));
    let tip = tab.text("document.querySelector('.tip').innerText");
    assert!(tip.contains(" › ") && tip.contains("a branch"), "{tip:?}");
}

#[test]
fn a_button_turns_the_colours_over_lanes_and_all() {
    let Some((mut tab, page)) = desktop("semaphore") else { return };
    let ground = "[...document.querySelector('canvas').getContext('2d').getImageData(2, 2, 1, 1).data].slice(0, 3)";
    let body = "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)";
    let light = tab.eval(ground);
    assert_eq!(tab.eval(body), light);
    tab.act("document.querySelector('.theme').click()");
    let dark = tab.eval(ground);
    assert_ne!(dark, light);
    assert_eq!(tab.eval(body), dark);
    // The next page has the same colours.
    tab.view(&page.file());
    assert_eq!(tab.eval(ground), dark);
}

#[test]
fn the_line_that_repeats_the_run_can_be_copied() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    tab.act("document.querySelector('.share button').click()");
    tab.until("document.querySelector('.share button').textContent !== 'Copy'");
    // A page of a file may not reach the clipboard: then the line is selected.
    let got = tab.text(
        "document.querySelector('.share button').textContent === 'Selected' ? getSelection().toString() \
         : document.querySelector('.share code').textContent",
    );
    assert_eq!(got, "async-playground run semaphore");
}

#[test]
fn a_log_line_and_a_finding_lead_to_their_moment() {
    let Some((mut tab, _page)) = desktop("deadlock") else { return };
    tab.act("document.getElementById('tab-findings').click(); document.querySelector('.finding').click()");
    let finding = tab.eval("JSON.parse(document.getElementById('run').textContent).findings[0]");
    assert_eq!(tab.eval("[playground.cursor, playground.selected]"), json!([finding["at"], finding["task"]]));
    tab.act("document.getElementById('tab-log').click(); document.querySelector('.log-line').click()");
    let log = tab.eval("JSON.parse(document.getElementById('run').textContent).log[0]");
    assert_eq!(tab.eval("[playground.cursor, playground.selected]"), json!([log[0], log[1]]));
    let lines = "document.querySelectorAll('.log-line').length";
    assert_eq!(tab.eval(lines), 1, "the log ends at the cursor");
    tab.key("End");
    assert!(tab.number(lines) > 1.0);
}

#[test]
fn a_run_plays_to_its_end_and_then_nothing_is_drawn() {
    let Some((mut tab, _page)) = desktop("semaphore") else { return };
    // A frame moves the cursor by a second at most at this speed, however late it is.
    tab.act("const speed = document.querySelector('select'); speed.value = 2; speed.dispatchEvent(new Event('change'))");
    tab.eval("window.seen = new Set(); (function look() { seen.add(playground.cursor); requestAnimationFrame(look); })()");
    tab.key(" ");
    tab.until("seen.size > 2 && playground.cursor === 3_500_000_000");
    let between = tab.number("[...seen].filter(at => at > 0 && at < 3_500_000_000).length");
    assert!(between >= 2.0, "{between} moments between the start and the end");
    tab.settle();
    let frames = tab.eval("playground.frames");
    for _ in 0..10 {
        tab.settle();
    }
    assert_eq!(tab.eval("playground.frames"), frames, "frames without a change");
}
