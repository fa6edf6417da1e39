//! CPU work: code that runs without waiting, and takes time on either clock.
//!
//! A scenario about blocking needs a poll that takes long. On the real clock that is a loop that
//! spins. On the virtual clock a loop takes no time, however long it spins, so the clock itself is
//! moved. In both cases nothing else runs on this thread meanwhile, which is the point.

use std::hint;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use crate::Clock;

/// Two readings of the clock are much closer than this, unless the thread was not running in between.
const AWAY: Duration = Duration::from_micros(50);

/// Keeps the processor busy for `duration`, without an await.
///
/// On the real clock only the time counts during which this thread runs. If more threads are
/// busy than there are cores, it takes longer, like any other work.
///
/// # Panics
///
/// With [`Clock::Virtual`], outside a Tokio runtime whose time is paused.
pub fn burn(clock: Clock, duration: Duration) {
    match clock {
        Clock::Virtual => jump(duration),
        Clock::Real => spin(duration),
    }
}

/// Moves the paused clock. `advance` moves it in its first poll and then yields, so polling it once
/// by hand moves the clock without letting another task run.
fn jump(duration: Duration) {
    let advance = pin!(tokio::time::advance(duration));
    let _ = advance.poll(&mut Context::from_waker(Waker::noop()));
}

/// Spins until this thread has run for `duration`.
fn spin(duration: Duration) {
    let (mut done, mut last) = (Duration::ZERO, Instant::now());
    while done < duration {
        hint::spin_loop();
        let now = Instant::now();
        let step = now - last;
        // A longer step means that the thread was off the processor, which does not count.
        if step < AWAY {
            done += step;
        }
        last = now;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A burn of 1000 ms makes one of the ticks that come every 100 ms late, and delays all later ones.
    #[tokio::test(start_paused = true)]
    async fn on_the_virtual_clock_a_burn_blocks_the_loop() {
        let started = tokio::time::Instant::now();
        let ticker = tokio::spawn(async move {
            let mut ticks = Vec::new();
            for _ in 0..3 {
                sleep(100 * MS).await;
                ticks.push(started.elapsed().as_millis());
            }
            ticks
        });
        sleep(150 * MS).await;
        burn(Clock::Virtual, 1000 * MS);
        assert_eq!(started.elapsed(), 1150 * MS, "it takes exactly that long");
        assert_eq!(ticker.await.expect("it does not panic"), [100, 1150, 1250]);
    }

    #[test]
    fn on_the_real_clock_a_burn_takes_that_long_at_least() {
        let started = Instant::now();
        burn(Clock::Real, 20 * MS);
        assert!(started.elapsed() >= 20 * MS);
    }
}
