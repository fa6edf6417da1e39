//! Properties of every path, for every scenario.

use engine::Spec;
use scenario::Clock;
use scenarios::CATALOGUE;
use trace::{CriticalPath, Handover, PathStep, TaskIx, Trace, Waker};

use super::trace;

fn check(trace: &Trace, path: &CriticalPath) {
    let told: u64 = path.steps.iter().map(PathStep::lasted_ns).sum();
    assert_eq!(path.untold_ns + told, path.to_ns - path.from_ns);
    assert_eq!(path.steps.last().map_or(path.to_ns, |step| step.to_ns), path.to_ns);
    for pair in path.steps.windows(2) {
        assert_eq!(pair[0].to_ns, pair[1].from_ns);
        let by = pair[1].by;
        let handed = by == Handover::Spawns(pair[0].task) || by == Handover::Wakes(Waker::Task(pair[0].task));
        let handed = handed || matches!(by, Handover::Late { by, .. } if by == pair[0].task);
        assert!(pair[0].task == pair[1].task || handed, "{} is left for {pair:?}", trace.tasks[pair[0].task as usize].name);
    }
}

#[test]
fn the_steps_of_every_scenario_follow_on_each_other_and_add_up() {
    for scenario in CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)) {
        let trace = trace(&Spec { seed: 3, ..Spec::new(scenario) });
        let end_ns = trace.end_ns;
        let (task, until_ns) = trace.critical_end(0).unwrap();
        let whole = trace.critical_path(task, 0, until_ns, until_ns);
        assert_eq!((whole.from_ns, whole.to_ns, whole.untold_ns), (0, until_ns, 0), "{}", scenario.id);
        check(&trace, &whole);
        for (from_ns, to_ns) in [(0, end_ns / 3), (end_ns / 3, end_ns / 2), (end_ns / 2, end_ns), (end_ns, end_ns)] {
            check(&trace, &trace.critical_path(task, from_ns, to_ns, until_ns.max(to_ns)));
            for other in 0..trace.tasks.len().min(40) as TaskIx {
                check(&trace, &trace.critical_path(other, from_ns, to_ns, to_ns));
            }
        }
    }
}

/// The measurements of a part are included in the measurements of the whole.
#[test]
fn sums_of_a_stretch_are_those_that_the_trace_keeps_of_the_whole() {
    for scenario in CATALOGUE.iter().filter(|scenario| scenario.clocks.contains(&Clock::Virtual)) {
        let trace = trace(&Spec { seed: 3, ..Spec::new(scenario) });
        let all = trace.measure(0, trace.end_ns);
        assert_eq!(all.waits, trace.wait_totals(), "{}", scenario.id);
        assert_eq!((all.polls, all.lived), (trace.polls, trace.totals().spawned));
        assert_eq!(all.ended, trace.totals().spawned - trace.totals().alive);
        assert_eq!(all.wakes, trace.tasks.iter().map(|task| task.wakes.len() as u64).sum::<u64>());
        // Cut in two at a time at which nothing happens: time adds up, and so do the instants.
        let middle = trace.end_ns / 2 + 1;
        let (first, second) = (trace.measure(0, middle - 1), trace.measure(middle, trace.end_ns));
        let time = |measure: &trace::Measure| measure.waits.iter().map(|wait| wait.total_ns).sum::<u64>();
        assert_eq!((first.polls + second.polls, first.wakes + second.wakes), (all.polls, all.wakes), "{}", scenario.id);
        assert!(time(&first) + time(&second) <= time(&all));
        // A nanosecond lies between the two parts, in which each task waits at most once for each of its futures.
        let lost = time(&all) - time(&first) - time(&second);
        assert!(lost <= u64::from(all.lived) * 8, "{}: {lost} ns", scenario.id);
    }
}
