//! Whether a task matches a query.

use super::Query;
use super::term::{Asks, CauseIs, Doing, Figure, Term};
use trace::{End, Family, State, Task, TaskIx, Trace, WaitView};

impl Query {
    /// Whether a task matches at a time.
    pub fn matches(&self, trace: &Trace, task: TaskIx, at_ns: u64) -> bool {
        let Some(of) = trace.tasks.get(task as usize) else { return false };
        let (waits, others): (Vec<&Term>, Vec<&Term>) = self.terms.iter().partition(|term| term.asks.is_of_a_wait());
        // Cheap terms first: they need no search through the task's waits.
        if !others.iter().all(|term| holds(&term.asks, of, at_ns) != term.not) {
            return false;
        }
        let now = self.terms.iter().any(|term| !term.not && term.asks == Asks::State(Doing::Waiting));
        let asked: Vec<&Term> = waits.iter().copied().filter(|term| !term.not).collect();
        let refused: Vec<&Term> = waits.iter().copied().filter(|term| term.not).collect();
        (asked.is_empty() || has_wait(trace, task, at_ns, now, &asked))
            && refused.iter().all(|term| !has_wait(trace, task, at_ns, now, &[term]))
    }
}

/// Whether a condition holds for the task itself.
fn holds(asks: &Asks, task: &Task, at_ns: u64) -> bool {
    match asks {
        Asks::Name(part) => has(&task.name, part),
        Asks::State(doing) => does(*doing, task, at_ns),
        Asks::Number { of, is, value } => {
            let figure = match of {
                Figure::Duration => task.duration(at_ns),
                Figure::Spawned => task.spawned_ns,
                Figure::Polls => task.polls_at(at_ns),
                Figure::Wait => return false,
            };
            is.holds(figure, *value)
        }
        Asks::Cause(_) | Asks::Line { .. } => false,
    }
}

/// Names up to this length in bytes are compared position by position.
const SHORT: usize = 128;

/// Whether a name contains `part`, which is in lower case.
fn has(name: &str, part: &str) -> bool {
    // There are as many names as tasks, and nearly all of them are short and ASCII. For other names, a search looks
    // at each character once, but needs a copy of the name.
    if name.len() <= SHORT && name.is_ascii() && part.is_ascii() {
        let (name, part) = (name.as_bytes(), part.as_bytes());
        return part.is_empty() || name.windows(part.len()).any(|window| same(window, part));
    }
    name.to_lowercase().contains(part)
}

/// Whether two texts are equal apart from case.
fn same(a: &[u8], b: &[u8]) -> bool {
    #[cfg(any(test, feature = "count-steps"))]
    crate::work_count::count(b.len());
    a.eq_ignore_ascii_case(b)
}

fn does(doing: Doing, task: &Task, at_ns: u64) -> bool {
    let state = || task.segment_at(at_ns).map(|segment| segment.state);
    let end = || task.end_at(at_ns).map(|end| end.how);
    match doing {
        Doing::Running => matches!(state(), Some(State::Running(_))),
        Doing::Ready => state() == Some(State::Ready),
        Doing::Waiting => state().is_some_and(State::is_waiting),
        Doing::Alive => state().is_some(),
        Doing::Ended => end().is_some(),
        Doing::Completed => end() == Some(End::Completed),
        Doing::Failed => end() == Some(End::Failed),
        Doing::Cancelled => end() == Some(End::Cancelled),
        Doing::Panicked => end() == Some(End::Panicked),
    }
}

/// Whether all terms hold for one wait of the task: for the one that lasts at a time if `now`, otherwise for any
/// begun by then.
fn has_wait(trace: &Trace, task: TaskIx, at_ns: u64, now: bool, terms: &[&Term]) -> bool {
    let is = |wait: &WaitView<'_>| terms.iter().all(|term| wait_is(trace, &term.asks, wait, at_ns));
    if now {
        return trace.wait_at(task, at_ns).is_some_and(|wait| is(&wait));
    }
    trace.waits_of(task).take_while(|wait| wait.start_ns <= at_ns).any(|wait| is(&wait))
}

fn wait_is(trace: &Trace, asks: &Asks, wait: &WaitView<'_>, at_ns: u64) -> bool {
    let mut sites = wait.leaves.iter().map(|leaf| trace.site(leaf.site));
    match asks {
        Asks::Cause(CauseIs::One(cause)) => sites.any(|site| site.cause == *cause),
        Asks::Cause(CauseIs::Any(family)) => sites.any(|site| Family::of(site.cause) == *family),
        Asks::Line { file, line } => sites.filter_map(|site| site.place.as_ref()).any(|place| {
            let named = |file: &String| place.file.ends_with(file.as_str());
            place.line == *line && file.as_ref().is_none_or(named)
        }),
        Asks::Number { is, value, .. } => {
            let end_ns = wait.end_ns.unwrap_or(at_ns).min(at_ns);
            is.holds(end_ns.saturating_sub(wait.start_ns), *value)
        }
        Asks::Name(_) | Asks::State(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work_count;

    #[test]
    fn a_part_is_found_in_names_of_any_length_and_script() {
        let long = format!("{}Worker 7{}", "a".repeat(SHORT), "b".repeat(SHORT));
        for (name, part, found) in [
            ("Worker 7", "worker", true),
            ("Worker 7", "worker 8", false),
            ("Worker 7", "", true),
            ("ÉTÉ", "été", true),
            (&long, "worker 7", true),
            (&long, "worker 8", false),
        ] {
            assert_eq!(has(name, part), found, "{part} in {name}");
        }
    }

    #[test]
    fn a_long_name_is_not_looked_through_again_for_each_of_its_characters() {
        let (name, part) = ("a".repeat(1 << 20), "a".repeat(2_000) + "b");
        let steps = work_count::of(|| assert!(!has(&name, &part)));
        assert!(steps <= (name.len() + part.len()) as u64, "{steps}");
    }
}
