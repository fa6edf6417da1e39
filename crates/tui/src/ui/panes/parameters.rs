//! The form: parameters, clock, workers, seed and schedule.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use scenario::{Clock, Kind, Param};

use crate::app::model::{Areas, Field, Form, Model, Pane};
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::{chrome, typed};

/// A longer schedule is counted: its name and those of the parameters need room too.
const SCHEDULE: usize = 10;

/// The widths of the columns, the same for each row.
struct Columns {
    name: usize,
    /// Names and values together.
    both: usize,
}

impl Columns {
    /// The cells for a name beside a value: its column, and what the value leaves unused if the name is longer.
    fn name_cells(&self, name: &str, value: &str) -> usize {
        self.both.saturating_sub(format::width(value)).min(format::width(name)).max(self.name)
    }
}

/// Draws the form.
pub(crate) fn render(frame: &mut Frame<'_>, model: &Model, area: Rect, areas: &mut Areas) {
    let look = Look::new(model.options.theme);
    let focus = model.focus == Pane::Parameters;
    let form = &model.form;
    let mut inside = chrome::inside(area);
    let buf = frame.buffer_mut();
    chrome::title(buf, look, area, focus, "Parameters", form.scenario.id);
    let fields = form.fields();
    inside.height -= help(buf, look, inside, form, &fields);

    let columns = columns(form, &fields, inside.width);
    let top = (form.row + 1).saturating_sub(usize::from(inside.height));
    let mut y = 0;
    for (index, field) in fields.iter().enumerate().skip(top) {
        if y >= inside.height {
            break;
        }
        let line = Rect { y: inside.y + y, height: 1, ..inside };
        areas.form_rows.push((index, line));
        row(frame, look, line, model, index, *field, &columns);
        y += 1;
        if let Some(error) = form.error.as_ref().filter(|error| error.row == index) {
            for text in format::wrap(&error.reason, usize::from(inside.width.saturating_sub(3))) {
                Pen::new(frame.buffer_mut(), look, inside, y).space(2).put(&text, look.error());
                y += 1;
            }
        }
    }
    chrome::scroll_bar(frame.buffer_mut(), look, area, top, usize::from(inside.height), fields.len());
}

fn columns(form: &Form, fields: &[Field], width: u16) -> Columns {
    let widest = |text: &dyn Fn(&Field) -> usize| fields.iter().map(text).max().unwrap_or(0);
    let value = widest(&|field| format::width(&value(form, *field))).max(6);
    // Two marks before the name, a gap and an arrow after it, an arrow after the value.
    let both = usize::from(width).saturating_sub(5);
    let name = widest(&|field| format::width(name(*field))).min(both.saturating_sub(value));
    // If the columns are too narrow for the widest name and value, a long name may use room that its own value
    // leaves.
    Columns { name, both: (name + value).min(both) }
}

fn row(frame: &mut Frame<'_>, look: Look, line: Rect, model: &Model, index: usize, field: Field, columns: &Columns) {
    let form = &model.form;
    let current = index == form.row;
    let focus = current && model.focus == Pane::Parameters;
    let wrong = form.error.as_ref().is_some_and(|error| error.row == index);
    let changed = changed(form, field);
    let plain = if current { look.selected(focus) } else { look.text() };
    let shown = match (wrong, current, changed) {
        (true, ..) => look.error(),
        (false, true, _) => plain,
        (false, false, true) => look.changed(),
        (false, false, false) => look.dim(),
    };
    let buf = frame.buffer_mut();
    if focus {
        Pen::new(buf, look, line, 0).paint(plain);
    }
    let mut pen = Pen::new(buf, look, line, 0);
    let (mark, mark_style) = mark(look, wrong, changed, if focus { plain } else { look.changed() });
    pen.left(if current { look.glyphs.pointer } else { "" }, 1, plain).left(mark, 1, mark_style);
    let text = value(form, field);
    let name_cells = if current && model.mode.edited().is_some() { columns.name } else { columns.name_cells(name(field), &text) };
    pen.left(name(field), name_cells, plain).space(1);
    if let Some(field) = model.mode.edited().filter(|_| current) {
        pen.space(1);
        let room = pen.room();
        let cursor = typed::render(&mut pen, field.text(), field.cursor(), room, &[(0, look.editing())]);
        frame.set_cursor_position((cursor.min(line.right().saturating_sub(1)), line.y));
        return;
    }
    let [less, more] = if current { look.glyphs.turn } else { ["", ""] };
    pen.left(less, 1, plain).right(&text, columns.both - name_cells, shown).left(more, 1, plain).space(1);
    let unit = unit(form, field);
    if format::width(unit) <= pen.room() {
        pen.put(unit, if focus { plain } else { look.dim() });
    }
}

/// The mark beside the name: the value is invalid, or not the default.
fn mark(look: Look, wrong: bool, changed: bool, style: Style) -> (&'static str, Style) {
    match (wrong, changed) {
        (true, _) => (look.glyphs.lane.ends[1], look.error()),
        (false, true) => (look.glyphs.dot, style),
        (false, false) => ("", style),
    }
}

fn name(field: Field) -> &'static str {
    match field {
        Field::Param(param) => param.name,
        Field::Clock => "clock",
        Field::Workers => "workers",
        Field::Seed => "seed",
        Field::Schedule => "schedule",
    }
}

fn value(form: &Form, field: Field) -> String {
    match field {
        Field::Param(param) => form.values.get(param).to_string(),
        Field::Clock => form.clock.name().into(),
        Field::Workers => form.workers.to_string(),
        Field::Seed => form.seed.to_string(),
        Field::Schedule if form.clock == Clock::Real => "0".to_owned(),
        Field::Schedule => form.schedule.short(SCHEDULE),
    }
}

fn unit(form: &Form, field: Field) -> &'static str {
    match field {
        Field::Param(Param { kind: Kind::Number { unit, .. }, .. }) => unit,
        Field::Workers if form.workers == 0 => "current thread",
        Field::Workers => "threads",
        Field::Schedule if form.clock == Clock::Real || form.schedule.is_tokios() => "Tokio's order",
        Field::Param(_) | Field::Clock | Field::Seed | Field::Schedule => "",
    }
}

fn changed(form: &Form, field: Field) -> bool {
    match field {
        Field::Param(param) => form.values.get(param) != param.default(),
        Field::Clock => form.clock != form.scenario.clocks[0],
        Field::Workers => form.workers != 0,
        Field::Seed => form.seed != 0,
        Field::Schedule => form.clock == Clock::Virtual && !form.schedule.is_tokios(),
    }
}

/// Explains the field under the cursor at the foot of the form, if there is room, and returns the number of rows.
fn help(buf: &mut Buffer, look: Look, inside: Rect, form: &Form, fields: &[Field]) -> u16 {
    let Some(field) = fields.get(form.row) else { return 0 };
    let width = usize::from(inside.width.saturating_sub(2));
    let (text, range) = explain(look, form, *field);
    let mut rows: Vec<(String, Style)> = format::wrap(&text, width).into_iter().map(|line| (line, look.text())).collect();
    rows.extend(format::wrap(&range, width).into_iter().map(|line| (line, look.dim())));
    // Rows for an error come from the same room.
    let error = form.error.as_ref().map_or(0, |error| format::wrap(&error.reason, width.saturating_sub(1)).len());
    let free = usize::from(inside.height).saturating_sub(fields.len() + error + 1);
    rows.truncate(free);
    if rows.is_empty() {
        return 0;
    }
    let height = rows.len() as u16;
    for (y, (line, style)) in (inside.height - height..).zip(rows) {
        Pen::new(buf, look, inside, y).space(1).put(&line, style);
    }
    height + 1
}

/// What a field does, and its valid values.
fn explain(look: Look, form: &Form, field: Field) -> (String, String) {
    let to = look.glyphs.to;
    match field {
        Field::Param(param) => {
            let range = match param.kind {
                Kind::Number { default, min, max, unit } => {
                    format!("{} {to} {} {unit}, default {default}", format::count(min), format::count(max))
                }
                Kind::Choice(choices) => choices.join(", "),
            };
            (param.help.into(), range)
        }
        Field::Clock => {
            let text = match form.clock {
                Clock::Virtual => "Time jumps ahead when nothing can run. One thread, deterministic.",
                Clock::Real => "Wall time. Real parallelism, different on every run.",
            };
            let clocks: Vec<_> = form.scenario.clocks.iter().map(|clock| clock.name()).collect();
            let clocks = clocks.join(", ");
            let because = form.scenario.real_because;
            (text.into(), if because.is_empty() { clocks } else { format!("{clocks}: {because}") })
        }
        Field::Workers => {
            let text = match (form.clock, form.workers) {
                (Clock::Virtual, _) => "The virtual clock runs on the current thread: 0 workers.",
                (Clock::Real, 0) => "0 means the current-thread runtime: one thread polls every task.",
                (Clock::Real, _) => "Worker threads that poll tasks in parallel.",
            };
            (text.into(), "more on the real clock only".into())
        }
        Field::Seed => ("Random seed. The same seed gives the same numbers.".into(), "any whole number".into()),
        Field::Schedule => {
            let text = "Which polls are cut. 0 is Tokio's own order; each other number cuts some polls, always the same.";
            (text.into(), "any whole number, or POLL:OPERATIONS,... such as 7:2; virtual clock".into())
        }
    }
}
