//! What to predict before a run of the scrape.

use scenario::prelude::*;

/// The questions.
pub(super) const QUESTIONS: &[Question] = &[
    Question::new(
        "{param:urls} pages are fetched, {param:concurrency} at a time: {param:slow} take 5 s, {param:missing} are \
         missing, others take 600 to 800 ms. The timeout is {param:timeout}. How many time out?",
        Answer::Number {
            is: "figure:timed out",
            typical: &[
                ("0", "The slow pages take longer than the timeout allows."),
                ("param:urls - param:concurrency", "A page that waits for its permit has no timeout yet."),
                ("param:urls", "The timeout is for each request, not for the run."),
            ],
        },
        When::Over,
        "{figure:timed out} timed out, {figure:missing} were missing, and {figure:fetched} were fetched. The timeout \
         begins with the request, after the wait for a permit.",
    ),
    Question::new(
        "{param:urls} pages are fetched over HTTP, at most {param:concurrency} at a time from a server. With \
         session={param:session}, how many connections are opened?",
        Answer::Choice(&[
            Choice::new("One for each page", If::Equal("figure:connections", "param:urls")),
            Choice::new("One for all pages", If::Equal("figure:connections", "1")),
            Choice::new("Fewer than pages: each one is used again after an answer", If::Less("figure:connections", "param:urls")),
            Choice::new("More than pages", If::Otherwise),
        ]),
        When::Over,
        "{figure:connections} connections were opened. A client keeps a connection for its next request; a timeout closes \
         it.",
    ),
];
