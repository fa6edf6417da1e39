//! Draws the model.
//!
//! [`draw`] turns a [`Model`] into one frame and changes nothing but its [`Cache`]. Each pane is one free function in
//! its own file, which gets an area and reads the model. Everything about a run is drawn as of the time cursor.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::model::{Areas, Model, Overlay, Pane};
use crate::app::panes::Layout;
use crate::app::run::predict;
use layout::Below;
use pen::Pen;
use theme::Look;

mod footer;
mod format;
mod glyphs;
mod header;
mod highlight;
mod layout;
mod overlays;
mod panes;
mod pen;
mod picture;
mod prose;
mod theme;
mod tip;
mod view;
mod widgets;
mod words;

#[cfg(test)]
pub(crate) use glyphs::all as all_glyphs;
pub use highlight::Cache;
pub use layout::SMALLEST;
pub(crate) use picture::{described, draw as draw_lanes, plain};

/// Draws everything, and returns where it was drawn.
pub fn draw(frame: &mut Frame<'_>, model: &Model, cache: &mut Cache) -> Areas {
    cache.begin_frame();
    let look = Look::new(model.options.theme);
    let areas = screen(frame, look, model, cache);
    look.paint(frame.buffer_mut());
    areas
}

/// Draws header, panes, footer and overlays.
fn screen(frame: &mut Frame<'_>, look: Look, model: &Model, cache: &mut Cache) -> Areas {
    let screen = frame.area();
    let mut areas = Areas { screen, ..Areas::default() };
    let below = match (&model.story, &model.programs) {
        (Some(_), _) if predict::at_stop(model).is_some() => Below::Answer,
        (Some(_), _) => Below::Story,
        (None, None) => Below::Lesson,
        (None, Some(_)) => Below::Nothing,
    };
    let Some(plan) = layout::plan(screen, model.layout, model.focus, model.full, below) else {
        too_small(frame, look, screen);
        return areas;
    };

    header::render(frame.buffer_mut(), look, plan.header, model);
    panes::lesson::render(frame.buffer_mut(), look, model, plan.lesson);
    borders(frame.buffer_mut(), look, &plan.panes, model.focus);
    for (pane, area) in &plan.panes {
        contents(*pane, frame, model, *area, cache, &mut areas);
    }
    if model.layout == Layout::Explore {
        beside(frame.buffer_mut(), look, model, &plan, &mut areas);
    }
    // A click on a shared border means the pane whose title is there: the lower one.
    areas.panes = plan.panes.iter().rev().copied().collect();

    footer::render(frame, look, plan.footer, model);
    let buf = frame.buffer_mut();
    match model.mode.overlay() {
        Some(Overlay::Help { pane, marks, top }) => {
            let page = overlays::help::Page { pane: *pane, marks: *marks };
            (areas.overlay_rows, areas.overlay_height) = overlays::help::render(buf, look, screen, &model.bindings, page, *top);
        }
        Some(Overlay::Palette { text, row }) => {
            (areas.overlay_rows, areas.overlay_height) = overlays::palette::render(frame, look, screen, model, text, *row);
        }
        Some(Overlay::Path { row }) => {
            (areas.overlay_rows, areas.overlay_height) = overlays::path::render(buf, look, screen, model, *row);
        }
        Some(Overlay::Why { task, top }) => {
            let run = model.run.as_ref();
            (areas.overlay_rows, areas.overlay_height) = overlays::why::render(buf, look, screen, run, *task, *top);
        }
        Some(Overlay::Range { row }) => {
            (areas.overlay_rows, areas.overlay_height) = overlays::range::render(buf, look, screen, model, *row);
        }
        Some(Overlay::Findings { row }) => {
            (areas.overlay_rows, areas.overlay_height) = overlays::findings::render(buf, look, screen, model.run.as_ref(), *row);
        }
        Some(Overlay::Hunt { row }) => {
            (areas.overlay_rows, areas.overlay_height) = overlays::hunt::render(buf, look, screen, model.hunt.as_ref(), *row);
        }
        Some(Overlay::Sweep { at }) => overlays::sweep::render(buf, look, screen, model.sweep.as_ref(), *at),
        Some(Overlay::Resources { top }) => {
            (areas.overlay_rows, areas.overlay_height) = overlays::resources::render(buf, look, screen, model.run.as_ref(), *top);
        }
        Some(Overlay::Predict { row, text, error }) => {
            let answer = overlays::predict::Answering { row: *row, text, error: error.as_deref() };
            overlays::predict::render(frame, look, screen, model, &answer);
        }
        Some(Overlay::Arrange { row }) => overlays::arrange::render(buf, look, screen, model, *row),
        None => {}
    }
    areas
}

/// Draws one pane alone, in an area of any size, and returns where its parts are.
pub fn draw_pane(frame: &mut Frame<'_>, model: &Model, pane: Pane, area: Rect, cache: &mut Cache) -> Areas {
    cache.begin_frame();
    let mut areas = Areas { screen: frame.area(), panes: vec![(pane, area)], ..Areas::default() };
    let look = Look::new(model.options.theme);
    borders(frame.buffer_mut(), look, &areas.panes, model.focus);
    contents(pane, frame, model, area, cache, &mut areas);
    look.paint(frame.buffer_mut());
    areas
}

/// Draws all borders, joined.
fn borders(buf: &mut Buffer, look: Look, panes: &[(Pane, Rect)], focus: Pane) {
    // The focused border comes last, so that it is complete where borders are shared.
    let (focused, others): (Vec<_>, Vec<_>) = panes.iter().partition(|(pane, _)| *pane == focus);
    for (pane, area) in others.into_iter().chain(focused) {
        widgets::chrome::border(buf, look, area, pane == focus);
    }
    for (_, area) in panes {
        widgets::chrome::corners(buf, look, *area);
    }
}

/// Names each hidden pane once, beside the title of a pane that takes turns with it.
fn beside(buf: &mut Buffer, look: Look, model: &Model, plan: &layout::Plan, areas: &mut Areas) {
    let mut named: Vec<Pane> = Vec::new();
    for (pane, area) in &plan.panes {
        for other in layout::beside(plan, *pane) {
            let title =
                if other == Pane::Code && model.programs.is_none() { "Lesson, code" } else { model.bindings.title(other) };
            if !named.contains(&other)
                && let Some(place) = widgets::chrome::aside(buf, look, *area, title)
            {
                named.push(other);
                areas.beside.push((other, place));
            }
        }
    }
}

/// Draws what is within a pane's border, and its title.
fn contents(pane: Pane, frame: &mut Frame<'_>, model: &Model, area: Rect, cache: &mut Cache, areas: &mut Areas) {
    match pane {
        Pane::Scenarios if let Some(programs) = &model.programs => panes::processes::render(frame, model, programs, area, areas),
        Pane::Scenarios => panes::scenarios::render(frame, model, area, areas),
        Pane::Parameters if model.programs.is_some() => panes::program_threads::render(frame, model, area, areas),
        Pane::Parameters => panes::parameters::render(frame, model, area, areas),
        Pane::Timeline => panes::timeline::render(frame, model, area, areas),
        Pane::Metrics => panes::metrics::render(frame, model, area, areas),
        Pane::Log => panes::log::render(frame, model, area),
        Pane::Code => panes::code::render(frame, model, area, cache, areas),
        Pane::Task => panes::task::render(frame, model, area),
    }
}

/// Asks for a larger screen.
fn too_small(frame: &mut Frame<'_>, look: Look, screen: Rect) {
    let (width, height) = SMALLEST;
    let lines = [
        (format!("{}{}{} is too small", screen.width, look.glyphs.times, screen.height), look.strong()),
        (format!("make it {width}{}{height} or larger", look.glyphs.times), look.text()),
    ];
    let top = screen.height.saturating_sub(2) / 2;
    for (row, (text, style)) in (top..).zip(lines) {
        let indent = usize::from(screen.width).saturating_sub(format::width(&text)) / 2;
        Pen::new(frame.buffer_mut(), look, screen, row).space(indent).put(&text, style);
    }
}

#[cfg(test)]
pub(crate) mod tests;
