//! Pictures and films of the screen, made without a terminal.
//!
//! A frame is drawn into memory as on the screen. [`svg()`] and [`svg_of_screen`] turn one frame into a picture, [`cast()`] the
//! changes from frame to frame into a film for asciinema. Nothing here depends on the machine: neither on its fonts, nor on its
//! terminal, nor on how long anything takes.

mod canvas;
mod cast;
mod glyphs;
mod inks;
mod play;
mod schedule;
mod shapes;
mod svg;
mod xml;

use std::io;
use std::mem;
use std::ops::RangeInclusive;

use crate::app::model::{Model, Pane};
use crate::app::timeline::lanes::Lanes;
use crate::app::timeline::viewport;
use crate::ui;
use canvas::Canvas;

/// Columns and rows.
pub type Size = (u16, u16);

/// How wide a picture of the lanes is: as much as a page shows without making it smaller.
const COLUMNS: u16 = 110;
/// The fewest and the most rows of a picture of the lanes that chooses its own height.
const ROWS: (u16, u16) = (18, 64);
/// The size of the screen in a film.
pub const SCREEN: Size = (120, 40);

/// A film of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Film {
    /// The size of the screen.
    pub size: Size,
    /// What is played, in nanoseconds since the run began.
    pub range_ns: RangeInclusive<u64>,
    /// Run time per wall time: finite, and above 0.
    pub speed: f64,
}

/// A picture of the lanes of a run that is over: what it is, its lanes, its quantities, the legend and the outcome.
///
/// The time axis covers the range. Without a size the picture has as many rows as the lanes need.
pub fn svg(model: &mut Model, size: Option<Size>, range_ns: RangeInclusive<u64>) -> String {
    play::settle(model);
    play::to(model, u64::MAX);
    // A picture has neither focus nor keys.
    (model.focus, model.full) = (Pane::Scenarios, None);
    model.bindings = mem::take(&mut model.bindings).without_keys();
    let size = size.unwrap_or_else(|| fitting(model));
    let mut canvas = Canvas::new(size);
    canvas.fit(model, ui::draw_lanes);
    let known = model.run.as_ref().map(|run| run.trace.since_ns..=run.trace.end_ns);
    if known.is_some_and(|known| known != range_ns) {
        viewport::show(model, *range_ns.start(), *range_ns.end());
    }
    svg::of(&canvas.draw(model, ui::draw_lanes).0, model)
}

/// A picture of the whole screen as it is.
pub fn svg_of_screen(model: &Model, size: Size) -> String {
    svg::of(&Canvas::new(size).draw(model, ui::draw).0, model)
}

/// Plays a run that is over on the whole screen, as a recording of asciinema, version 2.
///
/// # Errors
///
/// If a frame cannot be written as a terminal's output.
pub fn cast(model: &mut Model, film: &Film) -> io::Result<Vec<u8>> {
    cast::of(model, film)
}

/// The smallest size in which each task has a lane, higher lanes if they are few.
fn fitting(model: &mut Model) -> Size {
    let (fewest, most) = ROWS;
    (fewest..most).map(|rows| (COLUMNS, rows)).find(|size| has_room(model, *size)).unwrap_or((COLUMNS, most))
}

fn has_room(model: &mut Model, size: Size) -> bool {
    Canvas::new(size).fit(model, ui::draw_lanes);
    let areas = &model.areas;
    let lanes = Lanes::of(model).map_or(0, |lanes| lanes.len());
    let high = match lanes {
        0..6 => 3,
        6..12 => 2,
        _ => 1,
    };
    areas.lane_rows.len() >= lanes && areas.lane_rows.iter().all(|(_, area)| area.height >= high)
}
