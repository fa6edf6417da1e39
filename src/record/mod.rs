//! Observe any Tokio runtime.
pub mod event;
