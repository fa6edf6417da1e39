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

/// A line that spawns tasks.
#[rustfmt::skip]
pub fn main_spawned() -> &'static Location<'static> {
    Location::caller()
}

/// Another one.
#[rustfmt::skip]
pub fn request_spawned() -> &'static Location<'static> {
    let place = caller();
    place
}

#[track_caller]
fn caller() -> &'static Location<'static> {
    Location::caller()
}
