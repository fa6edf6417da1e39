//! Decodes facts from untrusted bytes: see [`codec`](super::codec).

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::bytes::{Bytes, Damage};
use super::codec::{
    DEEPEST, FLAG, Fact, LATEST_NS, LONGEST, LONGEST_FILE, LONGEST_NAME, Last, MOST, MOST_PLACES, THREAD, TIME, kind,
};
use super::names;
use facts::event::{
    CallLine, Change, Cues, Event, Lane, LaneOf, LastPoll, Level, LockChange, Log, Named, NewSite, OpId, Panic, ResourceId,
    ResourceKind, SiteId, SpanId, SpanOpen, TaskId, What,
};
use facts::sample::Sample;
use facts::site::{Cause, Frame, Missing, Place, Polls, Site};

/// Decodes facts. For any bytes it returns an error or a valid fact.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    last: Last,
    lines: Vec<Arc<Place>>,
    sites: u32,
    names: names::Shared,
    /// The names of known counters, to avoid the lock of [`names::fixed`].
    counters: HashSet<&'static str>,
}

impl Decoder {
    /// Starts the next chunk.
    pub(super) fn begin(&mut self) {
        self.last = Last::default();
    }

    /// Forgets the defined lines and sites.
    pub(super) fn restart(&mut self) {
        self.lines.clear();
        self.sites = 0;
    }

    /// Decodes the next fact.
    #[inline]
    pub(super) fn fact(&mut self, from: &mut Bytes<'_>) -> Result<Fact, Damage> {
        loop {
            let head = from.byte()?;
            let number = head & 0x1f;
            match number {
                kind::LINE => self.line(from)?,
                kind::THREAD_NAME => return Ok(Fact::Thread(from.number()?, from.text(LONGEST)?.to_owned())),
                kind::SAMPLE => return sample(from).map(Fact::Sample),
                kind::LOST => return from.varint().map(Fact::Lost),
                _ => {
                    if head & THREAD != 0 {
                        self.last.thread = from.number()?;
                    }
                    if head & TIME != 0 {
                        self.last.at_ns = self.last.at_ns.wrapping_add(from.signed()?);
                    }
                    let at_ns = self.last.at_ns.min(LATEST_NS);
                    let what = self.what(number, head & FLAG != 0, from)?;
                    return Ok(Fact::Event(self.last.thread, Event { at_ns, what }));
                }
            }
        }
    }

    fn what(&mut self, number: u8, flag: bool, from: &mut Bytes<'_>) -> Result<What, Damage> {
        Ok(match number {
            kind::POLL_START => {
                let task = self.polled(from)?;
                self.last.polled = task.0.get();
                What::PollStart(task)
            }
            kind::POLL_END => What::PollEnd(self.polled(from)?),
            kind::WAKE => What::Wake { task: self.other(from)?, by: self.maybe_polled(flag, from)? },
            kind::SPAWN => {
                let task = self.other(from)?;
                What::Spawn { task, at: self.told_line(from)?, parent: self.maybe_polled(flag, from)? }
            }
            kind::TERMINATE => What::Terminate {
                task: self.polled(from)?,
                last: choice(from.byte()?, &[LastPoll::Polled, LastPoll::Dropped, LastPoll::Shutdown, LastPoll::Unheard])?,
            },
            kind::TIMER => What::Timer { task: self.polled(from)?, op: self.op(from)?, after_ms: from.varint()? },
            kind::LIMITED => What::Limited { task: self.polled(from)?, operations: from.byte()? },
            kind::POOL_THREAD => What::PoolThread,
            kind::WORKER_THREAD => What::WorkerThread,
            kind::LANE => What::Lane(Box::new(Lane {
                task: self.other(from)?,
                of: choice(from.byte()?, &[LaneOf::Task, LaneOf::Local, LaneOf::Blocking, LaneOf::Root])?,
                name: from.text(LONGEST)?.to_owned(),
                bytes: from.varint()?,
                at: self.told_line(from)?,
                parent: self.maybe_polled(flag, from)?,
            })),
            kind::TURN => What::Turn { task: self.polled(from)?, site: SiteId(from.number()?), spent: flag },
            kind::NAMED | kind::PANIC | kind::SPAN_OPEN | kind::SPAN_CLOSE | kind::LOG | kind::SITE => {
                self.said(number, flag, from)?
            }
            _ => self.of_a_resource(number, flag, from)?,
        })
    }

    fn said(&mut self, number: u8, flag: bool, from: &mut Bytes<'_>) -> Result<What, Damage> {
        Ok(match number {
            kind::NAMED => What::Named(Box::new(Named {
                task: self.other(from)?,
                name: from.text(LONGEST)?.to_owned(),
                bytes: if flag { from.varint()? } else { 0 },
            })),
            kind::PANIC => What::Panic(Box::new(Panic {
                task: self.polled(from)?,
                message: from.text(LONGEST)?.to_owned(),
                place: from.text(LONGEST_NAME)?.to_owned(),
            })),
            kind::SPAN_OPEN => What::SpanOpen(Box::new(SpanOpen {
                span: self.span(from)?,
                task: self.polled(from)?,
                label: from.text(LONGEST)?.to_owned(),
            })),
            kind::SPAN_CLOSE => What::SpanClose(self.span(from)?),
            kind::LOG => What::Log(Box::new(self.log(flag, from)?)),
            _ => What::Site(Box::new(self.site(from)?)),
        })
    }

    fn of_a_resource(&mut self, number: u8, flag: bool, from: &mut Bytes<'_>) -> Result<What, Damage> {
        Ok(match number {
            kind::PENDING => What::Pending {
                task: self.polled(from)?,
                op: flag.then(|| self.op(from)).transpose()?,
                resource: self.maybe_resource(from)?,
                site: SiteId(from.number()?),
            },
            kind::DONE => What::Done {
                task: self.polled(from)?,
                op: self.op(from)?,
                resource: self.maybe_resource(from)?,
                site: SiteId(from.number()?),
            },
            kind::CLOSED => What::Closed { op: self.op(from)?, by: self.polled(from)?, site: SiteId(from.number()?) },
            kind::ASKED => What::Asked { op: self.op(from)?, permits: from.number()?, resource: self.maybe_resource(from)? },
            kind::GRANTED => What::Granted {
                op: self.op(from)?,
                by: self.maybe_polled(flag, from)?,
                resource: self.maybe_resource(from)?,
                permits: from.number()?,
            },
            kind::PERMITS => What::Permits {
                resource: self.resource(from)?,
                change: choice(from.byte()?, &[Change::Set, Change::Add, Change::Sub])?,
                permits: from.number()?,
                by: self.maybe_polled(flag, from)?,
            },
            kind::LOCK => {
                use LockChange::{Free, ReaderIn, ReaderOut, Taken};
                let (resource, change) = (self.resource(from)?, from.byte()?);
                What::Lock {
                    resource,
                    change: choice(change & 0x0f, &[Taken, Free, ReaderIn, ReaderOut])?,
                    by: self.maybe_polled(flag, from)?,
                    site: SiteId(from.number()?),
                    owned: change & 0x10 != 0,
                }
            }
            kind::RESOURCE => {
                use ResourceKind::{Barrier, Channel, Mutex, Oneshot, RwLock, Semaphore};
                What::Resource {
                    resource: self.resource(from)?,
                    kind: choice(from.byte()?, &[Mutex, RwLock, Semaphore, Channel, Oneshot, Barrier])?,
                    site: SiteId(from.number()?),
                }
            }
            _ => return Err(Damage("a fact of an unknown kind")),
        })
    }

    /// A line that was defined earlier, by its number.
    fn told_line(&self, from: &mut Bytes<'_>) -> Result<CallLine, Damage> {
        let line: usize = from.number()?;
        let at = self.lines.get(line).ok_or(Damage("an undefined line"))?;
        Ok(CallLine::Told(at.clone()))
    }

    fn line(&mut self, from: &mut Bytes<'_>) -> Result<(), Damage> {
        let place = self.place(from)?;
        if self.lines.len() >= MOST_PLACES {
            return Err(Damage("too many lines"));
        }
        self.lines.push(Arc::new(place));
        Ok(())
    }

    fn log(&mut self, flag: bool, from: &mut Bytes<'_>) -> Result<Log, Damage> {
        let first = from.byte()?;
        let level = choice(first & 0x0f, &[Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error])?;
        let task = self.maybe_polled(flag, from)?;
        let message = from.text(LONGEST)?.to_owned();
        let mut counters = Vec::new();
        for _ in 0..from.count(MOST)? {
            let name = self.counter(from.text(LONGEST_NAME)?)?;
            counters.push((name, from.float()?));
        }
        let has = |bit: u8| first & 1 << bit != 0;
        let word = |from: &mut Bytes<'_>| Ok::<_, Damage>(from.text(LONGEST_NAME)?.to_owned());
        let mut cues = Cues {
            moment: if has(5) { Some(word(from)?) } else { None },
            moment_at_ms: if has(6) { Some(from.varint()?) } else { None },
            mark: if has(7) { Some(word(from)?) } else { None },
            states: Vec::new(),
        };
        for _ in 0..from.count(MOST)? {
            let name = self.counter(from.text(LONGEST_NAME)?)?;
            cues.states.push((name, word(from)?));
        }
        Ok(Log { task, level, message, counters, failed: has(4), cues })
    }

    fn counter(&mut self, name: &str) -> Result<&'static str, Damage> {
        if let Some(known) = self.counters.get(name) {
            return Ok(known);
        }
        let name = names::fixed(name).ok_or(Damage("too many counters"))?;
        self.counters.insert(name);
        Ok(name)
    }

    fn site(&mut self, from: &mut Bytes<'_>) -> Result<NewSite, Damage> {
        let id = SiteId(from.number()?);
        self.sites += 1;
        if self.sites as usize > MOST_PLACES {
            return Err(Damage("too many sites"));
        }
        let cause = choice(from.byte()?, &Cause::ALL)?;
        let bits = from.byte()?;
        let place = if bits & 1 == 0 { None } else { Some(self.place(from)?) };
        let missing = Missing { frame_pointers: bits & 2 != 0, symbols: bits & 4 != 0, lines: bits & 8 != 0 };
        let mut frames = Vec::new();
        for _ in 0..from.count(DEEPEST)? {
            let function = self.names.get(from.text(LONGEST_NAME)?);
            let (place, column, branch, last) = (self.place(from)?, from.number()?, from.number()?, from.byte()?);
            let polls = choice(last & 0x0f, &[Polls::One, Polls::Parts, Polls::Many])?;
            frames.push(Frame { function, place, column, branch, own: last & 0x10 != 0, polls });
        }
        Ok(NewSite { id, site: Arc::new(Site { cause, place, frames: frames.into(), missing }) })
    }

    fn place(&mut self, from: &mut Bytes<'_>) -> Result<Place, Damage> {
        Ok(Place { file: self.names.get(from.text(LONGEST_FILE)?), line: from.number()? })
    }

    fn polled(&mut self, from: &mut Bytes<'_>) -> Result<TaskId, Damage> {
        from.beside(self.last.polled).map(TaskId)
    }

    fn maybe_polled(&mut self, flag: bool, from: &mut Bytes<'_>) -> Result<Option<TaskId>, Damage> {
        flag.then(|| self.polled(from)).transpose()
    }

    fn other(&mut self, from: &mut Bytes<'_>) -> Result<TaskId, Damage> {
        let task = from.beside(self.last.other)?;
        self.last.other = task.get();
        Ok(TaskId(task))
    }

    fn op(&mut self, from: &mut Bytes<'_>) -> Result<OpId, Damage> {
        let op = from.beside(self.last.op)?;
        self.last.op = op.get();
        Ok(OpId(op))
    }

    fn span(&mut self, from: &mut Bytes<'_>) -> Result<SpanId, Damage> {
        self.last.span = self.last.span.wrapping_add(from.signed()?);
        Ok(SpanId(self.last.span))
    }

    fn maybe_resource(&mut self, from: &mut Bytes<'_>) -> Result<Option<ResourceId>, Damage> {
        let number = u64::from(self.last.resource).wrapping_add(from.signed()?);
        self.last.resource = u32::try_from(number).map_err(|_| Damage("a number that is too large"))?;
        Ok(NonZeroU32::new(self.last.resource).map(ResourceId))
    }

    fn resource(&mut self, from: &mut Bytes<'_>) -> Result<ResourceId, Damage> {
        self.maybe_resource(from)?.ok_or(Damage("a resource with id 0"))
    }
}

fn sample(from: &mut Bytes<'_>) -> Result<Sample, Damage> {
    let at_ns = from.varint()?.min(LATEST_NS);
    let mut busy = Vec::new();
    for _ in 0..from.count(MOST)? {
        busy.push(from.float()?);
    }
    Ok(Sample {
        at_ns,
        busy,
        mean_poll_ns: from.varint()?,
        polls: from.varint()?,
        steals: from.varint()?,
        budget_yields: from.varint()?,
        global_queue: from.number()?,
        local_queue: from.number()?,
        blocking_threads: from.number()?,
    })
}

/// The value with this index.
fn choice<T: Copy>(at: u8, all: &[T]) -> Result<T, Damage> {
    all.get(usize::from(at)).copied().ok_or(Damage("an invalid value"))
}
