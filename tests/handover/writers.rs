//! Plain threads that write numbers: full rings, threads that end, and a recording that loses its reader or its recorder.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use facts::event::What;
use recorder::{OnFull, Recorder};

use super::{Heard, a_little_later, new_recorder};

/// More than any ring holds.
const MORE_THAN_A_RING: u64 = 100_000;
/// Threads that each write their own `0, 1, 2, …`.
struct Writers {
    threads: Vec<JoinHandle<()>>,
    written: Arc<AtomicU64>,
}

impl Writers {
    fn start(recorder: &Recorder, count: usize, each: u64) -> Self {
        let written = Arc::new(AtomicU64::new(0));
        let threads = (0..count).map(|_| {
            let (recorder, written) = (recorder.clone(), written.clone());
            thread::spawn(move || {
                let _attached = recorder.attach("writer");
                // From here on only the guard keeps the recording alive.
                drop(recorder);
                for number in 0..each {
                    tracing::debug!(counter.number = number);
                    written.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        Self { threads: threads.collect(), written }
    }

    fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn are_over(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits until nothing has been written for a while: all threads have ended, or a full ring blocks them.
    fn until_still(&self) {
        let mut since = (Instant::now(), self.written());
        while since.0.elapsed() < Duration::from_millis(20) && !self.are_over() {
            thread::yield_now();
            if self.written() != since.1 {
                since = (Instant::now(), self.written());
            }
        }
    }

    /// Waits until all have ended, without a reader. A thread that blocks forever fails the test.
    fn join(self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.are_over() {
            assert!(Instant::now() < deadline, "a writer waits for a reader that will not come");
            thread::yield_now();
        }
        for writer in self.threads {
            writer.join().unwrap();
        }
    }
}

#[test]
fn writers_that_find_their_rings_full_wait_and_lose_nothing() {
    let (recorder, mut reader) = new_recorder(OnFull::Wait);
    let writers = Writers::start(&recorder, 3, MORE_THAN_A_RING);
    writers.until_still();
    assert!(writers.written() < 3 * MORE_THAN_A_RING, "without a reader they are blocked");
    let heard = Heard::default().until(&recorder, &mut reader, |round| {
        match round % 8 {
            // Tiny drains, and pauses until all rings are full again.
            0..6 => {}
            6 => a_little_later(&recorder),
            _ => writers.until_still(),
        }
        writers.are_over()
    });
    heard.assert_whole(3, &(0..MORE_THAN_A_RING));
    assert_eq!((heard.events, reader.lost()), (3 * MORE_THAN_A_RING, 0));
}

#[test]
fn what_is_dropped_is_counted_and_the_rest_is_in_order() {
    let (recorder, mut reader) = new_recorder(OnFull::Drop);
    let writers = Writers::start(&recorder, 3, MORE_THAN_A_RING);
    writers.until_still();
    let more = Writers::start(&recorder, 1, MORE_THAN_A_RING);
    let heard = Heard::default().until(&recorder, &mut reader, |_| writers.are_over() && more.are_over());
    assert!(reader.lost() > 0, "nobody read while the first ones wrote");
    assert_eq!(heard.events + reader.lost(), 4 * MORE_THAN_A_RING);
    for numbers in heard.numbers.values() {
        assert!(numbers.is_sorted_by(|one, next| one < next), "none twice, and each after the one before");
    }
}

#[test]
fn threads_that_come_and_go_leave_all_that_they_wrote() {
    let (recorder, mut reader) = new_recorder(OnFull::Wait);
    let coming = {
        let recorder = recorder.clone();
        thread::spawn(move || (0..100).for_each(|_| Writers::start(&recorder, 4, 50).join()))
    };
    let heard = Heard::default().until(&recorder, &mut reader, |_| coming.is_finished());
    coming.join().unwrap();
    heard.assert_whole(400, &(0..50));
    assert_eq!((recorder.threads(), reader.threads().len()), (0, 400));
}

#[test]
fn a_recording_that_is_closed_holds_nobody_up_and_ends_without_a_gap() {
    let (recorder, mut reader) = new_recorder(OnFull::Wait);
    let writers = Writers::start(&recorder, 3, MORE_THAN_A_RING);
    writers.until_still();
    recorder.close();
    writers.join();
    let mut heard = Heard::default();
    heard.drain(&recorder, &mut reader, true);
    for numbers in heard.numbers.values() {
        let kept = numbers.len() as u64;
        assert!((1..MORE_THAN_A_RING).contains(&kept) && numbers.iter().copied().eq(0..kept), "{kept}");
    }
}

#[test]
fn without_its_reader_a_recording_holds_nobody_up() {
    for on_full in [OnFull::Wait, OnFull::Drop] {
        let (recorder, reader) = new_recorder(on_full);
        let writers = Writers::start(&recorder, 3, MORE_THAN_A_RING);
        if on_full == OnFull::Wait {
            writers.until_still();
        }
        drop(reader);
        writers.join();
    }
}

#[test]
fn without_its_recorder_a_recording_is_whole() {
    let (recorder, mut reader) = new_recorder(OnFull::Wait);
    let writers = Writers::start(&recorder, 3, MORE_THAN_A_RING);
    writers.until_still();
    drop(recorder);
    let mut numbers: HashMap<u16, u64> = HashMap::new();
    let mut over = false;
    while !over {
        over = writers.are_over();
        reader.drain(over, |thread, event| {
            let next = numbers.entry(thread).or_default();
            assert!(matches!(event.what, What::Log(log) if log.counters[0].1 as u64 == *next));
            *next += 1;
        });
    }
    assert_eq!(numbers.into_values().collect::<Vec<_>>(), [MORE_THAN_A_RING; 3]);
}
