//! # Paginator: each page needs the one before
//!
//! An API returns its rows in pages of a hundred. Each page contains the *cursor* that you need to
//! request the next one. Three pages are full, but the client does not know that beforehand: a page
//! that is not full is the last.
//!
//! **What you see.** Each request has its own lane, and the lanes form stairs: no two requests
//! overlap. Without prefetch there is a gap after each request, in which its rows are processed.
//! With `prefetch` at 1 the stairs have no gaps.
//!
//! **Why.** A request needs the cursor of the page before, so requests cannot overlap, however many
//! tasks there are. But the next request needs only the cursor; the rows need not be processed yet.
//! A task that requests pages ahead hides the time of a request behind the processing of the page
//! before.
//!
//! **Try.** Set `prefetch` to 1: the run takes 400 ms instead of 700. Set it to 3: still 400,
//! because you cannot request a page without its cursor. Set `pages` to 20: 4100 ms without
//! prefetch, 2100 with it. Set `page_time` to 300 instead: 1500 and 1200. The requests now set the
//! pace, and only larger pages would reduce their number. Set `rest` to 50: the last page has 50
//! rows, and takes the fourth request. Then set `stop` to `empty`: a client that goes on until a page
//! is empty makes a fifth. Set it to `marked`, where the service says which page is the last: four
//! with `rest` at 50, and three with 0.
//!
//! **Pitfall.** Three full pages take four requests: only a page that is not full shows the end,
//! and here that page is empty. A service that marks its last page saves you this request, because
//! with it pages may end exactly at a boundary. You could request all pages at once by *number*
//! instead of cursor, but then you skip or repeat rows when some are added in between.
//!
//! **Words.** asyncio: an async generator that yields pages, or a class with `__aiter__` and
//! `__anext__`. Tokio: an `async fn next_page`, or a `Stream` made with `unfold`; to prefetch, a
//! task and an `mpsc::channel`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::Builder;
use tokio::time::{Instant, sleep};
use tracing::{Instrument, info, info_span};

use scenario::prelude::*;

const PAGES: Param = Param::count("pages", 3, (0, 1_000), "pages", "How many full pages the service has.");
const PAGE_SIZE: Param = Param::count("page_size", 100, (1, 10_000), "rows", "How many rows a full page has.");
const PAGE_TIME: Param = Param::millis("page_time", 100, (0, 60_000), "How long the service takes per page.");
const PROCESS: Param = Param::millis("process", 100, (0, 60_000), "How long it takes to process a page.");
const PREFETCH: Param = Param::count("prefetch", 0, (0, 1_000), "pages", "How many pages to request ahead; 0 is none.");
const REST: Param = Param::count("rest", 0, (0, 9_999), "rows", "How many rows are left after the full pages.");
const STOP: Param = Param::choice("stop", &["short", "empty", "marked"], "Which page the client takes for the last.");

/// The entry in the catalogue.
pub const SCENARIO: Scenario = Scenario {
    id: "paginator",
    title: "Paginator",
    group: Group::Channels,
    lesson: "Each page needs the one before.",
    clocks: &[Clock::Virtual, Clock::Real],
    params: &[PAGES, PAGE_SIZE, PAGE_TIME, PROCESS, PREFETCH, REST, STOP],
    patterns: &["pagination", "cursor", "async iterator", "prefetch"],
    differs: "An async generator yields pages; in Rust it is an `async fn next_page`, or a `Stream` made with `unfold`.",
    builds_on: &["stream"],
    story: &[
        Stop::at(
            When::Spawn(Nth::First, ""),
            "The service has {param:pages} full pages of {param:page_size} rows and {param:rest} more, which the client does \
             not know. It takes {param:page_time} per page, and the client {param:process} to process one.",
        )
        .line("Cursor(0)"),
        Stop::at(
            When::Spawn(Nth::First, "prefetch"),
            "A separate task, prefetch, requests pages ahead. The channel to the reader holds {param:prefetch}.",
        )
        .line("prefetch(paginator, ready)")
        .unless("prefetch", "0"),
        Stop::at(
            When::End(Nth::First, "page", How::Well),
            "The first answer comes after {lasted}. It contains the cursor of the next page, so that page could not be \
             requested earlier.",
        )
        .line("self.cursor = (!last).then_some(page.next)"),
        Stop::at(
            When::Spawn(Nth::Number(2), "page"),
            "The next request starts only at {time}: the reader first processed the page before, for {param:process}, and no \
             request was in flight meanwhile.",
        )
        .line("spawn(self.service.clone().page(cursor))")
        .only("prefetch", "0"),
        Stop::at(
            When::Spawn(Nth::Number(2), "page"),
            "The next request starts at {time}. It needs only the cursor, so prefetch does not wait until the page before is \
             processed.",
        )
        .line("spawn(self.service.clone().page(cursor))")
        .unless("prefetch", "0"),
        Stop::at(
            When::End(Nth::Last, "page", How::Well),
            "The last request, {task}, ends at {time}. Its page is not full, and only this shows that no page follows.",
        )
        .line("LastPage::Short => (page.rows.len()")
        .only("stop", "short"),
        Stop::at(
            When::End(Nth::Last, "page", How::Well),
            "The last request, {task}, ends at {time}. Its page is empty, and only this shows that no page follows.",
        )
        .line("LastPage::Empty => page.rows")
        .only("stop", "empty"),
        Stop::at(
            When::End(Nth::Last, "page", How::Well),
            "The last request, {task}, ends at {time}. The service has marked its page as the last, so nothing more is \
             requested.",
        )
        .line("LastPage::Marked => page.last")
        .only("stop", "marked"),
        Stop::at(
            When::Over,
            "{figure:requests} requests brought {figure:rows} rows in {figure:total}. No two of them overlapped, because each \
             needs the cursor of the page before.",
        ),
    ],
    questions: &[
        Question::new(
            "There are {param:pages} full pages of {param:page_size} rows and {param:rest} more rows. The client stops at a page \
             that is {param:stop}. How many requests?",
            Answer::Number {
                is: "figure:requests",
                typical: &[(
                    "param:pages",
                    "The client has to ask once more, to see the end or to get the rows after the full pages.",
                )],
            },
            When::End(Nth::Last, "page", How::Well),
            "{figure:requests} requests brought {figure:rows} rows. Only the last page shows the client that no page follows.",
        ),
        Question::new(
            "A page contains the cursor of the next one. The client requests {param:prefetch} pages ahead. When does the second \
             request start?",
            Answer::Choice(&[
                Choice::new("Together with the first", If::Less("time", "param:page_time")),
                Choice::new("When the first page has arrived", If::Equal("time", "param:page_time")),
                Choice::new("When the first page has been processed", If::Otherwise),
            ]),
            When::Spawn(Nth::Number(2), "page"),
            "The first page arrived after {param:page_time}, and the second request started at {time}.",
        ),
    ],
    source: include_str!("paginator.rs"),
    path: file!(),
    twin: include_str!("paginator.py"),
    refuse,
    run: |cx| Box::pin(run(cx)),
    ..Scenario::DEFAULTS
};

/// Refuses a rest that fills a page.
fn refuse(values: &Values, _: Clock) -> Result<(), ValueError> {
    let (rest, page_size) = (values.number(&REST), values.number(&PAGE_SIZE));
    if rest < page_size {
        return Ok(());
    }
    Err(ValueError { param: REST.name, reason: format!("{rest} rows fill a page of {page_size}: at most {}", page_size - 1) })
}

/// Rows are numbered from 0, in the order in which the service has them.
type Row = u64;

/// Where a page begins. Opaque to the client, which only passes it back to the service.
#[derive(Clone, Copy)]
struct Cursor(Row);

/// One response of the service.
struct Page {
    /// On the last page fewer than a full page has, or none.
    rows: Vec<Row>,
    /// The cursor with which to request the next page.
    next: Cursor,
    /// The service's mark: no page follows.
    last: bool,
}

/// How the client knows that a page is the last.
#[derive(Clone, Copy)]
enum LastPage {
    /// It is not full.
    Short,
    /// It is empty.
    Empty,
    /// The service has marked it.
    Marked,
}

/// The service, and how many requests it got.
struct Service {
    rows: u64,
    page_size: u64,
    page_time: Duration,
    requests: AtomicU64,
}

/// Requests one page after the other.
struct Paginator {
    service: Arc<Service>,
    stop: LastPage,
    /// Where the next page begins; `None` after the last page.
    cursor: Option<Cursor>,
}

/// Where the reader gets its pages from.
enum Pages {
    /// Requested when the reader needs them.
    Pulled(Paginator),
    /// Requested ahead by another task.
    Prefetched(Receiver<Page>),
}

async fn run(cx: Context) -> scenario::Result {
    let started = Instant::now();
    let page_size = cx.number(PAGE_SIZE);
    let rows = cx.number(PAGES) * page_size + cx.number(REST);
    let stop = match cx.word(STOP) {
        "empty" => LastPage::Empty,
        "marked" => LastPage::Marked,
        _ => LastPage::Short,
    };
    let page_time = cx.duration(PAGE_TIME);
    let service = Arc::new(Service { rows, page_size, page_time, requests: AtomicU64::new(0) });

    // With prefetch a task of its own requests pages, and a channel holds those that are ready.
    let paginator = Paginator { service: service.clone(), stop, cursor: Some(Cursor(0)) };
    let pages = match cx.count(PREFETCH) {
        0 => Pages::Pulled(paginator),
        ahead => {
            let (ready, pages) = mpsc::channel(ahead);
            Builder::new().name("prefetch").spawn(prefetch(paginator, ready))?;
            Pages::Prefetched(pages)
        }
    };
    // Every page with rows takes a request, and so does an empty one at the end if the client needs it to know the end.
    let (full, short) = (cx.number(PAGES), u64::from(cx.number(REST) > 0));
    let (expected, ends_with) = match stop {
        LastPage::Short => (full + 1, "it stops at the page that is not full"),
        LastPage::Empty => (full + short + 1, "it stops at the page that is empty"),
        LastPage::Marked => ((full + short).max(1), "it stops at the page that is marked as the last"),
    };
    if cx.count(PREFETCH) == 0 {
        // The time with prefetch: either the requests set the pace, an empty one included, or the processing.
        let (pages, process) = ((full + short) as u32, cx.duration(PROCESS));
        let ahead = (page_time * expected as u32).max(page_time + page_time.max(process) * pages.saturating_sub(1) + process);
        info!(
            moment = "if prefetched: done",
            moment_at_ms = ahead.as_millis() as u64,
            "with prefetch the run would end at {} ms",
            ahead.as_millis()
        );
    }
    let reader = Builder::new().name("reader").spawn(read_all(pages, cx.duration(PROCESS)))?;
    let read = reader.await??;

    let requests = service.requests.load(Ordering::Relaxed);
    Ok(Outcome::new()
        .figure("rows", read.len(), "rows")
        .figure("requests", requests, "requests")
        .figure("total", started.elapsed(), "ms")
        .check(format!("{rows} rows, each once and in order"), read.iter().copied().eq(0..rows))
        .check(ends_with, requests == expected))
}

impl Service {
    /// Handles one request: returns the page that begins at the cursor.
    async fn page(self: Arc<Self>, Cursor(first): Cursor) -> Page {
        let requests = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        info!(counter.requests = requests, "gets a request for the page from row {first}");
        sleep(self.page_time).instrument(info_span!("answers")).await;
        let end = (first + self.page_size).min(self.rows);
        info!(mark = format!("next {end}"), "the next page begins at row {end}");
        Page { rows: (first..end).collect(), next: Cursor(end), last: end == self.rows }
    }
}

impl Paginator {
    /// Returns the next page, or `None` after the last one.
    async fn next(&mut self) -> scenario::Result<Option<Page>> {
        // No cursor: the last page has come.
        let Some(cursor) = self.cursor else { return Ok(None) };
        let name = format!("page from {}", cursor.0);
        let page = Builder::new().name(&name).spawn(self.service.clone().page(cursor))?;
        let page = page.instrument(info_span!("page")).await?;
        // Unless the service says so, the client can only guess from the rows whether another page follows.
        let last = match self.stop {
            LastPage::Short => (page.rows.len() as u64) < self.service.page_size,
            LastPage::Empty => page.rows.is_empty(),
            LastPage::Marked => page.last,
        };
        self.cursor = (!last).then_some(page.next);
        Ok((!page.rows.is_empty()).then_some(page))
    }
}

impl Pages {
    /// Returns the next page, or `None` after the last one.
    async fn next(&mut self) -> scenario::Result<Option<Page>> {
        match self {
            Pages::Pulled(paginator) => paginator.next().await,
            Pages::Prefetched(pages) => Ok(pages.recv().await),
        }
    }
}

/// Requests pages ahead. It reserves room before each request, so it never has more pages than the channel holds.
async fn prefetch(mut paginator: Paginator, ready: Sender<Page>) -> scenario::Result<()> {
    loop {
        let room = ready.reserve().await?;
        let Some(page) = paginator.next().await? else { return Ok(()) };
        room.send(page);
    }
}

/// Processes each page, and returns all rows.
async fn read_all(mut pages: Pages, process: Duration) -> scenario::Result<Vec<Row>> {
    let mut read = Vec::new();
    while let Some(mut page) = pages.next().await? {
        sleep(process).instrument(info_span!("process")).await;
        read.append(&mut page.rows);
        info!(counter.rows = read.len(), "has processed a page");
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prefetching hides the time of a request behind the processing of the page before, or the other way round.
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

    /// Only a mark saves the request for an empty page; waiting for an empty page always takes one.
    #[tokio::test(start_paused = true)]
    async fn the_rule_for_the_last_page_decides_how_many_requests_it_takes() -> scenario::Result<()> {
        for (stop, rest, pages, requests) in [
            ("short", "0", "3", 4.0),
            ("short", "50", "3", 4.0),
            ("empty", "0", "3", 4.0),
            ("empty", "50", "3", 5.0),
            ("marked", "0", "3", 3.0),
            ("marked", "50", "3", 4.0),
            ("marked", "0", "0", 1.0),
        ] {
            for prefetch in ["0", "1"] {
                let turned = [(STOP, stop), (REST, rest), (PAGES, pages), (PREFETCH, prefetch)];
                let outcome = run(Context::of(&SCENARIO, &turned)).await?;
                assert_eq!(outcome.value("requests"), Some(requests), "{turned:?}");
                assert!(outcome.holds(), "{turned:?}: {outcome:?}");
            }
        }
        Ok(())
    }
}
