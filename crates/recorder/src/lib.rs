//! See what a Tokio program does: every task with its polls and waits, and for each wait its cause, its source line, who holds
//! the resource and who ended the wait. Nothing in the program is annotated.
//!
//! # Three steps
//!
//! 1. Add the crate: `cargo add async-playground-recorder`, and this line as the first one of `main`:
//!
//!    ```
//!    async_playground_recorder::init();
//!    ```
//!
//! 2. Build the program with two flags, for example in `.cargo/config.toml`:
//!
//!    ```toml
//!    [build]
//!    # Tokio reports its tasks only with the first flag. The second one makes the source line of a wait cheap to find.
//!    rustflags = ["--cfg", "tokio_unstable", "-C", "force-frame-pointers=yes"]
//!    ```
//!
//!    A release build also needs debug information for the lines: `debug = "limited"` in `[profile.release]`.
//!
//! 3. Run the program, and look at it with `async-playground attach`. With `ASYNC_PLAYGROUND=file:PATH` in its environment, the
//!    program writes a recording to that file instead; with `ASYNC_PLAYGROUND=off` the recorder does nothing.
//!
//! The program behaves as before. If something is missing, [`init`] says so in one line on stderr, and the program runs on.
//!
//! # Other ways in
//!
//! - A program with its own `tracing` subscriber adds `layer()` to it, from the feature `layer`, in place of `init`. `init` becomes
//!   the program's subscriber, so without it events that the program would print are only recorded.
//! - A program that builds its runtimes can let [`observe`] set their hooks.
//! - [`observe_process`] gives the events to the caller. A [`Recorder`] records one runtime.
//!
//! # How it works
//!
//! Tokio reports through `tracing` when it spawns a task, enters it to poll it, and drops it; when a waker is cloned or called; and
//! when a lock, semaphore, channel or timer changes. The recorder is a `tracing` subscriber that writes each of these facts into
//! a ring that belongs to the current thread: a store and an index, no lock, no allocation. A [`Reader`] drains the rings and puts
//! the facts in order. The stack at the time when a future clones its waker is the chain of `.await`s that led there; it is
//! captured as a number, and looked up on another thread.
//!
//! The recorder uses rings, and not chunks that are sent when full, so that facts are visible at once. A task that blocks its
//! worker for a second is on screen while it blocks, without a timer or a flush anywhere.
//!
//! What it cannot see: tasks that were spawned before `init`; the code between two `.await`s; other runtimes than Tokio's.
//!
//! # Recording one runtime
//!
//! The runtime's hooks report every spawn, poll and end. Only threads of that runtime are recorded.
//!
//! ```
//! use async_playground_recorder::{self as recorder, OnFull, Recorder};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! recorder::install()?;
//! let (recorder, mut reader) = Recorder::new(OnFull::Drop);
//! let mut builder = tokio::runtime::Builder::new_current_thread();
//! recorder.observe(&mut builder, ());
//! let runtime = builder.enable_all().build()?;
//! runtime.block_on(async {
//!     // `block_on` runs on this thread, for which no hook is called.
//!     let _attached = recorder.attach("main thread");
//!     recorder.begin_real();
//!     let done = tokio::spawn(async { tokio::task::yield_now().await }).await;
//!     recorder.close();
//!     done
//! })?;
//! let mut events = Vec::new();
//! reader.drain(true, |_thread, event| events.push(event));
//! assert!(events.len() > 4);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(not(tokio_unstable), allow(dead_code, reason = "without Tokio's hooks, much is not called"))]

#[doc(inline)]
pub use facts::{event, site};

mod base;
mod callsites;
mod classify;
mod counter;
mod entry;
mod fetched;
mod fields;
mod handle;
mod hooks;
mod init;
mod inside;
mod lanes;
#[cfg(feature = "layer")]
mod layer;
mod lines;
mod local;
mod observe;
mod panic;
mod polls;
mod presence;
mod program;
mod reader;
mod recorder;
mod sites;
mod sources;
mod stack;
mod stream;
mod subscriber;
mod symbols;
mod turns;
mod waits;

pub use base::{base, built_in};
pub use facts::Detail;
pub use hooks::{Taps, observe};
pub use init::{AlreadyObserved, init, observe_process};
#[cfg(feature = "layer")]
pub use layer::{FilteredRecordLayer, RecordLayer, layer};
pub use local::Attached;
pub use panic::panic_text;
pub use reader::Reader;
pub use recorder::{OnFull, Recorder};
pub use stream::Living;
pub use subscriber::{Unheard, install, install_panic_hook};
pub use symbols::{hide, own, warm_up};
