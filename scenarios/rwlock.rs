//! # Read-write lock: readers share, a waiting writer stops new readers
//!
//! Eight readers look things up again and again, and spend four fifths of their time reading. Now
//! and then one of two writers wants the data for itself.
//!
//! **What you see.** Groups of readers run side by side; then comes a wall: one writer works and
//! every other lane waits. Before each wall the group thins out: a reader that comes while a writer
//! waits has to wait behind it.
//!
//! **Why.** Any number of tasks may read at once, because none of them changes anything. A writer
//! needs exclusive access. If new readers could always join those already reading, there would
//! always be a reader, and a writer would wait for ever. So the lock is fair: it has one queue,
//! first come, first served, and no reader passes a waiting writer.
//!
//! **Try.** Set `write` to 600: each wall is twice as thick, and the run takes 6397 ms instead of
//! 4597, because every lane waits through each of the six. Set it back to 300 and `read_share` to
//! 100: readers never rest, and still no writer waits longer than 700 ms. Set that back to 80 and
//! `writers` to 0: no reader ever waits, and the run ends at 2734 ms.
//!
//! **Pitfall.** A task that holds the lock for reading and asks for it again, in a function that it
//! calls, can deadlock. If a writer has queued in between, the second `read()` waits behind the
//! writer, and the writer waits for the first. Also, for short reads a plain mutex is often faster:
//! locking and unlocking a read-write lock costs more.
//!
//! **Words.** asyncio: has no read-write lock; the twin builds one, forty lines of futures in a
//! queue. Tokio: `RwLock`, `read().await` and `write().await`, fair in this way. The order of
//! `std::sync::RwLock` depends on the system.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const READERS: Param = Param::count("readers", 8, (1, 1_000), "readers", "How many tasks read.");
const WRITERS: Param = Param::count("writers", 2, (0, 100), "writers", "How many tasks write.");
const READ: Param = Param::millis("read", 200, (0, 60_000), "How long a read takes.");
const WRITE: Param = Param::millis("write", 300, (0, 60_000), "How long a write takes.");
const READ_SHARE: Param = Param::count("read_share", 80, (1, 100), "%", "Share of a reader's time spent reading.");

/// How many times each reader reads.
const READS: usize = 10;
/// How many times each writer writes.
const WRITES: usize = 3;
/// The range from which the rest before each write is drawn, in milliseconds.
const REST: RangeInclusive<u64> = 1..=800;

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "rwlock",
    title: "Read-write lock",
    group: Group::SharedState,
    lesson: "Readers share, a waiting writer stops new readers.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[READERS, WRITERS, READ, WRITE, READ_SHARE],
    patterns: &["read-write lock", "writer starvation", "fair lock"],
    differs: "asyncio has no read-write lock; Tokio's `RwLock` is fair. If a reader and a writer ask in the same millisecond, \
              asyncio and Tokio may let in a different one first. A read that takes no time lets other tasks run in asyncio and \
              goes on at once in Tokio.",
    builds_on: &["lock-contention"],
    story: &[
        Stop::at(
            When::Spawn(Nth::Last, ""),
            "{count:reader} readers and {count:writer} writers share data behind one lock. Readers may hold it together; a \
             writer needs it alone.",
        ),
        Stop::at(
            When::Log(Nth::First, "reads the result"),
            "{task} takes the lock for reading. Readers change nothing, so several of them can hold it at once.",
        )
        .line("library.book.read().await;"),
        Stop::at(
            When::Wait(Nth::First, "writer", For::Lock),
            "{task} wants to write, and has to wait for the lock. It is held by {holders}.",
        ),
        Stop::at(
            When::Wait(Nth::First, "reader", For::Lock),
            "{task} only wants to read, and yet it waits: a writer has the lock or waits for it. No reader passes a waiting \
             writer.",
        ),
        Stop::at(
            When::Resume(Nth::First, "writer", For::Lock),
            "{task} has the lock for itself after {lasted}. No reader that came later got in between, else it might wait for \
             ever.",
        ),
        Stop::at(
            When::Over,
            "{figure:writes} writes were made. No writer waited longer than {figure:longest wait of a writer}, and no reader \
             longer than {figure:longest wait of a reader}.",
        ),
    ],
    questions: &[
        Question::new(
            "Some readers have the lock, and a writer waits for it. Now another reader asks. When may it read?",
            Answer::Choice(&[
                Choice::new("At once: readers share the lock", If::Equal("figure:longest wait of a reader", "param:read * 0")),
                Choice::new(
                    "After the writer that waits",
                    If::Less("figure:longest wait of a reader", "param:write + param:read * param:writers + param:read"),
                ),
                Choice::new("When no writer wants the lock any more", If::Otherwise),
            ]),
            When::Wait(Nth::First, "reader", For::Lock),
            "No reader waited longer than {figure:longest wait of a reader}. If readers could pass a waiting writer, some \
             reader would nearly always read, and the writer might wait for ever.",
        )
        .unless("writers", "0"),
        Question::new(
            "{param:readers} readers come again and again, so nearly always one is reading. How long may a writer have to \
             wait?",
            Answer::Choice(&[
                Choice::new("Not at all: a writer has priority", If::Equal("figure:longest wait of a writer", "param:read * 0")),
                Choice::new("Until the tasks that asked before it are done", If::Holds("no writer waits longer than")),
                Choice::new("Until no reader wants the lock any more", If::Otherwise),
            ]),
            When::Resume(Nth::First, "writer", For::Lock),
            "No writer waited longer than {figure:longest wait of a writer}. The lock has one queue, first come, first served.",
        )
        .unless("writers", "0"),
    ],
    source: include_str!("rwlock.rs"),
    path: file!(),
    twin: include_str!("rwlock.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// The data that all tasks share, and counts of the tasks that use it.
#[derive(Default)]
struct Library {
    /// The data: the number of writes so far.
    book: RwLock<u64>,
    /// How many readers read now.
    reading: AtomicU64,
    /// How many writers wait.
    asking: AtomicU64,
    /// The maximum of `reading`.
    peak: AtomicU64,
    /// How many writers write now.
    writing: AtomicU64,
    /// Set once a writer has asked.
    wanted: AtomicBool,
    /// Set if a reader or another writer ever had access together with a writer.
    disturbed: AtomicBool,
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let library = Arc::new(Library::default());
    let (read, write) = (cx.duration(READ), cx.duration(WRITE));
    let rest = read * (100 - cx.number(READ_SHARE) as u32) / cx.number(READ_SHARE) as u32;
    let rest = Duration::from_millis(rest.as_millis() as u64);

    let mut readers = JoinSet::new();
    for i in 0..cx.count(READERS) {
        // They start at different times, so that at any time some reader reads.
        let start = cx.jittered("start of reader", i, Duration::ZERO, read + rest);
        readers.build_task().name(&format!("reader {i}")).spawn(reader(library.clone(), start, read, rest))?;
    }
    let mut writers = JoinSet::new();
    for i in 0..cx.count(WRITERS) {
        let stream = format!("rest of writer {i}");
        let rests = (0..WRITES).map(|round| Duration::from_millis(cx.draw(&stream, round, REST))).collect();
        writers.build_task().name(&format!("writer {i}")).spawn(writer(library.clone(), rests, write))?;
    }
    let readers_waited = longest(readers).await?;
    let writers_waited = longest(writers).await?;

    // A writer may wait for the reads under way, then for every other writer and one group of readers before each.
    let others = cx.number(WRITERS).saturating_sub(1) as u32;
    let bound = read + (read + write) * others;
    let written = *library.book.read().await;
    Ok(Outcome::new()
        .figure("most readers at once", library.peak.load(Ordering::Relaxed), "readers")
        .figure("writes", written, "writes")
        .figure("longest wait of a reader", readers_waited, "ms")
        .figure("longest wait of a writer", writers_waited, "ms")
        .figure("total", started.elapsed(), "ms")
        .check("a writer has exclusive access", !library.disturbed.load(Ordering::Relaxed))
        .check(
            format!("no writer waits longer than {} ms", bound.as_millis()),
            writers_waited <= bound || cx.on_time(writers_waited, bound),
        )
        .check("every write is counted", written == cx.number(WRITERS) * WRITES as u64))
}

/// Joins all tasks, and returns the longest wait.
async fn longest(mut tasks: JoinSet<Duration>) -> scenario::Result<Duration> {
    let mut longest = Duration::ZERO;
    while let Some(waited) = tasks.join_next().await {
        longest = longest.max(waited?);
    }
    Ok(longest)
}

/// Reads and rests `READS` times, and returns its longest wait.
async fn reader(library: Arc<Library>, start: Duration, read: Duration, rest: Duration) -> Duration {
    let mut waited = Duration::ZERO;
    sleep(start).await;
    for _ in 0..READS {
        let asked = Instant::now();
        // Readers share the lock, but this waits behind a waiting writer.
        let book = library.book.read().await;
        waited = waited.max(asked.elapsed());
        library.read(*book, read).await;
        drop(book);
        sleep(rest).await;
    }
    waited
}

/// Rests and writes, once for each of `rests`, and returns its longest wait.
async fn writer(library: Arc<Library>, rests: Vec<Duration>, write: Duration) -> Duration {
    let mut waited = Duration::ZERO;
    for rest in rests {
        sleep(rest).await;
        let asked = Instant::now();
        let asking = library.asking.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.write_queue = asking, "asks to write");
        if !library.wanted.swap(true, Ordering::Relaxed) {
            info!(moment = "writer asks, readers queue", "new readers queue behind it");
        }
        // This waits until all readers have left. Readers that come later queue behind it.
        let mut book = library.book.write().instrument(info_span!("waits to write")).await;
        waited = waited.max(asked.elapsed());
        info!(counter.write_queue = library.asking.fetch_sub(1, Ordering::Relaxed) - 1, "writes");
        library.write(write).await;
        *book += 1;
        info!(counter.writes = *book, mark = "written", "has written");
    }
    waited
}

impl Library {
    async fn read(&self, writes: u64, time: Duration) {
        let reading = self.reading.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(reading, Ordering::Relaxed);
        self.look_around(0);
        info!(counter.reading = reading, "reads the result of {writes} writes");
        sleep(time).instrument(info_span!("reads")).await;
        self.look_around(0);
        let reading = self.reading.fetch_sub(1, Ordering::Relaxed) - 1;
        info!(counter.reading = reading, "has read");
    }

    async fn write(&self, time: Duration) {
        self.writing.fetch_add(1, Ordering::Relaxed);
        self.look_around(1);
        sleep(time).instrument(info_span!("writes")).await;
        self.look_around(1);
        self.writing.fetch_sub(1, Ordering::Relaxed);
    }

    /// Sets `disturbed` unless exactly `writers` writers have access, and no readers together with a writer.
    fn look_around(&self, writers: u64) {
        let (reading, writing) = (self.reading.load(Ordering::Relaxed), self.writing.load(Ordering::Relaxed));
        if writing != writers || (writing > 0 && reading > 0) {
            self.disturbed.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However busy the readers are, a writer waits only for the readers that came before it.
    #[tokio::test(start_paused = true)]
    async fn readers_do_not_starve_a_writer() -> scenario::Result<()> {
        for read_share in ["1", "80", "100"] {
            let outcome = run(Context::of(&SCENARIO, &[(READ_SHARE, read_share)])).await?;
            assert!(outcome.holds(), "{read_share} %: {outcome:?}");
            assert_eq!(outcome.value("writes"), Some(6.0));
        }
        Ok(())
    }

    /// Readers never wait for each other, but all of them wait for a writer.
    #[tokio::test(start_paused = true)]
    async fn a_write_is_a_wall() -> scenario::Result<()> {
        for (writers, write, peak, total) in
            [("2", "300", 8.0, 4597.0), ("2", "600", 8.0, 4597.0 + 6.0 * 300.0), ("0", "300", 8.0, 2734.0)]
        {
            let outcome = run(Context::of(&SCENARIO, &[(WRITERS, writers), (WRITE, write)])).await?;
            let figures = (outcome.value("most readers at once"), outcome.value("total"));
            assert_eq!(figures, (Some(peak), Some(total)), "{writers} writers, {write} ms");
            assert_eq!(outcome.value("longest wait of a reader") > Some(0.0), writers != "0");
        }
        Ok(())
    }
}
