//! Builds a sketch each time that it is saved, and starts it.
//!
//! A thread watches, builds and starts, and sends what is new. A save during a build begins the build again: nobody wants to see
//! the errors of a version that is gone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use super::build::{Build, Made, Problem};
use super::process::{Exit, Group};
use super::run::Built;
use super::watch::Stamp;

/// The time between two looks at the sources.
const LOOK: Duration = Duration::from_millis(100);

/// This program's own sources, which are not watched.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What is new about a sketch.
#[derive(Debug)]
pub enum News {
    /// A build has begun.
    Building,
    /// So many crates are ready, of an unknown number.
    Crates(usize),
    /// The build has failed.
    Broken(Vec<Problem>),
    /// It is built, and its process is ready for a run.
    Ready(Built),
    /// It was built, and its process has ended before it was ready.
    Ended(Exit),
}

/// See the module. The thread ends with this value.
#[derive(Debug)]
pub struct Workshop {
    news: Receiver<News>,
    closed: Arc<AtomicBool>,
    building: Arc<Mutex<Weak<Group>>>,
}

impl Workshop {
    /// Opens the sketch in a folder. Calls `wake` each time that there is news.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread.
    pub fn open(folder: PathBuf, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let (sender, news) = mpsc::channel();
        let closed = Arc::new(AtomicBool::new(false));
        let building = Arc::new(Mutex::new(Weak::new()));
        let mut bench = Bench {
            folders: vec![folder.clone()],
            folder,
            news: sender,
            wake: Box::new(wake),
            closed: closed.clone(),
            building: building.clone(),
        };
        thread::Builder::new().name("workshop".to_owned()).spawn(move || while bench.turn() {})?;
        Ok(Self { news, closed, building })
    }

    /// The next news, if any.
    pub fn next(&self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // The thread may have no time to do it, if the program ends now.
        if let Some(build) = lock(&self.building).upgrade() {
            build.kill();
        }
    }
}

/// The thread's part.
struct Bench {
    folder: PathBuf,
    /// The folders that are watched.
    folders: Vec<PathBuf>,
    news: Sender<News>,
    wake: Box<dyn Fn() + Send>,
    closed: Arc<AtomicBool>,
    building: Arc<Mutex<Weak<Group>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bench {
    /// Builds, starts, and waits for the next save. Returns whether to go on.
    fn turn(&mut self) -> bool {
        let known = self.folders.clone();
        let stamp = Stamp::of(&known);
        let news = match self.build(&stamp) {
            Some(Made::Executable(executable)) => match Built::start(executable, self.folder.clone()) {
                Ok(built) => News::Ready(built),
                Err(exit) => News::Ended(exit),
            },
            Some(Made::Broken(problems)) => News::Broken(problems),
            // A save has come, or nobody wants it any more.
            None => return !self.is_closed(),
        };
        // What is watched may be more now.
        let all = known == self.folders || stamp.differs(&Stamp::of(&known));
        let stamp = if all { stamp } else { Stamp::of(&self.folders) };
        self.tell(news) && self.saved(&stamp)
    }

    /// Builds; `None` if that was broken off.
    fn build(&mut self, stamp: &Stamp) -> Option<Made> {
        self.tell(News::Building);
        let folders = self.folders.clone();
        let mut build = match Build::start(&self.folder) {
            Ok(build) => build,
            Err(text) => return Some(Made::Broken(vec![Problem { place: None, text }])),
        };
        *lock(&self.building) = Arc::downgrade(&build.group);
        let mut crates = 0;
        loop {
            if let Some(made) = build.wait(LOOK) {
                self.folders = watched(&self.folder, build.folders);
                return Some(made);
            }
            if self.is_closed() || Stamp::of(&folders).differs(stamp) {
                return None;
            }
            if crates != build.crates {
                crates = build.crates;
                self.tell(News::Crates(crates));
            }
        }
    }

    /// Waits for a save. Returns false if nobody wants it any more.
    fn saved(&self, stamp: &Stamp) -> bool {
        while !self.is_closed() {
            if Stamp::of(&self.folders).differs(stamp) {
                return true;
            }
            thread::sleep(LOOK);
        }
        false
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn tell(&self, news: News) -> bool {
        let told = self.news.send(news).is_ok();
        (self.wake)();
        told
    }
}

/// The folders to watch: the sketch, and the packages that it uses, without those of this program.
fn watched(folder: &Path, used: Vec<PathBuf>) -> Vec<PathBuf> {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (own, sketch) = (whole(Path::new(OWN)), whole(folder));
    let mut folders = vec![folder.to_owned()];
    for used in used {
        let is_new = whole(&used) != sketch && !whole(&used).starts_with(&own) && !folders.contains(&used);
        if is_new {
            folders.push(used);
        }
    }
    folders
}
