//! The rules of a life, one by one: facts go in, and the life that they make is read.

use super::told::{Told, id, one};
use super::*;
use facts::event::{LastPoll, SpanId, What};

#[test]
fn a_task_is_ready_polled_waiting_woken_and_done() {
    let mut told = one();
    told.start(1, 5).stop(3, 5).wake(10, 5, None).start(12, 5).gone(14, 5, LastPoll::Polled).stop(15, 5);
    assert_eq!(told.life(0), "0r 1p0 3w 10r 12p0");
    assert_eq!(told.end(0), Some((15, End::Completed, false)));
    let task = &told.0.tasks[0];
    assert_eq!((task.polls, task.busy_ns, task.ready_ns, task.waiting_ns), (2, 5, 3, 7));
    assert_eq!(task.wakes, [Wake { at_ns: 10, by: Waker::Unknown }]);
    assert_eq!((told.0.polls, told.0.recorded, told.0.late, told.0.end_ns), (2, 7, 0, 15));
    assert_eq!((task.duration(7), task.duration(99)), (7, 15));
}

#[test]
fn a_wake_within_a_poll_makes_it_ready_at_the_end_of_the_poll() {
    let mut told = one();
    told.start(1, 5).wake(2, 5, Some(5)).wake(3, 5, None).stop(4, 5);
    assert_eq!(told.life(0), "0r 1p0 4r");
    assert_eq!(told.0.tasks[0].wakes, [Wake { at_ns: 2, by: Waker::Task(0) }]);
    assert_eq!(told.0.tasks[0].redundant_wakes, 1);
    // The next poll starts with a clean slate.
    told.start(5, 5).stop(6, 5);
    assert_eq!(told.life(0), "0r 1p0 4r 5p0 6w");
}

#[test]
fn a_yield_is_woken_after_its_poll_at_the_same_instant() {
    let mut told = one();
    told.start(1, 5).stop(1, 5).wake(1, 5, None).start(1, 5);
    assert_eq!(told.life(0), "0r 1p0 1w 1r 1p0");
    assert_eq!(told.0.tasks[0].segment_at(1).map(|segment| segment.state), Some(State::Running(0)));
    assert_eq!(told.0.tasks[0].segments_in(1, 1).len(), 5);
}

#[test]
fn a_wake_of_a_ready_task_is_counted_and_changes_nothing() {
    let mut told = one();
    told.wake(1, 5, None).start(2, 5).stop(3, 5).wake(4, 5, None).wake(5, 5, None);
    assert_eq!(told.life(0), "0r 2p0 3w 4r");
    assert_eq!((told.0.tasks[0].wakes.len(), told.0.tasks[0].redundant_wakes), (1, 2));
}

#[test]
fn how_a_task_ends() {
    type Story = fn(&mut Told) -> &mut Told;
    let table: [(&str, Story, End, bool); 15] = [
        ("returned", |t| t.start(1, 5).gone(2, 5, LastPoll::Polled).stop(3, 5), End::Completed, false),
        (
            "returned after an error event",
            |t| t.start(1, 5).fail(1, 5).stop(2, 5).start(2, 5).gone(2, 5, LastPoll::Polled).stop(3, 5),
            End::Failed,
            false,
        ),
        ("panicked", |t| t.start(1, 5).panic(2, 5).gone(2, 5, LastPoll::Polled).stop(3, 5), End::Panicked, false),
        (
            "panicked after an error event",
            |t| t.start(1, 5).fail(1, 5).panic(2, 5).gone(2, 5, LastPoll::Polled).stop(3, 5),
            End::Panicked,
            false,
        ),
        (
            "caught its panic in an earlier poll",
            |t| t.start(1, 5).panic(2, 5).stop(2, 5).start(2, 5).gone(2, 5, LastPoll::Polled).stop(3, 5),
            End::Completed,
            false,
        ),
        ("aborted before its first poll", |t| t.start(1, 5).gone(2, 5, LastPoll::Dropped).stop(3, 5), End::Cancelled, false),
        (
            "aborted after an error event",
            |t| t.start(1, 5).fail(1, 5).stop(2, 5).start(2, 5).gone(2, 5, LastPoll::Dropped).stop(3, 5),
            End::Cancelled,
            false,
        ),
        (
            "panicked while it was dropped",
            |t| t.start(1, 5).panic(2, 5).gone(2, 5, LastPoll::Dropped).stop(3, 5),
            End::Panicked,
            false,
        ),
        ("ended unheard", |t| t.start(1, 5).gone(2, 5, LastPoll::Unheard).stop(3, 5), End::Unknown, false),
        ("panicked unheard", |t| t.start(1, 5).panic(2, 5).gone(2, 5, LastPoll::Unheard).stop(3, 5), End::Panicked, false),
        ("shut down without a poll", |t| t.start(1, 5).stop(2, 5).gone(3, 5, LastPoll::Shutdown), End::Dropped, false),
        ("shut down, the end of its poll lost", |t| t.start(1, 5).gone(3, 5, LastPoll::Shutdown), End::Dropped, false),
        ("returned, the start of its poll lost", |t| t.gone(3, 5, LastPoll::Polled), End::Completed, true),
        ("panicked, the start of its poll lost", |t| t.panic(3, 5).gone(3, 5, LastPoll::Polled), End::Panicked, true),
        (
            "caught its panic in an earlier poll, the start of its last poll lost",
            |t| t.start(1, 5).panic(2, 5).stop(2, 5).gone(3, 5, LastPoll::Polled),
            End::Completed,
            true,
        ),
    ];
    for (what, story, how, inferred) in table {
        let mut told = one();
        story(&mut told);
        assert_eq!(told.end(0), Some((3, how, inferred)), "{what}");
        let task = &told.0.tasks[0];
        assert_eq!(task.busy_ns + task.ready_ns + task.waiting_ns, 3, "{what}");
        let alive = u32::from(how == End::Dropped);
        assert_eq!(told.0.totals().alive, alive, "{what}");
        assert_eq!((told.0.census_at(3).alive(), told.0.census_at(3).ended), (alive, 1 - alive), "{what}");
    }
}

#[test]
fn an_abort_from_outside_polls_a_waiting_task_that_nobody_woke() {
    let mut told = one();
    told.start(1, 5).stop(2, 5).start(8, 5).gone(8, 5, LastPoll::Dropped).stop(8, 5);
    assert_eq!(told.life(0), "0r 1p0 2w 8p0");
    assert_eq!(told.end(0), Some((8, End::Cancelled, false)));
    assert_eq!(told.0.bins.bins[0].delays, 1, "only the first poll followed a time of being ready");
}

#[test]
fn without_wakes_a_task_waits_from_poll_to_poll() {
    let mut told = one();
    told.0.detail = Detail::Polls;
    told.start(3, 5).stop(5, 5).wake(6, 5, None).start(9, 5).gone(10, 5, LastPoll::Polled).stop(10, 5);
    assert_eq!(told.life(0), "0r 3p0 5w 9p0", "only from the spawn to the first poll it is known to be ready");
    assert!(told.0.tasks[0].wakes.is_empty() && told.0.wake_hash().is_none(), "a stray wake is ignored");
    assert_eq!(told.0.bins.bins[0].delays, 0, "delays of first polls only would look like those of all");
    let mut woken = one();
    woken.start(3, 5).stop(5, 5).wake(6, 5, None).start(9, 5).gone(10, 5, LastPoll::Polled).stop(10, 5);
    assert_eq!(woken.life(0), "0r 3p0 5w 6r 9p0");
    assert_eq!(woken.0.hash(), told.0.hash());
    let (once, none) = (woken.0.wake_hash(), one().0.wake_hash());
    assert!(once.is_some() && once != none, "{once:?} {none:?}");
}

#[test]
fn what_comes_after_the_end_is_ignored() {
    let mut told = one();
    told.start(1, 5).gone(2, 5, LastPoll::Polled).wake(2, 5, None).stop(3, 5);
    let hash = told.0.hash();
    told.wake(4, 5, None).start(5, 5).stop(6, 5).gone(7, 5, LastPoll::Dropped);
    assert_eq!((told.life(0).as_str(), told.end(0)), ("0r 1p0", Some((3, End::Completed, false))));
    let task = &told.0.tasks[0];
    assert_eq!((task.polls, task.wakes.len(), task.redundant_wakes, told.0.hash()), (1, 0, 0, hash));
}

#[test]
fn tasks_whose_spawn_was_never_seen_are_no_part_of_the_run() {
    let mut told = one();
    let hash = told.0.hash();
    told.start(1, 9).wake(2, 9, Some(5)).stop(3, 9).gone(4, 9, LastPoll::Polled).panic(5, 9).open(6, 9, 1);
    assert_eq!((told.0.tasks.len(), told.0.polls, told.0.recorded, told.0.end_ns), (1, 0, 1, 0));
    assert_eq!(told.0.hash(), hash);
    told.start(7, 5).stop(8, 5).wake(9, 5, Some(9));
    assert_eq!(told.0.tasks[0].wakes, [Wake { at_ns: 9, by: Waker::Outside }]);
}

#[test]
fn a_name_comes_before_its_spawn() {
    let mut told = Told::default();
    told.name(5, "main").name(6, "").name(9, "never spawned");
    assert_eq!(told.0.recorded, 0, "a name is nothing without its task");
    told.spawn(0, 5, None).spawn(0, 6, Some(5)).spawn(0, 7, Some(5)).name(7, "late");
    let names: Vec<&str> = told.0.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["main", "task 1", "late"]);
    assert_eq!(told.0.recorded, 6);
}

#[test]
fn a_number_may_be_given_out_again_after_the_end() {
    let mut told = one();
    told.spawn(1, 5, None);
    assert_eq!(told.0.tasks.len(), 1, "it still lives");
    told.gone(2, 5, LastPoll::Dropped).spawn(3, 5, None).start(4, 5);
    assert_eq!((told.0.tasks.len(), told.0.tasks[0].polls, told.0.tasks[1].polls), (2, 0, 1));
}

#[test]
fn the_spawn_tree() {
    let mut told = one();
    told.spawn(1, 6, Some(5)).spawn(1, 7, Some(6)).spawn(2, 8, Some(5)).spawn(3, 9, Some(77));
    assert_eq!(told.0.roots(), [0, 4]);
    assert_eq!(told.0.children_of(0), [1, 3]);
    assert_eq!(told.0.children_of(1), [2]);
    assert!(told.0.children_of(4).is_empty() && told.0.children_of(99).is_empty());
    assert_eq!(told.0.tasks[2].parent, Some(1));
}

#[test]
fn a_late_fact_is_moved_up() {
    let mut told = one();
    told.start(10, 5).stop(20, 5).wake(15, 5, None);
    assert_eq!((told.life(0).as_str(), told.0.late), ("0r 10p0 20w 20r", 1));
    told.start(18, 5).stop(19, 5);
    assert_eq!((told.life(0).as_str(), told.0.late), ("0r 10p0 20w 20r 20p0 20w", 3));
    assert_eq!(told.0.end_ns, 20);
}

#[test]
fn a_wake_that_comes_after_the_poll_it_caused_changes_nothing() {
    let mut told = one();
    told.start(1, 5).stop(2, 5).start(10, 5).wake(8, 5, None).stop(12, 5).wake(9, 5, None);
    assert_eq!((told.life(0).as_str(), told.0.late), ("0r 1p0 2w 10p0 12w", 2));
    assert_eq!(told.0.tasks[0].redundant_wakes, 2);
}

#[test]
fn a_poll_ends_the_one_that_still_lasts() {
    let mut told = one();
    told.start(1, 5).tell(3, 4, What::PollStart(id(5)));
    assert_eq!(told.life(0), "0r 1p0 4p3");
    assert_eq!(told.0.threads, ["thread 0", "thread 1", "thread 2", "thread 3"]);
    // The end of the first comes late; the second still lasts.
    told.stop(2, 5);
    assert_eq!((told.life(0).as_str(), told.0.late), ("0r 1p0 4p3", 1));
    told.tell(3, 6, What::PollEnd(id(5)));
    assert_eq!(told.life(0), "0r 1p0 4p3 6w");
    assert_eq!((told.0.polls, told.0.bins.total(0, 99).polls, told.0.tasks[0].busy_ns), (2, 2, 5));
}

#[test]
fn a_poll_after_the_runtime_let_go_only_shows_that_the_end_was_lost() {
    let mut told = one();
    told.start(1, 5).gone(2, 5, LastPoll::Polled).start(9, 5);
    assert_eq!((told.life(0).as_str(), told.end(0)), ("0r 1p0", Some((2, End::Completed, false))));
}

#[test]
fn close_drops_what_lives_in_the_order_of_spawning() {
    let mut told = one();
    told.spawn(1, 6, Some(5)).spawn(1, 7, Some(5)).start(2, 6).start(3, 7).gone(4, 7, LastPoll::Polled);
    told.0.close(9);
    assert_eq!(told.end(0), Some((9, End::Dropped, false)));
    assert_eq!(told.end(1), Some((9, End::Dropped, false)));
    assert_eq!(told.end(2), Some((4, End::Completed, false)), "the runtime had let go of it");
    assert_eq!((told.0.tasks[0].ready_ns, told.0.tasks[1].busy_ns, told.0.tasks[2].busy_ns), (9, 7, 1));
    assert_eq!(told.0.totals(), Totals { spawned: 3, completed: 1, alive: 2, ..Totals::default() });
    assert_eq!((told.0.end_ns, told.0.closed), (9, true));
    let (hash, recorded) = (told.0.hash(), told.0.recorded);
    told.spawn(20, 8, None).log(20, None, "too late", &[]);
    told.0.close(30);
    assert_eq!((told.0.hash(), told.0.recorded, told.0.end_ns, told.0.tasks.len()), (hash, recorded, 9, 3));
}

#[test]
fn the_census_and_the_bins_follow_every_change() {
    let mut told = one();
    told.spawn(0, 6, Some(5)).start(10, 5).stop(20, 5).start(20, 6).gone(30, 6, LastPoll::Polled).stop(30, 6);
    let census = |at| {
        let census = told.0.census_at(at);
        [census.running, census.ready, census.waiting, census.ended]
    };
    assert_eq!(
        [0, 10, 19, 20, 29, 30].map(census),
        [[0, 2, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 1, 0], [0, 0, 1, 1]]
    );
    assert_eq!(told.0.census_at(30).alive(), 1);
    let bin = told.0.bins.bins[0];
    assert_eq!((bin.polls, bin.poll_ns, bin.longest_poll_ns, bin.delays, bin.delay_ns), (2, 20, 10, 2, 30));
}

#[test]
fn spans_stand_on_the_lane_of_their_task() {
    let mut told = one();
    told.open(1, 5, 1).open(2, 5, 2).tell(0, 4, What::SpanClose(SpanId(1))).tell(0, 5, What::SpanClose(SpanId(7)));
    let spans: Vec<_> = told.0.tasks[0].spans.iter().map(|span| (span.start_ns, span.end_ns, span.label.as_str())).collect();
    assert_eq!(spans, [(1, Some(4), "span 1"), (2, None, "span 2")]);
    assert_eq!(told.0.recorded, 4, "the span that nobody opened is not counted");
    told.open(9, 5, 2);
    assert_eq!(told.0.tasks[0].spans[1].end_ns, Some(9), "its number was given out again");
    assert_eq!(told.0.tasks[0].spans[2].end_ns, None);
}

#[test]
fn log_lines_are_marks_on_the_lane_of_their_task() {
    let mut told = one();
    told.log(1, None, "outside", &[]).log(2, Some(5), "inside", &[]).log(3, Some(9), "stranger", &[]).panic(4, 5);
    told.log(3, Some(5), "late", &[]);
    let lines: Vec<_> = told.0.log.iter().map(|line| (line.at_ns, line.task, line.message.as_str())).collect();
    let panic = "panicked at a.rs:7: boom";
    assert_eq!(
        lines,
        [(1, None, "outside"), (2, Some(0), "inside"), (3, None, "stranger"), (4, Some(0), panic), (4, Some(0), "late")]
    );
    assert_eq!((told.0.log[3].level, told.0.late), (Level::Error, 1));
    assert_eq!(told.0.tasks[0].marks.iter().map(|mark| (mark.at_ns, mark.line)).collect::<Vec<_>>(), [(2, 1), (4, 3), (4, 4)]);
    assert_eq!(told.0.tasks[0].panic.as_deref(), Some("boom"));
    assert_eq!(told.0.log_at(2).len(), 2);
}

#[test]
fn counters_are_tracks_with_the_last_value_of_each_moment() {
    let mut told = one();
    told.log(1, Some(5), "", &[("permits", 3.0), ("queue", 0.0)]);
    told.log(4, Some(5), "taken", &[("permits", 2.0)]).log(4, Some(5), "taken", &[("permits", 1.0)]);
    told.log(3, Some(5), "", &[("permits", 2.5)]);
    assert_eq!(told.0.counters.iter().map(|counter| counter.name).collect::<Vec<_>>(), ["permits", "queue"]);
    assert_eq!(told.0.counters[0].points, [(1, 3.0), (3, 2.5), (4, 1.0)]);
    assert_eq!([0, 3, 9].map(|at| told.0.counters[0].at(at)), [None, Some(2.5), Some(1.0)]);
    assert_eq!(told.0.log.len(), 2, "an event of counters alone is no line");
}

#[test]
fn samples_and_losses_are_kept() {
    let sample = |at_ns| Sample {
        at_ns,
        busy: vec![0.5],
        mean_poll_ns: 1,
        polls: 2,
        global_queue: 0,
        local_queue: 0,
        steals: 0,
        blocking_threads: 0,
        budget_yields: 0,
    };
    let mut trace = Trace::default();
    trace.add_sample(sample(100));
    trace.add_sample(sample(300));
    trace.add_sample(sample(200));
    trace.add_lost(3);
    trace.add_lost(4);
    assert_eq!([99, 100, 250, 999].map(|at| trace.sample_at(at).map(|s| s.at_ns)), [None, Some(100), Some(200), Some(300)]);
    assert_eq!((trace.lost, trace.end_ns), (7, 0), "a sample is no event of the run: it does not move its end");
    trace.close(250);
    assert_eq!(trace.samples.len(), 2, "a sample from after the run says nothing about it");
}

#[test]
fn times_are_known_at_every_moment() {
    let mut told = one();
    told.start(2, 5).stop(5, 5).wake(9, 5, None).start(10, 5);
    let at = |told: &Told, at| {
        let times = told.0.tasks[0].times_at(at);
        [times.ready_ns, times.busy_ns, times.waiting_ns]
    };
    assert_eq!([0, 1, 4, 7, 10, 13].map(|t| at(&told, t)), [[0, 0, 0], [1, 0, 0], [2, 2, 0], [2, 3, 2], [3, 3, 4], [3, 6, 4]]);
    told.gone(14, 5, LastPoll::Polled).stop(14, 5);
    assert_eq!([13, 14, 99].map(|t| at(&told, t)), [[3, 6, 4], [3, 7, 4], [3, 7, 4]]);
    let wake_at = |at| told.0.tasks[0].wake_at(at).map(|wake| wake.at_ns);
    assert_eq!([8, 9, 99].map(wake_at), [None, Some(9), Some(9)]);
}

#[test]
fn threads_are_named_before_or_after_they_poll() {
    let mut told = one();
    told.0.name_thread(1, "worker 1");
    told.start(1, 5);
    assert_eq!(told.0.threads, ["thread 0", "worker 1"]);
    told.0.name_thread(0, "worker 0");
    assert_eq!(told.0.threads, ["worker 0", "worker 1"]);
}

#[test]
fn the_hash_knows_what_happened_and_not_what_it_was_called() {
    let run = |first: u64, name: &str, thread: u16, log: &str, start: u64| {
        let mut told = Told::default();
        told.name(first, name).spawn(0, first, None).tell(thread, start, What::PollStart(id(first)));
        told.log(3, Some(first), log, &[]).tell(thread, 3, What::PollEnd(id(first)));
        told.0.close(4);
        told.0.hash()
    };
    let hash = run(1, "a", 0, "x", 1);
    assert_eq!(hash, run(1000, "b", 3, "y", 1));
    assert_ne!(hash, run(1, "a", 0, "x", 2));
}

#[test]
fn a_long_life_is_added_up_from_any_moment() {
    let mut told = one();
    let (mut now, mut so_far) = (0, Vec::new());
    let mut times = Times::default();
    // Each round is a nanosecond ready, two polled and one waiting.
    for polls in 1..=700 {
        told.start(now + 1, 5).stop(now + 3, 5).wake(now + 4, 5, None);
        times.ready_ns += 1;
        so_far.push((now + 1, polls, times));
        (times.busy_ns, times.waiting_ns) = (times.busy_ns + 2, times.waiting_ns + 1);
        now += 4;
    }
    let task = &told.0.tasks[0];
    for (at_ns, polls, times) in so_far {
        assert_eq!((task.polls_at(at_ns), task.times_at(at_ns)), (polls, times), "at {at_ns}");
        assert_eq!(task.polls_at(at_ns - 1), polls - 1, "before {at_ns}");
    }
    assert_eq!((task.polls_at(u64::MAX), task.times_at(now)), (700, times));
}
