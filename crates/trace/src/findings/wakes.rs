//! Useless wakes.
//!
//! A *herd*: one poll wakes several tasks that wait for a notification at the same
//! line. At least one of them continues, and more than half go back to waiting at
//! that line. If all continue, or all go back, the wake was meant for every task. A
//! herd is reported only if it happens several times.
//!
//! *Redundant wakes* of a task that is already ready cost little. They are reported if
//! there are many and they outnumber the task's other wakes.
//!
//! *Self-wakes* are reported by tokio-console's measure: more than half of a task's
//! wakes are its own. `yield_now` does not count, because the runtime wakes the task.
//! Nor do wakes after Tokio's budget ran out, or wakes that a library makes for
//! fairness. But a task that keeps exhausting its budget and hardly ever waits for
//! anything is a busy loop all the same.

use std::collections::BTreeMap;

use super::{FindingKind, Findings, Sight, at_least, tasks};
use crate::Trace;
use crate::task::{Segment, State, Task, TaskIx, Waker};
use crate::waits::{Leaf, WaitTotal};
use facts::site::{Cause, Place};

/// A task with fewer self-wakes is not reported.
const OWN: u32 = 16;

/// A task that ran out of budget fewer times may just have been busy.
const SPENT: u32 = 256;

/// A task that has been alive for less time may just have been busy.
const LONG_NS: u64 = 1_000_000_000;

/// How many of a task's last segments are searched for waits.
const SEGMENTS: usize = 4_096;

/// A task with fewer redundant wakes is not reported.
const REDUNDANT: u64 = 100;

/// The fewest tasks in a herd.
const HERD: usize = 4;

/// The fewest herds at one place that are reported.
const HERDS: usize = 3;

/// How many waits are searched for herds. A trace may have millions, and the first ones are enough.
const LOOKED_AT: usize = 50_000;

/// The outcome of the wakes of one poll at one place.
#[derive(Debug, Default)]
struct Herd {
    /// The tasks that went back to waiting, and when.
    back: Vec<(TaskIx, u64)>,
    /// How many tasks continued.
    on: usize,
}

impl Herd {
    fn size(&self) -> usize {
        self.back.len() + self.on
    }

    fn is_in_vain(&self) -> bool {
        self.on > 0 && self.back.len() > self.on && self.size() >= HERD
    }
}

/// A task that was woken again and again while it was ready.
pub(super) fn redundant(trace: &Trace, task: TaskIx, of: &Task) -> Option<Sight<String>> {
    let often = of.redundant_wakes >= REDUNDANT && of.redundant_wakes > of.wakes.len() as u64;
    often.then(|| {
        let told = format!("{} was woken {} times while it was already ready", of.name, of.redundant_wakes);
        let at_ns = of.ended.map_or(trace.end_ns, |end| end.at_ns);
        Sight { task: Some(task), at_ns, place: trace.spawn_place(task), weight: of.redundant_wakes, told }
    })
}

/// A task that mostly wakes itself.
pub(super) fn own(trace: &Trace, task: TaskIx, of: &Task) -> Option<Sight<String>> {
    let turns = trace.turns.of(task);
    let mostly = |wakes: u32| wakes >= OWN && wakes as usize > of.wakes.len() / 2;
    let (wakes, told) = if mostly(of.self_wakes) {
        (of.self_wakes, format!("{} woke itself {} of the {} times it was woken", of.name, of.self_wakes, of.wakes.len()))
    } else if turns.spent >= SPENT && mostly(turns.spent) && never_rests(trace, of) {
        (turns.spent, format!("{} ran out of budget {} times and hardly ever waited for anything", of.name, turns.spent))
    } else {
        return None;
    };
    let at_ns = of.ended.map_or(trace.end_ns, |end| end.at_ns);
    let place = turns.own.and_then(|site| trace.site(site).place.clone()).or_else(|| trace.spawn_place(task));
    Some(Sight { task: Some(task), at_ns, place, weight: wakes.into(), told })
}

/// Whether a task has been alive for long, and lately waited for almost nothing but its turn.
fn never_rests(trace: &Trace, of: &Task) -> bool {
    let waits = |segment: &Segment| matches!(segment.state, State::Waiting(cause) if !cause.is_turn());
    let lately = &of.segments[of.segments.len().saturating_sub(SEGMENTS)..];
    let rests = lately.iter().filter(|segment| waits(segment)).count();
    of.duration(trace.end_ns) >= LONG_NS && rests < lately.len() / 100
}

/// Finds herds that were woken in vain.
pub(super) fn herds(trace: &Trace, found: &mut Findings) {
    let notified = |total: &WaitTotal| total.cause == Cause::Notify && total.count >= (HERD * HERDS) as u64;
    if !trace.wait_totals().iter().any(notified) {
        return;
    }
    let mut of_place: BTreeMap<Place, Vec<Herd>> = BTreeMap::new();
    let (herds, all) = gathered(trace);
    for ((.., place), herd) in herds {
        if herd.is_in_vain() {
            of_place.entry(place).or_default().push(herd);
        }
    }
    for (place, herds) in of_place.into_iter().filter(|(_, herds)| herds.len() >= HERDS) {
        let Some(&(task, at_ns)) = herds.iter().max_by_key(|herd| herd.size()).and_then(|largest| largest.back.last()) else {
            continue;
        };
        let (wakes, on) = herds.iter().fold((0, 0), |(all, on), herd| (all + herd.size(), on + herd.on));
        let largest = herds.iter().map(Herd::size).max().unwrap_or(0);
        let told = format!(
            "up to {} were woken at once, {}{} times; only {on} of the {wakes} wakes were useful, and the other tasks went back \
             to waiting",
            tasks(largest),
            at_least(all),
            herds.len(),
        );
        let worst = Sight { task: Some(task), at_ns, place: Some(place), weight: 0, told: () };
        found.tell(FindingKind::UselessWakes, &worst, told, herds.iter().flat_map(|herd| herd.back.iter().copied()));
    }
}

/// The herds by waking task, poll and place, and whether all waits were looked at. If there are too many waits, the first ones
/// of each task are looked at, so that all tasks of a herd are included.
fn gathered(trace: &Trace) -> (BTreeMap<(TaskIx, u64, Place), Herd>, bool) {
    let waiting = trace.tasks.iter().filter(|of| of.waits().next().is_some()).count();
    let share = (LOOKED_AT / waiting.max(1)).max(2 * HERDS);
    let mut herds: BTreeMap<_, Herd> = BTreeMap::new();
    let (mut left, mut all) = (LOOKED_AT, true);
    for (task, of) in (0..).zip(&trace.tasks) {
        let mut waits = of.waits().peekable();
        for _ in 0..share.min(left) {
            let Some((ix, wait)) = waits.next() else { break };
            left -= 1;
            let leaves = trace.leaves(wait);
            let Some(place) = notification(trace, leaves) else { continue };
            let Some(Waker::Task(by)) = trace.view(of, ix).and_then(|view| view.wake).map(|wake| wake.by) else { continue };
            let woken_ns = of.segments.get(ix + 1).map_or(0, |next| next.start_ns);
            let poll = trace.tasks[by as usize].segment_at(woken_ns).map_or(0, |segment| segment.start_ns);
            let herd = herds.entry((by, poll, place)).or_default();
            match waits.peek() {
                Some((_, next)) if trace.leaves(*next) == leaves => herd.back.push((task, next.start_ns)),
                // Not yet known whether it continues.
                None if of.ended.is_none() => {}
                _ => herd.on += 1,
            }
        }
        all &= waits.next().is_none();
    }
    (herds, all)
}

/// The line at which a task waits for one notification and for nothing else.
fn notification(trace: &Trace, leaves: &[Leaf]) -> Option<Place> {
    let [leaf] = leaves else { return None };
    let site = trace.site(leaf.site);
    site.place.clone().filter(|_| site.cause == Cause::Notify)
}
