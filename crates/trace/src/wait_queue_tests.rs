//! Lines and contention against a naive account: every step of a random history, looked at from the end.

use proptest::prelude::*;

use super::resource::{Holder, Resource};
use super::wait_queue::Waiter;
use facts::event::ResourceKind;

/// What a random history is made of; places are picked among those in line.
#[derive(Debug, Clone, Copy)]
enum Fact {
    Join { asks: u32 },
    Grant(prop::sample::Index),
    Leave(prop::sample::Index),
    Hold,
    Release,
}

/// A waiter by the naive account: when it came, what was granted when, when it left.
#[derive(Debug)]
struct Told {
    waiter: Waiter,
    came: usize,
    granted: Vec<usize>,
    left: Option<(usize, u64)>,
}

fn facts() -> impl Strategy<Value = Vec<(u64, Fact)>> {
    let any = any::<prop::sample::Index>;
    let fact = prop_oneof![
        4 => (1..4_u32).prop_map(|asks| Fact::Join { asks }),
        3 => any().prop_map(Fact::Grant),
        3 => any().prop_map(Fact::Leave),
        1 => Just(Fact::Hold),
        1 => Just(Fact::Release),
    ];
    prop::collection::vec((prop_oneof![2 => Just(0), 1 => 1..9_u64], fact), 0..400)
}

/// Tells a resource a history, and keeps an account of it. Returns the time of each step too.
fn tell(facts: &[(u64, Fact)]) -> (Resource, Vec<Told>, Vec<u64>) {
    let mut resource = Resource::new(ResourceKind::Semaphore, 0, None, 1);
    let (mut told, mut times, mut now_ns): (Vec<Told>, Vec<u64>, u64) = Default::default();
    let mut held = Vec::new();
    for (pause, fact) in facts {
        now_ns += pause;
        let inside: Vec<usize> = (0..told.len()).filter(|place| told[*place].left.is_none()).collect();
        let pick = |index: prop::sample::Index| (!inside.is_empty()).then(|| inside[index.index(inside.len())]);
        match *fact {
            Fact::Join { asks } => {
                let task = told.len() as u32;
                let waiter = Waiter { task, since_ns: now_ns, asks, granted: 0, site: None };
                resource.join(now_ns, waiter);
                told.push(Told { waiter, came: times.len(), granted: Vec::new(), left: None });
            }
            Fact::Grant(index) => {
                let Some(place) = pick(index) else { continue };
                resource.grant(now_ns, place as u32, 1);
                told[place].granted.push(times.len());
            }
            Fact::Leave(index) => {
                let Some(place) = pick(index) else { continue };
                resource.leave(now_ns, place as u32, false);
                told[place].left = Some((times.len(), now_ns));
            }
            Fact::Hold => {
                let holder =
                    Holder { task: Some(0), since_ns: now_ns, permits: 1, exclusive: false, site: None, inferred: false };
                held.push(resource.take(holder, false, 0));
            }
            Fact::Release => {
                let Some(guard) = held.pop() else { continue };
                resource.release(now_ns, Some(0), guard, 1);
            }
        }
        times.push(now_ns);
    }
    (resource, told, times)
}

proptest! {
    #[test]
    fn the_line_and_the_contention_of_any_moment_are_those_of_a_naive_account(facts in facts()) {
        let (resource, told, times) = tell(&facts);
        let end_ns = times.last().copied().unwrap_or(0) + 5;
        for at_ns in 0..=end_ns {
            let after = times.partition_point(|time| *time <= at_ns);
            let there = |told: &&Told| told.came < after && told.left.is_none_or(|(step, _)| step >= after);
            let as_then = |told: &Told| {
                let granted = told.granted.iter().filter(|step| **step < after).count() as u32;
                Waiter { granted, ..told.waiter }
            };
            let line: Vec<Waiter> = told.iter().filter(there).map(as_then).collect();
            let holdings = resource.at(at_ns);
            prop_assert_eq!(holdings.waiting as usize, line.len());
            prop_assert_eq!(resource.waited_since(at_ns), line.iter().find(|w| !w.is_granted()).map(|w| w.since_ns));
            prop_assert_eq!(&resource.at_with(at_ns, 2).waiters[..], &line[..line.len().min(2)]);
            prop_assert_eq!(holdings.waiters, line);

            let came = told.iter().filter(|told| told.waiter.since_ns <= at_ns);
            let lasted = |told: &Told| told.left.map_or(at_ns, |(_, left_ns)| left_ns.min(at_ns)) - told.waiter.since_ns;
            prop_assert_eq!(resource.contention_ns(at_ns), came.map(lasted).sum::<u64>(), "at {}", at_ns);
        }
    }
}
