//! The command palette: open it, and do what is under its cursor.

use super::{focus, list, update};
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, Overlay, Pane};
use crate::app::palette::{self, What};
use crate::app::text::TextField;

/// Opens it, or closes it.
pub(super) fn toggle(model: &mut Model) {
    model.mode = match model.mode {
        Mode::Overlay(Overlay::Palette { .. }) => Mode::Browse,
        _ => Mode::Overlay(Overlay::Palette { text: TextField::default(), row: 0 }),
    };
}

/// The last row.
pub(super) fn last_row(model: &Model) -> usize {
    let Mode::Overlay(Overlay::Palette { text, .. }) = &model.mode else { return 0 };
    palette::found(model, text.text()).len().saturating_sub(1)
}

/// Does what is under the cursor, as its key would, and closes the palette.
pub(super) fn run(model: &mut Model) -> Vec<Effect> {
    let Mode::Overlay(Overlay::Palette { text, row }) = &model.mode else { return Vec::new() };
    let Some(command) = palette::found(model, text.text()).into_iter().nth(*row) else { return Vec::new() };
    model.mode = Mode::Browse;
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
