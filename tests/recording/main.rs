//! Recordings: what comes back of a run, and of a file that is none.

mod damaged;
mod file;
mod fuzz;
mod program;
mod whole;
