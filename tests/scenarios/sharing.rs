//! The claims of the lessons on shared state, over more settings than their own tests have.

use scenario::Clock;

use super::simulate::{Ended, simulate, values};
use super::{broken, finish, finish_well, scenario};

#[test]
fn a_std_mutex_across_an_await_is_refused_and_the_reason_is_the_lesson() {
    let lock = scenario("lock-contention");
    for clock in [Clock::Virtual, Clock::Real] {
        let error = (lock.refuse)(&values(lock, &[("mutex", "std")]), clock).unwrap_err();
        assert_eq!(error.param, "mutex");
        assert!(error.reason.contains("not Send"), "{}", error.reason);
    }
    assert_eq!((lock.refuse)(&values(lock, &[("mutex", "std"), ("lock", "short")]), Clock::Virtual), Ok(()));
}

#[test]
fn a_lock_held_at_work_leaves_concurrency_one() {
    for (lock, peak, total) in [("across-await", 1.0, 3000.0), ("short", 5.0, 600.0), ("atomic", 5.0, 600.0)] {
        let (outcome, _) = finish("lock-contention", &[("lock", lock)], 0);
        let figures = (outcome.value("most at work at once"), outcome.value("total"), outcome.value("counter"));
        assert_eq!(figures, (Some(peak), Some(total), Some(15.0)), "{lock}");
    }
}

#[test]
fn crossed_locks_deadlock_with_some_seeds_and_the_lesson_counts_them() {
    let deadlock = scenario("deadlock");
    for (gap, tasks, ends) in [("200", "2", 6), ("10", "2", 164), ("400", "2", 0), ("200", "5", 100)] {
        let ended = |order, acquire| {
            let turned = [("gap", gap), ("tasks", tasks), ("order", order), ("acquire", acquire)];
            (0..200).filter(|seed| simulate(deadlock, values(deadlock, &turned), *seed) != Ended::Stalled).count()
        };
        assert_eq!(ended("crossed", "lock"), ends, "crossed, gap {gap}, {tasks} tasks");
        assert_eq!(ended("same", "lock"), 200, "same, gap {gap}, {tasks} tasks");
        assert_eq!(ended("crossed", "try_lock+backoff"), 200, "backing off, gap {gap}, {tasks} tasks");
    }
}

#[test]
fn a_ring_of_any_length_ends_when_it_backs_off() {
    for tasks in ["2", "3", "7", "26"] {
        for gap in ["0", "1", "400", "2000"] {
            for seed in 0..20 {
                let turned = [("gap", gap), ("tasks", tasks), ("order", "crossed"), ("acquire", "try_lock+backoff")];
                finish_well("deadlock", &turned, seed);
            }
        }
    }
}

#[test]
fn left_fork_first_ends_in_a_ring_unless_chance_prevents_it_and_the_lesson_counts() {
    let philosophers = scenario("philosophers");
    for (n, jitter, ends) in [("5", "100", 0), ("5", "300", 170), ("5", "400", 189), ("2", "400", 73)] {
        let ended = |strategy| {
            let turned = [("n", n), ("jitter", jitter), ("strategy", strategy)];
            let ended = |seed: &u64| match simulate(philosophers, values(philosophers, &turned), *seed) {
                Ended::Stalled => false,
                Ended::Finished(outcome, _) => {
                    assert_eq!(broken(&outcome), [""; 0], "{turned:?}, seed {seed}");
                    true
                }
            };
            (0..200).filter(ended).count()
        };
        assert_eq!(ended("naive"), ends, "naive, {n} with jitter {jitter}");
        for strategy in ["ordered", "waiter", "try"] {
            assert_eq!(ended(strategy), 200, "{strategy}, {n} with jitter {jitter}");
        }
    }
}

#[test]
fn no_writer_starves_whatever_the_share_of_reads() {
    for seed in 0..50 {
        for read_share in ["1", "50", "80", "100"] {
            finish_well("rwlock", &[("read_share", read_share), ("writers", "3")], seed);
        }
    }
}
