//! The parts of the program besides its command line: [`report`] prints a finished run as text or JSON, [`lint`] finds
//! blocking calls in sources, [`memory`] is the allocator, [`sketch`]
//! makes a crate of a scenario. Everything else is in the crates of this workspace, which `ARCHITECTURE.md` lists.

// The print macros panic if the stream is gone, and would write over the screen.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod lint;
pub mod memory;
pub mod report;
pub mod sketch;
