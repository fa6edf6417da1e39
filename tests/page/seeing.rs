//! Whether the page can be seen: contrast in both themes, and lanes that show what matters at any zoom.

use serde_json::{Value, json};

use super::browser::Tab;
use super::pages::{PAN, Page, fill};

/// The contrast of two colours `#rrggbb`, as WCAG defines it.
fn contrast(a: &str, b: &str) -> f64 {
    let light = |color: &str| {
        let part = |at: usize| {
            let c = f64::from(u8::from_str_radix(&color[at..at + 2], 16).expect("a colour")) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn texts_have_contrast_in_the_light_and_in_the_dark() {
    let Some(mut tab) = Tab::open() else { return };
    let page = Page::exported("semaphore");
    tab.screen(1280, 800, false);
    for scheme in ["light", "dark"] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        tab.call("Emulation.setEmulatedMedia", &media);
        tab.view(&page.file());
        let mut color =
            |name: &str| tab.text(&format!("getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()"));
        let texts = [
            "text", "faint", "accent", "good", "bad", "warn", "time", "lock", "channel", "join", "io", "other", "keyword",
            "function", "type", "string", "constant",
        ];
        for ground in ["bg", "panel", "select"] {
            let behind = color(ground);
            for text in texts {
                let ratio = contrast(&color(text), &behind);
                assert!(ratio >= 4.5, "{scheme}: --{text} on --{ground} has a contrast of {ratio:.2}");
            }
        }
        // Text within bars.
        for bar in ["running", "time", "channel", "join", "io", "other"] {
            let ratio = contrast(&color("on-running"), &color(bar));
            assert!(ratio >= 4.5, "{scheme}: text on --{bar} has a contrast of {ratio:.2}");
        }
        for band in ["band", "ribbon"] {
            let ratio = contrast(&color("text"), &color(band));
            assert!(ratio >= 4.5, "{scheme}: text on --{band} has a contrast of {ratio:.2}");
        }
    }
}

/// Turns the wheel over the middle of the run.
const ZOOM: &str = "(() => {
    const canvas = document.querySelector('canvas'), { left, top } = canvas.getBoundingClientRect();
    const { from, to } = playground.view, { names, plot } = playground.box;
    const middle = JSON.parse(document.getElementById('run').textContent).end / 2;
    const clientX = left + names + plot * (middle - from) / (to - from);
    canvas.dispatchEvent(new WheelEvent('wheel', { deltaY: -200, cancelable: true, clientX, clientY: top + 60 }));
})()";

#[test]
fn a_poll_that_takes_no_time_is_seen_at_any_zoom() {
    let Some(mut tab) = Tab::open() else { return };
    // One task that waits for the whole run but for one poll in the middle.
    let page = Page::exported("semaphore").changed(|run| {
        let middle = run["end"].as_u64().expect("an end") / 2;
        let tasks = run["tasks"].as_array_mut().expect("tasks");
        tasks.truncate(1);
        tasks[0]["segments"] = json!([0, 1, middle, -1, 0, 1]);
        tasks[0]["end"] = Value::Null;
        tasks[0]["wakes"] = json!([]);
        for list in ["story", "findings", "critical", "log", "counters"] {
            run[list] = json!([]);
        }
        run["queue"] = Value::Null;
    });
    tab.screen(1280, 800, false);
    tab.view(&page.file());
    // The pixels of the lane in the colour of a running task.
    let green = "(() => { const canvas = document.querySelector('canvas'), on = playground.box, c = canvas.getContext('2d'); \
        const y = Math.round((on.top + on.row / 2 + on.strip / 2 - 8) * devicePixelRatio); \
        const row = c.getImageData(on.names * devicePixelRatio, y, on.plot * devicePixelRatio, 1).data; let n = 0; \
        for (let i = 0; i < row.length; i += 4) if (row[i + 1] > row[i] + 60 && row[i + 1] > row[i + 2] + 20) n++; return n; })()";
    for zoom in 0..8 {
        let pixels = tab.number(green);
        assert!((2.0..=4.0).contains(&pixels), "{pixels} pixels at zoom {zoom}");
        tab.act(ZOOM);
    }
}

#[test]
fn a_hundred_thousand_segments_are_drawn_and_only_while_something_changes() {
    let Some(mut tab) = Tab::open() else { return };
    let page = Page::exported("semaphore").changed(|run| fill(run, 100_000));
    tab.screen(1280, 800, false);
    tab.view(&page.file());
    for _ in 0..3 {
        tab.key("+");
    }
    for _ in 0..9 {
        tab.key("ArrowLeft");
    }
    let frames = tab.number("playground.frames");
    for _ in 0..5 {
        tab.key("ArrowRight");
    }
    let drawn = tab.number("playground.frames") - frames;
    assert!((5.0..=10.0).contains(&drawn), "{drawn} frames for five keys");
    let pan = tab.eval(PAN);
    let [median, most, rate] = [0, 1, 2].map(|i: usize| pan[i].as_f64().expect("a figure"));
    // For `cargo test --test page segments -- --nocapture`.
    println!("100,000 segments: script {median:.1} ms a frame (95 %: {most:.1} ms), {rate:.0} frames a second");
    assert_eq!(pan[3], 200, "each frame shows another part");
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
}
