//! What happened, as the fields of a line.
//!
//! Numbers are those of the recording: a task's is Tokio's own, a site's the recorder's. A site's line is resolved in each line
//! that names one, so that no reader has to join them.

use std::collections::HashMap;

use super::fields::{At, Called, Fields, Named, Op};
use facts::event::{CallLine, Change, LastPoll, Level, LockChange, Log, OpId, ResourceId, ResourceKind, SiteId, TaskId, What};
use facts::site::{Frame, Polls, Site};

/// The place of each site.
type Places = HashMap<SiteId, String>;

/// Remembers the place of a new site.
pub(super) fn learn(places: &mut Places, what: &What) {
    if let What::Site(new) = what {
        match &new.site.place {
            Some(place) => places.insert(new.id, place.to_string()),
            None => places.remove(&new.id),
        };
    }
}

/// Whether it says what exists, so that others may refer to it.
pub(super) fn exists(what: &What) -> bool {
    matches!(
        what,
        What::Spawn { .. }
            | What::Named(_)
            | What::Lane(_)
            | What::Site(_)
            | What::Resource { .. }
            | What::SpanOpen(_)
            | What::PoolThread
            | What::WorkerThread
    )
}

/// The type of an event.
pub(super) fn name(what: &What) -> &'static str {
    match what {
        What::Spawn { .. } => "spawn",
        What::Named(_) => "named",
        What::Lane(_) => "lane",
        What::PollStart(_) => "poll_start",
        What::PollEnd(_) => "poll_end",
        What::Terminate { .. } => "terminate",
        What::Wake { .. } => "wake",
        What::Panic(_) => "panic",
        What::SpanOpen(_) => "span_open",
        What::SpanClose(_) => "span_close",
        What::Log(_) => "log",
        What::Site(_) => "site",
        What::Resource { .. } => "resource",
        What::Pending { .. } => "pending",
        What::Done { .. } => "done",
        What::Closed { .. } => "closed",
        What::Timer { .. } => "timer",
        What::Turn { .. } => "turn",
        What::Limited { .. } => "limited",
        What::PoolThread => "pool_thread",
        What::WorkerThread => "worker_thread",
        What::Asked { .. } => "asked",
        What::Granted { .. } => "granted",
        What::Permits { .. } => "permits",
        What::Lock { .. } => "lock",
    }
}

/// The fields of an event.
pub(super) fn fields<'a>(what: &'a What, places: &Places) -> Fields<'a> {
    let at = |site: SiteId| at(site, places);
    match what {
        What::PollStart(task) | What::PollEnd(task) => Fields::Task { task: id(*task) },
        What::Wake { task, by } => Fields::Wake { task: id(*task), by: by.map(id) },
        What::Resource { resource, kind: of, site } => {
            Fields::Resource { resource: resource.0.get(), kind: kind(*of), at: at(*site) }
        }
        What::Pending { task, op, resource, site } => {
            let op = op.map(operation);
            Fields::Pending { task: id(*task), op, resource: number(*resource), at: at(*site) }
        }
        What::Done { task, op, site, resource } => {
            Fields::Done { task: id(*task), op: operation(*op), resource: number(*resource), at: at(*site) }
        }
        What::Closed { op, by, site } => Fields::Closed { op: operation(*op), by: id(*by), at: at(*site) },
        What::Timer { task, op, after_ms } => Fields::Timer { task: id(*task), op: operation(*op), after_ms: *after_ms },
        What::Turn { task, site, spent } => Fields::Turn { task: id(*task), spent: *spent, at: at(*site) },
        What::Limited { task, operations } => Fields::Limited { task: id(*task), operations: *operations },
        What::Asked { op, permits, resource } => {
            Fields::Asked { op: operation(*op), permits: *permits, resource: number(*resource) }
        }
        What::Granted { op, by, resource, permits } => {
            let (op, resource) = (operation(*op), number(*resource));
            Fields::Granted { op, by: by.map(id), permits: *permits, resource }
        }
        What::Permits { resource, change, permits, by } => {
            let (resource, change) = (resource.0.get(), changed(*change));
            Fields::Permits { resource, change, permits: *permits, by: by.map(id) }
        }
        What::Lock { resource, change, by, site, owned } => {
            let (resource, change) = (resource.0.get(), locked(*change));
            Fields::Lock { resource, change, by: by.map(id), owned: *owned, at: at(*site) }
        }
        other => described(other),
    }
}

/// The fields of an event that has texts, or none.
fn described(what: &What) -> Fields<'_> {
    match what {
        What::Spawn { task, parent, at } => Fields::Spawn { task: id(*task), parent: parent.map(id), place: place(at) },
        What::Named(named) => Fields::Named { task: id(named.task), name: &named.name, bytes: named.bytes },
        What::Lane(lane) => {
            let (task, parent, place) = (id(lane.task), lane.parent.map(id), place(&lane.at));
            Fields::Lane { task, of: lane.of.word(), name: &lane.name, bytes: lane.bytes, parent, place }
        }
        What::Terminate { task, last } => Fields::Terminate { task: id(*task), last: last_poll(*last) },
        What::Panic(panic) => Fields::Panic { task: id(panic.task), message: &panic.message, place: &panic.place },
        What::SpanOpen(open) => Fields::SpanOpen { span: long(open.span.0), task: id(open.task), label: &open.label },
        What::SpanClose(span) => Fields::SpanClose { span: long(span.0) },
        What::Log(log) => logged(log),
        What::Site(new) => site(new.id, &new.site),
        // The others have sites or numbers, and are above.
        _ => Fields::Nothing {},
    }
}

fn logged(log: &Log) -> Fields<'_> {
    Fields::Log {
        task: log.task.map(id),
        level: match log.level {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        },
        message: &log.message,
        counters: log.counters.iter().map(|(name, value)| Named { name, value: *value }).collect(),
        states: log.cues.states.iter().map(|(name, value)| Named { name, value: &**value }).collect(),
        failed: log.failed,
        moment: log.cues.moment.as_deref(),
        moment_at_ms: log.cues.moment_at_ms,
        mark: log.cues.mark.as_deref(),
    }
}

fn site(id: SiteId, site: &Site) -> Fields<'_> {
    Fields::Site {
        site: id.0,
        cause: site.cause.name(),
        place: site.place.as_ref().map(ToString::to_string),
        frames: site.frames.iter().map(called).collect(),
        missing: site.missing.parts().map(|part| part.what).collect(),
    }
}

fn called(frame: &Frame) -> Called<'_> {
    let polls = match frame.polls {
        Polls::One => "one",
        Polls::Parts => "parts",
        Polls::Many => "many",
    };
    let Frame { function, place, column, branch, own, .. } = frame;
    Called { function, place: place.to_string(), column: *column, branch: *branch, own: *own, polls }
}

fn id(task: TaskId) -> u64 {
    task.0.get()
}

fn number(resource: Option<ResourceId>) -> Option<u32> {
    resource.map(|resource| resource.0.get())
}

fn operation(op: OpId) -> Op {
    Op { op: long(op.0.get() & !OpId::OWNED), owned_op: op.is_owned() }
}

fn long(number: u64) -> String {
    format!("{number:016x}")
}

fn place(at: &CallLine) -> String {
    at.to_string()
}

fn at(site: SiteId, places: &Places) -> At {
    At { site: (site.0 != 0).then_some(site.0), place: places.get(&site).cloned() }
}

fn kind(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Mutex => "mutex",
        ResourceKind::RwLock => "rwlock",
        ResourceKind::Semaphore => "semaphore",
        ResourceKind::Channel => "channel",
        ResourceKind::Oneshot => "oneshot",
        ResourceKind::Barrier => "barrier",
    }
}

fn last_poll(last: LastPoll) -> &'static str {
    match last {
        LastPoll::Polled => "polled",
        LastPoll::Dropped => "dropped",
        LastPoll::Shutdown => "shutdown",
        LastPoll::Unheard => "unheard",
    }
}

fn changed(change: Change) -> &'static str {
    match change {
        Change::Set => "set",
        Change::Add => "add",
        Change::Sub => "sub",
    }
}

fn locked(change: LockChange) -> &'static str {
    match change {
        LockChange::Taken => "taken",
        LockChange::Free => "free",
        LockChange::ReaderIn => "reader in",
        LockChange::ReaderOut => "reader out",
    }
}
