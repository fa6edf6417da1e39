//! The questions are asked and answered in runs of every variant: each has an answer, and a stop that shows it.

use std::collections::BTreeSet;

use ::engine::Ending;
use ::engine::question::{Given, answer, ask};
use ::scenario::question::{Answer, If, Question};
use ::scenario::{Clock, Scenario};
use scenarios::CATALOGUE;

use super::Run;

/// How long texts may be, in characters: what a screen of 80 columns has room for.
const LONGEST: [(&str, usize); 3] = [("question", 150), ("choice", 66), ("reason", 200)];

/// Checks the questions of a run that is over. Called for every run whose story is walked.
pub(super) fn check(run: &Run) {
    let name = run.name();
    let all = ask(&run.spec);
    assert!(all.len() <= 3, "{name}: {} questions", all.len());
    for asked in all {
        let text = &asked.text;
        let choices: BTreeSet<&String> = asked.choices.iter().collect();
        assert_eq!(choices.len(), asked.choices.len(), "{name}: {text}: the same choice twice");
        let answered = answer(&run.spec, &run.trace, &run.report, asked.question);
        let Some(answered) = answered else { panic!("{name}: {text}: no answer") };
        let place = answered.place.unwrap_or_else(|| panic!("{name}: {text}: no stop shows it"));
        assert_eq!(run.spec.scenario.story[place].when, asked.question.at, "{name}: {text}");
        assert!(answered.is_right(answered.right), "{name}: {text}");
        assert_eq!(matches!(answered.right, Given::Choice(_)), !asked.choices.is_empty(), "{name}: {text}");
        assert!(answered.why.ends_with('.'), "{name}: {text}: a figure is missing: {}", asked.question.why);
        names_what_the_outcome_has(run, asked.question);
        for (what, text) in
            [("question", text), ("reason", &answered.why)].into_iter().chain(asked.choices.iter().map(|c| ("choice", c)))
        {
            let longest = LONGEST.iter().find(|(of, _)| *of == what).expect("it is there").1;
            assert!(text.chars().count() <= longest && !text.contains(['{', '}']), "{name}: {what}: {text}");
        }
    }
}

/// A misspelled figure would only make a condition false.
fn names_what_the_outcome_has(run: &Run, question: &Question) {
    let Ending::Finished(outcome) = &run.report.ending else { return };
    for name in figures(question).into_iter().filter_map(|figure| figure.strip_prefix("figure:")) {
        assert!(outcome.value(name).is_some(), "{}: {}: no figure '{name}'", run.name(), question.asks);
    }
    if let Answer::Choice(choices) = question.answer {
        for choice in choices {
            let If::Holds(name) = choice.right else { continue };
            let has = outcome.checks.iter().any(|check| check.name.starts_with(name));
            assert!(has, "{}: {}: no check '{name}'", run.name(), question.asks);
        }
    }
}

#[test]
fn every_scenario_asks_one_to_three_questions() {
    for scenario in CATALOGUE {
        assert!((1..=3).contains(&scenario.questions.len()), "{}: {} questions", scenario.id, scenario.questions.len());
        for question in scenario.questions {
            if let Answer::Choice(choices) = question.answer {
                assert!((2..=5).contains(&choices.len()), "{}: {}", scenario.id, question.asks);
                let last = choices.last().map(|choice| choice.right);
                assert_eq!(last, Some(If::Otherwise), "{}: {}: one choice has to be right", scenario.id, question.asks);
            }
            for figure in figures(question) {
                assert!(exists(scenario, figure), "{}: {}: '{figure}'", scenario.id, question.asks);
            }
        }
    }
}

/// The names of all figures in a question.
fn figures(question: &Question) -> Vec<&'static str> {
    let in_text = |text: &'static str| text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let mut values: Vec<&'static str> = in_text(question.asks).chain(in_text(question.why)).collect();
    match question.answer {
        Answer::Choice(choices) => {
            for choice in choices {
                values.extend(in_text(choice.says));
                match choice.right {
                    If::Equal(a, b) | If::Less(a, b) | If::More(a, b) => values.extend([a, b]),
                    If::Occurs(_) | If::Holds(_) | If::Otherwise => {}
                }
            }
        }
        Answer::Number { is, typical } | Answer::Time { is, typical } => {
            values.push(is);
            values.extend(typical.iter().map(|(value, _)| *value));
        }
    }
    let atoms = |value: &'static str| {
        let mut atoms = vec![value];
        for operator in [" + ", " - ", " * ", " / "] {
            atoms = atoms.into_iter().flat_map(|part| part.split(operator)).collect();
        }
        atoms
    };
    let is_figure = |atom: &&str| atom.parse::<f64>().is_err() && !atom.starts_with('\'');
    values.into_iter().flat_map(atoms).filter(is_figure).collect()
}

fn exists(scenario: &Scenario, figure: &str) -> bool {
    match figure.split_once(':') {
        Some(("param", name)) => scenario.param(name).is_some(),
        _ => super::is_known(figure),
    }
}

/// The answers of `semaphore` are worked out again, by other means than the trace's.
#[test]
fn the_answers_of_the_semaphore_are_its_own_arithmetic() {
    for (permits, requests, choice) in [(1_u64, 4_u64, 1), (3, 20, 2), (5, 7, 2), (8, 8, 0)] {
        let run = Run::with(&scenarios::semaphore::SCENARIO, &[("permits", permits), ("requests", requests)], Clock::Virtual);
        let [total, longest] = run.spec.scenario.questions else { panic!("two questions") };
        let of = |question| answer(&run.spec, &run.trace, &run.report, question);
        assert_eq!(of(total).map(|answered| answered.right), Some(Given::Choice(choice)), "{permits} permits");
        let waited = (requests.div_ceil(permits) - 1) * 500_000_000;
        assert_eq!(of(longest).map(|answered| answered.right), (waited > 0).then_some(Given::Time(waited)), "{permits} permits");
    }
}

/// A tenth too much is right, and what people often say instead is explained.
#[test]
fn a_time_may_be_a_tenth_off_and_a_typical_mistake_is_explained() {
    let run = Run::with(&scenarios::semaphore::SCENARIO, &[], Clock::Virtual);
    let question = &run.spec.scenario.questions[1];
    let answered = answer(&run.spec, &run.trace, &run.report, question).expect("it has an answer");
    let ms = |ms: u64| Given::Time(ms * 1_000_000);
    assert_eq!(answered.right, ms(3_000));
    for (given, is_right, is_typical) in [(2_700, true, false), (3_301, false, false), (500, false, true), (10_000, false, true)]
    {
        assert_eq!((answered.is_right(ms(given)), answered.mistake(ms(given)).is_some()), (is_right, is_typical), "{given} ms");
    }
    assert!(!answered.is_right(Given::Number(3_000.0)) && !answered.is_right(Given::Choice(0)));
}
