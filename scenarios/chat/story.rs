//! The story of the chat, with queues, with gathered sends, and when a connection breaks; and what to predict before a run.

use scenario::prelude::*;

/// The moments to look at, in order.
pub(super) const STORY: &[Stop] = &[
    Stop::at(
        When::Highest("in_the_room"),
        "{counter:in_the_room} clients are in the room. Each has a seat, a task of the server.",
    )
    .line("here.send_modify"),
    Stop::at(
        When::Log(Nth::First, "'"),
        "{task} has received a message and puts it into each queue: {text}. `try_send` never waits, not even for a slow \
             client.",
    )
    .line("queue.try_send")
    .only("variant", "queue"),
    Stop::at(
        When::Log(Nth::First, "'"),
        "{task} has received a message and sends it to all sockets at once: {text}. It hears its own client again only when \
             all have it.",
    )
    .line("join_all(sends)")
    .only("variant", "gather"),
    Stop::at(
        When::Log(Nth::First, "hears '"),
        "{task} has a message and takes its time to read it. Meanwhile, more messages gather in its own queue, and nobody \
             waits for it.",
    )
    .only("variant", "queue"),
    Stop::at(
        When::Log(Nth::First, "leaves early"),
        "{task} {text}. Its seat takes it out of the room: no later message goes there.",
    )
    .line("sockets.remove")
    .only("leaving", "goodbye"),
    Stop::at(When::Log(Nth::First, "breaks off"), "{task} {text}: its connection ends without a goodbye.")
        .line("set_zero_linger")
        .only("leaving", "broken"),
    Stop::at(When::Log(Nth::First, "waited"), "{task} {text}. Meanwhile it did not hear what its own client said.")
        .line("join_all(sends)")
        .only("variant", "gather"),
    Stop::at(
        When::Log(Nth::First, "fails to broadcast"),
        "{task} ends because another client's connection is broken. That client stays in the room, so the next broadcast \
             fails too.",
    )
    .line("room.gather(&text).await")
    .sometimes(),
    Stop::at(
        When::Log(Nth::First, "all fast clients"),
        "Every fast client is done by {time}. A slow client costs memory, but never the time of another one.",
    )
    .only("variant", "queue"),
    Stop::at(
        When::Log(Nth::First, "all fast clients"),
        "The fast clients are done only by {time}. Each broadcast took as long as the slowest client, {figure:longest \
             broadcast} at most.",
    )
    .only("variant", "gather"),
    Stop::at(
        When::Over,
        "{figure:said} messages were sent. The connection of another client ended {figure:seats lost} seats. The run took \
             {figure:total}.",
    ),
];

/// What to predict.
pub(super) const QUESTIONS: &[Question] = &[
    Question::new(
        "Slow readers, {param:slow} of {param:clients} clients, take 250 ms for a message. Each client has a queue. When have the \
         others heard everything?",
        HEARD,
        When::Log(Nth::First, "all fast clients"),
        "The fast clients were done after {figure:fast clients done after}, the slow ones after {figure:slow clients done after}. A \
         queue for each client keeps the slow ones out of the others' way.",
    )
    .only("variant", "queue"),
    Question::new(
        "Slow readers, {param:slow} of {param:clients} clients, take 250 ms for a message, which goes to all at once. When have the \
         others heard everything?",
        HEARD,
        When::Log(Nth::First, "all fast clients"),
        "The fast clients were done after {figure:fast clients done after}, the slow ones after {figure:slow clients done after}. A \
         seat that sends to all waits for the slowest: up to {figure:longest broadcast}.",
    )
    .only("variant", "gather"),
];

/// When the fast clients have heard everything.
const HEARD: Answer = Answer::Choice(&[
    Choice::new("Never: they miss what the slow ones hold up", If::More("figure:cut off", "0")),
    Choice::new(
        "About when the slow ones have",
        If::More("figure:fast clients done after / figure:slow clients done after", "0.8"),
    ),
    Choice::new("Soon after the last message is sent", If::Otherwise),
]);
