//! What to predict before a run of the chat.

use scenario::prelude::*;

/// The questions.
pub(super) const QUESTIONS: &[Question] = &[Question::new(
    "Some of {param:clients} clients are slow (here {param:slow}): they take 250 ms to read a message. When have the others heard \
     everything?",
    Answer::Choice(&[
        Choice::new(
            "As late as the slow ones",
            If::More("figure:fast clients done after / figure:slow clients done after", "0.8"),
        ),
        Choice::new("Never: they miss what the slow ones hold up", If::More("figure:cut off", "0")),
        Choice::new("Soon after the last message is sent", If::Otherwise),
    ]),
    When::Log(Nth::First, "all fast clients"),
    "The fast ones were done after {figure:fast clients done after}, the slow ones after {figure:slow clients done after}. A queue \
     for each client keeps the slow ones out of the others' way.",
)];
