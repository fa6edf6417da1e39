//! The loop of the stream's thread: from the rings to the encoder.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use facts::event::{Event, SiteId, What};
use recording::{Ended, Footer, Writer};

use super::exit::Over;
use super::living::Living;
use super::output::Output;
use crate::Reader;
use crate::recorder::Recorder;

/// How long facts may stay in the rings, if no ring fills up earlier.
const PACE: Duration = Duration::from_millis(20);
/// How long the thread rests if nothing happens.
const IDLE: Duration = Duration::from_millis(50);
/// How long facts may wait for viewers, and how long if there are none.
const SOON: Duration = Duration::from_millis(50);
const LATER: Duration = Duration::from_secs(1);
/// A segment ends when it has this many bytes before compression, or so many times the bytes of its keyframe.
const SEGMENT: usize = 2 << 20;
const KEYFRAMES: usize = 8;
/// How many events of a keyframe are written between two looks at the rings.
const AT_ONCE: usize = 2_048;
/// How long the last stacks may take to be looked up when the program ends.
const LAST: Duration = Duration::from_millis(300);

/// Where the events come from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) recorder: Recorder,
    pub(super) reader: Reader,
}

/// Drains the rings, and encodes what it finds.
#[derive(Debug)]
pub(super) struct Pump {
    recorder: Recorder,
    reader: Reader,
    stream: Stream,
}

/// The encoded stream.
#[derive(Debug)]
struct Stream {
    writer: Writer<Output>,
    living: Living,
    /// The sites that have been restated since the last keyframe began.
    told: Vec<bool>,
    /// The number of threads whose names have been written.
    threads: usize,
    lost: u64,
    /// Roughly, the bytes of the current segment and of its keyframe.
    segment: usize,
    keyframe: usize,
}

/// Roughly, the bytes of an event.
const EVENT: usize = 5;

/// So many events may wait while something else is written. Then the rings fill up, and drop and count what comes.
const WAITING: usize = 1 << 20;

/// So many events may matter to a keyframe, and so many more for each living task. When events are lost, what they would have
/// ended remains; a program that outruns its recorder for long would lose its memory to that.
const MOST_LIVING: usize = 1 << 21;
const MOST_A_TASK: usize = 16;

/// How often the rings are read in a row by a reader that is behind. A program may write faster than they can be read, for ever.
const ROUNDS: u32 = 16;

impl Pump {
    /// Starts a stream. The events wait while another thread finds out what to say of the program.
    pub(super) fn start(Source { recorder, mut reader }: Source, output: Output) -> Self {
        let mut waiting = Vec::new();
        let header = thread::scope(|scope| {
            let header = scope.spawn(|| {
                let header = super::header(&recorder);
                recorder.notify();
                header
            });
            while !header.is_finished() {
                recorder.shared.wait(PACE, || header.is_finished());
                if waiting.len() < WAITING {
                    reader.drain(false, |thread, event| waiting.push((thread, event)));
                }
            }
            header.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let (writer, living) = (Writer::new(output, &header), Living::default());
        let mut stream = Stream { writer, living, told: Vec::new(), threads: 0, lost: 0, segment: 0, keyframe: 0 };
        stream.begin_keyframe(&reader);
        stream.restate_last();
        for (thread, event) in waiting {
            stream.event(thread, event);
        }
        Self { recorder, reader, stream }
    }

    /// Runs until the program ends.
    pub(super) fn run(mut self, over: &Arc<Over>) {
        let mut pace = IDLE;
        while !over.is_wanted() {
            let behind = self.reader.is_behind();
            self.recorder.shared.wait(pace, || behind || over.is_wanted());
            let count = self.drain(false);
            pace = if count > 0 { PACE } else { IDLE };
            let needed = self.serve();
            if needed || self.stream.is_long() {
                self.keyframe();
            }
            let living = &self.stream.living;
            if living.len() > MOST_LIVING + MOST_A_TASK * living.tasks() {
                return self.end(Ended::Stopped);
            }
        }
        self.end(Ended::Exited);
    }

    /// Reads the rings: everything if they are the `last` events, otherwise no more than a segment needs. Returns the number of
    /// events.
    fn drain(&mut self, last: bool) -> usize {
        let mut count = 0;
        for round in 1.. {
            let Self { reader, stream, .. } = self;
            count += reader.drain(last, |thread, event| stream.event(thread, event));
            let enough = !last && (round == ROUNDS || self.stream.is_long());
            if enough || !self.reader.is_behind() {
                break;
            }
        }
        self.stream.notes(&self.reader);
        count
    }

    /// Writes what is old enough, and serves the viewers. Returns whether one of them needs a keyframe.
    fn serve(&mut self) -> bool {
        let writer = &mut self.stream.writer;
        let any = matches!(writer.to(), Output::Listen(viewers) if viewers.any());
        writer.rest_for(if any { SOON } else { LATER });
        match writer.to_mut() {
            Output::Listen(viewers) => viewers.serve(),
            Output::File(_) => false,
        }
    }

    /// Writes a keyframe, piece by piece: between two pieces the rings are emptied, and their events wait until it is complete.
    fn keyframe(&mut self) {
        let Self { reader, stream, .. } = self;
        let mut waiting = Vec::new();
        stream.note_lost(reader);
        stream.begin_keyframe(reader);
        let mut next = stream.living.first();
        while next.is_some() {
            next = stream.restate(next);
            if waiting.len() < WAITING {
                reader.drain(false, |thread, event| waiting.push((thread, event)));
            }
        }
        stream.restate_last();
        for (thread, event) in waiting {
            stream.event(thread, event);
        }
        stream.notes(reader);
    }

    /// The program, or only its recording, ends. A file gets everything, viewers what is ready soon.
    fn end(mut self, ending: Ended) {
        self.recorder.close();
        let began = Instant::now();
        match self.stream.writer.to() {
            Output::File(_) => _ = self.drain(true),
            Output::Listen(viewers) if viewers.any() => {
                self.drain(false);
                while self.reader.holds() && began.elapsed() < LAST {
                    self.reader.wait(LAST.saturating_sub(began.elapsed()));
                    self.drain(false);
                }
            }
            Output::Listen(_) => {}
        }
        self.stream.writer.flush();
        if let Output::File(file) = self.stream.writer.to_mut() {
            file.ends();
        }
        let now_ns = self.recorder.now_ns();
        let (trace_hash, recorded, runtime_polls) = (None, None, None);
        let footer =
            Footer { closed_ns: now_ns, trace_hash, wake_hash: None, recorded, ending, elapsed_ns: now_ns, runtime_polls };
        self.stream.writer.close(&footer);
        if let Output::Listen(viewers) = self.stream.writer.to_mut() {
            viewers.end();
        }
    }
}

impl Stream {
    /// Takes in an event.
    fn event(&mut self, thread: u16, mut event: Event) {
        if let Some(first) = self.living.name(&mut event) {
            self.living.push(thread, &first);
            self.write(thread, &first);
        }
        self.living.push(thread, &event);
        self.write(thread, &event);
    }

    /// Encodes an event, after the meaning of its site if that is new in this segment. The reader's own event of a new site is
    /// left out: it may come in an earlier segment than the first event that needs it.
    fn write(&mut self, thread: u16, event: &Event) {
        if matches!(event.what, What::Site(_)) {
            return;
        }
        let Self { writer, living, told, .. } = self;
        tell(told, living, event, |site| writer.event(thread, site));
        self.segment += EVENT;
        self.writer.event(thread, event);
    }

    /// Writes the names of new threads, and what was lost.
    fn notes(&mut self, reader: &Reader) {
        self.name_threads(reader);
        self.note_lost(reader);
    }

    fn name_threads(&mut self, reader: &Reader) {
        for (index, name) in reader.threads().iter().enumerate().skip(self.threads) {
            self.writer.name_thread(index as u16, name);
        }
        self.threads = reader.threads().len();
    }

    /// Writes how many events were lost. Not within a keyframe, since readers skip all keyframes but the first.
    fn note_lost(&mut self, reader: &Reader) {
        let lost = reader.lost();
        if lost > self.lost {
            self.writer.add_lost(lost - self.lost);
            self.lost = lost;
        }
    }

    /// Whether it is time for a keyframe.
    fn is_long(&self) -> bool {
        self.segment > SEGMENT.max(KEYFRAMES * self.keyframe)
    }

    fn begin_keyframe(&mut self, reader: &Reader) {
        self.writer.begin_keyframe();
        self.told.clear();
        self.threads = 0;
        self.name_threads(reader);
        (self.segment, self.keyframe) = (0, EVENT * self.living.len());
    }

    /// Ends a keyframe.
    fn restate_last(&mut self) {
        let Self { writer, living, .. } = self;
        living.last_facts(&mut |thread, event| writer.event(thread, event));
        writer.end_keyframe();
    }

    /// Writes the next piece of a keyframe. Returns where the rest begins.
    fn restate(&mut self, mut next: Option<u32>) -> Option<u32> {
        let Self { writer, living, told, .. } = self;
        for _ in 0..AT_ONCE {
            let Some(node) = next else { break };
            next = living.fact(node, &mut |thread, event| {
                tell(told, living, event, |site| writer.event(thread, site));
                writer.event(thread, event);
            });
        }
        next
    }
}

/// Passes on the meaning of an event's site, unless that was told before.
fn tell(told: &mut Vec<bool>, living: &Living, event: &Event, to: impl FnOnce(&Event)) {
    let Some(SiteId(id)) = event.what.site() else { return };
    let at = id as usize;
    if told.len() <= at {
        told.resize(at + 1, false);
    }
    if !std::mem::replace(&mut told[at], true)
        && let Some(site) = living.site(SiteId(id), event.at_ns)
    {
        to(&site);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::atomic::Ordering;

    use recording::Fact;

    use super::super::file::RecordingFile;
    use super::*;
    use crate::{Detail, OnFull};

    /// A reader that has everything skips keyframes, and would miss what is lost in one.
    #[test]
    fn what_is_lost_is_written_outside_keyframes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.rec");
        let (recorder, reader) = Recorder::make(OnFull::Drop, Detail::Polls, true);
        recorder.begin_real();
        let lose = |events| recorder.shared.lost.fetch_add(events, Ordering::Relaxed);
        lose(3);
        let output = Output::File(RecordingFile::create(path.clone()).expect("a file"));
        let mut pump = Pump::start(Source { recorder: recorder.clone(), reader }, output);
        lose(4);
        pump.keyframe();
        pump.end(Ended::Stopped);
        let (_, mut reader) = recording::Reader::new(File::open(&path).expect("it exists")).expect("it is a recording");
        let (mut first, mut losses) = (None, Vec::new());
        let footer = reader.replay(|fact| {
            first.get_or_insert(matches!(fact, Fact::Keyframe(_)));
            if let Fact::Lost(events) = fact {
                losses.push(events);
            }
        });
        assert!(footer.is_ok(), "{footer:?}");
        assert_eq!((first, losses), (Some(true), vec![7]));
    }
}
