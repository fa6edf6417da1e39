//! The threads of the program on screen: which task each polls at the cursor, and how busy it was.

use std::borrow::Cow;
use std::collections::BTreeMap;

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
    Heading(Cow<'static, str>),
    /// A thread, and how many bytes at the start of its name its heading says already.
    Thread(u16, usize),
}

/// Draws the list.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let buf = frame.buffer_mut();
    let (inside, focus) = (chrome::inside(area), model.focus == Pane::Parameters);
    let rows = model.run.as_ref().map(|run| rows(&run.trace)).unwrap_or_default();
    let threads = rows.iter().filter(|row| matches!(row, Row::Thread(..))).count();
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
            Row::Thread(index, said) => thread(buf, look, inside, y, run, (*index, *said)),
        }
    }
    chrome::scroll_bar(buf, look, area, top, shown, rows.len());
}

/// The threads that poll tasks, then the threads of the blocking pool. If there are several runtimes, first the threads of each.
fn rows(trace: &Trace) -> Vec<Row> {
    let (pool, workers): (Vec<u16>, Vec<u16>) = trace.polling_threads().partition(|thread| trace.is_pool_thread(*thread));
    let mut runtimes: BTreeMap<String, Vec<u16>> = BTreeMap::new();
    for thread in workers.iter().chain(&pool) {
        if let Some(runtime) = runtime(&trace.thread_name(*thread)) {
            runtimes.entry(runtime.to_owned()).or_default().push(*thread);
        }
    }
    if runtimes.len() < 2 {
        runtimes.clear();
    }
    let is_other = |thread: &u16| !runtimes.values().flatten().any(|known| known == thread);
    let section = |heading: Cow<'static, str>, threads: &[u16], said: usize| {
        let heading = (!threads.is_empty()).then_some(Row::Heading(heading));
        let threads: Vec<Row> = threads.iter().map(|thread| Row::Thread(*thread, said)).collect();
        heading.into_iter().chain(threads)
    };
    let [workers, pool] = [workers, pool].map(|threads| threads.into_iter().filter(is_other).collect::<Vec<u16>>());
    let of_runtimes = runtimes.iter().flat_map(|(runtime, threads)| {
        let heading = if runtime.is_empty() { "runtime 1" } else { runtime };
        section(heading.to_owned().into(), threads, runtime.len())
    });
    let others = section("tasks".into(), &workers, 0).chain(section("blocking work".into(), &pool, 0));
    of_runtimes.chain(others).collect()
}

/// The runtime of a thread, by the name that the recorder gives to it: `worker 0` and `blocking 2` for the first runtime, which is
/// empty here, otherwise `runtime 2 worker 0` or the runtime's own name in place of `runtime 2`.
fn runtime(thread: &str) -> Option<&str> {
    let (kind, _) = thread.rsplit_once(' ').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    let runtime = kind.strip_suffix("worker").or_else(|| kind.strip_suffix("blocking"))?;
    if runtime.is_empty() { Some(runtime) } else { runtime.strip_suffix(' ') }
}

fn thread(buf: &mut Buffer, look: Look, inside: Rect, y: u16, run: &RunView, (index, said): (u16, usize)) {
    let (trace, at_ns) = (&run.trace, run.cursor.at_ns);
    let polled = polled(trace, index, at_ns);
    let (glyph, style) = polled.map_or(("", look.dim()), |_| look.state(State::Running(0)));
    let busy_ns = trace.polls_on(index).map_or(0, |polls| polls.busy_by(at_ns));
    let known_ns = at_ns.saturating_sub(trace.since_ns);
    let percent = (u128::from(busy_ns) * 100).checked_div(u128::from(known_ns)).unwrap_or(0).min(100);
    let doing: Cow<'_, str> = polled.map_or("idle".into(), |task| words::name(trace, task));
    let whole = trace.thread_name(index);
    let name = whole.get(said..).unwrap_or_default().trim_start();
    let mut pen = Pen::new(buf, look, inside, y);
    pen.space(1).left(glyph, 1, style).space(1);
    let cells = pen.room().saturating_sub(6);
    let names = format::width(name).min(cells);
    pen.name(&text::name(name), names, look.text()).space(1);
    pen.left(&doing, cells.saturating_sub(names + 1), if polled.is_some() { look.strong() } else { look.dim() });
    pen.right(&format!("{percent} %"), 5, look.dim());
}

/// The task that a thread polls at a time.
fn polled(trace: &Trace, thread: u16, at_ns: u64) -> Option<TaskIx> {
    let polls = trace.polls_on(thread)?;
    let poll = polls.get(polls.begun_by(at_ns).checked_sub(1)?)?;
    poll.end_ns.is_none_or(|end_ns| end_ns > at_ns).then_some(poll.task)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_of_a_runtime_is_known_by_its_name() {
        for (thread, expected) in [
            ("worker 0", Some("")),
            ("blocking 12", Some("")),
            ("runtime 2 worker 1", Some("runtime 2")),
            ("my db blocking 3", Some("my db")),
            ("main", None),
            ("orders-worker 1", None),
            ("worker x", None),
        ] {
            assert_eq!(runtime(thread), expected, "{thread}");
        }
    }
}
