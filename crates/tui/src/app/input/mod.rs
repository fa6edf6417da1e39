//! Turns keys, pointer events and typed text into actions.

pub mod action;
pub mod bindings;
pub mod hints;
pub mod keymap;
pub mod pointer;
pub(super) mod press;
pub mod text_field;
pub(super) mod typing;
