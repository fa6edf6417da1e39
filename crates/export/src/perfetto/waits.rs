//! What a wait or a branch is for, in words: its cause, what the source calls it, its line, its resource and who had that.

use facts::site::Cause;
use trace::{Branch, Leaf, TaskIx, Trace};

use super::file::{File, What};
use super::proto::DebugAnnotation;
use super::tasks::woken_by;

/// At most this many holders of a resource are named.
const HOLDERS: usize = 8;

/// The slice of a wait, which is the segment of a task with this index.
pub(super) fn what(file: &mut File, trace: &Trace, ix: TaskIx, place: usize, cause: Cause) -> What {
    let Some(view) = trace.wait_of(ix, place) else { return file.what("wait", cause.name()) };
    let main = view.leaves.iter().position(|leaf| trace.site(leaf.site).cause == cause).unwrap_or(0);
    let Some(leaf) = view.leaves.get(main) else { return file.what("wait", cause.name()) };
    let mut what = file.what("wait", trace.await_name(leaf.site).unwrap_or(cause.name()));
    what.notes = notes(file, trace, ix, *leaf, view.start_ns);
    let beside = view.leaves.iter().enumerate().filter(|(place, _)| *place != main);
    let beside: Vec<DebugAnnotation> = beside
        .map(|(_, leaf)| {
            let notes = notes(file, trace, ix, *leaf, view.start_ns);
            file.dict("", notes)
        })
        .collect();
    if !beside.is_empty() {
        what.notes.push(file.list("also", beside));
    }
    what.notes.extend(woken_by(file, trace, view.wake));
    what
}

/// The slice of a branch.
pub(super) fn branch(file: &mut File, trace: &Trace, task: TaskIx, branch: &Branch) -> What {
    let cause = trace.site(branch.site).cause;
    let mut what = file.what("branch", trace.await_name(branch.site).unwrap_or(cause.name()));
    let leaf = Leaf { site: branch.site, resource: branch.resource, inferred: false };
    what.notes = notes(file, trace, task, leaf, branch.start_ns);
    what
}

/// What is known of a future that a task waits on from a time on.
fn notes(file: &mut File, trace: &Trace, task: TaskIx, leaf: Leaf, at_ns: u64) -> Vec<DebugAnnotation> {
    let site = trace.site(leaf.site);
    let mut notes = vec![file.text("cause", site.cause.name())];
    notes.extend(trace.await_name(leaf.site).map(|name| file.text("await", name)));
    notes.extend(site.place.as_ref().map(|place| file.text("place", &place.to_string())));
    notes.extend(leaf.resource.map(|resource| file.text("resource", &trace.resource_name(resource))));
    if site.cause.is_lock() {
        notes.extend(holders(file, trace, task, leaf, at_ns));
    }
    if leaf.inferred {
        notes.push(file.holds("inferred"));
    }
    notes
}

/// Who has what a future waits for. At the time of a hand-over the task itself may have it already.
fn holders(file: &mut File, trace: &Trace, task: TaskIx, leaf: Leaf, at_ns: u64) -> Option<DebugAnnotation> {
    let blockers = trace.blockers(task, leaf, at_ns);
    let holders = blockers.iter().filter(|blocker| blocker.since_ns.is_some() && blocker.task != task);
    let named: Vec<DebugAnnotation> = holders
        .take(HOLDERS)
        .filter_map(|holder| trace.tasks.get(holder.task as usize))
        .map(|holder| file.text("", &holder.name))
        .collect();
    (!named.is_empty()).then(|| file.list("held by", named))
}
