//! The measurements of a range or of the whole run: sums, waits by cause and place, and the critical path step by
//! step.
//!
//! Only visible rows are built: a path may be very long.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::app::model::{Model, RunView};
use crate::app::panes::ExplainTab;
use crate::app::timeline::reading::Measured;
use crate::ui::overlays::explain;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, words};
use trace::{Doing, Handover, PathStep, State, Trace, WaitTotal, Wake, Waker};

/// The most places of waiting that are listed; the others are counted.
const PLACES: usize = 4;
/// The fewest visible steps of the path, if there are that many; they take precedence over places of waiting.
const STEPS: usize = 4;
/// The rows above the steps, without the places.
const HEAD: usize = 4;
/// The most cells of a task's name.
const NAME: usize = 24;

/// One row above the steps.
struct Row {
    text: String,
    style: Style,
}

/// Draws the overlay with a selected step, and returns how many rows it has and how many are visible.
pub(crate) fn render(buf: &mut Buffer, look: Look, screen: Rect, model: &Model, row: usize) -> (usize, u16) {
    let area = explain::place(screen);
    let measured = model.run.as_ref().zip(model.reading.measured.as_ref());
    let steps = measured.map_or(&[][..], |(_, measured)| &measured.path.steps);
    let places = usize::from(area.height).saturating_sub(2 + HEAD + steps.len().min(STEPS)).clamp(2, PLACES + 1);
    let head = head(look, model, measured, places);
    let row = row.min(steps.len().saturating_sub(1));
    let all = head.len() + steps.len();
    let inside = chrome::inside(area);
    let of = if model.reading.range.is_some() { "range" } else { "whole run" };
    let remark =
        if steps.is_empty() { of.to_owned() } else { format!("{of}, step {} of {}", row + 1, format::count(steps.len() as u64)) };
    explain::frame(buf, look, area, ExplainTab::Path, &remark);
    let shown = usize::from(inside.height);
    let top = (head.len() + row + 1).saturating_sub(shown);
    let name = steps.iter().skip(top.saturating_sub(head.len())).take(shown);
    let name =
        measured.map_or(0, |(run, _)| name.map(|step| format::width(&words::name(&run.trace, step.task))).max().unwrap_or(0));
    for (y, at) in (0..inside.height).zip(top..all) {
        match (at.checked_sub(head.len()), measured) {
            (Some(place), Some((run, _))) => {
                draw_step(buf, look, inside, y, &run.trace, &steps[place], place == row, name.min(NAME));
            }
            _ => _ = Pen::new(buf, look, inside, y).space(1).put(&head[at].text, head[at].style),
        }
    }
    chrome::scroll_bar(buf, look, area, top, shown, all);
    (all, inside.height)
}

/// The rows above the steps, with at most `places` places of waiting.
fn head(look: Look, model: &Model, measured: Option<(&RunView, &Measured)>, places: usize) -> Vec<Row> {
    let plain = |text: String| Row { text, style: look.text() };
    let Some((run, measured)) = measured else {
        return vec![Row { text: "no run yet".into(), style: look.dim() }];
    };
    let sums = &measured.sums;
    let between = format!(" {} ", look.glyphs.between);
    let (from, to) = (format::moment(sums.from_ns), format::moment(sums.to_ns));
    let span = format!("{} from {from} to {to}", format::span(look, sums.to_ns - sums.from_ns));
    let counts = [
        format::counted(sums.polls, "poll"),
        if run.trace.knows_ready() { format::counted(sums.wakes, "wake") } else { "wakes not recorded".into() },
        format::counted(sums.lived.into(), "task"),
        format!("{} spawned", format::count(sums.spawned.into())),
        format!("{} ended", format::count(sums.ended.into())),
    ];
    let mut rows = vec![Row { text: span, style: look.strong() }, plain(counts.join(&between))];
    let told = if sums.waits.len() <= places { places } else { places - 1 };
    rows.extend(sums.waits.iter().take(told).map(|total| plain(wait(look, total))));
    let rest = sums.waits.get(told..).unwrap_or_default();
    if !rest.is_empty() {
        let all: u64 = rest.iter().map(|total| total.total_ns).sum();
        let text = format!("{:>8} waiting in {}", format::span(look, all), format::counted(rest.len() as u64, "other place"));
        rows.push(Row { text, style: look.dim() });
    }
    rows.push(Row { text: heading(look, model, run, measured), style: look.heading() });
    // If no task has more than one step, this would repeat the steps.
    let long = |steps: usize| measured.path.steps.iter().filter(|step| step.lasted_ns() > 0).nth(steps).is_some();
    if long(measured.most.len()) {
        let share = |(task, ns): &(u32, u64)| format!("{} {}", words::name(&run.trace, *task), format::span(look, *ns));
        let shares: Vec<String> = measured.most.iter().filter(|(_, ns)| *ns > 0).map(share).collect();
        rows.push(Row { text: format!("mostly in: {}", shares.join(", ")), style: look.dim() });
    }
    rows
}

/// A place of waiting: the total time, how often, for what and where, and the longest wait.
fn wait(look: Look, total: &WaitTotal) -> String {
    let place = total.place.as_ref().map_or_else(String::new, |place| format!(" {}", words::short(place)));
    let (all, most) = (format::span(look, total.total_ns), format::span(look, total.max_ns));
    let times = format!("{}{}", format::count(total.count), look.glyphs.times);
    format!("{all:>8} waiting: {times} {}{place}, longest {most}", total.cause)
}

/// Where the path leads, and how long it is.
fn heading(look: Look, model: &Model, run: &RunView, measured: &Measured) -> String {
    let path = &measured.path;
    let name = words::name(&run.trace, path.task);
    let ends = run.trace.tasks.get(path.task as usize).and_then(|task| task.end_at(path.to_ns)).is_some();
    let to = match (model.reading.to.is_some(), ends) {
        (_, true) => format!("the end of {name}"),
        (true, false) => format!("{name} at that time"),
        (false, false) => format!("the end of {name} within the range"),
    };
    let untold = match path.untold_ns {
        0 => String::new(),
        ns => format!(", its first {} unknown", format::span(look, ns)),
    };
    format!("critical path to {to}: {}{untold}", format::span(look, path.to_ns - path.from_ns))
}

/// A step: its start, its length, the task, what the task does, and how the step came about.
#[expect(clippy::too_many_arguments, reason = "what is drawn and where, as everywhere here")]
fn draw_step(buf: &mut Buffer, look: Look, inside: Rect, y: u16, trace: &Trace, step: &PathStep, here: bool, name: usize) {
    if here {
        let line = Rect { y: inside.y + y, height: 1, ..inside };
        Pen::new(buf, look, line, 0).paint(look.selected(true));
    }
    let style = |style: Style| if here { look.selected(true) } else { style.remove_modifier(Modifier::DIM) };
    let (glyph, glyph_style) = match step.doing {
        Doing::Running => look.state(State::Running(0)),
        Doing::Ready => look.state(State::Ready),
        Doing::Waiting { cause, .. } => look.state(State::Waiting(cause)),
        Doing::Unborn => (" ", look.dim()),
    };
    let mut pen = Pen::new(buf, look, inside, y);
    pen.left(if here { look.glyphs.pointer } else { "" }, 1, style(look.strong()));
    pen.put(&format::moment(step.from_ns), style(look.dim())).space(1);
    pen.put(&format!("{:>7}", format::span(look, step.lasted_ns())), style(look.strong())).space(1);
    pen.put(glyph, style(glyph_style)).space(1);
    pen.name(&words::name(trace, step.task), name, style(look.text())).space(2);
    pen.put(&doing(trace, step), style(look.text()));
    let by = by(look, trace, step);
    if !by.is_empty() {
        pen.put(&format!(" {} {by}", look.glyphs.between), style(look.dim()));
    }
}

/// What a task does in a step.
fn doing(trace: &Trace, step: &PathStep) -> String {
    match step.doing {
        Doing::Running => "runs".into(),
        Doing::Ready => "is ready, waits for a worker".into(),
        Doing::Unborn => "is not spawned yet".into(),
        Doing::Waiting { .. } if !trace.knows_ready() => "is between polls, waiting or ready".into(),
        Doing::Waiting { cause, site } => {
            let place = site.and_then(|site| trace.site(site).place.as_ref());
            let place = place.map_or_else(String::new, |place| format!(" at {}", words::short(place)));
            format!("waits: {cause}{place}")
        }
    }
}

/// How a step came about.
fn by(look: Look, trace: &Trace, step: &PathStep) -> String {
    match step.by {
        Handover::Begins | Handover::GoesOn => String::new(),
        Handover::Spawns(by) => format!("spawned by {}", words::name(trace, by)),
        Handover::Wakes(by @ Waker::Task(_)) => {
            format!("woken by {}", words::waker(trace, Wake { at_ns: step.from_ns, by }, step.task))
        }
        Handover::Late { by, late_ns } => {
            format!("late by {}: worker busy with {}", format::span(look, late_ns), words::name(trace, by))
        }
        Handover::Wakes(by) => format!("after {}", words::waker(trace, Wake { at_ns: step.from_ns, by }, step.task)),
    }
}
