//! The facts about a Tokio program: what the recorder observes, a recording keeps and a trace interprets.
//!
//! They are plain data without dependencies, so that each of the three can be used without the others.

mod detail;
pub mod event;
pub mod sample;
pub mod site;
mod words;

pub use detail::Detail;
