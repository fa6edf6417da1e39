//! Recordings: what comes back of a run, and of a file that is none.

mod damaged;
#[path = "../support/disguise.rs"]
mod disguise;
mod file;
mod fuzz;
mod outputs;
mod program;
mod screen;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/texts.rs"]
mod texts;
mod whole;
