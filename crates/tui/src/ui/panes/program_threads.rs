//! The threads of the program on screen: which task each polls at the cursor, and how busy it was.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Areas, Model, Pane, RunView};
use crate::text;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, words};
use trace::{State, TaskIx, Trace};

/// One row of the list.
enum Row {
    Heading(&'static str),
    Thread(u16),
}

/// Draws the list.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    let (inside, focus) = (chrome::inside(area), model.focus == Pane::Parameters);
    let rows = model.run.as_ref().map(|run| rows(&run.trace)).unwrap_or_default();
    let threads = rows.iter().filter(|row| matches!(row, Row::Thread(_))).count();
    chrome::title(buf, look, area, focus, model.bindings.title(Pane::Parameters), &threads.to_string());
    areas.threads = rows.len();
    let Some(run) = model.run.as_ref().filter(|_| !rows.is_empty()) else {
        let text = match &model.run {
            Some(_) if model.is_sampled() => "samples name no thread",
            Some(_) => "no task has been polled yet",
            None => model.nothing_yet(),
        };
        Pen::new(buf, look, inside, 0).space(1).put(text, look.dim());
        return;
    };
    let shown = usize::from(inside.height);
    let top = model.programs.as_ref().map_or(0, |programs| programs.threads_top).min(rows.len().saturating_sub(shown));
    for (y, row) in (0..inside.height).zip(rows.iter().skip(top)) {
        match row {
            Row::Heading(text) => {
                Pen::new(buf, look, inside, y).put(look.glyphs.open, look.dim()).space(1).put(text, look.heading());
            }
            Row::Thread(index) => thread(buf, look, inside, y, run, *index),
        }
    }
    chrome::scroll_bar(buf, look, area, top, shown, rows.len());
}

/// The threads that poll tasks, then the threads of the blocking pool.
fn rows(trace: &Trace) -> Vec<Row> {
    let (pool, workers): (Vec<u16>, Vec<u16>) = trace.polling_threads().partition(|thread| trace.is_pool_thread(*thread));
    let section = |threads: Vec<u16>, heading: &'static str| {
        let heading = (!threads.is_empty()).then_some(Row::Heading(heading));
        heading.into_iter().chain(threads.into_iter().map(Row::Thread))
    };
    section(workers, "tasks").chain(section(pool, "blocking work")).collect()
}

fn thread(buf: &mut Buffer, look: Look, inside: Rect, y: u16, run: &RunView, index: u16) {
    let (trace, at_ns) = (&run.trace, run.cursor.at_ns);
    let polled = polled(trace, index, at_ns);
    let (glyph, style) = polled.map_or(("", look.dim()), |_| look.state(State::Running(0)));
    let busy_ns = trace.polls_on(index).map_or(0, |polls| polls.busy_by(at_ns));
    let known_ns = at_ns.saturating_sub(trace.since_ns);
    let percent = (u128::from(busy_ns) * 100).checked_div(u128::from(known_ns)).unwrap_or(0).min(100);
    let doing: Cow<'_, str> = polled.map_or("idle".into(), |task| words::name(trace, task));
    let name = trace.thread_name(index);
    let mut pen = Pen::new(buf, look, inside, y);
    pen.space(1).left(glyph, 1, style).space(1);
    let cells = pen.room().saturating_sub(6);
    let names = format::width(&name).min(cells);
    pen.name(&text::name(&name), names, look.text()).space(1);
    pen.left(&doing, cells.saturating_sub(names + 1), if polled.is_some() { look.strong() } else { look.dim() });
    pen.right(&format!("{percent} %"), 5, look.dim());
}

/// The task that a thread polls at a time.
fn polled(trace: &Trace, thread: u16, at_ns: u64) -> Option<TaskIx> {
    let polls = trace.polls_on(thread)?;
    let poll = polls.get(polls.begun_by(at_ns).checked_sub(1)?)?;
    poll.end_ns.is_none_or(|end_ns| end_ns > at_ns).then_some(poll.task)
}
