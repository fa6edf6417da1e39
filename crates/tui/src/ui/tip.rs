//! What the pointer is over, in one line.

use super::panes::grouping;
use super::pen::Pen;
use super::theme::Look;
use super::{format, words};
use crate::app::model::{Model, RunView};
use crate::app::timeline::tip::{Column, Piece, Tip};
use trace::{Activity, Family, State};

/// Describes what the pointer is over.
pub(super) fn tell(pen: &mut Pen<'_>, look: Look, model: &Model, run: &RunView, tip: Tip) {
    match tip {
        Tip::Piece(under) => piece(pen, look, run, under),
        Tip::Column(under) => column(pen, look, model, run, under),
    }
}

/// Describes a column of a group: the group, the time, and how many of its tasks did what on average.
fn column(pen: &mut Pen<'_>, look: Look, model: &Model, run: &RunView, column: Column) {
    let Some((name, course, only)) = grouping::row(model, run, column.row) else { return };
    let to_ns = column.to_ns.min(run.cursor.at_ns);
    let length_ns = to_ns.saturating_sub(column.from_ns) + 1;
    let Some(stretch) = course.stretches(column.from_ns, length_ns, 1, to_ns).first().copied() else { return };
    pen.put(&name, look.strong()).space(2);
    pen.put(&format!("{} {} {}", format::moment(column.from_ns), look.glyphs.to, format::moment(to_ns)), look.text());
    let told = |activity: &Activity| only.map_or(*activity != Activity::Ended, |only| only == *activity);
    if only.is_none() {
        pen.space(2).put(&format!("on average {} alive", few(stretch.alive())), look.text());
    }
    for activity in Activity::ALL.iter().filter(|activity| told(activity)) {
        let count = stretch.counts[activity.index()];
        if count > 0.0 || only.is_some() {
            let (glyph, style) = look.activity(*activity);
            pen.space(2).put(glyph, style).space(1);
            pen.put(&format!("{} {}", few(count), grouping::word(&run.trace, *activity)), look.text());
        }
    }
    if only.is_none_or(|only| only == Activity::Running) {
        pen.space(2).put(&format::counted(stretch.polls, "poll"), look.text());
    }
}

/// A mean count: whole, unless less than one.
fn few(mean: f64) -> String {
    if mean > 0.0 && mean < 0.5 { "<1".into() } else { format::count(mean.round() as u64) }
}

/// Describes a segment of a task's life: the task, its state, from when to when, for what and where.
fn piece(pen: &mut Pen<'_>, look: Look, run: &RunView, piece: Piece) {
    let (trace, now_ns) = (&run.trace, run.cursor.at_ns);
    let (glyph, style) = look.state(piece.state);
    let word = match piece.state {
        State::Running(_) => "running",
        State::Ready => "ready",
        State::Waiting(_) if !trace.knows_ready() => Family::UNKNOWN,
        State::Waiting(_) => "waiting",
    };
    let to_ns = piece.to_ns.filter(|to_ns| *to_ns <= now_ns);
    let length = format::span(look, to_ns.unwrap_or(now_ns) - piece.from_ns);
    let until = to_ns.map_or("now".to_owned(), format::moment);
    pen.put(&words::name(trace, piece.task), look.strong()).space(2).put(glyph, style).space(1);
    pen.put(&format!("{word} {length}, {} {} {until}", format::moment(piece.from_ns), look.glyphs.to), look.text());
    if let State::Waiting(cause) = piece.state
        && trace.knows_ready()
    {
        let leaf = trace.wait_at(piece.task, piece.from_ns).and_then(|wait| wait.leaves.first().copied());
        let what =
            leaf.map_or(Family::of(cause).name().to_owned(), |leaf| words::what(look, trace, piece.task, leaf, piece.from_ns));
        let place = leaf.and_then(|leaf| words::place(trace, leaf)).map_or_else(String::new, |place| format!(" at {place}"));
        pen.space(2).put(&format!("for {what}{place}"), look.text());
    }
    if piece.pieces > 1 {
        pen.space(2).put(&format!("and {} more in this cell", piece.pieces - 1), look.dim());
    }
}
