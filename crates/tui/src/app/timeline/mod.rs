//! The timeline: its lanes, its view and its selection.

pub(super) mod folding;
pub mod folds;
pub(super) mod grouping;
pub mod history;
pub mod hover;
pub mod kinds;
pub mod lanes;
pub(super) mod listing;
pub mod order;
pub mod query;
pub mod reading;
pub(super) mod selection;
pub mod tip;
pub(super) mod undo;
pub mod view;
pub mod viewport;
pub(super) mod wakes;
