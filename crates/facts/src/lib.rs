//! The facts about a Tokio program: what the recorder observes, a recording keeps and a trace interprets.
//!
//! They are plain data without dependencies, so that each of the three can be used without the others.

pub mod event;
pub mod sample;
pub mod site;
