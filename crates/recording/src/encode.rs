//! Encodes facts as bytes: see [`codec`](super::codec).

use std::collections::HashMap;

use super::bytes::{put, put_f64, put_signed, put_text};
use super::codec::{DEEPEST, FLAG, LONGEST, LONGEST_FILE, LONGEST_NAME, Last, MOST, THREAD, TIME, kind};
use facts::event::{CallLine, Cues, Event, Log, NewSite, OpId, ResourceId, SpanId, TaskId, What};
use facts::sample::Sample;
use facts::site::{Place, Site};

/// Encodes facts into a buffer.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// The current chunk.
    pub(super) out: Vec<u8>,
    /// The number of facts in it.
    pub(super) facts: u32,
    last: Last,
    /// The numbers of the defined lines, by file and line.
    lines: HashMap<String, HashMap<u32, u32>>,
    told: u32,
}

impl Encoder {
    /// Starts the next chunk.
    pub(super) fn begin(&mut self) {
        self.out.clear();
        self.facts = 0;
        self.last = Last::default();
    }

    /// Forgets the defined lines, so that a reader can begin at the next chunk.
    pub(super) fn restart(&mut self) {
        self.lines.clear();
        self.told = 0;
    }

    pub(super) fn thread_name(&mut self, index: u16, name: &str) {
        self.plain(kind::THREAD_NAME);
        put(&mut self.out, index.into());
        put_text(&mut self.out, cut(name, LONGEST));
    }

    pub(super) fn sample(&mut self, sample: &Sample) {
        self.plain(kind::SAMPLE);
        let Sample { at_ns, busy, mean_poll_ns, polls, global_queue, local_queue, steals, blocking_threads, budget_yields } =
            sample;
        let busy = &busy[..busy.len().min(MOST)];
        put(&mut self.out, *at_ns);
        put(&mut self.out, busy.len() as u64);
        for ratio in busy {
            put_f64(&mut self.out, *ratio);
        }
        let queues = [*global_queue as u64, *local_queue as u64, *blocking_threads as u64];
        for number in [*mean_poll_ns, *polls, *steals, *budget_yields].into_iter().chain(queues) {
            put(&mut self.out, number);
        }
    }

    pub(super) fn lost(&mut self, events: u64) {
        self.plain(kind::LOST);
        put(&mut self.out, events);
    }

    pub(super) fn event(&mut self, thread: u16, event: &Event) {
        let call = match &event.what {
            What::Spawn { at, .. } => self.line(at),
            What::Lane(lane) => self.line(&lane.at),
            _ => 0,
        };
        let (kind, flag) = head(&event.what);
        self.head(thread, event.at_ns, kind, flag);
        self.facts += 1;
        match &event.what {
            What::Spawn { task, parent, .. } => {
                self.other(*task);
                put(&mut self.out, call.into());
                self.maybe_polled(*parent);
            }
            What::PollStart(task) => {
                self.polled(*task);
                self.last.polled = task.0.get();
            }
            What::PollEnd(task) => self.polled(*task),
            What::Terminate { task, last } => {
                self.polled(*task);
                self.out.push(*last as u8);
            }
            What::Wake { task, by } => {
                self.other(*task);
                self.maybe_polled(*by);
            }
            What::Timer { task, op, after_ms } => {
                self.polled(*task);
                self.op(*op);
                put(&mut self.out, *after_ms);
            }
            What::Limited { task, operations } => {
                self.polled(*task);
                self.out.push(*operations);
            }
            What::PoolThread | What::WorkerThread => {}
            What::Lane(lane) => {
                self.other(lane.task);
                self.out.push(lane.of as u8);
                put_text(&mut self.out, cut(&lane.name, LONGEST));
                put(&mut self.out, lane.bytes);
                put(&mut self.out, call.into());
                self.maybe_polled(lane.parent);
            }
            What::Turn { task, site, .. } => {
                self.polled(*task);
                put(&mut self.out, site.0.into());
            }
            What::Named(_) | What::Panic(_) | What::SpanOpen(_) | What::SpanClose(_) | What::Log(_) | What::Site(_) => {
                self.said(&event.what);
            }
            _ => self.of_a_resource(&event.what),
        }
    }

    /// Writes events with texts from the program, and sites.
    fn said(&mut self, what: &What) {
        match what {
            What::Named(named) => {
                self.other(named.task);
                put_text(&mut self.out, cut(&named.name, LONGEST));
                if named.bytes > 0 {
                    put(&mut self.out, named.bytes);
                }
            }
            What::Panic(panic) => {
                self.polled(panic.task);
                put_text(&mut self.out, cut(&panic.message, LONGEST));
                put_text(&mut self.out, cut(&panic.place, LONGEST_NAME));
            }
            What::SpanOpen(open) => {
                self.span(open.span);
                self.polled(open.task);
                put_text(&mut self.out, cut(&open.label, LONGEST));
            }
            What::SpanClose(span) => self.span(*span),
            What::Log(log) => self.log(log),
            What::Site(new) => self.site(new),
            _ => {}
        }
    }

    fn of_a_resource(&mut self, what: &What) {
        match what {
            What::Resource { resource, kind, site } => {
                self.resource(Some(*resource));
                self.out.push(*kind as u8);
                put(&mut self.out, site.0.into());
            }
            What::Pending { task, op, resource, site } => {
                self.polled(*task);
                if let Some(op) = op {
                    self.op(*op);
                }
                self.resource(*resource);
                put(&mut self.out, site.0.into());
            }
            What::Done { task, op, site, resource } => {
                self.polled(*task);
                self.op(*op);
                self.resource(*resource);
                put(&mut self.out, site.0.into());
            }
            What::Closed { op, by, site } => {
                self.op(*op);
                self.polled(*by);
                put(&mut self.out, site.0.into());
            }
            What::Asked { op, permits, resource } => {
                self.op(*op);
                put(&mut self.out, (*permits).into());
                self.resource(*resource);
            }
            What::Granted { op, by, resource, permits } => {
                self.op(*op);
                self.maybe_polled(*by);
                self.resource(*resource);
                put(&mut self.out, (*permits).into());
            }
            What::Permits { resource, change, permits, by } => {
                self.resource(Some(*resource));
                self.out.push(*change as u8);
                put(&mut self.out, (*permits).into());
                self.maybe_polled(*by);
            }
            What::Lock { resource, change, by, site, owned } => {
                self.resource(Some(*resource));
                self.out.push(*change as u8 | u8::from(*owned) << 4);
                self.maybe_polled(*by);
                put(&mut self.out, site.0.into());
            }
            _ => {}
        }
    }

    /// Starts a fact that has no thread and no time.
    fn plain(&mut self, kind: u8) {
        self.facts += 1;
        self.out.push(kind);
    }

    fn head(&mut self, thread: u16, at_ns: u64, kind: u8, flag: bool) {
        let (other, later) = (thread != self.last.thread, at_ns != self.last.at_ns);
        let flags = if other { THREAD } else { 0 } | if later { TIME } else { 0 } | if flag { FLAG } else { 0 };
        self.out.push(kind | flags);
        if other {
            put(&mut self.out, thread.into());
            self.last.thread = thread;
        }
        if later {
            put_signed(&mut self.out, at_ns.wrapping_sub(self.last.at_ns));
            self.last.at_ns = at_ns;
        }
    }

    /// Returns the number of a line, after writing the line if it is new.
    fn line(&mut self, at: &CallLine) -> u32 {
        let file = cut(at.file(), LONGEST_FILE);
        if let Some(number) = self.lines.get(file).and_then(|lines| lines.get(&at.line())) {
            return *number;
        }
        self.out.push(kind::LINE);
        put_text(&mut self.out, file);
        put(&mut self.out, at.line().into());
        let number = self.told;
        self.told += 1;
        self.lines.entry(file.to_owned()).or_default().insert(at.line(), number);
        number
    }

    fn log(&mut self, log: &Log) {
        let counters = &log.counters[..log.counters.len().min(MOST)];
        let Cues { moment, moment_at_ms, mark, states } = &log.cues;
        let states = &states[..states.len().min(MOST)];
        let has = [log.failed, moment.is_some(), moment_at_ms.is_some(), mark.is_some()];
        self.out.push(has.iter().zip(4..).fold(log.level as u8, |bits, (has, bit)| bits | u8::from(*has) << bit));
        self.maybe_polled(log.task);
        put_text(&mut self.out, cut(&log.message, LONGEST));
        put(&mut self.out, counters.len() as u64);
        for (name, value) in counters {
            put_text(&mut self.out, cut(name, LONGEST_NAME));
            put_f64(&mut self.out, *value);
        }
        if let Some(moment) = moment {
            put_text(&mut self.out, cut(moment, LONGEST_NAME));
        }
        if let Some(at_ms) = moment_at_ms {
            put(&mut self.out, *at_ms);
        }
        if let Some(mark) = mark {
            put_text(&mut self.out, cut(mark, LONGEST_NAME));
        }
        put(&mut self.out, states.len() as u64);
        for (name, word) in states {
            put_text(&mut self.out, cut(name, LONGEST_NAME));
            put_text(&mut self.out, cut(word, LONGEST_NAME));
        }
    }

    fn site(&mut self, new: &NewSite) {
        let Site { cause, place, frames, missing } = &*new.site;
        let frames = &frames[..frames.len().min(DEEPEST)];
        put(&mut self.out, new.id.0.into());
        self.out.push(*cause as u8);
        let lacks = [missing.frame_pointers, missing.symbols, missing.lines];
        self.out.push(lacks.iter().zip(1..).fold(place.is_some().into(), |bits, (lacks, bit)| bits | u8::from(*lacks) << bit));
        if let Some(place) = place {
            self.place(place);
        }
        put(&mut self.out, frames.len() as u64);
        for frame in frames {
            put_text(&mut self.out, cut(&frame.function, LONGEST_NAME));
            self.place(&frame.place);
            put(&mut self.out, frame.column.into());
            put(&mut self.out, frame.branch.into());
            self.out.push(frame.polls as u8 | u8::from(frame.own) << 4);
        }
    }

    fn place(&mut self, place: &Place) {
        put_text(&mut self.out, cut(&place.file, LONGEST_FILE));
        put(&mut self.out, place.line.into());
    }

    /// Writes a task that is probably the one being polled.
    fn polled(&mut self, task: TaskId) {
        put_signed(&mut self.out, task.0.get().wrapping_sub(self.last.polled));
    }

    /// Writes an optional task that is probably the one being polled; the flag says whether there is one.
    fn maybe_polled(&mut self, task: Option<TaskId>) {
        if let Some(task) = task {
            self.polled(task);
        }
    }

    /// Writes a task that is probably not the one being polled.
    fn other(&mut self, task: TaskId) {
        put_signed(&mut self.out, task.0.get().wrapping_sub(self.last.other));
        self.last.other = task.0.get();
    }

    fn op(&mut self, op: OpId) {
        put_signed(&mut self.out, op.0.get().wrapping_sub(self.last.op));
        self.last.op = op.0.get();
    }

    fn span(&mut self, span: SpanId) {
        put_signed(&mut self.out, span.0.wrapping_sub(self.last.span));
        self.last.span = span.0;
    }

    /// Writes a resource; `None` is 0. That costs two large differences, but few of these events have no resource.
    fn resource(&mut self, resource: Option<ResourceId>) {
        let number = resource.map_or(0, |resource| resource.0.get());
        put_signed(&mut self.out, u64::from(number).wrapping_sub(self.last.resource.into()));
        self.last.resource = number;
    }
}

/// The kind of an event, and whether its optional part is present.
fn head(what: &What) -> (u8, bool) {
    match what {
        What::Spawn { parent, .. } => (kind::SPAWN, parent.is_some()),
        What::Named(named) => (kind::NAMED, named.bytes > 0),
        What::PollStart(_) => (kind::POLL_START, false),
        What::PollEnd(_) => (kind::POLL_END, false),
        What::Terminate { .. } => (kind::TERMINATE, false),
        What::Wake { by, .. } => (kind::WAKE, by.is_some()),
        What::Panic(_) => (kind::PANIC, false),
        What::SpanOpen(_) => (kind::SPAN_OPEN, false),
        What::SpanClose(_) => (kind::SPAN_CLOSE, false),
        What::Log(log) => (kind::LOG, log.task.is_some()),
        What::Site(_) => (kind::SITE, false),
        What::Resource { .. } => (kind::RESOURCE, false),
        What::Pending { op, .. } => (kind::PENDING, op.is_some()),
        What::Done { .. } => (kind::DONE, false),
        What::Closed { .. } => (kind::CLOSED, false),
        What::Timer { .. } => (kind::TIMER, false),
        What::Limited { .. } => (kind::LIMITED, false),
        What::PoolThread => (kind::POOL_THREAD, false),
        What::WorkerThread => (kind::WORKER_THREAD, false),
        What::Lane(lane) => (kind::LANE, lane.parent.is_some()),
        What::Turn { spent, .. } => (kind::TURN, *spent),
        What::Asked { .. } => (kind::ASKED, false),
        What::Granted { by, .. } => (kind::GRANTED, by.is_some()),
        What::Permits { by, .. } => (kind::PERMITS, by.is_some()),
        What::Lock { by, .. } => (kind::LOCK, by.is_some()),
    }
}

/// Cuts a text to at most `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}
