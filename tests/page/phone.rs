//! The page on a phone, with a finger.

use serde_json::json;

use super::browser::Tab;
use super::pages::Page;

#[test]
fn a_tap_shows_the_tip_and_nothing_is_wider_than_the_screen() {
    let Some(mut tab) = Tab::open() else { return };
    for scenario in ["semaphore", "deadlock", "circuit-breaker"] {
        let page = Page::exported(scenario);
        tab.screen(390, 844, true);
        tab.view(&page.file());
        let lane = "(() => { const box = document.querySelector('canvas').getBoundingClientRect(), on = playground.box; \
                    return [box.left + on.names + on.plot * 0.2, box.top + on.top + on.row * 1.5]; })()";
        let at = tab.eval(lane);
        for (kind, points) in [("touchStart", json!([{ "x": at[0], "y": at[1] }])), ("touchEnd", json!([]))] {
            tab.call("Input.dispatchTouchEvent", &json!({ "type": kind, "touchPoints": points }));
        }
        tab.settle();
        assert_eq!(tab.eval("document.querySelector('.tip').hidden"), false, "{scenario}");
        assert_eq!(tab.eval("playground.selected"), 1, "{scenario}");
        for panel in tab.eval("[...document.querySelectorAll('[role=tab]')].map(tab => tab.id)").as_array().expect("tabs") {
            tab.eval(&format!("document.getElementById({panel}).click()"));
            tab.settle();
            let wide = tab.number("document.documentElement.scrollWidth - innerWidth");
            assert!(wide <= 0.0, "{scenario}, {panel}: {wide} pixels too wide");
        }
        // A finger needs about forty pixels.
        let small = "[...document.querySelectorAll('.tools button, .story button, .tabs button, .theme')].filter(node => \
                     node.offsetParent && (node.offsetHeight < 40 || node.offsetWidth < 40)).map(node => node.outerHTML)";
        assert_eq!(tab.eval(small), json!([]), "{scenario}");
    }
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
}

#[test]
fn two_fingers_zoom() {
    let Some(mut tab) = Tab::open() else { return };
    let page = Page::exported("semaphore");
    tab.screen(390, 844, true);
    tab.view(&page.file());
    let length = "playground.view.to - playground.view.from";
    let before = tab.number(length);
    let y = tab.number("document.querySelector('canvas').getBoundingClientRect().top + playground.box.top + 60");
    let fingers = |apart: u32| json!([{ "x": 240 - apart, "y": y, "id": 0 }, { "x": 240 + apart, "y": y, "id": 1 }]);
    tab.call("Input.dispatchTouchEvent", &json!({ "type": "touchStart", "touchPoints": fingers(30) }));
    for apart in [40, 60, 90] {
        tab.call("Input.dispatchTouchEvent", &json!({ "type": "touchMove", "touchPoints": fingers(apart) }));
    }
    tab.call("Input.dispatchTouchEvent", &json!({ "type": "touchEnd", "touchPoints": [] }));
    tab.settle();
    let after = tab.number(length);
    assert!(after < before * 0.6, "{after} of {before}");
}
