//! What to predict before a run.

use scenario::prelude::*;

/// The questions of the scenario.
pub(super) const QUESTIONS: &[Question] = &[
    Question::new(
        "{param:jobs} jobs of different length, {param:pool} workers (queue: {param:queue}). What does a worker do when it finds \
         no job in its queue?",
        Answer::Choice(&[
            Choice::new(
                "It is idle, while jobs wait in other queues",
                If::Occurs(When::Log(Nth::First, "is idle while jobs are pending")),
            ),
            Choice::new(
                "Nothing: all workers are busy for the same time",
                If::Equal("figure:busiest worker", "figure:least busy worker"),
            ),
            Choice::new("It is idle, and no job waits in any queue", If::Otherwise),
        ]),
        When::Over,
        "The busiest worker worked for {figure:busiest worker}, the least busy for {figure:least busy worker}.",
    ),
    Question::new(
        "main gets the results (result: {param:result}) and then stops the workers (stop: {param:stop}). How long does the run \
         take?",
        Answer::Choice(&[
            Choice::new("As long as the least busy worker works", If::Equal("figure:total", "figure:least busy worker")),
            Choice::new("As long as the busiest worker works", If::Equal("figure:total", "figure:busiest worker")),
            Choice::new("Longer than any of the workers works", If::Otherwise),
        ]),
        When::Over,
        "The busiest worker worked for {figure:busiest worker}, and the run took {figure:total}.",
    ),
    Question::new(
        "One job in {param:fail_every} fails. main asks for results by id, with {param:result}. What does it get for a job that \
         has failed?",
        Answer::Choice(&[
            Choice::new("The error, when the job has failed", If::Holds("every job that has ended is answered")),
            Choice::new("Nothing, until its own deadline passes", If::Holds("no wait exceeds the timeout")),
            Choice::new("Nothing: it would ask for ever", If::Otherwise),
        ]),
        When::Highest("failed"),
        "{figure:failed} jobs failed, and {figure:late} results were late. Errors reach main only where it watches the states of \
         jobs.",
    )
    .unless("fail_every", "0"),
];
