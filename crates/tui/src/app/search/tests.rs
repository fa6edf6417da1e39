use crossterm::event::KeyCode;

use crate::app::model::Model;
use crate::app::panes::{CodeTab, Pane};
use crate::app::testing::*;

/// Lanes with three names.
fn lanes() -> Model {
    let mut model = played();
    for (task, name) in (0..).zip(&mut shown_mut(&mut model).trace.tasks) {
        name.name = format!("{} {task}", ["main", "client", "Server"][task % 3]);
    }
    model.focus = Pane::Timeline;
    model
}

fn search(model: &mut Model, text: &str) {
    keys(model, "/");
    keys(model, text);
    press(model, KeyCode::Enter);
}

#[test]
fn lanes_are_found_by_name_in_any_case_and_gone_through_round_and_round() {
    let mut model = lanes();
    search(&mut model, "server");
    assert_eq!((model.timeline.selected, model.mode.prompt()), (Some(2), None));
    for (key, task) in [("n", 5), ("n", 8), ("N", 5), ("N", 2), ("N", 20), ("n", 2)] {
        keys(&mut model, key);
        assert_eq!(model.timeline.selected, Some(task), "{key}");
    }
    // It also works from another pane, while the search is on.
    model.focus = Pane::Log;
    keys(&mut model, "n");
    assert_eq!(model.timeline.selected, Some(5));
    press(&mut model, KeyCode::Esc);
    keys(&mut model, "n");
    assert_eq!((model.timeline.selected, notice(&model)), (Some(5), "no search yet: / starts one"));
}

#[test]
fn what_is_nowhere_is_told_where_it_was_typed() {
    let mut model = lanes();
    model.timeline.selected = Some(4);
    search(&mut model, "worker");
    let prompt = model.mode.prompt().expect("it is still typed");
    assert_eq!((prompt.text.text(), prompt.error.as_deref()), ("worker", Some("no match for 'worker'")));
    assert_eq!((model.timeline.selected, &model.search), (Some(4), &None));
    press(&mut model, KeyCode::Backspace);
    assert_eq!(model.mode.prompt().and_then(|prompt| prompt.error.as_ref()), None);
    press(&mut model, KeyCode::Esc);
    // An empty query ends the search.
    search(&mut model, "");
    assert_eq!((model.mode.prompt(), &model.search), (None, &None));
}

#[test]
fn what_is_no_task_but_a_scenario_is_found_in_the_list_with_another_enter() {
    let mut model = lanes();
    search(&mut model, "second");
    let error = model.mode.prompt().and_then(|prompt| prompt.error.as_deref());
    assert_eq!(error, Some("no match for 'second': Enter again searches the scenarios"));
    press(&mut model, KeyCode::Enter);
    assert_eq!(
        (&model.mode, model.focus, model.list.search.text()),
        (&crate::app::mode::Mode::Search, Pane::Scenarios, "second")
    );
}

#[test]
fn each_pane_searches_what_it_shows() {
    for (pane, searched) in
        [(Pane::Timeline, Pane::Timeline), (Pane::Task, Pane::Timeline), (Pane::Log, Pane::Log), (Pane::Code, Pane::Code)]
    {
        let mut model = lanes();
        shown_mut(&mut model).trace.log[0].message = "a client".into();
        model.focus = pane;
        search(&mut model, "client");
        assert_eq!(model.search.as_ref().map(|search| search.pane), Some(searched), "{pane:?}");
    }
    for pane in [Pane::Scenarios, Pane::Parameters, Pane::Metrics] {
        let mut model = lanes();
        model.focus = pane;
        keys(&mut model, "/second");
        assert_eq!((model.focus, model.list.search.text()), (Pane::Scenarios, "second"), "{pane:?}");
    }
}

#[test]
fn the_list_goes_through_its_matches() {
    let mut model = lanes();
    model.focus = Pane::Scenarios;
    keys(&mut model, "/s");
    // The list stays narrowed while another pane has the focus.
    press(&mut model, KeyCode::Up);
    model.mode = crate::app::mode::Mode::Browse;
    for row in [1, 0, 1] {
        keys(&mut model, "n");
        assert_eq!(model.list.row, row);
    }
    keys(&mut model, "N");
    assert_eq!(model.list.row, 0);
}

#[test]
fn lines_of_the_log_are_brought_to_its_top() {
    let mut model = lanes();
    model.focus = Pane::Log;
    shown_mut(&mut model).cursor.at_ns = 3_500 * MS;
    for line in [2, 9, 19] {
        shown_mut(&mut model).trace.log[line].message = format!("Refused {line}");
    }
    let last = |model: &Model| model.search.as_ref().and_then(|search| search.line);
    // Twenty lines, of which the last eight are visible: the next match below the first visible line.
    search(&mut model, "refused");
    assert_eq!(last(&model), Some(19));
    for (key, line, back) in [("n", 2, 10), ("n", 9, 3), ("n", 19, 0), ("N", 9, 3)] {
        keys(&mut model, key);
        assert_eq!((last(&model), model.log.back), (Some(line), back), "{key}");
    }
}

#[test]
fn the_code_counts_its_matches_on_and_back_and_opens_at_them() {
    let mut model = lanes();
    model.focus = Pane::Code;
    model.code.show(CodeTab::Rust);
    model.code.top = 7;
    search(&mut model, "await");
    let nth = |model: &Model| model.search.as_ref().map(|search| search.nth);
    assert_eq!((nth(&model), model.code.top), (Some(0), 0));
    for (key, at) in [("n", 1), ("n", 2), ("N", 1), ("N", 0), ("N", -1)] {
        keys(&mut model, key);
        assert_eq!(nth(&model), Some(at), "{key}");
    }
    let search = model.search.clone().expect("it is on");
    assert_eq!((search.place(3), search.place(0)), (Some(2), None), "from the first back to the last");
    assert_eq!(model.code.tab, CodeTab::Rust);
}

#[test]
fn a_long_line_is_looked_at_only_at_its_beginning() {
    let search = crate::app::search::sought::Search { pane: Pane::Log, text: "z".into(), nth: 0, line: None };
    assert!(search.is_in("aZ") && !search.is_in(&("a".repeat(crate::app::search::sought::LOOKED) + "z")));
}
