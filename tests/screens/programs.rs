//! The screen for programs: attached to one at the usual sizes, the list before that, and a sampled one.

use engine::Phase;
use engine::program;
use engine::target::Process;
use facts::event::{CallLine, Event, TaskId, What};
use recording::Program;
use std::num::NonZeroU64;
use std::sync::Arc;
use trace::{Place, Segment, State};
use tui::app::input::bindings::Bindings;
use tui::app::model::{Mode, Model, Overlay, Pane};
use tui::app::programs::attach::listed;
use tui::app::programs::source;
use tui::app::programs::view::Source;
use tui::app::run::{lifecycle, playback};
use tui::ui::{self, Cache};

use super::fixture::{MS, empty, workers};
use super::paint::{drawn, frame, text};
use insta::assert_snapshot;

const SOURCE: &str = "\
//! Takes orders.

#[tokio::main]
async fn main() {
    async_playground_recorder::init();
    let (orders, mut queue) = mpsc::channel(4);
    tokio::spawn(supervise(orders));
    while let Some(order) = queue.recv().await {
        book(order).await;
    }
}
";

fn about() -> Program {
    Program {
        name: "orders".to_owned(),
        pid: 4711,
        args: vec!["target/debug/orders".to_owned()],
        exe: "/home/me/orders/target/debug/orders".to_owned(),
        base: "/home/me/orders".to_owned(),
        began_ms: 1_700_000_000_000,
        detail: "waits".to_owned(),
        lacks: Vec::new(),
    }
}

fn listing() -> Model {
    let mut model = Model::of_programs(empty().options, Bindings::default());
    let process = |(pid, name, command): (u32, &str, &str)| Process { pid, name: name.into(), command: command.into() };
    let all = [(812, "gateway", "gateway --port 8080"), (4711, "orders", "target/debug/orders"), (90_210, "mail\u{1b}[31m", "")];
    listed(&mut model, all.map(process).to_vec());
    model
}

/// The program at 1 s, with its source read.
fn attached(sampled: bool) -> Model {
    let mut model = listing();
    let lacks = if sampled { vec!["a sample shows no single poll".to_owned()] } else { Vec::new() };
    lifecycle::attached(&mut model, Program { lacks, ..about() }, sampled, 3_600);
    let run = model.run.as_mut().expect("a program");
    run.trace = workers();
    for task in &mut run.trace.tasks {
        task.spawned_at = Some(CallLine::Told(Arc::new(Place { file: "src/main.rs".into(), line: 7 })));
    }
    run.phase = Phase::Running;
    model.timeline.selected = Some(1);
    model.timeline.cell_ns = 20 * MS;
    playback::recorded(&mut model);
    for file in source::wanted(&mut model) {
        let names = Arc::new(tui::source::read(file.to_string(), SOURCE));
        source::read(&mut model, file, Source::Text { text: SOURCE, names, newer: false });
    }
    model
}

fn screen(model: &Model, width: u16, height: u16) -> String {
    text(&frame(model, width, height).0)
}

#[test]
fn an_attached_program_at_the_usual_sizes() {
    let model = attached(false);
    assert_snapshot!("program_80x24", screen(&model, 80, 24));
    assert_snapshot!("program_120x40", screen(&model, 120, 40));
    assert_snapshot!("program_200x60", screen(&model, 200, 60));
}

#[test]
fn a_woken_task_of_a_live_program_may_be_polled_already() {
    let mut model = attached(false);
    let run = model.run.as_mut().expect("a program");
    let woken_ns = run.trace.end_ns;
    run.trace.tasks[1].segments.push(Segment::new(woken_ns, State::Ready));
    model.mode = Mode::Overlay(Overlay::Why { task: Some(1), top: 0 });
    let why = |model: &Model| screen(model, 120, 40);
    assert!(why(&model).contains("supervisor is ready: no poll of it has been recorded since"), "{}", why(&model));
    let trace = &mut model.run.as_mut().expect("a program").trace;
    trace.closed = true;
    assert!(why(&model).contains("it waits only for a worker"), "nothing more will arrive: {}", why(&model));
}

#[test]
fn the_threads_of_several_runtimes_are_grouped() {
    let mut model = attached(false);
    let trace = &mut model.run.as_mut().expect("a program").trace;
    let (task, at_ns) = (TaskId(NonZeroU64::MAX), trace.end_ns);
    for what in [What::Spawn { task, parent: None, at: std::panic::Location::caller().into() }, What::PollStart(task)] {
        trace.push(1, Event { at_ns, what });
    }
    trace.name_thread(1, "worker 1".to_owned());
    let heads = |model: &Model| {
        let shown = screen(model, 200, 60);
        let lines = shown.lines().filter_map(|line| line.split_once("▾ ")?.1.split(['│', '┃']).next());
        lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert!(!heads(&model).contains(&"runtime 1".to_owned()), "one runtime: {:?}", heads(&model));
    model.run.as_mut().expect("a program").trace.name_thread(1, "db worker 0".to_owned());
    assert_eq!(heads(&model), ["runtime 1", "db"]);
    assert!(!screen(&model, 200, 60).contains("db worker 0"), "its heading says it");
}

#[test]
fn what_the_build_lacks_is_beside_the_program_even_without_room_in_the_header() {
    let mut model = attached(false);
    model.run.as_mut().expect("a program").trace.missing.lines = true;
    model.focus = Pane::Scenarios;
    let shown = screen(&model, 80, 24);
    let (header, below) = shown.split_once('\n').expect("lines");
    assert!(!header.contains("line-tables-only"), "{header}");
    assert!(below.contains("source lines unknown") && below.contains("\"line-tables-only\""), "{shown}");
}

#[test]
fn the_list_before_a_program_is_attached_to() {
    assert_snapshot!("programs_120x40", screen(&listing(), 120, 40));
    let mut none = listing();
    listed(&mut none, Vec::new());
    assert!(screen(&none, 120, 40).contains("no program listens"));
}

#[test]
fn a_sampled_program_says_so_in_the_header_and_in_each_pane_that_lacks_something() {
    let shown = screen(&attached(true), 120, 40);
    assert_snapshot!("sampled_120x40", shown);
    assert!(shown.lines().next().is_some_and(|header| header.contains("sampled")), "{shown}");
}

#[test]
fn a_shortened_history_says_since_when() {
    let mut model = attached(false);
    let since = |model: &Model| screen(model, 120, 40).lines().next().unwrap_or_default().to_owned();
    assert!(since(&model).contains("since 23:13:20") && !since(&model).contains("history"), "{}", since(&model));
    model.run.as_mut().expect("a program").trace.since_ns = 600 * MS;
    assert!(since(&model).contains("history since 23:13:20"), "{}", since(&model));
    // The charts cover what is known.
    model.full = Some(Pane::Metrics);
    assert!(screen(&model, 120, 40).contains("from 600 ms to "), "{}", screen(&model, 120, 40));
    model.full = None;
    // What tasks did before that is not known.
    let (buffer, areas) = frame(&model, 120, 40);
    let (lanes, first) = (areas.lanes, ((600 * MS - model.timeline.left_ns) / model.timeline.cell_ns) as u16);
    assert!(first > 5 && first < lanes.width, "{first} of {lanes:?}");
    let is_empty = |x: u16| (lanes.y + 1..lanes.bottom()).all(|y| buffer[(x, y)].symbol() == " ");
    assert!((lanes.x..lanes.x + first).all(is_empty) && !is_empty(lanes.x + first + 1));
}

#[test]
fn a_source_that_is_newer_missing_or_not_read_yet_says_so() {
    let mut model = attached(false);
    let current = |model: &mut Model, source: Source| {
        let programs = model.programs.as_mut().expect("programs");
        let current = programs.current.as_mut().expect("a program");
        current.sources.values_mut().for_each(|known| *known = source.clone());
    };
    let names = Arc::new(tui::source::read("src/main.rs".to_owned(), SOURCE));
    for (source, note) in [
        (Source::Text { text: SOURCE, names, newer: true }, "the source is newer than the executable"),
        (Source::Missing("/home/me/orders/src/main.rs: No such file".to_owned()), "No such file"),
        (Source::Reading, "reading"),
    ] {
        current(&mut model, source);
        let shown = screen(&model, 200, 60);
        assert!(shown.contains(note), "{shown}");
    }
}

#[test]
fn no_size_of_the_screen_and_no_pane_is_a_fault() {
    let mut cache = Cache::default();
    let all: [fn() -> Model; 3] = [listing, || attached(false), || attached(true)];
    for open in all {
        let mut model = open();
        for pane in Pane::ALL {
            model.focus = pane;
            model.mode = Mode::Browse;
            for (width, height) in
                [(0, 0), (1, 1), (60, 16), (61, 17), (75, 31), (76, 16), (77, 33), (109, 31), (111, 32), (300, 100)]
            {
                drawn(width, height, &mut cache, |frame, cache| ui::draw(frame, &model, cache));
            }
            for (width, height) in (0..=30).flat_map(|width| (0..=8).map(move |height| (width, height))) {
                let area = ratatui::layout::Rect::new(1, 1, width, height);
                drawn(34, 14, &mut cache, |frame, cache| ui::draw_pane(frame, &model, pane, area, cache));
            }
        }
        for marks in [false, true] {
            model.mode = Mode::Overlay(Overlay::Help { pane: Pane::Scenarios, marks, top: 0 });
            let help = screen(&model, 120, 60);
            assert!(!help.contains("scenario"), "{help}");
        }
    }
}

#[test]
fn a_program_is_on_the_real_clock() {
    let spec = program::spec(&about());
    assert_eq!((spec.clock, spec.scenario.id), (scenario::Clock::Real, "program"));
    assert!(spec.check().is_err(), "it cannot be run here");
}
