//! Observes any Tokio runtime, without annotating the code that runs on it.
//!
//! The main sources, cheapest first (`docs/recorder.md` lists all): the runtime's
//! hooks report every spawn, poll and end; Tokio's own tracing events report names and
//! wakes; the program's tracing spans and events give labels and the log; a panic hook
//! reports panics. All of them write [`event::Event`]s into a ring that belongs to the
//! current thread, and a [`Reader`] drains the rings and puts the events in order.
//!
//! The recorder uses rings, and not chunks that are sent when full, so that events are
//! visible at once. A task that blocks its worker for a second is on screen while it
//! blocks, without a timer or a flush in any hook. A push is a store and an index; no
//! lock, no allocation.
//!
//! The recorder knows no scenario and no screen. To record a runtime:
//!
//! ```
//! use async_playground_recorder::{self as recorder, OnFull, Recorder};
//!
//! recorder::install().unwrap();
//! let (recorder, mut reader) = Recorder::new(OnFull::Drop);
//! let mut builder = tokio::runtime::Builder::new_current_thread();
//! recorder.observe(&mut builder, ());
//! let runtime = builder.enable_all().build().unwrap();
//! runtime.block_on(async {
//!     // `block_on` runs on this thread, for which no hook is called.
//!     let _attached = recorder.attach("main thread");
//!     recorder.begin_real();
//!     tokio::spawn(async { tokio::task::yield_now().await }).await.unwrap();
//!     recorder.close();
//! });
//! let mut events = Vec::new();
//! reader.drain(true, |_thread, event| events.push(event));
//! assert!(events.len() > 4);
//! ```

#![cfg_attr(not(tokio_unstable), allow(dead_code, reason = "without Tokio's hooks, much is not called"))]

use facts::{event, site};

mod base;
mod callsites;
mod classify;
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

pub use base::base;
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
