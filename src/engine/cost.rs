//! What the recorder costs on this machine, now: measured, not believed.
//!
//! The same short loop of yields runs on a bare runtime and on a recorded one.
//! The benchmark `overhead` does this with more care; this one is for the
//! screen, so that the figure beside a recording is that of the machine it was
//! made on.

use std::time::Instant;

use tokio::runtime::Builder;
use tokio::task;

use crate::record::{self, OnFull, Recorder};

/// Polls in one loop: few enough that their events fit into a ring that nobody empties.
const POLLS: u32 = 15_000;

/// The loop is run this often and the fastest one counts: whatever else the machine does only adds.
const ROUNDS: usize = 3;

/// What recording adds to a poll, in nanoseconds. Takes about 10 ms.
///
/// None when it cannot be told: when somebody listens to Tokio's tracing
/// already, as after the first run or beside tokio-console, since listening is a
/// part of the cost; when nothing is heard of it; or when the system gives no runtime.
pub fn recording_cost_ns() -> Option<f64> {
    if tracing::dispatcher::has_been_set() {
        return None;
    }
    let plain = fastest(|| Some(Builder::new_current_thread().build().ok()?.block_on(yields())))?;
    record::install().ok()?;
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

/// Nanoseconds a poll.
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
