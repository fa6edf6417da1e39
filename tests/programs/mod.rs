//! Programs that are attached to or replayed, from outside: on the command line and on a real terminal.

mod command;
mod observed;
mod screen;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../support/mod.rs"]
mod support;
