//! A keyframe plus the rest gives the same picture of the living as the whole.

use std::collections::HashSet;

use facts::event::{Event, SiteId, What};
use recorder::Living;
use trace::{ResourceKind, State, Trace};

/// What is alive at the end of a trace: a line for each task, and one for each resource that somebody holds or waits for.
pub(crate) fn picture(trace: &Trace) -> Vec<String> {
    let tasks = (0..trace.tasks.len() as u32).filter(|task| trace.tasks[*task as usize].ended.is_none());
    let mut lines: Vec<String> = tasks.map(|task| of_task(trace, task)).collect();
    lines.extend((0..trace.resources.len() as u32).filter_map(|resource| of_resource(trace, resource)));
    lines
}

fn of_task(trace: &Trace, task: u32) -> String {
    let of = &trace.tasks[task as usize];
    let last = of.segments.last().expect("a task has a state");
    let state = match last.state {
        State::Running(thread) => format!("runs on {}", trace.thread_name(thread)),
        State::Ready => "is ready".to_owned(),
        State::Waiting(cause) => format!("waits for {cause}"),
    };
    let leaves = trace.wait_at(task, u64::MAX).map_or(&[][..], |wait| wait.leaves);
    let leaves: Vec<_> = leaves
        .iter()
        .map(|leaf| {
            let site = trace.site(leaf.site);
            let resource = leaf.resource.map(|resource| trace.resource_name(resource));
            format!("{:?} {:?} {resource:?} inferred {}", site.cause, site.place, leaf.inferred)
        })
        .collect();
    let parent = of.parent.map(|parent| &trace.tasks[parent as usize]).filter(|parent| parent.ended.is_none());
    let spans: Vec<_> = of.spans.iter().filter(|span| span.end_ns.is_none()).map(|span| &span.label).collect();
    format!(
        "{} spawned at {} {:?} by {:?}, {state} since {}: {leaves:?} in {spans:?}",
        of.name,
        of.spawned_ns,
        of.spawned_at.as_ref().map(ToString::to_string),
        parent.map(|parent| &parent.name),
        last.start_ns,
    )
}

fn of_resource(trace: &Trace, resource: u32) -> Option<String> {
    let of = &trace.resources[resource as usize];
    let now = of.at(u64::MAX);
    let unsure = of.kind == ResourceKind::Semaphore && now.permits.is_none();
    if (now.holders.is_empty() || unsure) && now.waiting == 0 {
        return None;
    }
    let name = |task: u32| &trace.tasks[task as usize].name;
    let holders: Vec<_> = now
        .holders
        .iter()
        .map(|holder| {
            let site = holder.site.map(|site| trace.site(site).place.clone());
            // Which task an inferred holder is can differ: see `recorder::stream::living::resources`. That it is inferred cannot.
            let task = holder.task.filter(|_| !holder.inferred).map(name);
            // Since when an inferred holder has it is inferred, too.
            let since = (!holder.inferred).then_some(holder.since_ns);
            format!(
                "{task:?} {} since {since:?} exclusive {} inferred {} {site:?}",
                holder.permits, holder.exclusive, holder.inferred
            )
        })
        .collect();
    let waiters: Vec<_> = now
        .waiters
        .iter()
        .map(|waiter| format!("{} since {} {}/{}", name(waiter.task), waiter.since_ns, waiter.granted, waiter.asks))
        .collect();
    // Of a semaphore of which permits were taken unseen, everything about holders is inferred from facts of the past.
    let holders = if unsure { Vec::new() } else { holders };
    let name = trace.resource_name(resource);
    Some(format!("{name} {:?} of {:?} free, held by {holders:?}, wanted by {waiters:?}", now.free, now.permits))
}

/// A trace that begins with a keyframe, told like a viewer: the meaning of a site comes before its first event.
pub(crate) fn from_keyframe(living: &Living) -> (Trace, HashSet<SiteId>) {
    let (mut trace, mut told) = (Trace::default(), HashSet::new());
    living.facts(|thread, event| tell(&mut trace, &mut told, living, thread, event));
    (trace, told)
}

fn tell(trace: &mut Trace, told: &mut HashSet<SiteId>, living: &Living, thread: u16, event: &Event) {
    if let Some(id) = event.what.site()
        && told.insert(id)
        && let Some(site) = living.site(id, event.at_ns)
    {
        trace.push(thread, site);
    }
    trace.push(thread, event.clone());
}

/// Checks that traces that begin at each of the cuts have the picture of the whole at that cut and at all later ones. Returns the
/// first difference.
pub(crate) fn compare(events: &[(u16, Event)], cuts: &[usize]) -> Result<(), String> {
    let (mut living, mut whole) = (Living::default(), Trace::default());
    let mut late: Vec<(usize, Trace, HashSet<SiteId>)> = Vec::new();
    for (at, (thread, event)) in events.iter().enumerate() {
        if cuts.contains(&at) {
            let (trace, told) = from_keyframe(&living);
            late.push((at, trace, told));
            let right = picture(&whole);
            for (from, trace, _) in &late {
                differ(&right, &picture(trace)).map_err(|how| format!("keyframe at {from}, compared at {at}:\n{how}"))?;
            }
        }
        let mut event = event.clone();
        let named = living.name(&mut event);
        for event in named.into_iter().chain([event]) {
            living.push(*thread, &event);
            let is_site = matches!(event.what, What::Site(_));
            for (_, trace, told) in late.iter_mut().filter(|_| !is_site) {
                tell(trace, told, &living, *thread, &event);
            }
            whole.push(*thread, event);
        }
    }
    Ok(())
}

fn differ(whole: &[String], late: &[String]) -> Result<(), String> {
    let without = |all: &[String], other: &[String]| all.iter().filter(|line| !other.contains(line)).cloned().collect::<Vec<_>>();
    let (missing, wrong) = (without(whole, late), without(late, whole));
    if missing.is_empty() && wrong.is_empty() && whole.len() == late.len() {
        return Ok(());
    }
    Err(format!("whole: {missing:#?}\nkeyframe: {wrong:#?}"))
}

/// So many cuts of a run.
const CUTS: usize = 6;

/// No more events than these are compared.
const MOST: usize = 20_000;

/// [`compare`] at a few moments.
pub(crate) fn check(events: &[(u16, Event)]) {
    let events = &events[..events.len().min(MOST)];
    let cuts: Vec<usize> = (1..=CUTS).map(|cut| events.len() * cut / (CUTS + 1)).collect();
    if let Err(how) = compare(events, &cuts) {
        panic!("the keyframe differs from the whole: {how}");
    }
}
