//! A trace for tests, told fact by fact.

use std::num::{NonZeroU32, NonZeroU64};
use std::panic::Location;
use std::sync::Arc;

use super::{Cause, End, Frame, Place, Polls, Segment, Site, State, Trace};
use facts::event::{
    Cues, Event, LastPoll, Level, Log, Named, NewSite, Panic, ResourceId, ResourceKind, SiteId, SpanId, SpanOpen, TaskId, What,
};

/// A trace that is built fact by fact, each in one short call: the time first, then the task.
#[derive(Default)]
pub(super) struct Told(pub(super) Trace);

pub(super) fn id(task: u64) -> TaskId {
    TaskId(NonZeroU64::new(task).expect("tests number tasks from 1"))
}

impl Told {
    pub(super) fn tell(&mut self, thread: u16, at_ns: u64, what: What) -> &mut Self {
        self.0.push(thread, Event { at_ns, what });
        self
    }

    #[track_caller]
    pub(super) fn spawn(&mut self, at_ns: u64, task: u64, parent: Option<u64>) -> &mut Self {
        let at = Location::caller();
        self.tell(0, at_ns, What::Spawn { task: id(task), parent: parent.map(id), at: at.into() })
    }

    pub(super) fn start(&mut self, at_ns: u64, task: u64) -> &mut Self {
        self.tell(0, at_ns, What::PollStart(id(task)))
    }

    pub(super) fn stop(&mut self, at_ns: u64, task: u64) -> &mut Self {
        self.tell(0, at_ns, What::PollEnd(id(task)))
    }

    pub(super) fn wake(&mut self, at_ns: u64, task: u64, by: Option<u64>) -> &mut Self {
        self.tell(0, at_ns, What::Wake { task: id(task), by: by.map(id) })
    }

    pub(super) fn gone(&mut self, at_ns: u64, task: u64, last: LastPoll) -> &mut Self {
        self.tell(0, at_ns, What::Terminate { task: id(task), last })
    }

    pub(super) fn panic(&mut self, at_ns: u64, task: u64) -> &mut Self {
        let panic = Panic { task: id(task), message: "boom".into(), place: "a.rs:7".into() };
        self.tell(0, at_ns, What::Panic(Box::new(panic)))
    }

    pub(super) fn name(&mut self, task: u64, name: &str) -> &mut Self {
        self.tell(0, 0, What::Named(Box::new(Named { task: id(task), name: name.into(), bytes: 0 })))
    }

    pub(super) fn open(&mut self, at_ns: u64, task: u64, span: u64) -> &mut Self {
        let open = SpanOpen { span: SpanId(span), task: id(task), label: format!("span {span}") };
        self.tell(0, at_ns, What::SpanOpen(Box::new(open)))
    }

    pub(super) fn log(&mut self, at_ns: u64, task: Option<u64>, message: &str, counters: &[(&'static str, f64)]) -> &mut Self {
        let log = Log {
            task: task.map(id),
            level: Level::Info,
            message: message.into(),
            counters: counters.to_vec(),
            failed: false,
            cues: Cues::default(),
        };
        self.tell(0, at_ns, What::Log(Box::new(log)))
    }

    pub(super) fn fail(&mut self, at_ns: u64, task: u64) -> &mut Self {
        let (task, message) = (Some(id(task)), "failed".into());
        let log = Log { task, level: Level::Error, message, counters: Vec::new(), failed: true, cues: Cues::default() };
        self.tell(0, at_ns, What::Log(Box::new(log)))
    }

    /// The states of a task, with their starts: `r` ready, `w` waiting, a digit for the thread that polls.
    pub(super) fn life(&self, task: usize) -> String {
        let word = |segment: &Segment| match segment.state {
            State::Ready => format!("{}r", segment.start_ns),
            State::Waiting(_) => format!("{}w", segment.start_ns),
            State::Running(thread) => format!("{}p{thread}", segment.start_ns),
        };
        self.0.tasks[task].segments.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn end(&self, task: usize) -> Option<(u64, End, bool)> {
        self.0.tasks[task].ended.map(|end| (end.at_ns, end.how, end.inferred))
    }

    /// The site of that number waits for this, at the line of that number.
    pub(super) fn site(&mut self, site: u32, cause: Cause) -> &mut Self {
        let place = Some(Place { file: "a.rs".into(), line: site });
        let site = NewSite { id: SiteId(site), site: Arc::new(Site { cause, place, ..Site::default() }) };
        self.tell(0, 0, What::Site(Box::new(site)))
    }

    /// The program calls something at the site of that number.
    pub(super) fn calls(&mut self, site: u32) -> &mut Self {
        let place = Place { file: "a.rs".into(), line: site };
        let frame = Frame { function: "f".into(), place: place.clone(), column: 0, branch: 0, own: true, polls: Polls::One };
        let known = Site { place: Some(place), frames: [frame].into(), ..Site::default() };
        self.tell(0, 0, What::Site(Box::new(NewSite { id: SiteId(site), site: Arc::new(known) })))
    }

    /// The task needs another turn, and says so at a site.
    pub(super) fn turn(&mut self, at_ns: u64, task: u64, site: u32) -> &mut Self {
        self.tell(0, at_ns, What::Turn { task: id(task), site: SiteId(site), spent: false })
    }

    /// A resource of that number is made at a site.
    pub(super) fn make(&mut self, resource: u32, kind: ResourceKind, site: u32) -> &mut Self {
        let resource = ResourceId(NonZeroU32::new(resource).expect("tests number resources from 1"));
        self.tell(0, 0, What::Resource { resource, kind, site: SiteId(site) })
    }

    /// A future of the task's is about to wait at a site.
    pub(super) fn pend(&mut self, at_ns: u64, task: u64, site: u32) -> &mut Self {
        self.tell(0, at_ns, What::Pending { task: id(task), op: None, resource: None, site: SiteId(site) })
    }
}

/// A trace with one task that was spawned at 0.
pub(super) fn one() -> Told {
    let mut told = Told::default();
    told.spawn(0, 5, None);
    told
}
