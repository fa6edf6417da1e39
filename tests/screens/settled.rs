//! A screen in its final state: the first drawing gives the model its sizes, and only then does the run fit into them.

use ratatui::buffer::Buffer;
use tui::app::input::action::Action;
use tui::app::model::Model;
use tui::app::timeline::viewport;
use tui::app::update::update;

use super::paint::frame;

/// Draws until the screen no longer changes.
pub(crate) fn settled(model: &mut Model, (width, height): (u16, u16)) -> Buffer {
    update(model, Action::Fit);
    loop {
        let (buf, areas) = frame(model, width, height);
        if !viewport::laid_out(model, areas) {
            return buf;
        }
    }
}
