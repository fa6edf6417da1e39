//! The living: what a viewer that attaches now has to know.
//!
//! It is kept as a *compacted history*: the events from which a trace gets the same picture of all that is alive, with their
//! original times and in their original order. An event is taken out of the history as soon as it no longer matters: the
//! events of a task that has ended, of polls other than the first and the last, of operations that are over, of a guard that
//! was taken and given back. So the memory is bounded by what lives, the trace needs no code for keyframes, and a keyframe is
//! written by a walk over a list.
//!
//! The trace infers some of its picture, above all who has a guard that may have moved. Not all of that can be restated exactly;
//! see [`resources`].

mod guards;
mod leaves;
mod resources;
mod tasks;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use facts::event::{Event, LaneOf, Named, OpId, ResourceId, SiteId, SpanId, TaskId, What};
use smallvec::SmallVec;

use super::history::{History, Node};
use guards::Returned;
use leaves::{Leaves, Sites};
use resources::{Op, Resource};

/// A fast hasher for numbers: they are consecutive or have their entropy in the lower bits.
#[derive(Debug, Default)]
pub(super) struct NumberHasher(u64);

pub(super) type ByNumber = BuildHasherDefault<NumberHasher>;

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// A task's number among all tasks and lanes of the program, from 0. Unlike Tokio's number it is never used again.
type Key = u32;

/// A task that is alive, or has ended while a guard that it took is still out.
#[derive(Debug)]
struct Task {
    key: Key,
    parent: Option<(TaskId, Key)>,
    /// Its living children.
    children: BTreeMap<Key, TaskId>,
    named: Option<Node>,
    spawned: Node,
    /// Start and end of its first poll, and of its last one if that is another.
    first: [Option<Node>; 2],
    last: [Option<Node>; 2],
    /// The wake that made it ready, or that came in its current poll.
    wake: Option<Node>,
    /// The log line that said that it failed.
    failed: Option<Node>,
    /// A panic in the current poll.
    panic: Option<Node>,
    terminated: Option<Node>,
    /// The thread that polls it.
    running: Option<u16>,
    polled_ns: u64,
    ready: bool,
    woken: bool,
    ended: bool,
    leaves: Leaves,
    spans: SmallVec<[SpanId; 1]>,
    /// The resources of which it has taken something that is still out, once for each guard.
    guards: SmallVec<[ResourceId; 2]>,
    /// The number of guards that are out and believed to have moved to it.
    believed: u32,
}

/// Keeps the living of a program from its events.
///
/// [`Living::facts`] are the events from which a trace that has nothing from before gets the same picture of them: the state,
/// cause and line of each task, the holders and wait queues, the names.
#[derive(Debug, Default)]
pub struct Living {
    history: History,
    tasks: HashMap<TaskId, Task, ByNumber>,
    /// Names that came before their spawn.
    names: HashMap<TaskId, Node, ByNumber>,
    spans: HashMap<SpanId, (TaskId, Node), ByNumber>,
    ops: HashMap<OpId, Op, ByNumber>,
    /// What operations ask for that do not wait yet.
    asked: HashMap<OpId, Node, ByNumber>,
    timers: HashMap<OpId, Node, ByNumber>,
    resources: HashMap<ResourceId, Resource, ByNumber>,
    /// The permits that a task took in an acquire that may not have got them all.
    took: HashMap<TaskId, (ResourceId, Node), ByNumber>,
    /// What a task gave back that may have been a grant that it gives up.
    returned: Option<Returned>,
    /// What is known of threads.
    threads: HashMap<u16, Node, ByNumber>,
    sites: Sites,
    /// The number of lanes of each kind that were named or spawned.
    lanes: [u32; 4],
    /// The number of tasks and lanes that were spawned.
    spawned: Key,
    /// The uses of resources so far: a clock for [`resources`].
    uses: u64,
    /// The time of the newest event, in nanoseconds since the run began.
    newest_ns: u64,
}

impl Living {
    /// Gives an unnamed task the name that a trace would give it. A trace numbers the tasks that it has seen, and one that begins
    /// late has not seen all. Returns an event that has to come first, if any.
    pub fn name(&mut self, event: &mut Event) -> Option<Event> {
        let at_ns = event.at_ns;
        match &mut event.what {
            What::Named(named) if !self.is_alive(named.task) => {
                self.name_lane(LaneOf::Task, &mut named.name);
                None
            }
            What::Lane(lane) if !self.is_alive(lane.task) => {
                self.name_lane(lane.of, &mut lane.name);
                None
            }
            What::Spawn { task, .. } if !self.is_alive(*task) && !self.names.contains_key(task) => {
                let mut named = Named { task: *task, name: String::new(), bytes: 0 };
                self.name_lane(LaneOf::Task, &mut named.name);
                Some(Event { at_ns, what: What::Named(Box::new(named)) })
            }
            _ => None,
        }
    }

    fn name_lane(&mut self, of: LaneOf, name: &mut String) {
        let number = &mut self.lanes[of as usize];
        if name.is_empty() {
            *name = format!("{} {number}", of.word());
        }
        *number += 1;
    }

    /// Takes in an event that the thread of this index wrote, named by [`Living::name`].
    pub fn push(&mut self, thread: u16, event: &Event) {
        self.newest_ns = self.newest_ns.max(event.at_ns);
        match &event.what {
            What::PollStart(task) => self.poll_start(thread, event, *task),
            What::PollEnd(task) => self.poll_end(thread, event, *task),
            What::Wake { task, .. } => self.wake(thread, event, *task),
            What::Named(named) => self.named(thread, event, named.task),
            What::Spawn { task, parent, .. } => self.spawn(thread, event, *task, *parent),
            What::Lane(lane) => self.spawn(thread, event, lane.task, lane.parent),
            What::Terminate { task, last } => self.terminate(thread, event, *task, *last),
            What::Panic(panic) => self.panic(thread, event, panic.task),
            What::SpanOpen(open) => self.open_span(thread, event, open.span, open.task),
            What::SpanClose(span) => self.close_span(*span),
            What::Log(log) => self.log(thread, event, log),
            What::Site(new) => self.sites.learn(new),
            What::PoolThread | What::WorkerThread => self.know_thread(thread, event),
            What::Turn { task, site, spent } => self.turn(thread, event, *task, *site, *spent),
            What::Timer { task, op, .. } => self.timer(thread, event, *task, *op),
            _ => self.of_a_resource(thread, event),
        }
    }

    fn of_a_resource(&mut self, thread: u16, event: &Event) {
        match event.what {
            What::Resource { resource, kind, site } => self.make_resource(thread, event, resource, kind, site),
            What::Pending { task, op, resource, site } => self.pends(thread, event, (task, op), resource, site),
            What::Done { task, op, site, resource } => self.done(thread, event, (task, op), resource, site),
            What::Closed { op, .. } => self.closed(thread, event, op),
            What::Asked { op, resource, .. } => self.ask(thread, event, op, resource),
            What::Granted { op, by, resource, permits } => self.granted(thread, event, op, by, resource, permits),
            What::Permits { resource, change, permits, by } => self.permits(thread, event, resource, change, permits, by),
            What::Lock { resource, change, by, owned, .. } => self.lock(thread, event, resource, change, by, owned),
            _ => {}
        }
    }

    /// The number of events that are kept.
    pub fn len(&self) -> usize {
        self.history.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of tasks that are alive or have left a guard behind.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// The meaning of a site, as an event. It must come before the first event with that site.
    pub fn site(&self, id: SiteId, at_ns: u64) -> Option<Event> {
        let site = self.sites.get(id)?.clone();
        Some(Event { at_ns, what: What::Site(Box::new(facts::event::NewSite { id, site })) })
    }

    /// Passes on the living as events, without the meanings of sites, each with the thread that wrote it.
    pub fn facts(&self, mut to: impl FnMut(u16, &Event)) {
        let mut next = self.history.first();
        while let Some(node) = next {
            next = self.fact(node, &mut to);
        }
        self.last_facts(&mut to);
    }

    /// Passes on the events of one node, and returns the next one.
    pub(super) fn fact(&self, node: Node, to: &mut impl FnMut(u16, &Event)) -> Option<Node> {
        let (thread, event, next) = self.history.get(node);
        self.restate(node, thread, event, to);
        next
    }

    /// The first node of the history.
    pub(super) fn first(&self) -> Option<Node> {
        self.history.first()
    }

    fn know_thread(&mut self, thread: u16, event: &Event) {
        let history = &mut self.history;
        self.threads.entry(thread).or_insert_with(|| history.push(thread, event.clone()));
    }
}
