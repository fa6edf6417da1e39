//! Programs that are attached to or replayed, from outside: on the command line and on a real terminal.

mod command;
mod exports;
mod observed;
mod screen;

use super::support;
