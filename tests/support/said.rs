//! A program that says one text wherever a program can say something.

use std::num::NonZeroU64;
use std::panic::Location;

use facts::event::{Cues, Event, Level, Log, Named, Panic, SpanId, SpanOpen, TaskId, What};
use recording::{Header, Program, Subject, Writer};

/// Events in which every text that a program chooses is this one.
pub(crate) fn told(text: &str) -> Vec<Event> {
    let task = TaskId(NonZeroU64::MIN);
    let text = || text.to_owned();
    let log = Log {
        task: Some(task),
        level: Level::Error,
        message: text(),
        counters: Vec::new(),
        failed: false,
        cues: Cues { moment: Some(text()), mark: Some(text()), ..Cues::default() },
    };
    let all = [
        What::Named(Box::new(Named { task, name: text(), bytes: 1 })),
        What::Spawn { task, parent: None, at: Location::caller().into() },
        What::PollStart(task),
        What::SpanOpen(Box::new(SpanOpen { span: SpanId(1), task, label: text() })),
        What::Log(Box::new(log)),
        What::Panic(Box::new(Panic { task, message: text(), place: text() })),
        What::PollEnd(task),
    ];
    all.into_iter().zip(1..).map(|(what, at_ns)| Event { at_ns, what }).collect()
}

/// The recording of the program.
pub(crate) fn recording(text: &str) -> Vec<u8> {
    let mut recording = Vec::new();
    // A header has at most 64 KiB.
    let program = Program { name: text.to_owned(), ..Program::default() };
    let header = Header { version: text.to_owned(), subject: Subject::Program(program) };
    let mut writer = Writer::new(&mut recording, &header);
    for event in told(text) {
        writer.event(0, &event);
    }
    writer.flush();
    drop(writer);
    recording
}
