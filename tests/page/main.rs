//! The exported page in a real browser: what a reader sees and does, and what the page never does.
//!
//! Where no Chromium is installed, these tests say so and pass; in CI they fail.

mod book;
mod browser;
mod pages;
mod phone;
mod reading;
mod safety;
#[path = "../support/said.rs"]
mod said;
mod seeing;
