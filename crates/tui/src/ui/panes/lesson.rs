//! The lesson below the lanes and the code, in the layout for presentations; or a stop of the story, in any layout.
//!
//! A lesson has few rows, two on a small screen, so its heading is the title on the border and all rows are for its text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::input::action::Action;
use crate::app::model::Model;
use crate::app::run::predict;
use crate::app::run::prediction::Compared;
use crate::ui::pen::Pen;
use crate::ui::theme::Look;
use crate::ui::widgets::chrome;
use crate::ui::{format, prose};

/// Draws as much of it as fits: the code pane has all of the lesson.
pub(crate) fn render(buf: &mut Buffer, look: Look, model: &Model, area: Rect) {
    if area.is_empty() {
        return;
    }
    chrome::border(buf, look, area, false);
    if let Some(story) = &model.story {
        let compared = predict::at_stop(model);
        let verdict = compared.map_or("", |compared| if compared.is_right { ": you were right" } else { ": you were wrong" });
        let title = format!("Story, {} of {}{verdict}", story.at + 1, story.stops.len());
        let key = |on| model.bindings.shown(&Action::Story { on }, model.options.theme.unicode);
        let keys = format!("{} on, {} back", key(true), key(false));
        chrome::title(buf, look, area, false, &title, &keys);
        return match compared {
            Some(compared) => text(buf, look, area, &answer(compared)),
            None => text(buf, look, area, &story.stop().says),
        };
    }
    let lesson = model.form.scenario.text();
    let (title, body) = titled(&lesson, chrome::room_for_title(area)).unwrap_or((model.form.scenario.title, &lesson));
    chrome::title(buf, look, area, false, title, "");
    text(buf, look, area, body);
}

/// What the user said, what is right, and why.
fn answer(compared: &Compared) -> String {
    let Compared { said, answered, is_right, mistake, .. } = compared;
    let right = if *is_right { "That is right.".to_owned() } else { format!("Right is: **{}**.", answered.text) };
    let parts = [&format!("You said: **{said}**."), &right, mistake.unwrap_or_default(), &answered.why];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn text(buf: &mut Buffer, look: Look, area: Rect, body: &str) {
    let inside = chrome::inside(area);
    let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let lines = prose::layout(body, usize::from(text.width));
    for (row, line) in (0..text.height).zip(&lines) {
        prose::draw(buf, look, text, row, line);
    }
    if lines.len() > usize::from(text.height) {
        let end = Rect { x: text.right(), width: 1, ..text };
        Pen::new(buf, look, end, text.height.saturating_sub(1)).put(look.glyphs.more, look.dim());
    }
}

/// A lesson's heading and the text below it; `None` if the heading does not fit.
fn titled(lesson: &str, cells: usize) -> Option<(&str, &str)> {
    let (heading, body) = lesson.strip_prefix("# ")?.split_once('\n')?;
    (format::width(heading) <= cells).then_some((heading, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_the_title_only_where_it_is_whole() {
        let lesson = "# Gather: all at once\n\nEach request has a task.";
        assert_eq!(titled(lesson, 19), Some(("Gather: all at once", "\nEach request has a task.")));
        assert_eq!(titled(lesson, 18), None);
        assert_eq!(titled("No heading.\n\nText.", 80), None);
    }
}
