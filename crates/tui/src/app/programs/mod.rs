//! The screen for programs instead of scenarios: which can be attached to, which is on screen, and its sources.

pub mod attach;
pub mod source;
pub mod view;

#[cfg(test)]
mod tests;
