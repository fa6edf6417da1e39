//! The command palette: open it, and do what is under its cursor.

use super::{Effect, focus, list, update};
use crate::app::action::Action;
use crate::app::model::{Layer, Model, Pane};
use crate::app::palette::{self, What};
use crate::app::text::TextField;

/// Opens it, or closes it.
pub(super) fn toggle(model: &mut Model) {
    model.layer = match model.layer {
        Some(Layer::Palette { .. }) => None,
        _ => Some(Layer::Palette { text: TextField::default(), row: 0 }),
    };
}

/// The last row.
pub(super) fn last_row(model: &Model) -> usize {
    let Some(Layer::Palette { text, .. }) = &model.layer else { return 0 };
    palette::found(model, text.text()).len().saturating_sub(1)
}

/// Does what is under the cursor, as its key would, and closes the palette.
pub(super) fn run(model: &mut Model) -> Vec<Effect> {
    let Some(Layer::Palette { text, row }) = &model.layer else { return Vec::new() };
    let Some(command) = palette::found(model, text.text()).into_iter().nth(*row) else { return Vec::new() };
    model.layer = None;
    match command.what {
        What::Do(action, pane) => {
            if let Some(pane) = pane {
                focus(model, pane);
            }
            update(model, action)
        }
        What::Run(at) => {
            list::end_search(model);
            list::select(model, at);
            focus(model, Pane::Parameters);
            update(model, Action::Pick)
        }
    }
}
