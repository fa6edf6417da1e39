//! Parts of the screen that do not depend on the app: they get plain data and an area.

pub(crate) mod axis;
pub(crate) mod bars;
pub(crate) mod chart;
pub(crate) mod chrome;
pub(crate) mod reading;
pub(crate) mod timeline;
pub(crate) mod typed;
