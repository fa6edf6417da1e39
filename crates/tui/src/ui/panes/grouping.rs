//! Groups of tasks instead of lanes: how many tasks do what, over time.
//!
//! A group has several rows. Each column is a pile: running tasks at the foot, then ready ones, then waiting ones by
//! what they wait for. The full height is the most tasks of the group that were ever alive at once. The marks are the
//! same as on the lanes, so nothing is shown by colour alone. If tasks are grouped by state, each row is one state
//! and the height is the number of tasks in it. The text beside a group says how many tasks do what at the cursor,
//! and how many tasks the full height is.
//!
//! Everything comes from the courses that the trace keeps for its groups, so the cost of a frame depends on the
//! number of cells, not on the number of tasks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::legend::Mark;
use super::tally::Tally;
use super::timeline;
use crate::app::input::action::Action;
use crate::app::model::{Areas, GroupBy, Model, Pane, RunView};
use crate::app::timeline::lanes;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::{chart, timeline as marks};
use crate::ui::{format, words};
use trace::{Activity, Courses, End, Family, Group, Grouping, State, Stretch, Trace};

/// The most rows of a group: more would not show more.
const HIGHEST: u16 = 12;
/// With this many times more tasks than rows, the title suggests grouping.
const MANY: usize = 4;
/// The cells that a name keeps beside a text on the same row.
const NAME: usize = 9;

/// One group as it is drawn.
struct Drawn<'a> {
    name: String,
    /// How many tasks do what at the cursor.
    count: Count,
    course: Courses<'a>,
    /// The only activity that counts, if the group is one state.
    only: Option<Activity>,
    /// The number of tasks at full height.
    most: u32,
}

/// What is counted.
enum Count {
    /// The tasks of a group by what they do, and the number of tasks.
    Tasks(Tally, usize),
    /// The number of tasks in one state, and the largest such number.
    State(u64, u64),
}

impl Count {
    /// The count in at most `rows` lines of `cells` cells.
    fn lines(&self, cells: usize, rows: usize) -> Vec<String> {
        match self {
            Self::Tasks(tally, _) => tally.lines(cells, rows),
            Self::State(0, _) => vec!["no task".into()],
            Self::State(count, _) => vec![format::counted(*count, "task")],
        }
    }

    /// A shorter form, beside a name.
    fn short(&self) -> [String; 2] {
        match self {
            Self::Tasks(tally, _) => tally.short(),
            // The name is the state already.
            Self::State(count, _) => [format::count(*count), String::new()],
        }
    }

    /// The cells that it needs at any time of the run.
    fn width(&self) -> usize {
        match self {
            Self::Tasks(_, tasks) => Tally::width(*tasks),
            Self::State(_, most) => format::width(&format::counted(*most, "task")),
        }
    }
}

/// The criterion, in a longer and a shorter form; `None` while there are lanes of tasks.
pub(super) fn by(model: &Model) -> Option<(&'static str, &'static str)> {
    model.timeline.grouping.by.map(|by| match by {
        GroupBy::Place => ("by spawn line", "by line"),
        GroupBy::Name => ("by name", "by name"),
        GroupBy::State => ("by state", "by state"),
    })
}

/// The legend if each row is one state: then the height counts, and marks have no other meaning.
pub(super) fn legend(look: Look, model: &Model) -> Option<Vec<Mark>> {
    let grouping = model.timeline.grouping;
    let full = look.glyphs.chart.last().copied().unwrap_or_default();
    (grouping.by == Some(GroupBy::State) && grouping.shows_groups()).then(|| vec![((full, look.text()), "tasks in that state")])
}

/// The name of the open group.
pub(super) fn opened(model: &Model, run: &RunView) -> Option<String> {
    let view = model.timeline.grouping;
    row(model, run, view.row).filter(|_| view.open).map(|(name, ..)| name)
}

/// A group's name, what its tasks did over time, and the only activity that counts, if the group is one state.
pub(crate) fn row<'a>(model: &Model, run: &'a RunView, place: usize) -> Option<(String, Courses<'a>, Option<Activity>)> {
    let trace = &run.trace;
    let by = model.timeline.grouping.by?;
    let grouping = match by {
        GroupBy::Place => Grouping::Place,
        GroupBy::Name => Grouping::Name,
        GroupBy::State => {
            let activity = *lanes::activities(trace).get(place)?;
            return Some((activity_name(trace, activity).to_owned(), trace.course(), Some(activity)));
        }
    };
    let group = trace.groups(grouping).get(place)?;
    Some((name(trace, by, group), trace.course_of(group), None))
}

impl Drawn<'_> {
    /// What the full height means.
    fn scale(&self) -> String {
        format!("height: {}", format::counted(self.most.into(), "task"))
    }

    /// The cells of the widest text before the pile. They do not depend on the cursor, so that the piles do not move.
    fn width(&self) -> usize {
        // On few rows, a state has its name and its figure on one row.
        let figure = if self.only.is_some() { 1 + format::width(&format::count(self.most.into())) } else { 0 };
        (format::width(&self.name) + figure).max(self.count.width()).max(format::width(&self.scale()))
    }
}

/// A suggestion to group tasks, if there are many more than rows.
pub(super) fn hint(look: Look, model: &Model, tasks: usize) -> Option<String> {
    let rows = usize::from(model.areas.lanes.height);
    let many = model.timeline.grouping.by.is_none() && rows > 0 && tasks > rows * MANY;
    let key = model.bindings.shown(&Action::Arrange, look.unicode());
    (many && !key.is_empty()).then(|| format!("{key}: group them"))
}

/// Draws the groups, and records where they are.
pub(super) fn render(buf: &mut Buffer, look: Look, model: &Model, run: &RunView, inside: Rect, areas: &mut Areas) {
    let Some(by) = model.timeline.grouping.by else { return };
    let groups = groups(run, by);
    // A cut count is useless, so counts get more room than the names of tasks.
    let widest = groups.iter().map(Drawn::width).max().unwrap_or(0);
    let names = widest.next_multiple_of(4).clamp(timeline::NAMES, (usize::from(inside.width) * 2 / 5).max(timeline::NAMES));
    let (place, axis) = timeline::ruled(buf, look, model, run, inside, names);
    areas.lanes = place;
    if groups.is_empty() || place.is_empty() {
        return;
    }
    let selected = model.timeline.grouping.row.min(groups.len() - 1);
    let most: Vec<u32> = groups.iter().map(|group| group.most).collect();
    let heights = heights(&most, place.height);
    // Keeps the selected group visible: if not all groups fit, each has one row.
    let top = (selected + 1).saturating_sub(usize::from(place.height)) * usize::from(groups.len() > usize::from(place.height));
    let mut y = place.y;
    for (ix, (group, height)) in groups.iter().zip(heights).enumerate().skip(top) {
        if y >= place.bottom() {
            break;
        }
        let rows = Rect { y, height, ..inside };
        y += height;
        areas.group_rows.push((ix, rows));
        label(buf, look, rows, group, names, (ix == selected).then_some(model.focus == Pane::Timeline));
        let cells = Rect { y: rows.y, height, ..place };
        let stretches = group.course.stretches(axis.left_ns, axis.cell_ns, usize::from(place.width), axis.cursor_ns);
        match group.only {
            Some(activity) => one(buf, look, cells, &stretches, activity, group.most),
            None => pile(buf, look, cells, &stretches, group.most),
        }
    }
    marks::cursor_line(buf, look, place, &axis);
}

/// How many rows each group gets: one for the name, one for the count, and more for groups with many tasks.
pub(super) fn heights(most: &[u32], rows: u16) -> Vec<u16> {
    let mut heights = vec![1; most.len()];
    let mut left = usize::from(rows).saturating_sub(most.len());
    for height in 2..=HIGHEST {
        for (most, own) in most.iter().zip(&mut heights) {
            if left > 0 && (height == 2 || *most >= u32::from(height)) {
                *own = height;
                left -= 1;
            }
        }
    }
    heights
}

fn groups(run: &RunView, by: GroupBy) -> Vec<Drawn<'_>> {
    let at = run.cursor.at_ns;
    let now = |course: Courses| course.stretches(at, 1, 1, at).first().copied().unwrap_or_default();
    let of = |by, grouping| {
        let groups = run.trace.groups(grouping).iter();
        groups
            .map(|group| {
                let course = run.trace.course_of(group);
                Drawn {
                    name: name(&run.trace, by, group),
                    count: Count::Tasks(Tally::new(now(course), group.tasks.len(), run.trace.knows_ready()), group.tasks.len()),
                    course,
                    only: None,
                    most: course.most_alive(),
                }
            })
            .collect()
    };
    match by {
        GroupBy::Place => of(by, Grouping::Place),
        GroupBy::Name => of(by, Grouping::Name),
        GroupBy::State => {
            let (course, all) = (run.trace.course(), run.trace.totals().spawned);
            let counts = now(course).counts;
            let drawn = |activity: Activity| {
                let most = if activity == Activity::Ended { all } else { course.most_alive() };
                let count = Count::State(counts[activity.index()].round() as u64, most.into());
                Drawn { name: activity_name(&run.trace, activity).to_owned(), count, course, only: Some(activity), most }
            };
            lanes::activities(&run.trace).into_iter().map(drawn).collect()
        }
    }
}

/// The name of a group. The line that spawned *main* is not the scenario's, so that group is called *main*.
fn name(trace: &Trace, by: GroupBy, group: &Group) -> String {
    let alone = match group.tasks[..] {
        [task] => trace.tasks.get(task as usize).filter(|task| task.parent.is_none()),
        _ => None,
    };
    match (alone, by, group.line()) {
        (Some(task), ..) => task.name.clone(),
        (None, GroupBy::Place, Some(line)) => format!("{}:{line}", words::file(&group.name)),
        _ => group.name.clone(),
    }
}

fn activity_name(trace: &Trace, activity: Activity) -> &'static str {
    match activity {
        Activity::Other if !trace.knows_ready() => Family::UNKNOWN,
        Activity::Running => "running",
        Activity::Ready => "ready",
        Activity::Time => "waiting: time",
        Activity::Lock => "waiting: lock",
        Activity::Channel => "waiting: channel",
        Activity::Join => "waiting: join",
        Activity::Io => "waiting: io",
        Activity::Other => "waiting: other",
        Activity::Ended => "ended",
    }
}

/// What tasks do, in one word.
pub(crate) fn word(trace: &Trace, activity: Activity) -> &'static str {
    let family = activity.family().filter(|_| trace.knows_ready());
    family.map_or_else(|| activity_name(trace, activity), Family::name)
}

/// The name of a group, its counts and its scale, as far as there is room.
fn label(buf: &mut Buffer, look: Look, rows: Rect, group: &Drawn<'_>, cells: usize, selected: Option<bool>) {
    let style = selected.map_or(look.text(), |focus| look.selected(focus));
    let mut pen = Pen::new(buf, look, rows, 0);
    pen.left(if selected.is_some() { look.glyphs.pointer } else { "" }, 1, look.strong());
    let beside = match rows.height {
        1 => group.count.short().to_vec(),
        2 if group.most > 1 => vec![group.scale(), format!("height: {}", format::count(group.most.into()))],
        _ => Vec::new(),
    };
    let fits = |kept: usize| beside.iter().find(|text| format::width(text) + 1 + kept <= cells);
    // No text is better than half a name, but the number of tasks is always shown.
    let kept = format::width(&group.name);
    let text = fits(kept).or_else(|| fits(NAME.min(kept)).filter(|_| rows.height == 1)).map_or("", String::as_str);
    let room = cells.saturating_sub(if text.is_empty() { 0 } else { format::width(text) + 1 });
    pen.name(&group.name, room, style).space(usize::from(room < cells)).put(text, look.dim());
    if rows.height == 1 {
        return;
    }
    // A scale of one task says nothing.
    let scale = rows.height > 2 && group.most > 1;
    let lines = group.count.lines(cells, usize::from(rows.height) - 1 - usize::from(scale));
    for (row, line) in (1..).zip(lines.into_iter().chain(scale.then(|| group.scale()))) {
        Pen::new(buf, look, rows, row).space(1).left(&line, cells, look.dim());
    }
}

/// Draws one state as a chart of the number of tasks.
fn one(buf: &mut Buffer, look: Look, cells: Rect, stretches: &[Stretch], activity: Activity, most: u32) {
    let value = |stretch: &Stretch| {
        let count = stretch.counts[activity.index()];
        // A poll that takes no time, as on the virtual clock, is shown at the lowest level.
        let polled = activity == Activity::Running && stretch.polls > 0;
        (count > 0.0 || polled).then_some(count)
    };
    let columns: Vec<Option<f64>> = stretches.iter().map(value).collect();
    let (_, style) = look.activity(activity);
    chart::render(buf, look, cells, &columns, f64::from(most.max(1)), style);
}

/// Draws the states of a group, stacked.
pub(super) fn pile(buf: &mut Buffer, look: Look, cells: Rect, stretches: &[Stretch], most: u32) {
    let cells = cells.intersection(buf.area);
    for (x, stretch) in (cells.x..cells.right()).zip(stretches) {
        for row in 0..cells.height {
            if let Some((glyph, style)) = slice(look, stretch, f64::from(most.max(1)), row, cells.height) {
                buf[(x, cells.bottom() - 1 - row)].set_symbol(glyph).set_style(style);
            }
        }
    }
}

/// A cell of a pile, counted from the foot: the state of most of its tasks.
fn slice(look: Look, stretch: &Stretch, most: f64, row: u16, height: u16) -> Option<(&'static str, Style)> {
    let each = most / f64::from(height);
    let (from, to) = (each * f64::from(row), each * f64::from(row + 1));
    let alive = &Activity::ALL[..Activity::Ended.index()];
    let mut below = 0.0;
    let mut best = (0.0, None);
    for activity in alive {
        let top = below + stretch.counts[activity.index()];
        let here = top.min(to) - below.max(from);
        if here > best.0 {
            best = (here, Some(*activity));
        }
        below = top;
    }
    // The foot is drawn if anything is alive; a higher cell, if at least half of it is filled.
    let filled = (below.min(to) - from) * 2.0 >= each || (row == 0 && below > 0.0);
    let activity = best.1.filter(|_| filled)?;
    let short = row == 0 && height > 1 && stretch.polls > 0 && activity != Activity::Running;
    if short {
        // A poll that takes no time is visible, as on a lane.
        return Some((look.glyphs.lane.poll(0), look.activity(Activity::Running).1));
    }
    Some(look.activity(activity))
}

impl Look {
    /// The glyph and style of an activity.
    pub(crate) fn activity(self, activity: Activity) -> (&'static str, Style) {
        match (activity, activity.family()) {
            (_, Some(family)) => self.wait(family),
            (Activity::Running, None) => self.state(State::Running(0)),
            (Activity::Ended, None) => self.end(End::Completed),
            (_, None) => self.state(State::Ready),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piled(counts: &[(Activity, f64)], polls: u64, most: f64, height: u16) -> String {
        let mut stretch = Stretch { polls, ..Stretch::default() };
        for (activity, count) in counts {
            stretch.counts[activity.index()] = *count;
        }
        let look = Look::sample();
        (0..height).map(|row| slice(look, &stretch, most, row, height).map_or(" ", |(glyph, _)| glyph)).collect()
    }

    #[test]
    fn a_pile_is_as_high_as_tasks_live_and_has_its_states_in_order() {
        let lock = Activity::Lock;
        let time = Activity::Time;
        assert_eq!(piled(&[(time, 20.0), (Activity::Running, 20.0), (lock, 20.0)], 9, 80.0, 4), "█░─ ");
        assert_eq!(piled(&[(lock, 80.0)], 0, 80.0, 4), "░░░░");
        assert_eq!(piled(&[(lock, 80.0)], 9, 80.0, 4), "▎░░░");
        assert_eq!(piled(&[(Activity::Ended, 80.0)], 0, 80.0, 4), "    ");
    }

    #[test]
    fn groups_share_the_rows_and_few_tasks_take_few() {
        let groups = [1, 3, 1_000];
        assert_eq!(heights(&groups, 60), [2, 3, HIGHEST]);
        assert_eq!(heights(&groups, 7), [2, 3, 2]);
        assert_eq!(heights(&groups, 2), [1, 1, 1]);
    }

    #[test]
    fn a_single_row_tells_what_most_do_and_few_are_not_nothing() {
        let (lock, time) = (Activity::Lock, Activity::Time);
        assert_eq!(piled(&[(lock, 30.0), (time, 50.0)], 9, 100.0, 1), "─");
        assert_eq!(piled(&[(lock, 1.0)], 9, 100.0, 1), "░");
        assert_eq!(piled(&[(lock, 1.0)], 0, 100.0, 3), "░  ");
        assert_eq!(piled(&[], 0, 100.0, 3), "   ");
    }
}
