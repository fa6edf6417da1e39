//! Programs that were once reported wrongly, each with its right answer: guards that move, permits that are forgotten, cycles
//! that are none, and stalls whose reason is not the obvious one.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails with the test")]

mod books;
mod counts;
mod guards;
mod planted;
mod stalls;
mod unpolled;

use super::books as shop;
use super::observed;

use std::time::Duration;

use observed::{On, observe};
use recorder::Detail;
use tokio::time::timeout;
use trace::{FindingKind, ResourceKind, Trace};

const MS: Duration = Duration::from_millis(1);

/// Runs a program to its end on virtual time.
fn on_virtual(program: impl Future<Output = ()> + Send + 'static) -> Trace {
    observe(On::Virtual, Detail::Waits, |_| program).0
}

/// Runs a program that comes to a standstill, for a virtual second.
fn for_a_second(program: impl Future<Output = ()> + Send + 'static) -> Trace {
    observe(On::Virtual, Detail::Waits, |_| async { _ = timeout(1_000 * MS, observed::spawn("root", program)).await }).0
}

/// A time at which nothing happens any more, and nothing has ended.
const QUIET_MS: u64 = 500;

/// The holders of the only contended resource of that kind at a time, each with a `?` if it is inferred.
fn holders(trace: &Trace, kind: ResourceKind, at_ms: u64) -> Vec<String> {
    let contended = trace.contended().find(|ix| trace.resources[*ix as usize].kind == kind).expect("somebody waits for it");
    let holdings = trace.resources[contended as usize].at(at_ms * 1_000_000);
    let told = |holder: &trace::Holder| {
        let name = holder.task.map_or("nobody", |task| &trace.tasks[task as usize].name);
        format!("{name}{}", if holder.inferred { "?" } else { "" })
    };
    holdings.holders.iter().map(told).collect()
}

/// The tasks that block a task at a time, each with a `?` if it is inferred.
fn kept_by(trace: &Trace, task: &str, at_ms: u64) -> Vec<String> {
    let (task, moment) = (observed::find(trace, task), at_ms * 1_000_000);
    let leaf = trace.wait_at(task, moment).expect("it waits").leaves[0];
    let blockers = trace.blockers(task, leaf, moment);
    let told = |blocker: &trace::Blocker| {
        let ahead = if blocker.ahead { "behind " } else { "" };
        format!("{ahead}{}{}", trace.tasks[blocker.task as usize].name, if blocker.inferred { "?" } else { "" })
    };
    blockers.iter().map(told).collect()
}

/// The line of a source that ends with a comment.
fn line_of(source: &str, comment: &str) -> u32 {
    let ends = |line: &str| line.ends_with(&format!("// {comment}"));
    source.lines().position(ends).expect("the line exists") as u32 + 1
}

fn kinds(trace: &Trace) -> Vec<FindingKind> {
    trace.findings().list.iter().map(|finding| finding.kind).collect()
}
