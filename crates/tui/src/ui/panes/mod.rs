//! The panes, one per file. Each has a function `render` that draws it into its area, border included.

mod branches;
pub(crate) mod code;
mod code_now;
mod code_rows;
pub(crate) mod grouping;
mod holders;
mod kinds;
mod legend;
pub(crate) mod lesson;
mod lines;
mod links;
pub(crate) mod log;
mod matches;
pub(crate) mod metrics;
mod minimap;
mod moments;
pub(crate) mod outcome;
pub(crate) mod parameters;
mod quantities;
mod reading;
mod remark;
pub(crate) mod scenarios;
mod status;
mod tally;
pub(crate) mod task;
mod threads;
pub(crate) mod timeline;
