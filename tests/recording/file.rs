//! Recordings taken apart and put together from the format's documentation, without the program's code.

use std::time::Duration;

use async_playground::report;
use engine::Recording;
use engine::{Phase, Report, Run, Sink, Spec};
use scenario::Scenario;
use trace::Trace;
use tui::source;

/// The bytes before the first chunk, without the header.
const OPENING: usize = 18;
/// The bytes of a chunk before its content.
const HEAD: usize = 20;

/// A recorded run.
pub(crate) struct Recorded {
    pub(crate) spec: Spec,
    pub(crate) trace: Trace,
    pub(crate) report: Report,
    pub(crate) bytes: Vec<u8>,
}

/// Bytes shared by a writer and a test.
#[derive(Clone, Default)]
pub(crate) struct Bytes(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Bytes {
    pub(crate) fn get(&self) -> Vec<u8> {
        self.0.lock().expect("the lock is not poisoned").clone()
    }
}

impl std::io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the lock is not poisoned").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs it to its end, with a recording.
pub(crate) fn record(spec: Spec) -> Recorded {
    let bytes = Bytes::default();
    let (trace, report) = run(&spec, Box::new(engine::writer(bytes.clone(), &spec)));
    Recorded { spec, trace, report, bytes: bytes.get() }
}

/// Runs it to its end, into the sink.
pub(crate) fn run(spec: &Spec, sink: Box<dyn Sink>) -> (Trace, Report) {
    let mut run = Run::start(spec).expect("it can be run");
    let mut trace = source::trace(spec.scenario);
    run.set_sink(sink);
    while run.phase() != Phase::Over {
        run.wait(Duration::from_secs(1));
        run.drain(&mut trace);
    }
    assert_eq!(run.sink_fault(), None);
    let report = run.report().cloned().expect("it is over");
    (trace, report)
}

/// A scenario at its defaults.
pub(crate) fn spec(id: &str) -> Spec {
    Spec::new(find(id))
}

fn find(id: &str) -> &'static Scenario {
    scenarios::find(id).expect("it is in the catalogue")
}

/// Opens these bytes, which are a recording.
pub(crate) fn opened(bytes: &[u8]) -> Recording {
    super::read(bytes).expect("it is a recording")
}

pub(crate) fn json(spec: &Spec, trace: &Trace, report: &Report) -> String {
    report::json(spec, trace, report).expect("a report")
}

/// A recording in parts: everything before the first chunk, and the chunks.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) opening: Vec<u8>,
    pub(crate) chunks: Vec<Chunk>,
}

/// A chunk, decompressed.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) kind: u32,
    pub(crate) facts: u32,
    pub(crate) content: Vec<u8>,
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

impl Parts {
    /// The parts of a complete recording.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        assert_eq!(&bytes[..10], b"APLAYREC\x05\x00");
        let end = OPENING + number(bytes, 10) as usize;
        assert_eq!(number(bytes, 14), crc32fast::hash(&bytes[OPENING..end]));
        let mut chunks = Vec::new();
        let mut at = end;
        while at < bytes.len() {
            let content = at + HEAD..at + HEAD + number(bytes, at) as usize;
            let mut sum = crc32fast::Hasher::new();
            sum.update(&bytes[at..at + 16]);
            sum.update(&bytes[content.clone()]);
            assert_eq!(number(bytes, at + 16), sum.finalize());
            let size = number(bytes, at + 4) as usize;
            at += HEAD;
            let unpacked = lz4_flex::block::decompress(&bytes[content.clone()], size).expect("a whole block");
            chunks.push(Chunk { kind: number(bytes, at - 8), facts: number(bytes, at - 12), content: unpacked });
            at = content.end;
        }
        Self { opening: bytes[..end].to_vec(), chunks }
    }

    /// The recording with these parts. All checksums are right, whatever it contains.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.opening.clone();
        for chunk in &self.chunks {
            chunk.put(&mut bytes);
        }
        bytes
    }
}

impl Chunk {
    fn put(&self, bytes: &mut Vec<u8>) {
        let packed = lz4_flex::block::compress(&self.content);
        let numbers = [packed.len() as u32, self.content.len() as u32, self.facts, self.kind];
        let head: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let mut sum = crc32fast::Hasher::new();
        sum.update(&head);
        sum.update(&packed);
        bytes.extend(head);
        bytes.extend(sum.finalize().to_le_bytes());
        bytes.extend(packed);
    }
}
