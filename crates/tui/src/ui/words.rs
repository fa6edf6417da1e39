//! Waits in words: what for, where, who holds it, who ended it.
//!
//! Several panes describe the same wait. They share these words, which gives each thing one name.
//! Anything inferred and not observed carries the mark that the help explains.

use std::borrow::Cow;

use crate::app::model::RunView;
use crate::text;
use crate::ui::format;
use crate::ui::theme::Look;
use facts::site::Part;
use trace::{Blocker, Cause, Family, Holdings, Leaf, Missing, Place, ResourceKind, TaskIx, Trace, Wake, Waker};

/// At most so many tasks are named; the others are counted.
pub(crate) const NAMED: usize = 12;

/// How many tasks in a lock's wait queue are searched for a task.
const IN_LINE: usize = 4_096;

/// The file name without folders, and the line.
pub(crate) fn short(place: &Place) -> String {
    format!("{}:{}", file(&place.file), place.line)
}

/// The file name without folders.
pub(crate) fn file(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What the build lacks so that source lines are unknown, and how to build it; `None` if it lacks nothing.
pub(crate) fn lacking(missing: Missing) -> Option<[String; 2]> {
    let list = |part: fn(Part) -> &'static str| missing.parts().map(part).collect::<Vec<_>>().join(", ");
    let told =
        || [format!("source lines unknown: no {}", list(|part| part.what)), format!("build with {}", list(|part| part.setting))];
    missing.any().then(told)
}

/// A sentence whose places are shortened to file names without folders.
pub(crate) fn shortened(text: &str) -> String {
    let word = |word| if str::contains(word, ".rs:") { file(word) } else { word };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The state of a resource: how many permits are left, or who has access.
pub(crate) fn standing(kind: ResourceKind, holdings: &Holdings) -> Option<String> {
    let left = || Some(format!("{} of {} left", holdings.free?, holdings.permits?));
    match kind {
        ResourceKind::Semaphore | ResourceKind::Channel => left(),
        ResourceKind::Mutex => Some(if holdings.holders.is_empty() { "free" } else { "locked" }.to_owned()),
        ResourceKind::RwLock => Some(match holdings.holders.len() {
            0 => "free".to_owned(),
            _ if holdings.holders.iter().any(|holder| holder.exclusive) => "write-locked".to_owned(),
            readers => format::counted(readers as u64, "reader"),
        }),
        ResourceKind::Oneshot | ResourceKind::Barrier => None,
    }
}

/// What a task waits for: `semaphore (0 of 3 left)`, `rwlock, to write (2 readers)`.
pub(crate) fn what(look: Look, trace: &Trace, task: TaskIx, leaf: Leaf, at_ns: u64) -> String {
    let cause = trace.site(leaf.site).cause;
    let name = match cause {
        Cause::Time => "a timer",
        Cause::MpscSend => "room in a channel",
        Cause::MpscRecv => "a message",
        Cause::Join => "the end of a task",
        Cause::Other => "a future outside Tokio",
        Cause::Blocking => "a blocking thread",
        Cause::Yield => "its next turn",
        Cause::Budget => "its next turn (budget used up)",
        Cause::Preempted => "its next turn (poll cut by the schedule)",
        Cause::Unknown => "an unknown cause",
        other => other.name(),
    };
    // If one place made several locks, this says which.
    let name = leaf.resource.filter(|_| cause.is_lock()).map_or_else(|| name.to_owned(), |lock| trace.resource_kind(lock));
    let resource = leaf.resource.and_then(|resource| trace.resources.get(resource as usize));
    let stands = resource.and_then(|resource| standing(resource.kind, &resource.at_with(at_ns, 0)));
    let to = resource.filter(|resource| resource.kind == ResourceKind::RwLock).and_then(|resource| {
        let waiters = resource.at_with(at_ns, IN_LINE).waiters;
        let own = waiters.iter().rev().find(|waiter| waiter.task == task)?;
        Some(if own.writes() { ", to write" } else { ", to read" })
    });
    let name = format!("{name}{}", to.unwrap_or_default());
    let mark = if leaf.inferred { look.glyphs.inferred } else { "" };
    match stands {
        Some(stands) => format!("{name}{mark} ({stands})"),
        None => format!("{name}{mark}"),
    }
}

/// Where a task waits.
pub(crate) fn place(trace: &Trace, leaf: Leaf) -> Option<String> {
    trace.site(leaf.site).place.as_ref().map(short)
}

/// The functions from the task's own to the one that waits, each with the line where it waits.
pub(crate) fn chain(trace: &Trace, leaf: Leaf) -> Vec<String> {
    let step = |function: &str| {
        let parts: Vec<&str> = function.split("::").filter(|part| !part.starts_with('{') && !part.is_empty()).collect();
        parts[parts.len().saturating_sub(2)..].join("::")
    };
    trace.site(leaf.site).chain().map(|frame| format!("{} {}", step(&frame.function), short(&frame.place))).collect()
}

/// Names tasks, with the common part of their names once: `request 0, 1, 2`. Tasks that are only inferred carry the
/// mark.
pub(crate) fn blockers(look: Look, trace: &Trace, blockers: &[Blocker]) -> String {
    let mark = |blocker: &Blocker| if blocker.inferred { look.glyphs.inferred } else { "" };
    let names = blockers.iter().map(|blocker| (name(trace, blocker.task), mark(blocker)));
    list(names, blockers.len())
}

/// Names tasks, of which at least the first [`NAMED`] are given, with the common part of their names once.
pub(crate) fn list<'a>(names: impl Iterator<Item = (Cow<'a, str>, &'a str)>, all: usize) -> String {
    let head = |name: &str| name.rfind(' ').map_or(0, |at| at + 1);
    let mut text = String::new();
    let mut before = String::new();
    for (name, mark) in names.take(NAMED) {
        let cut = head(&name);
        let same = cut > 0 && !text.is_empty() && name[..cut] == *before;
        text += if text.is_empty() { "" } else { ", " };
        text += if same { &name[cut..] } else { &name };
        text += mark;
        name[..cut].clone_into(&mut before);
    }
    if all > NAMED {
        text += " and ";
        text += &format::count((all - NAMED) as u64);
        text += " more";
    }
    text
}

/// How others keep a task from continuing: they hold what it wants, are ahead of it in the wait queue, or must act
/// first.
pub(crate) fn how_kept(trace: &Trace, leaf: Leaf, blockers: &[Blocker]) -> &'static str {
    match blockers.first() {
        Some(first) if first.ahead => "behind",
        Some(_) if trace.site(leaf.site).cause.is_lock() => "held by",
        _ => "by",
    }
}

/// Who woke a task.
pub(crate) fn waker(trace: &Trace, wake: Wake, own: u32) -> String {
    match wake.by {
        Waker::Task(by) if by == own => "itself".into(),
        Waker::Task(by) => name(trace, by).into(),
        Waker::Timer => "a timer".into(),
        Waker::Io => "the IO driver".into(),
        Waker::Blocking => "a blocking thread".into(),
        Waker::Scheduler => "the scheduler".into(),
        Waker::Budget => "the scheduler (budget used up)".into(),
        Waker::Schedule => "the scheduler (poll cut by the schedule)".into(),
        Waker::Outside => "a thread outside the runtime".into(),
        Waker::Unknown => "something outside".into(),
    }
}

/// Where a ready task is that no idle worker takes, if that can be inferred.
pub(crate) fn slot(look: Look, run: &RunView, task: TaskIx) -> Option<String> {
    let slot = run.trace.slot_at(task, run.cursor.at_ns)?;
    let thread = |thread: u16| run.trace.thread_name(thread);
    let (worker, idle, behind) = (thread(slot.worker), thread(slot.idle), name(&run.trace, slot.behind));
    let inferred = look.glyphs.inferred;
    Some(format!("in the LIFO slot of {worker}, which polls {behind}; {idle} is idle and cannot take it{inferred}"))
}

/// A task's name.
pub(crate) fn name(trace: &Trace, task: u32) -> Cow<'_, str> {
    trace.tasks.get(task as usize).map_or("a task".into(), |task| text::name(&task.name))
}

/// What ends a wait that no known task blocks.
pub(crate) fn outlook(cause: Cause) -> &'static str {
    match Family::of(cause) {
        Family::Time => "a timer will wake it",
        Family::Io => "IO will wake it",
        Family::Channel => "no live task has ever woken it",
        Family::Join => "none of its children is alive",
        Family::Lock => "its holder is unknown",
        Family::Other => "no further cause known",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_once_and_many_are_counted() {
        let plain = |names: &[&'static str]| list(names.iter().map(|name| ((*name).into(), "")), names.len());
        assert_eq!(plain(&["request 0", "request 1", "request 12"]), "request 0, 1, 12");
        assert_eq!(plain(&["task A", "main", "task B"]), "task A, main, task B");
        let many: Vec<String> = (0..14).map(|i| format!("w {i}")).collect();
        let named = many.iter().map(|name| (name.as_str().into(), ""));
        assert_eq!(list(named, 14), "w 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more");
        assert_eq!(list([("w 0".into(), "?"), ("w 1".into(), "?")].into_iter(), 2), "w 0?, 1?");
        assert_eq!(plain(&[]), "");
    }

    #[test]
    fn a_place_is_told_without_its_folders() {
        assert_eq!(shortened("a/b waits at scenarios/x.rs:3; so"), "a/b waits at x.rs:3; so");
        assert_eq!(short(&Place { file: "scenarios/semaphore.rs".into(), line: 33 }), "semaphore.rs:33");
    }
}
