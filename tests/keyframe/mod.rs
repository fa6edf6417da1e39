//! Keyframes: the living restated.

use super::model;
use super::observed::keyframe as check;

use facts::event::Event;
use proptest::prelude::*;
use recorder::Living;

use model::Model;

fn events(steps: &[(u64, usize, u8)]) -> Vec<(u16, Event)> {
    let model = Model::from_steps(steps);
    model.told.iter().map(|(thread, at_ns, fact)| (*thread, Event { at_ns: *at_ns, what: fact.what() })).collect()
}

proptest! {
    #[test]
    fn a_keyframe_and_the_rest_give_the_picture_of_the_whole(
        steps in prop::collection::vec((0..9_u64, any::<usize>(), 0..14_u8), 0..300),
        cuts in prop::collection::vec(0..400_usize, 1..6),
    ) {
        let compared = check::compare(&events(&steps), &cuts);
        prop_assert!(compared.is_ok(), "{}", compared.expect_err("it is not ok"));
    }
}

/// A hundred thousand tasks that come and go leave nothing behind.
#[test]
fn the_memory_is_bounded_by_what_lives() {
    use facts::event::{CallLine, LastPoll, SpanId, SpanOpen, TaskId, What};
    use std::num::NonZeroU64;

    let mut living = Living::default();
    let id = |task: u64| TaskId(NonZeroU64::new(task).expect("it is not 0"));
    let at = CallLine::from(std::panic::Location::caller());
    let mut most = 0;
    let mut tell = |living: &mut Living, at_ns, what| {
        let mut event = Event { at_ns, what };
        if let Some(first) = living.name(&mut event) {
            living.push(0, &first);
        }
        living.push(0, &event);
        most = most.max(living.len());
    };
    for task in 1..=100_000 {
        let (task, by) = (id(task), (task > 1).then(|| id(task - 1)));
        tell(&mut living, task.0.get(), What::Spawn { task, parent: by, at: at.clone() });
        tell(&mut living, task.0.get(), What::PollStart(task));
        tell(
            &mut living,
            task.0.get(),
            What::SpanOpen(Box::new(SpanOpen { span: SpanId(task.0.get()), task, label: String::new() })),
        );
        tell(&mut living, task.0.get(), What::Wake { task, by });
        tell(&mut living, task.0.get(), What::PollEnd(task));
        if let Some(task) = by {
            tell(&mut living, task.0.get() + 1, What::PollStart(task));
            tell(&mut living, task.0.get() + 1, What::Terminate { task, last: LastPoll::Polled });
            tell(&mut living, task.0.get() + 1, What::PollEnd(task));
        }
    }
    assert!(most < 20, "{most} events for two tasks");
    assert_eq!(living.tasks(), 1);
}
