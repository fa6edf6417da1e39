//! Draw the model.

use crate::app::model::{Areas, Model};

/// What is kept between frames.
#[derive(Debug, Default)]
pub struct Cache {}

/// Draws a frame and says where things stand.
pub fn draw(frame: &mut ratatui::Frame, _: &Model, _: &mut Cache) -> Areas {
    Areas { screen: frame.area(), ..Areas::default() }
}
