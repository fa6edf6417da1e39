//! # Semaphore: cap what is in flight
//!
//! Twenty requests start at once, but the service takes three at a time. A
//! semaphore holds three *permits*; a request that finds none waits in line.
//!
//! **Try.** Turn `permits` up to 5: the run gets shorter.
//!
//! - asyncio: `async with semaphore:`
//! - Tokio: `let _permit = semaphore.acquire().await?`, given back when it is dropped

use std::panic::Location;

/// Where *main* is spawned.
pub(crate) fn main_spawned() -> &'static Location<'static> {
    caller()
}

/// Where the requests are spawned.
pub(crate) fn request_spawned() -> &'static Location<'static> {
    caller()
}

#[track_caller]
fn caller() -> &'static Location<'static> {
    Location::caller()
}
