//! What happens at each line of the code at the time cursor.

use crate::app::model::{Model, RunView};
use crate::ui::theme::Look;
use crate::ui::view;
use facts::event::CallLine;
use trace::{Family, Task, Trace};

/// How many tasks are counted by spawn line; more would repeat the same lines.
const ASKED: usize = 1_000;

/// What happens at the lines of the file.
#[derive(Default)]
pub(crate) struct Now {
    lines: Vec<Line>,
    /// The line that spawned the selected task.
    pub(crate) spawned: Option<u32>,
    /// The lines of the calls that led to the selected task's wait, outermost first.
    pub(crate) chain: Vec<u32>,
    /// The line where the selected task waits.
    waits: Option<u32>,
    /// The line that the story points at.
    pub(crate) story: Option<u32>,
    /// Whether there are more tasks than were counted by spawn line.
    partial: bool,
}

/// One line.
#[derive(Default)]
struct Line {
    number: u32,
    /// Tasks that wait there, by family.
    waiting: [u32; Family::ALL.len()],
    /// Tasks that are being polled and last waited there.
    running: u32,
    /// Tasks that have been spawned there so far.
    spawned: usize,
}

impl Now {
    /// At the cursor of the run, in the file of this path; empty if the form shows another scenario's code.
    pub(crate) fn of(model: &Model, path: &str) -> Self {
        let Some(run) = shown(model) else { return Self::default() };
        let (trace, at) = (&run.trace, run.cursor.at_ns);
        let mut now = Self::default();
        let line = |task: &Task| task.spawned_at.as_ref().filter(|place| place.file() == path).map(CallLine::line);
        let known = view::spawned(trace, at);
        for number in trace.tasks[..known.min(ASKED)].iter().filter_map(line) {
            now.line(number).spawned += 1;
        }
        now.partial = known > ASKED;
        now.story = model.story.as_ref().and_then(|story| story.line(run));
        for count in trace.places_at(at).filter(|count| *count.place.file == *path) {
            let line = now.line(count.place.line);
            line.waiting[Family::of(count.cause) as usize] += count.waiting;
            line.running += count.running;
        }
        if let Some(ix) = model.timeline.selected {
            now.spawned = trace.tasks.get(ix as usize).and_then(line);
            let leaves = trace.leaves_at(ix, at);
            let places = leaves.iter().filter_map(|leaf| trace.site(leaf.site).place.as_ref());
            now.waits = places.filter(|place| *place.file == *path).map(|place| place.line).next();
            let frames = leaves.iter().flat_map(|leaf| trace.site(leaf.site).chain());
            now.chain = frames.filter(|frame| *frame.place.file == *path).map(|frame| frame.place.line).collect();
        }
        now
    }

    /// The line, from 0 after `before` others, where the selected task waits while the cursor stays in place. While time
    /// passes the code does not move.
    pub(crate) fn followed(&self, model: &Model, before: usize) -> Option<usize> {
        let stays = model.run.as_ref().is_some_and(|run| !run.cursor.playing || view::at_end(run));
        (self.story.or(self.waits).filter(|_| stays)? as usize).checked_sub(before + 1)
    }

    fn line(&mut self, number: u32) -> &mut Line {
        let at = self.lines.iter().position(|line| line.number == number).unwrap_or_else(|| {
            self.lines.push(Line { number, ..Line::default() });
            self.lines.len() - 1
        });
        &mut self.lines[at]
    }

    /// Whether tasks were spawned at a line.
    pub(crate) fn spawns(&self, number: u32) -> bool {
        self.lines.iter().any(|line| line.number == number && line.spawned > 0)
    }

    /// The counts of a line, each with its style: tasks that wait, run and were spawned there.
    pub(crate) fn remarks(&self, look: Look, number: u32) -> Vec<(String, ratatui::style::Style)> {
        let Some(line) = self.lines.iter().find(|line| line.number == number) else { return Vec::new() };
        let mut remarks = Vec::new();
        for family in Family::ALL {
            let (glyph, style) = look.wait(family);
            let count = line.waiting[family as usize];
            if count > 0 {
                remarks.push((format!(" {glyph}{count}"), style));
            }
        }
        if line.running > 0 {
            let (glyph, style) = look.state(trace::State::Running(0));
            remarks.push((format!(" {glyph}{}", line.running), style));
        }
        if line.spawned > 0 {
            let more = if self.partial { "+" } else { "" };
            remarks.push((format!(" +{}{more}", line.spawned), look.code_spawn()));
        }
        remarks
    }
}

/// The run, if it belongs to the scenario whose code is shown.
fn shown(model: &Model) -> Option<&RunView> {
    model.run.as_ref().filter(|run| run.spec.scenario.id == model.form.scenario.id)
}

/// The line to open at, so that as much waiting as possible is visible within `height` rows; `open` if no other line
/// shows more. `begins` is the row where each line begins. It depends on the whole run and not on the cursor, so that
/// the code does not move while time passes.
pub(crate) fn open_at(model: &Model, path: &str, (before, open): (usize, usize), (height, begins): (usize, &[usize])) -> usize {
    let Some(run) = shown(model) else { return open };
    let weights = weights(&run.trace, path, before);
    let seen = |top: usize| -> u128 {
        let first = begins.get(top).copied().unwrap_or(usize::MAX);
        let in_sight = |line: &usize| begins.get(*line).is_some_and(|row| (first..first.saturating_add(height)).contains(row));
        let inside = weights.iter().filter(|(line, _)| in_sight(line));
        inside.map(|(_, ns)| u128::from(*ns)).sum()
    };
    let starts = weights.iter().map(|(row, _)| row.saturating_sub(1));
    // The first of the best ones; the usual line if none shows more.
    let best = starts.fold((seen(open), open), |best, top| if seen(top) > best.0 { (seen(top), top) } else { best });
    best.1
}

/// The lines of the file where tasks waited, from top to bottom, and for how long.
fn weights(trace: &Trace, path: &str, before: usize) -> Vec<(usize, u64)> {
    let mut rows: Vec<(usize, u64)> = Vec::new();
    for total in trace.wait_totals() {
        let Some(place) = total.place.filter(|place| *place.file == *path) else { continue };
        if let Some(row) = (place.line as usize).checked_sub(before + 1) {
            rows.push((row, total.total_ns));
        }
    }
    rows.sort_unstable();
    rows
}
