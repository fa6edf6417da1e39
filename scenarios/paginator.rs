//! # Paginator: the next page needs the last
//!
//! An API returns its rows in pages of a hundred, and with each page the *cursor* that you need
//! to ask for the next one. Three pages are full, but nobody knows that beforehand: the end is
//! a page that is not full.
//!
//! **What you see.** Each request is a lane of its own, and they form stairs: no
//! two at a time. Without prefetch there is a gap after each one, in which its rows
//! are processed. With `prefetch` at 1 the stairs have no gaps.
//!
//! **Why.** A request needs the cursor of the page before, so requests cannot
//! overlap each other, however many tasks there are. But the next page needs
//! only the cursor, and not that the rows are processed. A task that asks ahead
//! hides the time for a page behind the processing of the one before.
//!
//! **Try.** Set `prefetch` to 1: 700 ms become 400. Set it to 3: 400 as well, since you cannot
//! ask for a page without its cursor. Set `pages` to 20: 4100 ms without prefetch, 2100 with
//! it. Set `page_time` to 300 instead: 1500 and 1200; now the requests decide, and nothing but
//! larger pages makes them fewer.
//!
//! **Pitfall.** Three full pages take four requests: only a page that is not full
//! says that it was the last, and here it is empty. A service that says "no more" with
//! the last rows saves a request. And page *numbers* instead of cursors could be asked for all at
//! once, but skip and repeat rows when some are added in between.
//!
//! **Words.** asyncio: an async generator that yields pages, or a class with
//! `__aiter__` and `__anext__`. Tokio: an `async fn next_page`, or a `Stream` made
//! with `unfold`; to ask ahead, a task and an `mpsc::channel`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::Builder;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use crate::prelude::*;

const PAGES: Param = Param::count("pages", 3, (0, 1_000), "pages", "How many full pages the service has.");
const PAGE_SIZE: Param = Param::count("page_size", 100, (1, 10_000), "rows", "How many rows a full page has.");
const PAGE_TIME: Param = Param::millis("page_time", 100, (0, 60_000), "How long the service takes to answer with a page.");
const PROCESS: Param = Param::millis("process", 100, (0, 60_000), "How long it takes to process the rows of a page.");
const PREFETCH: Param =
    Param::count("prefetch", 0, (0, 1_000), "pages", "How many pages are asked for ahead, by a task of its own; 0 is none.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "paginator",
    title: "Paginator",
    group: Group::Channels,
    lesson: "The next page needs the last.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[PAGES, PAGE_SIZE, PAGE_TIME, PROCESS, PREFETCH],
    patterns: &["pagination", "cursor", "async iterator", "prefetch"],
    differs: "An async generator yields pages; in Rust it is an `async fn next_page`, or a `Stream` made with `unfold`.",
    builds_on: &["stream"],
    source: include_str!("paginator.rs"),
    path: file!(),
    twin: include_str!("paginator.py"),
    refuse: accept_all,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Rows are numbered from 0, in the order in which the service has them.
type Row = u64;

/// Where a page begins: for us a word without a meaning, that the service gives and takes.
#[derive(Clone, Copy)]
struct Cursor(Row);

/// What the service answers.
struct Page {
    /// Fewer than a full page, or none at all, when these are the last.
    rows: Vec<Row>,
    /// What the next page has to be asked for with.
    next: Cursor,
}

/// The service, and how often it was asked.
struct Service {
    rows: u64,
    page_size: u64,
    page_time: Duration,
    requests: AtomicU64,
}

/// Asks for one page after the other.
struct Paginator {
    service: Arc<Service>,
    /// Where the next page begins; nothing when the last one has come.
    cursor: Option<Cursor>,
}

/// Pages as they are consumed.
enum Pages {
    /// Asked for when they are needed.
    Pulled(Paginator),
    /// Asked for ahead, by another task.
    Prefetched(Receiver<Page>),
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let page_size = cx.number(PAGE_SIZE);
    let rows = cx.number(PAGES) * page_size;
    let page_time = cx.duration(PAGE_TIME);
    let service = Arc::new(Service { rows, page_size, page_time, requests: AtomicU64::new(0) });

    let paginator = Paginator { service: service.clone(), cursor: Some(Cursor(0)) };
    let pages = match cx.count(PREFETCH) {
        0 => Pages::Pulled(paginator),
        ahead => {
            let (ready, pages) = mpsc::channel(ahead);
            Builder::new().name("prefetch").spawn(prefetch(paginator, ready))?;
            Pages::Prefetched(pages)
        }
    };
    if cx.count(PREFETCH) == 0 {
        // Either the requests decide, with the one for the end, or the work.
        let (pages, process) = (cx.number(PAGES) as u32, cx.duration(PROCESS));
        let ahead = (page_time * (pages + 1)).max(page_time + page_time.max(process) * pages.saturating_sub(1) + process);
        info!(moment = "with prefetch: done", moment_at_ms = ahead.as_millis() as u64, "asked for ahead, all would be processed");
    }
    let reader = Builder::new().name("reader").spawn(read_all(pages, cx.duration(PROCESS)))?;
    let read = reader.await??;

    let requests = service.requests.load(Ordering::Relaxed);
    Ok(Outcome::new()
        .figure("rows", read.len(), "rows")
        .figure("requests", requests, "requests")
        .figure("total", started.elapsed(), "ms")
        .check(format!("{rows} rows, each one once and in order"), read.iter().copied().eq(0..rows))
        .check("it stops at the page that is not full", requests == cx.number(PAGES) + 1))
}

impl Service {
    /// One request: the page that begins at the cursor.
    async fn page(self: Arc<Self>, Cursor(first): Cursor) -> Page {
        let requests = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.requests = requests, "asked for the page from row {first}");
        sleep(self.page_time).instrument(info_span!("answers")).await;
        let end = (first + self.page_size).min(self.rows);
        info!(mark = format!("next {end}"), "the next page begins at row {end}");
        Page { rows: (first..end).collect(), next: Cursor(end) }
    }
}

impl Paginator {
    /// The next page, or nothing when the last one has come.
    async fn next(&mut self) -> scenario::Result<Option<Page>> {
        let Some(cursor) = self.cursor else { return Ok(None) };
        let name = format!("page from {}", cursor.0);
        let page = Builder::new().name(&name).spawn(self.service.clone().page(cursor))?.await?;
        let full = page.rows.len() as u64 == self.service.page_size;
        self.cursor = full.then_some(page.next);
        Ok((!page.rows.is_empty()).then_some(page))
    }
}

impl Pages {
    /// The next page, or nothing when the last one has come.
    async fn next(&mut self) -> scenario::Result<Option<Page>> {
        match self {
            Pages::Pulled(paginator) => paginator.next().await,
            Pages::Prefetched(pages) => Ok(pages.recv().await),
        }
    }
}

/// Asks for pages ahead. Room is reserved before a page is asked for: so no more are under way than there is room for.
async fn prefetch(mut paginator: Paginator, ready: Sender<Page>) -> scenario::Result<()> {
    loop {
        let room = ready.reserve().await?;
        let Some(page) = paginator.next().await? else { return Ok(()) };
        room.send(page);
    }
}

/// Processes page after page, and returns all rows.
async fn read_all(mut pages: Pages, process: Duration) -> scenario::Result<Vec<Row>> {
    let mut read = Vec::new();
    while let Some(mut page) = pages.next().await? {
        sleep(process).instrument(info_span!("process")).await;
        read.append(&mut page.rows);
        info!(counter.rows = read.len(), "processed a page");
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asking ahead hides the time for a page behind the processing of the one before, or the other way round.
    #[tokio::test(start_paused = true)]
    async fn prefetch_hides_the_time_for_a_page() -> scenario::Result<()> {
        for (pages, page_time, prefetch, total) in [
            ("3", "100", "0", 700.0),
            ("3", "100", "1", 400.0),
            ("3", "100", "3", 400.0),
            ("20", "100", "0", 4100.0),
            ("20", "100", "1", 2100.0),
            ("3", "300", "0", 1500.0),
            ("3", "300", "1", 1200.0),
        ] {
            let turned = [(PAGES, pages), (PAGE_TIME, page_time), (PREFETCH, prefetch)];
            let outcome = run(Context::of(&SCENARIO, &turned)).await?;
            assert_eq!(outcome.value("total"), Some(total), "{turned:?}");
            assert!(outcome.holds());
        }
        Ok(())
    }
}
