//! Recordings of real runs in which every text is hostile.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use super::texts::text;
use engine::{Ending, Phase, Report, Run, Sink, Spec};
use facts::event::{CallLine, Event, Log, Named, NewSite, Panic, SpanOpen, What};
use facts::site::{Frame, Place, Site};
use proptest::prelude::*;
use scenario::{Check, Figure, Outcome};
use trace::{Sample, Trace};

/// The runs to disguise: scenarios, and the parameters to set.
const RUNS: [(&str, Option<(&str, &str)>); 6] = [
    ("semaphore", None),
    ("cancellation", None),
    ("producer-consumer", None),
    ("gather-errors", None),
    ("unbounded", None),
    ("deadlock", Some(("order", "crossed"))),
];

/// The longest path of a source file that a recording keeps.
const LONGEST_NAME: usize = 512;

/// Names as a program has them built in, of which there must be a limited number.
static FIXED: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    ["\x1b]0;counter\x07", "日本", "\u{202e}queue", "depth\n", "", "ms", "\u{9b}2J"].map(|name| &*name.to_owned().leak()).into()
});

/// The facts that a trace received, and how its run ended.
struct Told {
    facts: Vec<Fact>,
    spec: Spec,
    report: Report,
    end_ns: u64,
}

enum Fact {
    Event(u16, Event),
    Thread(u16),
    Sample(Sample),
}

static TOLD: LazyLock<Vec<Told>> = LazyLock::new(|| RUNS.iter().map(|(id, turned)| run(id, *turned)).collect());

/// Keeps the facts of a run.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Fact>>>);

impl Listener {
    fn hear(&self, fact: Fact) {
        self.0.lock().expect("the lock is not poisoned").push(fact);
    }
}

impl Sink for Listener {
    fn event(&mut self, thread: u16, event: &Event) {
        self.hear(Fact::Event(thread, event.clone()));
    }

    fn name_thread(&mut self, index: u16, _: &str) {
        self.hear(Fact::Thread(index));
    }

    fn add_sample(&mut self, sample: &Sample) {
        self.hear(Fact::Sample(sample.clone()));
    }

    fn add_lost(&mut self, _: u64) {}

    fn rest(&mut self) {}

    fn close(&mut self, _: u64, _: &Report, _: &Trace) {}

    fn fault(&self) -> Option<String> {
        None
    }
}

fn run(id: &str, turned: Option<(&str, &str)>) -> Told {
    let mut spec = Spec::new(scenarios::find(id).expect("it is in the catalogue"));
    if let Some((name, value)) = turned {
        let param = spec.scenario.param(name).expect("it has this parameter");
        spec.values.set(param, param.parse(value).expect("it is one of its values"));
    }
    let (listener, mut trace) = (Listener::default(), Trace::default());
    let mut run = Run::start(&spec).expect("it can be run");
    run.set_sink(Box::new(listener.clone()));
    while run.phase() != Phase::Over {
        run.wait(Duration::from_secs(1));
        run.drain(&mut trace);
    }
    let report = run.report().cloned().expect("it is over");
    let facts = std::mem::take(&mut *listener.0.lock().expect("the lock is not poisoned"));
    Told { facts, spec, report, end_ns: trace.end_ns }
}

/// A recording to make.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    run: prop::sample::Index,
    /// The texts, used in rotation wherever a text occurs.
    texts: Vec<String>,
    ending: u8,
}

/// A recording, and what was recorded.
pub(crate) struct Disguised {
    pub(crate) spec: Spec,
    pub(crate) trace: Trace,
    pub(crate) report: Report,
    pub(crate) bytes: Vec<u8>,
}

/// Any recording.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    let parts = (any::<prop::sample::Index>(), prop::collection::vec(text(), 1..14), 0..7_u8);
    parts.prop_map(|(run, texts, ending)| Case { run, texts, ending })
}

impl Case {
    /// Makes it.
    pub(crate) fn disguise(&self) -> Disguised {
        let told = self.run.get(&TOLD);
        let mut texts = Texts(self.texts.iter().cycle());
        let (mut trace, mut writer) = (Trace::default(), engine::writer(Vec::new(), &told.spec));
        for fact in &told.facts {
            match fact {
                Fact::Event(thread, event) => {
                    let event = Event { at_ns: event.at_ns, what: texts.disguise(&event.what) };
                    writer.event(*thread, &event);
                    trace.push(*thread, event);
                }
                Fact::Thread(index) => {
                    let name = texts.next();
                    writer.name_thread(*index, &name);
                    trace.name_thread(*index, name);
                }
                Fact::Sample(sample) => {
                    writer.add_sample(sample);
                    trace.add_sample(sample.clone());
                }
            }
        }
        trace.close(told.end_ns);
        let report = Report { ending: texts.ending(self.ending), ..told.report.clone() };
        Sink::close(&mut writer, told.end_ns, &report, &trace);
        Disguised { spec: told.spec.clone(), trace, report, bytes: writer.to().clone() }
    }
}

struct Texts<'a>(std::iter::Cycle<std::slice::Iter<'a, String>>);

impl Texts<'_> {
    fn next(&mut self) -> String {
        self.0.next().cloned().unwrap_or_default()
    }

    /// A text as a name in the source.
    fn name(&mut self) -> Arc<str> {
        let name = self.next();
        name[..name.floor_char_boundary(LONGEST_NAME)].into()
    }

    fn place(&mut self, line: u32) -> Place {
        Place { file: self.name(), line }
    }

    fn fixed(&mut self) -> &'static str {
        FIXED[self.next().len() % FIXED.len()]
    }

    fn disguise(&mut self, what: &What) -> What {
        match what {
            What::Spawn { task, parent, at } => {
                What::Spawn { task: *task, parent: *parent, at: CallLine::Told(self.place(at.line()).into()) }
            }
            What::Named(named) => What::Named(Box::new(Named { name: self.next(), ..Named::clone(named) })),
            What::Panic(panic) => {
                let place = self.name().to_string();
                What::Panic(Box::new(Panic { message: self.next(), place, ..Panic::clone(panic) }))
            }
            What::SpanOpen(open) => What::SpanOpen(Box::new(SpanOpen { label: self.next(), ..SpanOpen::clone(open) })),
            What::Log(log) => {
                let counters = log.counters.iter().map(|(_, value)| (self.fixed(), *value)).collect();
                What::Log(Box::new(Log { message: self.next(), counters, ..Log::clone(log) }))
            }
            What::Site(new) => {
                let place = new.site.place.as_ref().map(|place| self.place(place.line));
                let frames = new.site.frames.iter().map(|frame| Frame {
                    function: self.name(),
                    place: self.place(frame.place.line),
                    ..frame.clone()
                });
                let frames = frames.collect();
                What::Site(Box::new(NewSite { id: new.id, site: Arc::new(Site { place, frames, ..Site::clone(&new.site) }) }))
            }
            other => other.clone(),
        }
    }

    fn ending(&mut self, which: u8) -> Ending {
        match which {
            0 => Ending::Failed(self.next()),
            1 => Ending::Panicked(self.next()),
            2 => Ending::Stalled,
            3 => Ending::Limit,
            many => {
                let figure = |n: u8| Figure { name: self.next(), value: f64::from(n) * 1.5, unit: self.fixed() };
                let figures = (0..many).map(figure).collect();
                let checks = (0..many).map(|n| Check { name: self.next(), holds: n % 3 != 0 }).collect();
                Ending::Finished(Outcome { figures, checks })
            }
        }
    }
}
