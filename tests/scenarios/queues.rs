//! The claims of the lessons on queues, over more settings than their own tests have.

use super::simulate::{Ended, simulate, values};
use super::{finish, scenario};

#[test]
fn sentinels_for_producers_leave_consumers_waiting_when_there_are_more_of_them() {
    for (producers, consumers, stalls) in [("2", "3", true), ("1", "2", true), ("2", "2", false), ("3", "1", false)] {
        let turned = [("producers", producers), ("consumers", consumers), ("capacity", "1"), ("end", "sentinel")];
        let scenario = scenario("producer-consumer");
        let ended = simulate(scenario, values(scenario, &turned), 0);
        assert_eq!(ended == Ended::Stalled, stalls, "{producers} producers, {consumers} consumers");
    }
}

#[test]
fn an_unbounded_queue_breaks_its_check_only_when_more_comes_in_than_goes_out() {
    for (variant, consume, holds) in [
        ("unbounded", "20", false),
        ("unbounded", "195", false),
        ("unbounded", "200", true),
        ("bounded", "20", true),
        ("drop-oldest", "20", true),
    ] {
        let (outcome, _) = finish("unbounded", &[("variant", variant), ("consume", consume)], 0);
        assert_eq!(outcome.holds(), holds, "{variant}, {consume} a second");
    }
}
