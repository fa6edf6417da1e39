//! What the stream costs: run with `--release --ignored --nocapture`.

use std::num::NonZeroU64;
use std::sync::Arc;

use facts::event::{CallLine, LastPoll, NewSite, SiteId, TaskId};
use facts::site::Site;
use recording::{Header, Program, Subject, Writer};

use super::super::Living;
use super::*;

const TASKS: u64 = 100_000;
const POLLS: u64 = 1_000_000;

fn id(task: u64) -> TaskId {
    TaskId(NonZeroU64::new(task).expect("it is not 0"))
}

fn told(living: &mut Living, at_ns: u64, what: What) -> Event {
    let mut event = Event { at_ns, what };
    if let Some(first) = living.name(&mut event) {
        living.push(0, &first);
    }
    living.push(0, &event);
    event
}

/// 100,000 tasks, each of which has been polled and waits.
fn crowd() -> Living {
    let mut living = Living::default();
    let site = Arc::new(Site::default());
    told(&mut living, 0, What::Site(Box::new(NewSite { id: SiteId(1), site })));
    let at = CallLine::from(std::panic::Location::caller());
    for task in (1..=TASKS).map(id) {
        let at_ns = task.0.get() * 1_000;
        told(&mut living, at_ns, What::Spawn { task, parent: None, at: at.clone() });
        for poll in 0..2 {
            told(&mut living, at_ns + poll, What::PollStart(task));
            told(&mut living, at_ns + poll, What::Pending { task, op: None, resource: None, site: SiteId(1) });
            told(&mut living, at_ns + poll, What::PollEnd(task));
        }
    }
    living
}

#[test]
#[ignore = "it measures"]
fn measure() {
    let subject = Subject::Program(Program::default());
    let mut writer = Writer::new(Vec::with_capacity(64 << 20), &Header { version: String::new(), subject });
    let mut living = crowd();
    for tasks in [100, TASKS] {
        let began = Instant::now();
        for poll in 0..POLLS {
            let task = id(poll % tasks + 1);
            let at_ns = TASKS * 1_000 + poll * 2_000;
            for what in [What::Wake { task, by: None }, What::PollStart(task), What::PollEnd(task)] {
                let event = told(&mut living, at_ns, what);
                writer.event(0, &event);
            }
        }
        let each = began.elapsed() / POLLS as u32;
        eprintln!(
            "{each:?} a poll with its wake, among {tasks} tasks: {} % of a processor at 500,000 a second",
            each.as_nanos() / 20
        );
    }
    let before = writer.to().len();
    let began = Instant::now();
    writer.begin_keyframe();
    living.facts(|thread, event| writer.event(thread, event));
    writer.end_keyframe();
    let bytes = writer.to().len() - before;
    eprintln!("a keyframe of {TASKS} tasks: {:?}, {} events, {bytes} bytes", began.elapsed(), living.len());
    let began = Instant::now();
    for task in (1..=TASKS).map(id) {
        told(&mut living, u64::MAX, What::Terminate { task, last: LastPoll::Shutdown });
    }
    eprintln!("the end of {TASKS} tasks: {:?}", began.elapsed());
    assert!(living.is_empty(), "{} events are left", living.len());
}
