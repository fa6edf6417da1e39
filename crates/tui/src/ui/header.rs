//! The row at the top: the scenario, the clock, the time of the cursor.
//!
//! It must always show which clock is on, and show at once that events were lost. Each part has a rank; when the row
//! is too narrow, the parts with the highest ranks that fit are shown.

use std::net::SocketAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use scenario::{Clock, Scenario};

use super::format;
use super::pen::Pen;
use super::theme::Look;
use super::view::{self, Standing};
use super::words;
use crate::app::model::{Model, Pending, RunView};
use crate::app::programs::view::{Current, Programs};
use crate::app::run::predict;
use crate::app::sketch::shown;
use crate::app::sketch::view::{Building, Trouble};
use crate::text;
use engine::{Ending, is_open_to_the_network};
use trace::Missing;

/// A longer schedule is counted.
const SCHEDULE: usize = 24;

/// One part of the header.
struct Part {
    /// Parts with a low rank are dropped first.
    rank: u8,
    text: String,
    style: Style,
}

/// Cells between two parts: the gap narrows before a part is dropped.
const GAPS: [usize; 2] = [3, 2];

/// Draws the header.
pub(crate) fn render(buf: &mut Buffer, look: Look, area: Rect, model: &Model) {
    let all = parts(look, model);
    let fits = |parts: &[Part], gap: usize| {
        let text: usize = parts.iter().map(|part| format::width(&part.text)).sum();
        1 + text + gap * (parts.len() - 1) <= usize::from(area.width)
    };
    let parts = chosen(all, |parts| fits(parts, GAPS[1]));
    let gap = if fits(&parts, GAPS[0]) { GAPS[0] } else { GAPS[1] };
    let mut pen = Pen::new(buf, look, area, 0);
    pen.space(1);
    for part in &parts {
        pen.put(&part.text, part.style).space(gap);
    }
}

/// The parts that fit, in order: a part that is too long leaves its room to parts of lower rank.
fn chosen(all: Vec<Part>, fits: impl Fn(&[Part]) -> bool) -> Vec<Part> {
    let mut by_rank: Vec<(usize, Part)> = all.into_iter().enumerate().collect();
    by_rank.sort_by_key(|(_, part)| std::cmp::Reverse(part.rank));
    let mut chosen: Vec<Part> = Vec::new();
    let mut places: Vec<usize> = Vec::new();
    for (place, part) in by_rank {
        let at = places.partition_point(|other| *other < place);
        chosen.insert(at, part);
        if chosen.len() == 1 || fits(&chosen) {
            places.insert(at, place);
        } else {
            chosen.remove(at);
        }
    }
    chosen
}

fn parts(look: Look, model: &Model) -> Vec<Part> {
    let part = |rank: u8, text: String, style: Style| Part { rank, text, style };
    let mut parts = vec![part(2, "async-playground".into(), look.brand())];
    if let Some(programs) = &model.programs {
        parts.extend(program(look, model, programs));
    } else {
        parts.push(part(9, shown(model).id.to_owned(), look.strong()));
        parts.push(part(10, clock(look, model), look.text()));
        parts.extend(why_real(model).map(|because| part(7, format!("because {because}"), look.dim())));
        let seed = model.run.as_ref().map_or(model.form.seed, |run| run.spec.seed);
        parts.push(part(5, format!("seed {seed}"), look.text()));
        let schedule = model.run.as_ref().map(|run| &run.spec.schedule).filter(|schedule| !schedule.is_tokios());
        parts.extend(schedule.map(|schedule| part(6, format!("schedule {}", schedule.short(SCHEDULE)), look.text())));
    }
    let asking = predict::is_asking(model);
    // The run on screen may show the answer.
    if let Some(run) = model.run.as_ref().filter(|_| !asking) {
        parts.push(part(11, times(look, run), look.strong()));
    }
    let (text, style) =
        if asking { (format!("{} {:<9}", look.glyphs.play[1], "asking"), look.warn()) } else { standing(look, model) };
    parts.push(part(12, text, style));
    if model.replay {
        parts.push(part(8, "recording".into(), look.strong()));
    }
    if let Some(run) = &model.run {
        parts.extend(lacking(look, run.trace.missing).into_iter().flatten());
    }
    if let Some(addr) = model.options.console {
        parts.push(console(look, addr));
    }
    if let Some(run) = &model.run {
        let lost = run.trace.lost;
        // The cost of recording is among the metrics; lost events make the picture wrong.
        if lost > 0 {
            parts.push(part(13, format!("lost {}", format::count(lost)), look.error()));
        }
        if run.disturbed {
            parts.push(part(14, "disturbed".into(), look.error()));
        }
    }
    parts
}

/// The program, its process, and since when it is known. Before any program is attached to, nothing.
fn program(look: Look, model: &Model, programs: &Programs) -> Vec<Part> {
    let part = |rank: u8, text: String, style: Style| Part { rank, text, style };
    let Some(Current { program, sampled, .. }) = &programs.current else { return Vec::new() };
    let since_ns = model.run.as_ref().map_or(0, |run| run.trace.since_ns);
    let since = programs.current.as_ref().map(|current| current.time_of_day(since_ns)).unwrap_or_default();
    let since = if since_ns > 0 { format!("history since {since}") } else { format!("since {since}") };
    let mut parts = vec![
        part(10, text::name(&program.name).into_owned(), look.strong()),
        part(8, format!("pid {}", program.pid), look.text()),
        part(if since_ns > 0 { 9 } else { 6 }, since, look.text()),
    ];
    if *sampled {
        parts.push(part(12, "sampled".into(), look.warn()));
    }
    if model.run.as_ref().is_some_and(|run| !run.cursor.live) {
        let speed = model.run.as_ref().map_or(1.0, |run| run.cursor.speed);
        let speed = if speed.is_finite() { format!("{speed}{}", look.glyphs.times) } else { "max".into() };
        parts.push(part(7, speed, look.text()));
    }
    parts
}

/// What the build lacks so that source lines are unknown, and how to fix it if there is room.
fn lacking(look: Look, missing: Missing) -> Option<[Part; 2]> {
    let [lacks, remedy] = words::lacking(missing)?;
    Some([Part { rank: 10, text: lacks, style: look.warn() }, Part { rank: 8, text: remedy, style: look.warn() }])
}

/// Where tokio-console can attach. That strangers can attach is a warning, so it ranks higher.
fn console(look: Look, addr: SocketAddr) -> Part {
    if is_open_to_the_network(addr) {
        Part { rank: 10, text: format!("console {addr}, open to the network"), style: look.warn() }
    } else {
        Part { rank: 4, text: format!("console {addr}"), style: look.text() }
    }
}

/// The clock, and its speed or its threads.
fn clock(look: Look, model: &Model) -> String {
    let (clock, workers) = match &model.run {
        Some(run) => (run.spec.clock, run.spec.workers),
        None => (model.form.clock, model.form.workers),
    };
    // The real clock has one speed; a different one belongs to playback.
    let live = clock == Clock::Real && model.run.as_ref().is_none_or(|run| run.cursor.live);
    let speed = if live { 1.0 } else { model.run.as_ref().map_or(model.session.speed, |run| run.cursor.speed) };
    let speed = if speed.is_finite() { format!("{speed}{}", look.glyphs.times) } else { "max".into() };
    let held = model.run.as_ref().is_some_and(view::is_held);
    match clock {
        Clock::Real if held => "real clock (keeps running)".into(),
        Clock::Real if workers == 0 => format!("real clock {speed}, 1 thread"),
        Clock::Real => format!("real clock {speed}, {}", format::counted(workers as u64, "worker")),
        Clock::Virtual => format!("virtual clock {speed}"),
    }
}

/// The scenario on screen; before the first run, the picked one.
fn shown(model: &Model) -> &'static Scenario {
    model.run.as_ref().map_or(model.form.scenario, |run| run.spec.scenario)
}

/// Why the clock is real, if there is no choice.
fn why_real(model: &Model) -> Option<&'static str> {
    let (scenario, values) = match &model.run {
        Some(run) => (run.spec.scenario, &run.spec.values),
        None => (model.form.scenario, &model.form.values),
    };
    let chosen = scenario.clocks.contains(&Clock::Virtual) && (scenario.refuse)(values, Clock::Virtual).is_ok();
    (!chosen).then_some(scenario.real_because)
}

/// The times of the cursor and of the end; the end is marked as open while the run continues.
fn times(look: Look, run: &RunView) -> String {
    let more = if run.trace.closed { "" } else { look.glyphs.more };
    format!("{} / {}{more}", format::moment(run.cursor.at_ns), format::moment(view::end_ns(run)))
}

/// The state, padded to one width so that nothing moves when it changes.
fn standing(look: Look, model: &Model) -> (String, Style) {
    let [play, pause, end] = look.glyphs.play;
    if let Some(sketch) = model.sketch.as_ref().filter(|_| shown::is_shown(model)) {
        if let Some(Building { seconds, .. }) = sketch.building {
            return (format!("{} building {seconds} s", look.glyphs.more), look.warn());
        }
        match sketch.trouble {
            Trouble::Broken(_) => return (format!("{} {:<9}", look.glyphs.lane.ends[1], "not built"), look.error()),
            Trouble::Ended(_) => return (format!("{end} {:<9}", "exited"), look.error()),
            Trouble::None => {}
        }
    }
    // The form already differs from what is on screen.
    match model.pending {
        Pending::Nothing => {}
        Pending::Computing => return (format!("{} {:<9}", look.glyphs.more, "computing"), look.warn()),
        Pending::Blocked => return (format!("{} {:<9}", look.glyphs.more, "blocked"), look.error()),
    }
    let live = model.run.as_ref().is_some_and(|run| run.cursor.live);
    let behind = model.run.as_ref().is_some_and(RunView::is_behind);
    let (glyph, word, style) = match view::standing(model) {
        Standing::None => (end, "no run", look.dim()),
        Standing::Playing if behind => (play, "behind", look.warn()),
        Standing::Playing => (play, if live { "live" } else { "playing" }, look.good()),
        Standing::Paused => (pause, if behind { "behind" } else { "paused" }, look.warn()),
        Standing::Stopping => (end, "stopping", look.warn()),
        Standing::Ended => match model.run.as_ref().and_then(view::ending) {
            Some(Ending::Finished(outcome)) if outcome.holds() => (end, "ended", look.strong()),
            Some(Ending::Finished(_)) => (look.glyphs.lane.ends[1], "broken", look.error()),
            Some(Ending::Failed(_)) => (look.glyphs.lane.ends[1], "failed", look.error()),
            Some(Ending::Panicked(_)) => (look.glyphs.lane.ends[3], "panicked", look.error()),
            Some(Ending::Stalled) => (end, "stalled", look.error()),
            Some(Ending::Limit) => (end, "limit", look.warn()),
            Some(Ending::Stopped) => (end, "stopped", look.warn()),
            Some(Ending::Abandoned) => (end, "abandoned", look.error()),
            Some(Ending::CutOff) => (end, "cut off", look.warn()),
            Some(Ending::Lost(_)) => (end, "lost", look.error()),
            Some(Ending::Exited) | None => (end, "ended", look.strong()),
        },
    };
    (format!("{glyph} {word:<9}"), style)
}
