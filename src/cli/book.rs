//! `book`: writes the catalogue as a static site.
//!
//! Most runs are on the virtual clock and take milliseconds. The others need seconds of the real clock and hardly a processor, so
//! several scenarios run at once. The runs of one scenario take turns, because `shutdown` sends signals that would end its other runs.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use engine::Recording;
use export::book::{self, Place, Way};
use scenario::Clock;
use scenarios::CATALOGUE;
use tui::{limits, text};

use super::args::BookArgs;
use super::asked::Asked;
use super::export::exported;
use super::out;
use super::picture::{self, Drawing};
use super::run;
use super::stop::Stop;

/// What marks a page of a site, so that a later site may take its place.
const MARK: &str = "<meta name=\"generator\" content=\"async-playground\">";

/// The size of a picture in the index: few columns, so that its words can be read.
const SMALL: (u16, u16) = (56, 17);
/// How many scenarios run on the real clock at once.
const AT_ONCE: usize = 6;

/// Writes the site.
pub(super) fn book(args: &BookArgs) -> Result<ExitCode, Stop> {
    let folder = &args.folder;
    may_write(folder).map_err(|reason| Stop::Usage(format!("{}: {reason}", text::path(folder))))?;
    limits::check(0).map_err(|error| run::cannot_start(&error))?;
    let asked = Asked::listen().map_err(|error| run::cannot_start(&error))?;
    let site = Site {
        folder,
        asked: &asked,
        all: CATALOGUE.iter().map(|scenario| book::ways(scenario).len()).sum(),
        done: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
    };
    site.shared()?;
    let next = AtomicUsize::new(0);
    let written = thread::scope(|scope| {
        let real: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(|| site.chapters(Clock::Real, &next))).collect();
        let written = site.chapters(Clock::Virtual, &AtomicUsize::new(0));
        let broke_off = || Err(Stop::Failed("a run on the real clock broke off".to_owned()));
        // A thread that panicked has said so.
        real.into_iter().fold(written, |written, thread| written.and(thread.join().unwrap_or_else(|_| broke_off())))
    });
    if io::stderr().is_terminal() {
        out::progress("");
    }
    asked.over()?;
    written?;
    let megabytes = site.bytes.into_inner() as f64 / 1e6;
    out::print(&format!("{}: {} pages of runs, {megabytes:.1} MB\n", text::path(&folder.join("index.html")), site.all))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether nothing but an older site would be overwritten.
fn may_write(folder: &Path) -> Result<(), String> {
    let taken = match fs::read_dir(folder) {
        Ok(mut files) => files.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err("is not a folder".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let is_site = || fs::read_to_string(folder.join("index.html")).is_ok_and(|page| page.contains(MARK));
    if taken && !is_site() { Err("has other files in it; name a new folder, or one with a site".to_owned()) } else { Ok(()) }
}

/// A site that is being written.
struct Site<'a> {
    folder: &'a Path,
    asked: &'a Asked,
    /// The number of pages of runs.
    all: usize,
    done: AtomicUsize,
    bytes: AtomicU64,
}

impl Site<'_> {
    /// Writes the pages without runs, and the files that all pages share.
    fn shared(&self) -> Result<(), Stop> {
        let pictures = self.folder.join("pictures");
        fs::create_dir_all(&pictures)
            .map_err(|error| Stop::Failed(format!("{}: cannot be made: {error}", text::path(&pictures))))?;
        self.write("index.html", &book::index(CATALOGUE))?;
        self.write("patterns.html", &book::patterns(CATALOGUE))?;
        book::shared().iter().try_for_each(|(name, content)| self.write(name, content))
    }

    /// Writes the pages of the runs on this clock, scenario by scenario from the next one on.
    fn chapters(&self, clock: Clock, next: &AtomicUsize) -> Result<(), Stop> {
        while let Some(ways) = CATALOGUE.get(next.fetch_add(1, Ordering::Relaxed)).map(book::ways) {
            for (at, way) in ways.iter().enumerate().filter(|(_, way)| way.spec.clock == clock) {
                if self.asked.signal().is_some() {
                    return Ok(());
                }
                self.page(&ways, at, way)?;
            }
        }
        Ok(())
    }

    /// Makes a run, and writes its page and its picture.
    fn page(&self, ways: &[Way], at: usize, way: &Way) -> Result<(), Stop> {
        let run::Done { trace, report, .. } = run::execute(&way.spec, None, self.asked)?;
        let recording = Recording { spec: way.spec.clone(), program: None, trace, report, flaw: None };
        let drawing = Drawing::whole(&recording);
        let mut model = picture::model(recording, picture::usual(), false, drawing.speed);
        let svg = tui::picture::svg(&mut model, None, drawing.range_ns.clone());
        let picture = format!("pictures/{}.svg", way.file.trim_end_matches(".html"));
        self.write(&picture, &svg)?;
        if at == 0 {
            let small = tui::picture::svg(&mut model, Some(SMALL), drawing.range_ns.clone());
            self.write(&book::small_picture(way.spec.scenario), &small)?;
        }
        let place = Place { catalogue: CATALOGUE, ways, way: at, picture: &picture };
        let exported = exported(&model, &drawing).map_err(Stop::Failed)?;
        let page = book::page(&exported, place).map_err(|error| Stop::Failed(format!("cannot write JSON: {error}")))?;
        self.write(&way.file, &page)?;
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if io::stderr().is_terminal() {
            out::progress(&format!("{done} of {}  {}", self.all, way.file));
        }
        Ok(())
    }

    fn write(&self, name: &str, content: &str) -> Result<(), Stop> {
        let path = self.folder.join(name);
        self.bytes.fetch_add(content.len() as u64, Ordering::Relaxed);
        fs::write(&path, content).map_err(|error| Stop::Failed(format!("{}: cannot be written: {error}", text::path(&path))))
    }
}
