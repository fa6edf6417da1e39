//! Programs that are attached to or replayed, from outside: on the command line and on a real terminal.

#[path = "command.rs"]
mod command;
#[path = "observed.rs"]
mod observed;
#[path = "screen.rs"]
mod screen;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../support/mod.rs"]
mod support;
