use super::*;
use scenario::Value;
use trace::{Cause, End, Ended, Segment};

fn outcome_with(permits: u64, total: u64) -> Outcome {
    let name = format!("never more than {permits} in flight");
    Outcome::new().figure("peak", permits, "requests").figure("total", total, "ms").check(name, permits > 3)
}

#[test]
fn figures_and_checks_are_matched_by_their_words() {
    let (three, five) = (outcome_with(3, 3500), outcome_with(5, 2000).figure("extra", 1_u64, "things"));
    let outcomes = [Some(&three), Some(&five), None];
    let rows = figures(&outcomes);
    let names: Vec<_> = rows.iter().map(|row| (&*row.name, row.unit)).collect();
    assert_eq!(names, [("peak", "requests"), ("total", "ms"), ("extra", "things")]);
    assert_eq!((rows[1].difference(1), rows[1].ratio(1)), (Some(-1500.0), Some(2000.0 / 3500.0)));
    assert_eq!((rows[1].difference(2), rows[1].ratio(2)), (None, None), "the third run has no figures");
    assert_eq!(rows[2].values, [None, Some(1.0), None]);
    let checks = checks(&outcomes);
    assert_eq!(checks.len(), 1);
    assert_eq!((&*checks[0].name, &*checks[0].holds), ("never more than 3/5 in flight", &[Some(false), Some(true), None][..]));
}

#[test]
fn equal_names_are_matched_before_equal_words() {
    let workers = |from: u64, counts: &[u64]| {
        let counts = (from..).zip(counts);
        counts.fold(Outcome::new(), |outcome, (n, jobs)| outcome.figure(format!("worker {n}"), *jobs, "jobs"))
    };
    let rows = figures(&[Some(&workers(1, &[7, 8, 9])), Some(&workers(2, &[8, 5, 6]))]);
    let told: Vec<_> = rows.iter().map(|row| (&*row.name, &*row.values)).collect();
    let expected: [(&str, &[_]); 3] =
        [("worker 1/4", &[Some(7.0), Some(6.0)]), ("worker 2", &[Some(8.0), Some(8.0)]), ("worker 3", &[Some(9.0), Some(5.0)])];
    assert_eq!(told, expected);
}

#[test]
fn nothing_has_no_ratio_to_nothing() {
    let none = Outcome::new().figure("lost", 0_u64, "updates");
    let some = Outcome::new().figure("lost", 4_u64, "updates");
    let rows = figures(&[Some(&none), Some(&some)]);
    assert_eq!((rows[0].difference(1), rows[0].ratio(1)), (Some(4.0), None));
}

#[test]
fn only_settings_that_differ_are_listed() {
    let first = Spec::new(&scenarios::semaphore::SCENARIO);
    let mut other = first.clone();
    let permits = first.scenario.param("permits").expect("it is declared");
    other.values.set(permits, Value::Number(5));
    other.seed = 7;
    let told: Vec<_> = settings(&[&first, &other]).into_iter().map(|s| (s.name, s.unit, s.values.join(" "))).collect();
    assert_eq!(told, [("permits", "permits", "3 5".to_owned()), ("seed", "", "0 7".to_owned())]);
    assert_eq!(settings(&[&first, &first]), []);
}

const RUN: State = State::Running(0);
const WAIT: State = State::Waiting(Cause::Time);

fn task(name: &str, changes: &[(u64, State)], end_ns: u64) -> Task {
    Task {
        name: name.to_owned(),
        spawned_ns: changes[0].0,
        segments: changes.iter().map(|(start_ns, state)| Segment::new(*start_ns, *state)).collect(),
        ended: Some(Ended { at_ns: end_ns, how: End::Completed, inferred: false }),
        ..Task::default()
    }
}

fn trace(tasks: Vec<Task>) -> Trace {
    let mut trace = Trace::default();
    trace.tasks = tasks;
    trace
}

#[test]
fn lanes_differ_from_the_first_change_on() {
    let main = || task("main", &[(0, RUN), (0, WAIT)], 90);
    let child = |end_ns| task("child", &[(5, RUN), (6, WAIT)], end_ns);
    let first = trace(vec![main(), child(50), child(60)]);
    assert_eq!(lanes(&first, &trace(vec![main(), child(50), child(60)]), u64::MAX).first, None);

    let other_thread = task("child", &[(5, State::Running(1)), (6, WAIT)], 60);
    assert_eq!(lanes(&first, &trace(vec![main(), child(50), other_thread]), u64::MAX).first, None);

    let found = lanes(&first, &trace(vec![main(), child(50), child(40)]), u64::MAX);
    assert_eq!((found.since_ns, found.first), (vec![None, None, Some(40)], Some((40, "child".to_owned()))));

    let longer = task("main", &[(0, RUN), (0, WAIT), (30, RUN)], 90);
    let found = lanes(&first, &trace(vec![longer, child(50), child(60)]), u64::MAX);
    assert_eq!(found.since_ns, [Some(30), None, None]);
}

#[test]
fn a_task_without_a_counterpart_differs_from_its_spawn_on() {
    let main = || task("main", &[(0, RUN)], 90);
    let found = lanes(&trace(vec![main()]), &trace(vec![main(), task("late", &[(20, RUN)], 30)]), u64::MAX);
    assert_eq!((found.since_ns, found.first), (vec![None, Some(20)], Some((20, "late".to_owned()))));
    let found = lanes(&trace(vec![main(), task("late", &[(20, RUN)], 30)]), &trace(vec![main()]), u64::MAX);
    assert_eq!((found.since_ns, found.first), (vec![None], Some((20, "late".to_owned()))));
    let found = lanes(&trace(vec![main(), task("late", &[(20, RUN)], 30)]), &trace(vec![main()]), 19);
    assert_eq!(found.first, None, "nothing after the time counts");
}
