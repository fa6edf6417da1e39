//! Measures the recorder's cost on this machine.
//!
//! The same short loop of yields runs on a bare runtime and on a recorded one. The
//! benchmark `overhead` does this more carefully; this measurement is for the screen,
//! so that the cost it shows is that of the machine it runs on.

use std::time::Instant;

use tokio::runtime::Builder;
use tokio::task;

use recorder::{self, OnFull, Recorder};

/// Polls in one loop: few enough for their events to fit into a ring without a reader.
const POLLS: u32 = 15_000;

/// How often the loop runs. The fastest one counts, since other work on the machine only adds time.
const ROUNDS: usize = 3;

/// Measures what recording adds to a poll, in nanoseconds. Takes about 10 ms.
///
/// Returns `None` if it cannot be measured: if a subscriber to Tokio's tracing is
/// already installed, as after the first run or with tokio-console, since it is part
/// of the cost; if the recorder does not receive Tokio's tracing; or if the system
/// refuses a runtime.
pub fn recording_cost_ns() -> Option<f64> {
    if tracing::dispatcher::has_been_set() {
        return None;
    }
    let plain = fastest(|| Some(Builder::new_current_thread().build().ok()?.block_on(yields())))?;
    recorder::install().ok()?;
    let recorded = fastest(|| {
        let (recorder, _reader) = Recorder::new(OnFull::Drop);
        let mut builder = Builder::new_current_thread();
        recorder.observe(&mut builder, ());
        let runtime = builder.build().ok()?;
        let _attached = recorder.attach("cost");
        recorder.begin_real();
        Some(runtime.block_on(yields()))
    })?;
    Some((recorded - plain).max(0.0))
}

/// Nanoseconds per poll.
async fn yields() -> f64 {
    let start = Instant::now();
    let ended = task::spawn(async {
        for _ in 0..POLLS {
            task::yield_now().await;
        }
    });
    // A task that only yields can neither panic nor be aborted.
    let _ = ended.await;
    start.elapsed().as_nanos() as f64 / f64::from(POLLS)
}

fn fastest(once: impl Fn() -> Option<f64>) -> Option<f64> {
    (0..ROUNDS).filter_map(|_| once()).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_is_told_before_anybody_listens_and_not_after() {
        // Tests share a process, and another one may have been the first to listen.
        if let Some(cost) = recording_cost_ns() {
            assert!(cost.is_finite() && cost >= 0.0, "{cost} ns");
        }
        assert_eq!(recording_cost_ns(), None, "from now on somebody listens");
    }
}
