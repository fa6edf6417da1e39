use std::num::NonZeroU64;
use std::panic::Location;

use crossterm::event::KeyCode;
use scenario::Clock;

use crate::app::input::action::Action;
use crate::app::model::Model;
use crate::app::run::playback::recorded;
use crate::app::testing::*;
use engine::Schedule;
use facts::event::{CallLine, Event, NewSite, SiteId, TaskId, What};
use facts::site::Site;
use trace::Trace;

/// Main is polled once and two tasks twice each, all at one moment. A schedule cuts the poll with this number, if any.
fn told(cut: Option<u64>) -> Trace {
    let mut trace = Trace::new(trace::Detail::Waits);
    let site = NewSite { id: SiteId(1), site: Site::default().into() };
    trace.push(0, Event { at_ns: 0, what: What::Site(Box::new(site)) });
    let tasks = [1, 2, 3].map(|n| TaskId(NonZeroU64::new(n).expect("not 0")));
    for task in tasks {
        let at = CallLine::Known(Location::caller());
        trace.push(0, Event { at_ns: 0, what: What::Spawn { task, parent: None, at } });
    }
    for (poll, task) in (1..).zip([0, 1, 2, 1, 2]) {
        let task = tasks[task];
        let limited = [What::Limited { task, operations: 0 }, What::Turn { task, site: SiteId(1), spent: true }];
        let within = limited.into_iter().filter(|_| cut == Some(poll));
        for what in [What::PollStart(task)].into_iter().chain(within).chain([What::PollEnd(task)]) {
            trace.push(0, Event { at_ns: 0, what });
        }
        trace.push(0, Event { at_ns: 0, what: What::Wake { task, by: None } });
    }
    trace.close(0);
    trace
}

/// The run shows a trace, and the cursor is before its first poll.
fn shows(model: &mut Model, cut: Option<u64>) {
    shown_mut(model).trace = told(cut);
    recorded(model);
}

fn stepped(steps: usize) -> Model {
    let mut model = played();
    shows(&mut model, None);
    shown_mut(&mut model).cursor.playing = false;
    for _ in 0..steps {
        let run = shown_mut(&mut model);
        run.cursor.poll = Some(run.cursor.poll.map_or(0, |poll| poll + 1));
    }
    model
}

/// The schedule that a key starts a run with.
fn started(model: &mut Model, key: char) -> Option<String> {
    let specs = press(model, KeyCode::Char(key));
    assert!(specs.len() <= 1);
    specs.first().map(|spec| spec.schedule.to_string())
}

#[test]
fn a_poll_is_put_off_later_and_later_until_it_makes_no_more_operations() {
    let mut model = stepped(2);
    assert_eq!(started(&mut model, 'x').as_deref(), Some("2:0"));
    assert_eq!(shown(&model).cursor.poll, Some(1), "the cursor stays at its poll");
    shows(&mut model, Some(2));
    assert_eq!(started(&mut model, 'x').as_deref(), Some("2:1"));
    // It is not cut there, so the next press lets it go.
    model.session.put_off = Some(2);
    shows(&mut model, None);
    assert!(notice(&model).contains("nothing to put off"), "{}", notice(&model));
    assert_eq!(started(&mut model, 'x').as_deref(), Some("0"));
}

#[test]
fn each_change_of_the_schedule_can_be_taken_back() {
    let mut model = stepped(2);
    started(&mut model, 'x');
    shows(&mut model, Some(2));
    shown_mut(&mut model).cursor.poll = Some(3);
    assert_eq!(started(&mut model, 'x').as_deref(), Some("2:0,4:0"));
    shows(&mut model, Some(2));
    assert_eq!(started(&mut model, 'X').as_deref(), Some("2:0"));
    shows(&mut model, Some(2));
    assert_eq!(started(&mut model, 'X').as_deref(), Some("0"));
    shows(&mut model, None);
    assert_eq!(started(&mut model, 'X'), None);
    assert_eq!(notice(&model), "no poll was put off");
}

#[test]
fn an_earlier_poll_drops_the_later_preemptions() {
    let mut model = stepped(2);
    model.form.schedule = Schedule::default();
    shows(&mut model, Some(4));
    assert_eq!(started(&mut model, 'x').as_deref(), Some("2:0"));
}

#[test]
fn without_a_step_the_key_steps_first() {
    let mut model = stepped(0);
    assert_eq!(started(&mut model, 'x'), None);
    assert_eq!(shown(&model).cursor.poll, Some(0), "a run that takes no time begins anew");
    assert_eq!(notice(&model), "poll 1 is task 0's: once more puts it off");
}

#[test]
fn nothing_is_put_off_on_the_real_clock() {
    let mut model = stepped(1);
    shown_mut(&mut model).spec.clock = Clock::Real;
    assert!(ask(&mut model, Action::PutOff).is_empty());
    assert!(notice(&model).starts_with("on the real clock"), "{}", notice(&model));
}
