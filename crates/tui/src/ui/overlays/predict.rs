//! A question before a run. It covers all panes, because the run on screen may show the answer.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};
use scenario::Scenario;
use scenario::question::Answer;

use crate::app::input::text_field::TextField;
use crate::app::model::Model;
use crate::app::run::prediction::Prediction;
use crate::ui::format;
use crate::ui::pen::Pen;
use crate::ui::prose;
use crate::ui::theme::Look;
use crate::ui::widgets::{chrome, typed};

/// The greatest width of the text: longer lines are hard to read.
const WIDEST: u16 = 84;

/// The answer so far.
pub(crate) struct Answering<'a> {
    /// The choice under the cursor.
    pub(crate) row: usize,
    /// The number or time that is typed.
    pub(crate) text: &'a TextField,
    /// What is wrong with it.
    pub(crate) error: Option<&'a str>,
}

/// Draws the overlay between header and footer.
pub(crate) fn render(frame: &mut Frame<'_>, look: Look, screen: Rect, model: &Model, answering: &Answering<'_>) {
    let Some(prediction) = &model.predict.prediction else { return };
    let Some(asked) = prediction.current() else { return };
    let area = Rect { y: screen.y + 1, height: screen.height.saturating_sub(2), ..screen };
    let buf = frame.buffer_mut();
    Clear.render(area, buf);
    chrome::border(buf, look, area, true);
    let number = prediction.given.len() + 1;
    let title = format!("What do you expect? Question {number} of {}", prediction.questions.len());
    chrome::title(buf, look, area, true, &title, "");
    let inside = chrome::inside(area);
    let width = inside.width.saturating_sub(4).min(WIDEST);
    let mut text = Rect { x: inside.x + (inside.width - width) / 2, y: inside.y, width, height: inside.height };
    let needed = question_rows(&asked.text, width) + asked.choices.len().max(3) as u16 + 2;
    setting(buf, look, &mut text, model.form.scenario, prediction, needed);
    prose_lines(buf, look, &mut text, &format!("**{}**", asked.text));
    below(&mut text, 1);
    if asked.choices.is_empty() {
        let is_time = matches!(asked.question.answer, Answer::Time { .. });
        number_field(frame, look, text, answering, if is_time { "a time, such as 1.5s or 300ms" } else { "a number" });
        return;
    }
    for (row, (at, choice)) in (0..text.height).zip(asked.choices.iter().enumerate()) {
        let style = if at == answering.row { look.selected(true) } else { look.text() };
        let mut pen = Pen::new(buf, look, text, row);
        pen.left(if at == answering.row { look.glyphs.pointer } else { "" }, 1, look.strong()).space(1);
        pen.put(&(at + 1).to_string(), look.key()).space(2);
        let room = pen.room();
        pen.put(&format::fit(look, choice, room), style);
    }
}

fn question_rows(text: &str, width: u16) -> u16 {
    prose::layout(text, usize::from(width)).len() as u16
}

/// What the run is about: as much of the lesson as comes before what can be seen, and the parameters. A low screen has only
/// the parameters.
fn setting(buf: &mut Buffer, look: Look, area: &mut Rect, scenario: &Scenario, prediction: &Prediction, needed: u16) {
    below(area, 1);
    let lesson = scenario.text();
    let before = lesson.split("**What you see").next().unwrap_or_default();
    let values = prediction.values();
    let rows = question_rows(before, area.width) + question_rows(&values, area.width) + 2;
    if area.height >= rows + needed {
        prose_lines(buf, look, area, before);
        below(area, 1);
    }
    let spare = area.height.saturating_sub(needed);
    if question_rows(&values, area.width) < spare {
        prose_lines(buf, look, area, &values);
        below(area, 1);
    }
}

fn prose_lines(buf: &mut Buffer, look: Look, area: &mut Rect, text: &str) {
    let lines = prose::layout(text, usize::from(area.width));
    for (row, line) in (0..area.height).zip(&lines) {
        prose::draw(buf, look, *area, row, line);
    }
    below(area, lines.len() as u16);
}

/// Leaves out rows at the top of an area.
fn below(area: &mut Rect, rows: u16) {
    let rows = rows.min(area.height);
    (area.y, area.height) = (area.y + rows, area.height - rows);
}

/// The field to type in, and below it what can be typed or what is wrong.
fn number_field(frame: &mut Frame<'_>, look: Look, area: Rect, answering: &Answering<'_>, what: &str) {
    if area.height < 2 {
        return;
    }
    let mut pen = Pen::new(frame.buffer_mut(), look, area, 0);
    pen.put(look.glyphs.pointer, look.strong()).space(1);
    let room = pen.room();
    let cursor = typed::render(&mut pen, answering.text.text(), answering.text.cursor(), room, &[(0, look.editing())]);
    let mut pen = Pen::new(frame.buffer_mut(), look, area, 1);
    pen.space(2);
    match answering.error {
        Some(reason) => pen.put(look.glyphs.lane.ends[1], look.error()).space(1).put(reason, look.error()),
        None => pen.put(what, look.dim()),
    };
    frame.set_cursor_position((cursor.min(area.right() - 1), area.y));
}
