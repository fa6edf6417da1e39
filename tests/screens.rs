//! Whole screens, as text: what a user sees at each size, in each theme, in each state.

#[path = "screens/contrast.rs"]
mod contrast;
#[path = "screens/ends.rs"]
mod ends;
#[path = "screens/findings.rs"]
mod findings;
#[path = "screens/fixture.rs"]
mod fixture;
#[path = "screens/metrics.rs"]
mod metrics;
#[path = "screens/paint.rs"]
mod paint;
#[path = "screens/palette.rs"]
mod palette;
#[path = "screens/polls.rs"]
mod polls;
#[path = "screens/programs.rs"]
mod programs;
#[path = "screens/recorded.rs"]
mod recorded;
#[path = "screens/sample.rs"]
mod sample;
#[path = "screens/sizes.rs"]
mod sizes;
#[path = "screens/sketch.rs"]
mod sketch;
#[path = "screens/theme.rs"]
mod theme;
#[path = "screens/tip.rs"]
mod tip;

use facts::event::Level;
use fixture::{MS, empty, model};
use insta::assert_snapshot;
use paint::{frame, styled, text};
use ratatui::layout::Rect;
use trace::Missing;
use tui::app::input::bindings::Context;
use tui::app::input::text_field::TextField;
use tui::app::model::{CodeTab, FieldError, Mode, Model, Notice, Overlay, Pane, Prompt, Theme, Wanted};
use tui::ui;

fn screen(model: &Model, width: u16, height: u16) -> String {
    text(&frame(model, width, height).0)
}

#[test]
fn playing_at_the_usual_sizes() {
    let mut model = model(1_250);
    assert_snapshot!("playing_120x40", screen(&model, 120, 40));
    assert_snapshot!("playing_80x24", screen(&model, 80, 24));
    model.timeline.cell_ns = 40 * MS;
    assert_snapshot!("playing_200x60", screen(&model, 200, 60));
}

#[test]
fn at_the_end_the_outcome_is_seen() {
    assert_snapshot!("ended_120x40", screen(&model(3_500), 120, 40));
}

#[test]
fn nothing_has_been_run_yet() {
    assert_snapshot!("empty_120x40", screen(&empty(), 120, 40));
}

#[test]
fn mono_and_ascii() {
    let mut model = model(1_250);
    model.options.theme = Theme::plain(false, false);
    let (buf, _) = frame(&model, 120, 40);
    assert_snapshot!("ascii_120x40", text(&buf));
    assert!(text(&buf).is_ascii(), "a glyph beyond ASCII was drawn");

    model.options.theme = Theme::plain(false, true);
    let (buf, _) = frame(&model, 80, 24);
    assert_snapshot!("mono_80x24", styled(&buf));
    assert!(buf.content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset), "a colour was drawn");
}

#[test]
fn colour_says_nothing_that_is_not_said_otherwise() {
    let mut model = model(1_250);
    let colour = screen(&model, 120, 40);
    assert_snapshot!("colour_80x24", styled(&frame(&model, 80, 24).0));
    model.options.theme.colors = None;
    assert_eq!(colour, screen(&model, 120, 40));
}

#[test]
fn each_pane_fills_the_screen() {
    for pane in Pane::ALL {
        let mut model = model(2_750);
        (model.focus, model.full) = (pane, Some(pane));
        assert_snapshot!(format!("full_{pane:?}_100x30").to_lowercase(), screen(&model, 100, 30));
    }
}

#[test]
fn each_focus_at_80x24() {
    for pane in [Pane::Scenarios, Pane::Log, Pane::Code, Pane::Task] {
        let mut model = model(2_750);
        model.focus = pane;
        assert_snapshot!(format!("focus_{pane:?}_80x24").to_lowercase(), screen(&model, 80, 24));
    }
}

#[test]
fn the_smallest_screen_and_a_smaller_one() {
    let (width, height) = ui::SMALLEST;
    assert_snapshot!("smallest", screen(&model(1_250), width, height));
    assert_snapshot!("too_small", screen(&model(1_250), width - 1, height));
}

#[test]
fn help_lies_over_the_panes() {
    let mut model = model(1_250);
    model.mode = Mode::Overlay(Overlay::Help { pane: Pane::Timeline, marks: false, top: 0 });
    assert_snapshot!("help_120x40", screen(&model, 120, 40));
    model.mode = Mode::Overlay(Overlay::Help { pane: Pane::Timeline, marks: true, top: 0 });
    assert_snapshot!("help_marks_120x40", screen(&model, 120, 40));
    model.mode = Mode::Overlay(Overlay::Help { pane: Pane::Timeline, marks: true, top: 1_000 });
    let end = screen(&model, 80, 16);
    assert!(end.contains("a span that the program opened"), "the help does not scroll to its end:\n{end}");
}

#[test]
fn the_keys_of_each_pane_are_one_page() {
    for pane in Pane::ALL {
        for unicode in [true, false] {
            let mut model = model(1_250);
            model.options.theme.unicode = unicode;
            model.mode = Mode::Overlay(Overlay::Help { pane, marks: false, top: 0 });
            let (buf, areas) = frame(&model, 120, 40);
            assert!(areas.overlay_rows <= usize::from(areas.overlay_height), "{pane:?}: {}", text(&buf));
            for binding in model.bindings.within(Context::Pane(pane)).filter(|binding| !binding.keys.is_empty()) {
                let help = binding.help.split(' ').next().unwrap_or_default();
                assert!(text(&buf).contains(&binding.keys[0].text(unicode)) && text(&buf).contains(help), "{}", binding.name);
            }
            // The pane's own keys come first.
            let (own, run) = (text(&buf).find(pane.title()), text(&buf).find(" Run "));
            assert!(own.is_some() && own < run, "{pane:?}: {}", text(&buf));
        }
    }
}

#[test]
fn no_line_of_the_help_is_cut_and_the_areas_tell_how_far_it_scrolls() {
    for (pane, marks) in Pane::ALL.into_iter().flat_map(|pane| [(pane, false), (pane, true)]) {
        for (width, height) in [(60, 16), (80, 24), (120, 40), (200, 60)] {
            let mut model = model(1_250);
            let rows = |top: usize, model: &mut Model| {
                model.mode = Mode::Overlay(Overlay::Help { pane, marks, top });
                let (buf, areas) = frame(model, width, height);
                let widest = if marks || width < 119 { 100 } else { 115 };
                let cells = usize::from((width - 4).min(widest));
                let left = (usize::from(width) - cells) / 2;
                let help = |line: &str| line.chars().skip(left).take(cells).collect::<String>();
                assert!(!text(&buf).lines().any(|line| help(line).contains('…')), "{}", text(&buf));
                (text(&buf), areas)
            };
            let (_, areas) = rows(0, &mut model);
            assert!(areas.overlay_rows >= usize::from(areas.overlay_height) && areas.overlay_height > 0, "{areas:?}");
            let last = areas.overlay_rows - usize::from(areas.overlay_height);
            assert_eq!(rows(last, &mut model).0, rows(last + 1, &mut model).0, "{last} is not as far as it scrolls");
            if last > 0 {
                assert_ne!(rows(last - 1, &mut model).0, rows(last, &mut model).0, "{last} is further than it scrolls");
            }
        }
    }
}

#[test]
fn the_code_leaves_out_lesson_and_tests_and_tells_how_far_it_scrolls() {
    let mut model = model(1_250);
    let (buf, areas) = frame(&model, 120, 40);
    row(&text(&buf), "11  use std::panic::Location;");
    // A line that is too long wraps: there are more rows than lines, and none is cut.
    assert!(areas.code_rows > include_str!("screens/sample.rs").lines().count() - 10, "{}", areas.code_rows);
    let code: Vec<String> = text(&buf).lines().map(|line| line.chars().skip(84).collect()).collect();
    assert!(code.iter().take(24).all(|line| !line.contains('…')), "{code:?}");
    model.code.tab = CodeTab::Lesson;
    model.code.top = 1_000;
    let (buf, areas) = frame(&model, 80, 24);
    model.code.top = areas.code_rows as isize;
    assert_eq!(text(&buf), screen(&model, 80, 24));
}

#[test]
fn what_is_inferred_carries_a_mark_that_the_help_explains() {
    let mut model = model(1_000);
    model.run.as_mut().unwrap().trace = fixture::workers();
    model.timeline.selected = Some(2);
    model.timeline.cell_ns = 25 * MS;
    let seen = screen(&model, 120, 40);
    row(&seen, "▒▒✓?");
    row(&seen, "  ? inferred");
    row(&seen, "completed? inferred");
    model.mode = Mode::Overlay(Overlay::Help { pane: Pane::Timeline, marks: true, top: 1_000 });
    row(&screen(&model, 120, 40), "?          behind an end");
}

#[test]
fn lanes_keep_their_place_when_tasks_with_longer_names_come() {
    let mut model = model(0);
    model.run.as_mut().unwrap().trace = fixture::workers();
    let before = frame(&model, 120, 40).1.lanes;
    model.run.as_mut().unwrap().cursor.at_ns = 1_000 * MS;
    assert_eq!(before, frame(&model, 120, 40).1.lanes);
}

#[test]
fn the_form_shows_an_error_an_edit_and_what_was_changed() {
    let mut model = model(1_250);
    model.form.values.set(&fixture::CATALOGUE[2].params[1], scenario::Value::Number(5));
    model.form.row = 2;
    model.mode = Mode::Edit(TextField::new("70000"));
    model.form.error = Some(FieldError { row: 2, reason: "70000 is out of range: 0 to 60000 ms".into() });
    assert_snapshot!("form_error", screen(&model, 80, 24));
}

#[test]
fn a_search_narrows_the_list() {
    let mut model = empty();
    model.focus = Pane::Scenarios;
    model.mode = Mode::Search;
    model.list.row = 0;
    model.list.search = TextField::new("con");
    assert_snapshot!("search", screen(&model, 80, 24));
    model.list.search = TextField::new("nothing like it");
    let none = screen(&model, 80, 24);
    assert!(none.contains("no scenario matches") && none.contains("0 of 5"), "{none}");
}

/// The row of the screen with that text.
fn row(screen: &str, part: &str) -> String {
    screen.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no row has '{part}':\n{screen}")).to_owned()
}

#[test]
fn only_what_was_is_shown() {
    let mut model = model(499);
    model.focus = Pane::Log;
    let before = screen(&model, 120, 40);
    assert!(!before.contains("request 0 done") && before.contains("request 2 calls"), "{before}");
    row(&before, "21 tasks, 21 alive");
    model.run.as_mut().unwrap().cursor.at_ns = 500 * MS;
    let after = screen(&model, 120, 40);
    row(&after, "request 2 done");
    row(&after, "21 tasks, 18 alive");
}

#[test]
fn the_log_scrolls_back_and_filters() {
    let mut model = model(3_500);
    model.full = Some(Pane::Log);
    model.run.as_mut().unwrap().trace.log[0].level = Level::Error;
    model.log.back = 1_000;
    row(&screen(&model, 80, 24), "00:00.000 ✗E request 0  request 0 calls");
    model.log = tui::app::model::LogView { level: Level::Error, back: 0 };
    let errors = screen(&model, 80, 24);
    row(&errors, "request 0 calls");
    assert!(!errors.contains("request 1 calls"), "{errors}");
    model.log.level = Level::Error;
    model.run.as_mut().unwrap().trace.log[0].level = Level::Info;
    row(&screen(&model, 80, 24), "no lines at this level");
}

#[test]
fn a_task_is_told_in_full() {
    let mut model = model(2_750);
    model.focus = Pane::Task;
    model.run.as_mut().unwrap().trace = fixture::panicking();
    model.timeline.selected = Some(1);
    assert_snapshot!("task_panicked", screen(&model, 120, 40));
}

#[test]
fn a_notice_takes_the_place_of_the_hints() {
    let mut model = model(1_250);
    model.notice = Some(Notice { text: "port 6669 is taken".into(), error: true });
    assert_eq!(screen(&model, 80, 24).lines().last(), Some(" ✗ port 6669 is taken"));
}

#[test]
fn losses_and_the_console_stand_in_the_header() {
    let mut model = model(1_250);
    model.options.console = Some(([127, 0, 0, 1], 6669).into());
    model.run.as_mut().unwrap().trace.lost = 1_234;
    let header = |width| screen(&model, width, 24).lines().next().unwrap().to_owned();
    assert!(header(160).contains("console 127.0.0.1:6669"), "{}", header(160));
    for width in [60, 80, 160] {
        assert!(header(width).contains("lost 1,234"), "{}", header(width));
    }
}

#[test]
fn the_header_says_when_strangers_can_reach_the_console() {
    let mut model = model(1_250);
    model.options.console = Some(([0, 0, 0, 0], 6669).into());
    for width in [100, 160] {
        let header = screen(&model, width, 24).lines().next().unwrap().to_owned();
        assert!(header.contains("console 0.0.0.0:6669, open to the network"), "{header}");
    }
}

#[test]
fn what_the_build_lacks_is_in_the_header_with_what_would_add_it() {
    let mut model = model(1_250);
    model.run.as_mut().unwrap().trace.missing = Missing { frame_pointers: true, ..Missing::default() };
    let header = |model: &Model, width| screen(model, width, 24).lines().next().unwrap().to_owned();
    assert!(header(&model, 100).contains("source lines unknown: no frame pointers"), "{}", header(&model, 100));
    assert!(header(&model, 160).contains("build with -C force-frame-pointers=yes"), "{}", header(&model, 160));
    model.run.as_mut().unwrap().trace.missing = Missing::default();
    assert!(!header(&model, 160).contains("not known"), "{}", header(&model, 160));
}

#[test]
fn the_mouse_finds_what_was_drawn() {
    let (buf, areas) = frame(&model(1_250), 120, 40);
    let at = |area: Rect| -> String { (area.x..area.right()).map(|x| buf[(x, area.y)].symbol()).collect() };
    assert!(at(areas.list_rows[2].1).contains("semaphore") && areas.list_rows[2].0 == 2);
    assert!(at(areas.form_rows[1].1).contains("permits") && areas.form_rows[1].0 == 1);
    assert!(at(areas.lane_rows[4].1).contains("request 3") && areas.lane_rows[4].0 == 4);
    assert_eq!(at(areas.tabs[2].1).trim(), "asyncio");
    assert_eq!(areas.tabs[2].0, CodeTab::Asyncio);
    // One cell is 80 ms: request 3 ends at 1,000 ms, in cell 12.
    assert_eq!(buf[(areas.lanes.x + 12, areas.lanes.y + 4)].symbol(), "✓");
    let (hit, _) = areas.panes.iter().find(|(_, area)| area.contains((1, areas.pane(Pane::Parameters).y).into())).unwrap();
    assert_eq!(*hit, Pane::Parameters, "the shared border belongs to the pane whose title it carries");
}

#[test]
fn the_lesson_is_set_to_the_width() {
    let mut model = model(1_250);
    model.code.tab = CodeTab::Lesson;
    (model.focus, model.full) = (Pane::Code, Some(Pane::Code));
    assert_snapshot!("lesson", screen(&model, 60, 24));
}

#[test]
fn a_busy_run_on_workers_shows_each_state() {
    let mut model = model(1_000);
    let run = model.run.as_mut().unwrap();
    run.spec.clock = scenario::Clock::Real;
    run.spec.workers = 2;
    run.phase = engine::Phase::Running;
    run.report = None;
    run.cursor.live = true;
    run.trace = fixture::workers();
    model.timeline.cell_ns = 25 * MS;
    model.timeline.selected = Some(2);
    assert_snapshot!("workers_120x40", screen(&model, 120, 40));
    let run = model.run.as_mut().unwrap();
    (run.held, run.cursor.playing) = (true, false);
    let held = screen(&model, 120, 40);
    row(&held, "real clock (keeps running)");
    row(&held, "poll at 00:01.000: supervisor · clock keeps running");
    // Paused at an earlier moment: the header says that the newest event is elsewhere.
    let run = model.run.as_mut().unwrap();
    (run.cursor.live, run.cursor.at_ns) = (false, 400 * MS);
    let behind = row(&screen(&model, 120, 40), "behind");
    assert!(behind.contains("00:00.400 / 00:01.000"), "{behind}");
}

#[test]
fn a_step_says_which_poll_of_which_task_it_came_to() {
    let mut model = model(1_000);
    let run = model.run.as_mut().unwrap();
    let number = run.trace.polls_before(1_000 * MS) + 3;
    (run.cursor.poll, run.cursor.playing) = (Some(number), false);
    model.bookmarks = vec![500 * MS, 1_000 * MS, 2_000 * MS];
    assert_snapshot!("stepped_120x40", screen(&model, 120, 40));
    row(&screen(&model, 120, 40), "poll 4 of 7 at 00:01.000: main");
}

#[test]
fn a_time_is_typed_in_the_footer_with_what_is_wrong_behind_it() {
    let mut model = model(1_000);
    model.mode = Mode::Prompt(Prompt { what: Wanted::Time, text: TextField::new("1.5s"), error: None });
    row(&screen(&model, 80, 24), " Go to time  1.5s   1.5s, 2413 (milliseconds) or 00:02.413");
    model.mode =
        Mode::Prompt(Prompt { what: Wanted::Time, text: TextField::new("5s"), error: Some("the run ends at 00:03.500".into()) });
    row(&screen(&model, 80, 24), " Go to time  5s   ✗ the run ends at 00:03.500");
}

#[test]
fn the_header_says_the_speed_on_either_clock() {
    let mut model = model(1_000);
    for (speed, text) in [(0.01, "virtual clock 0.01×"), (100.0, "virtual clock 100×"), (f64::INFINITY, "virtual clock max")] {
        model.run.as_mut().unwrap().cursor.speed = speed;
        row(&screen(&model, 80, 24), text);
    }
    let run = model.run.as_mut().unwrap();
    (run.spec.clock, run.cursor.speed) = (scenario::Clock::Real, 0.5);
    row(&screen(&model, 80, 24), "real clock 0.5×, 1 thread");
    model.run.as_mut().unwrap().cursor.live = true;
    row(&screen(&model, 80, 24), "real clock 1×, 1 thread");
}

#[test]
fn the_legend_has_every_mark_that_is_on_the_lanes_and_cuts_no_word() {
    let mut model = model(1_000);
    model.run.as_mut().unwrap().trace = fixture::workers();
    let all = ["█ runs", "▎ short poll", "▒ ready", "▁ awaits other", "✓ ok", "✗ error", "⊘ cancelled", "‼ panic"];
    for width in 60..=160 {
        let screen = screen(&model, width, 40);
        let told: Vec<&str> = all.into_iter().filter(|entry| screen.contains(entry)).collect();
        let marks = |mark: &str| screen.lines().filter(|line| line.contains("worker")).any(|line| line.contains(mark));
        for entry in all.iter().filter(|entry| marks(&entry[..entry.find(' ').unwrap()])) {
            assert!(told.contains(entry), "{entry} at a width of {width}:\n{screen}");
        }
    }
}
