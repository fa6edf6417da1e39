use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use scenario::Outcome;
use scenarios::CATALOGUE;

use super::*;
use crate::app::input::action::Action;
use crate::app::input::keymap;
use crate::app::model::{Mode, Options, Overlay, Theme};
use crate::app::run::lifecycle;
use crate::app::update;
use crate::work_count;
use engine::Recording;
use engine::{Ending, Report, Spec};
use facts::event::{CallLine, Cues, Event, Level, Log, Named, NewSite, Panic, SiteId, SpanId, SpanOpen, TaskId, What};
use trace::{Cause, Place, Site, Trace};

const MS: u64 = 1_000_000;

/// The events of a task that waits for a lock, with `text` as every text.
fn life(task: TaskId, text: &str) -> Vec<(u64, What)> {
    let (name, label, message) = (text.to_owned(), text.to_owned(), text.to_owned());
    let at = CallLine::Told(place(text).into());
    let log = Log {
        task: Some(task),
        level: Level::Error,
        message: message.clone(),
        counters: Vec::new(),
        failed: true,
        cues: Cues::default(),
    };
    let span = SpanId(task.0.get());
    vec![
        (0, What::Named(Box::new(Named { task, name, bytes: 100_000 }))),
        (0, What::Spawn { task, parent: None, at }),
        (0, What::PollStart(task)),
        (MS, What::SpanOpen(Box::new(SpanOpen { span, task, label }))),
        (MS, What::Log(Box::new(log))),
        (MS, What::Panic(Box::new(Panic { task, message, place: String::new() }))),
        (MS, What::Pending { task, op: None, resource: None, site: SiteId(1) }),
        (2 * MS, What::PollEnd(task)),
    ]
}

fn place(text: &str) -> Place {
    Place { file: text.into(), line: 7 }
}

/// A run with `text` as every text.
pub(crate) fn model(text: &str) -> Model {
    let spec = Spec::new(&scenarios::semaphore::SCENARIO);
    let mut trace = Trace::default();
    let site = Arc::new(Site { cause: Cause::Mutex, place: Some(place(text)), frames: [].into(), ..Site::default() });
    trace.push(0, Event { at_ns: 0, what: What::Site(Box::new(NewSite { id: SiteId(1), site })) });
    trace.name_thread(0, text);
    let ids = (1..=40).filter_map(NonZeroU64::new).map(TaskId);
    let mut facts: Vec<(u64, What)> = ids.flat_map(|task| life(task, text)).collect();
    facts.sort_by_key(|(at_ns, _)| *at_ns);
    for (at_ns, what) in facts {
        trace.push(0, Event { at_ns, what });
    }
    trace.close(100 * MS);
    let outcome = (0..5).fold(Outcome::new(), |outcome, n| outcome.figure(text, n as u64, "ms").check(text, n > 0));
    let report = Report { ending: Ending::Finished(outcome), elapsed_ns: 100 * MS, runtime_polls: None };
    let options = Options {
        theme: Theme::plain(true, true),
        mouse: false,
        reduced_motion: false,
        console: None,
        limit: Duration::from_secs(60),
    };
    let mut model = Model::new(CATALOGUE, options, Some(spec.clone()));
    lifecycle::replayed(&mut model, Recording { spec, program: None, trace, report, flaw: None });
    if let Some(run) = &mut model.run {
        run.cursor.at_ns = 50 * MS;
    }
    model.timeline.selected = Some(3);
    model
}

/// The number of steps that a frame takes.
fn frame(model: &Model, cache: &mut Cache) -> u64 {
    let mut terminal = Terminal::new(TestBackend::new(160, 50)).expect("it is memory");
    work_count::of(|| _ = terminal.draw(|frame| drop(draw(frame, model, cache))))
}

#[test]
fn a_frame_looks_at_no_more_of_a_text_than_it_shows() {
    let overlays = [Overlay::Why { task: Some(3), top: 0 }, Overlay::Findings { row: 0 }, Overlay::Range { row: 0 }];
    let all_modes = [&[Mode::Browse][..], &overlays.map(Mode::Overlay)].concat();
    let panes = [None, Some(Pane::Timeline), Some(Pane::Log), Some(Pane::Task), Some(Pane::Metrics)];
    let mut cache = Cache::default();
    let mut frames = |text: &str| -> Vec<u64> {
        let mut model = model(text);
        let mut of = |full, mode: &Mode| {
            (model.full, model.mode) = (full, mode.clone());
            frame(&model, &mut cache)
        };
        panes.iter().flat_map(|full| all_modes.iter().map(|mode| of(*full, mode)).collect::<Vec<_>>()).collect()
    };
    let usual = frames("request 17");
    for piece in ["\u{200b}", "\u{301}", "\x1b", "日", "a", "a "] {
        let long = frames(&piece.repeat(100_000));
        let more = long.iter().zip(&usual).map(|(long, usual)| long.saturating_sub(*usual)).max().unwrap_or(0);
        assert!(more < 60_000, "{more} steps more for texts of {piece:?}");
    }
}

#[test]
fn a_line_that_is_typed_costs_no_more_the_longer_it_was_typed() {
    let mut model = model("request 17");
    let cache = &mut Cache::default();
    for open in [Action::Filter, Action::Palette] {
        model.mode = Mode::Browse;
        update::update(&mut model, open);
        let typed = "a \u{200b}日\"=".repeat(20_000);
        for text in [typed.as_str(), &"a".repeat(1_000_000)] {
            let steps = work_count::of(|| {
                let action = keymap::paste(&model, text.to_owned()).expect("a text is typed");
                drop(update::update(&mut model, action));
            });
            assert!(steps < 100_000, "{steps}");
            let steps = frame(&model, cache);
            assert!(steps < 600_000, "{steps}");
        }
    }
}
