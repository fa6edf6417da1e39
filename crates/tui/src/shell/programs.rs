//! What happens beside a program on screen: attaching to another one, the list of processes, its source files.
//!
//! All of it may block, so it is done on threads, and each turn of the loop only looks for results.

use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use engine::attach::Feed;
use engine::target::{self, Process, Target};

use super::sources::Sources;
use super::{Engine, Events, Shell, Surface};
use crate::app::programs::view::Source;
use crate::app::programs::{attach, source};
use crate::app::run::lifecycle;
use crate::clock;

/// The time between two looks at which processes listen.
const LOOK: Duration = Duration::from_secs(1);

impl<E: Events, S: Surface, G: Engine> Shell<E, S, G> {
    /// Begins to attach to a process.
    pub(super) fn attach(&mut self, process: &Process) {
        let (results, attaching) = mpsc::sync_channel(1);
        let pid = process.pid;
        let open = move || _ = results.send(target::open(&Target::Process(pid)).map_err(|error| error.to_string()));
        match thread::Builder::new().name("attach".to_owned()).spawn(open) {
            Ok(_) => self.programs.attaching = Some(attaching),
            Err(error) => attach::failed(&mut self.model, &error.to_string()),
        }
    }

    /// Puts a program on screen.
    pub(super) fn follow(&mut self, feed: Feed) {
        let (program, sampled) = (feed.program.clone(), feed.sampled);
        self.leave();
        self.tape = None;
        self.programs.sources = Sources::start(&program);
        let east_s = clock::east_s(program.began_ms);
        if let Some(old) = lifecycle::attached(&mut self.model, program, sampled, east_s) {
            self.reaper.take(old);
        }
        self.run = self.engine.follow(feed);
        self.dirty = true;
    }

    /// Takes the results of the threads.
    pub(super) fn look_at_programs(&mut self) {
        if self.model.programs.is_none() {
            return;
        }
        match self.programs.attaching.as_ref().map(Receiver::try_recv) {
            None | Some(Err(TryRecvError::Empty)) => {}
            Some(Ok(Ok(feed))) => self.follow(feed),
            Some(Ok(Err(reason))) => self.not_attached(&reason),
            Some(Err(TryRecvError::Disconnected)) => self.programs.attaching = None,
        }
        if !self.model.replay {
            let listed = self.programs.listed.get_or_insert_with(list);
            if let Some(processes) = listed.try_iter().last() {
                self.dirty |= attach::listed(&mut self.model, processes);
            }
        }
        self.read_sources();
    }

    fn not_attached(&mut self, reason: &str) {
        self.programs.attaching = None;
        attach::failed(&mut self.model, reason);
        self.dirty = true;
    }

    fn read_sources(&mut self) {
        let program = self.model.programs.as_ref().and_then(|programs| programs.current.as_ref());
        if self.programs.sources.is_none() {
            self.programs.sources = program.and_then(|current| Sources::start(&current.program));
        }
        let wanted = source::wanted(&mut self.model);
        let Some(sources) = &self.programs.sources else { return };
        for file in wanted {
            sources.ask(file);
        }
        while let Some((file, read)) = sources.next() {
            source::read(&mut self.model, file, read);
            self.dirty = true;
        }
    }

    /// Whether a result of a thread is due.
    pub(super) fn awaits_programs(&self) -> bool {
        let current = self.model.programs.as_ref().and_then(|programs| programs.current.as_ref());
        let reads = |source: &Source| matches!(source, Source::Reading);
        self.programs.attaching.is_some() || current.is_some_and(|current| current.sources.values().any(reads))
    }
}

/// Lists the processes that listen, on a thread that ends with the receiver.
fn list() -> Receiver<Vec<Process>> {
    let (changes, listed) = mpsc::channel();
    let look = move || {
        let mut known = None;
        loop {
            let processes = target::processes();
            if known.as_ref() != Some(&processes) {
                known = Some(processes.clone());
                if changes.send(processes).is_err() {
                    return;
                }
            }
            thread::sleep(LOOK);
        }
    };
    // Without a thread the list stays empty.
    let _ = thread::Builder::new().name("processes".to_owned()).spawn(look);
    listed
}
