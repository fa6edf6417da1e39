//! A screen as it stays: the first drawing tells the model how much room there is, and only then does the run fit into it.

use async_playground::app::input::action::Action;
use async_playground::app::model::Model;
use async_playground::app::timeline::viewport;
use async_playground::app::update::update;
use ratatui::buffer::Buffer;

use super::paint::frame;

/// Draws it as often as it takes until it is as it stays.
pub(crate) fn settled(model: &mut Model, (width, height): (u16, u16)) -> Buffer {
    update(model, Action::Fit);
    loop {
        let (buf, areas) = frame(model, width, height);
        if !viewport::laid_out(model, areas) {
            return buf;
        }
    }
}
