//! The file under way: texts that are written once, tracks, and events in their order.
//!
//! `trace_processor` sorts events by time and keeps the order of the file among those of one time. On the virtual clock most of
//! what happens has the same time as something else, so the order of the file is the order of the run: by the poll in which
//! something happened, then by its place in that poll. Events of one track always keep the order in which they were added.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use prost::Message;

use super::proto::{self, DebugAnnotation, InternedData, Named, TracePacket, TrackDescriptor, TrackEvent, Type};

/// All packets are one sequence.
const SEQUENCE: Option<u32> = Some(1);

/// When something happens.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct When {
    /// In nanoseconds since the run began.
    pub(super) at_ns: u64,
    /// In which poll, counted from 1; 0 if before the first poll of that time.
    pub(super) poll: u64,
    /// Where in the poll.
    pub(super) part: Part,
}

/// A part of a poll.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Its beginning.
    #[default]
    Begin,
    /// Something that happens in it.
    Within,
    /// Its end, and what follows from it.
    End,
}

impl When {
    pub(super) fn new(at_ns: u64, poll: u64, part: Part) -> Self {
        Self { at_ns, poll, part }
    }

    /// A time alone.
    pub(super) fn time(at_ns: u64) -> Self {
        Self { at_ns, ..Self::default() }
    }
}

/// What is to be added to a track.
#[derive(Debug, Default)]
pub(super) struct What {
    pub(super) name: Iid,
    pub(super) category: Iid,
    pub(super) notes: Vec<DebugAnnotation>,
    /// The flows that begin here.
    pub(super) flows: Vec<u64>,
    /// The flow that ends here.
    pub(super) ends_flow: Option<u64>,
}

/// The number of a text; 0 is none.
pub(super) type Iid = u64;

/// Texts, each once.
#[derive(Debug, Default)]
struct Texts(HashMap<Arc<str>, Iid>, Vec<Arc<str>>);

impl Texts {
    fn iid(&mut self, text: &str) -> Iid {
        if let Some(known) = self.0.get(text) {
            return *known;
        }
        let (text, iid) = (Arc::<str>::from(text), self.1.len() as Iid + 1);
        self.0.insert(text.clone(), iid);
        self.1.push(text);
        iid
    }

    fn named(&self) -> Vec<Named> {
        let named = |(iid, text): (Iid, &Arc<str>)| Named { iid: Some(iid), name: Some(text.to_string()) };
        (1..).zip(&self.1).map(named).collect()
    }
}

/// An event in [`File::bytes`].
#[derive(Debug)]
struct Item {
    when: When,
    from: usize,
    to: usize,
}

/// The file under way.
#[derive(Debug)]
pub(super) struct File {
    names: Texts,
    categories: Texts,
    keys: Texts,
    values: Texts,
    tracks: Vec<u8>,
    items: Vec<Item>,
    bytes: Vec<u8>,
    /// The part of the run to write.
    range_ns: RangeInclusive<u64>,
    /// The end of the trace: what lasts beyond it has no end.
    end_ns: u64,
    /// The number of the last flow.
    flows: u32,
}

impl File {
    pub(super) fn new(range_ns: RangeInclusive<u64>, end_ns: u64) -> Self {
        Self {
            names: Texts::default(),
            categories: Texts::default(),
            keys: Texts::default(),
            values: Texts::default(),
            tracks: Vec::new(),
            items: Vec::new(),
            bytes: Vec::new(),
            range_ns,
            end_ns,
            flows: 0,
        }
    }

    /// An event of this name and category.
    pub(super) fn what(&mut self, category: &str, name: &str) -> What {
        What { name: self.names.iid(name), category: self.categories.iid(category), ..What::default() }
    }

    /// The part of the run to write, in nanoseconds.
    pub(super) fn range(&self) -> (u64, u64) {
        (*self.range_ns.start(), *self.range_ns.end())
    }

    /// A new flow for something that happens at a time; none if that is outside the range, where it could not be drawn.
    pub(super) fn flow(&mut self, at_ns: u64) -> Option<u64> {
        let (first, last) = self.range();
        // A slice that ends as the range begins is not in the file.
        if at_ns > last || (at_ns <= first && first > 0) {
            return None;
        }
        self.flows += 1;
        Some(Id::Flow(self.flows).uuid())
    }

    /// Adds a track.
    pub(super) fn track(&mut self, track: TrackDescriptor) {
        let packet =
            TracePacket { trusted_packet_sequence_id: SEQUENCE, track_descriptor: Some(track), ..TracePacket::default() };
        prost::encoding::message::encode(1, &packet, &mut self.tracks);
    }

    /// Adds an event.
    fn add(&mut self, when: When, track_event: TrackEvent) {
        let packet = TracePacket {
            timestamp: Some(when.at_ns),
            trusted_packet_sequence_id: SEQUENCE,
            track_event: Some(track_event),
            sequence_flags: Some(proto::NEEDS),
            ..TracePacket::default()
        };
        let from = self.bytes.len();
        prost::encoding::message::encode(1, &packet, &mut self.bytes);
        self.items.push(Item { when, from, to: self.bytes.len() });
    }

    /// Adds an instant, if it is in the range.
    pub(super) fn instant(&mut self, track: u64, when: When, what: What) {
        if self.range_ns.contains(&when.at_ns) {
            self.add(when, event(Type::Instant, track, what));
        }
    }

    /// Adds the values of a counter: one for each time, in order of time. The range begins with the value that it has then.
    pub(super) fn counter(&mut self, track: u64, points: impl IntoIterator<Item = (u64, f64)>) {
        let (first, last) = self.range();
        let mut before = None;
        for (at_ns, value) in points {
            if at_ns <= first {
                before = Some(value);
                continue;
            }
            if let Some(value) = before.take() {
                self.value(track, first, value);
            }
            if at_ns <= last {
                self.value(track, at_ns, value);
            }
        }
        if let Some(value) = before {
            self.value(track, first, value);
        }
    }

    fn value(&mut self, track: u64, at_ns: u64, value: f64) {
        let whole = value.fract() == 0.0 && value.abs() < 9e15;
        let event = TrackEvent {
            counter_value: whole.then_some(value as i64),
            double_counter_value: (!whole).then_some(value),
            ..event(Type::Counter, track, What::default())
        };
        // After everything else of that time.
        self.add(When::new(at_ns, u64::MAX, Part::End), event);
    }

    /// A note with a text.
    pub(super) fn text(&mut self, key: &str, text: &str) -> DebugAnnotation {
        DebugAnnotation { string_value_iid: Some(self.values.iid(text)), ..self.note(key) }
    }

    /// A note with a number.
    pub(super) fn number(&mut self, key: &str, number: u64) -> DebugAnnotation {
        DebugAnnotation { uint_value: Some(number), ..self.note(key) }
    }

    /// A note that something holds.
    pub(super) fn holds(&mut self, key: &str) -> DebugAnnotation {
        DebugAnnotation { bool_value: Some(true), ..self.note(key) }
    }

    /// A note with named values.
    pub(super) fn dict(&mut self, key: &str, dict_entries: Vec<DebugAnnotation>) -> DebugAnnotation {
        DebugAnnotation { dict_entries, ..self.note(key) }
    }

    /// A note with a list of values.
    pub(super) fn list(&mut self, key: &str, array_values: Vec<DebugAnnotation>) -> DebugAnnotation {
        DebugAnnotation { array_values, ..self.note(key) }
    }

    fn note(&mut self, key: &str) -> DebugAnnotation {
        let name_iid = (!key.is_empty()).then(|| self.keys.iid(key));
        DebugAnnotation { name_iid, ..DebugAnnotation::default() }
    }

    /// The whole file.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        let interned_data = InternedData {
            event_categories: self.categories.named(),
            event_names: self.names.named(),
            debug_annotation_names: self.keys.named(),
            debug_annotation_string_values: self.values.named(),
        };
        let first = TracePacket {
            trusted_packet_sequence_id: SEQUENCE,
            interned_data: Some(interned_data),
            sequence_flags: Some(proto::CLEARED),
            ..TracePacket::default()
        };
        let mut file = proto::Trace { packet: vec![first] }.encode_to_vec();
        file.reserve_exact(self.tracks.len() + self.bytes.len());
        file.append(&mut self.tracks);
        self.items.sort_by_key(|item| item.when);
        for item in &self.items {
            file.extend_from_slice(&self.bytes[item.from..item.to]);
        }
        file
    }
}

/// A track on which one thing follows another, or is within it.
#[derive(Debug)]
pub(super) struct Lane {
    track: u64,
    /// The last event. What comes later is never earlier.
    last: When,
}

impl Lane {
    pub(super) fn new(track: u64) -> Self {
        Self { track, last: When::default() }
    }

    /// Adds a slice, cut at the ends of the range, if any of it is within. One without an end lasts beyond the trace.
    pub(super) fn slice(&mut self, file: &mut File, from: When, to: Option<When>, what: What) {
        if self.begin(file, from, to, what) {
            self.end(file, to);
        }
    }

    /// Begins a slice, if any of it is in the range. Returns whether it did.
    pub(super) fn begin(&mut self, file: &mut File, from: When, to: Option<When>, what: What) -> bool {
        let (first, last) = file.range();
        let before = to.is_some_and(|to| to.at_ns < first || (to.at_ns == first && from.at_ns < first));
        if from.at_ns > last || before {
            return false;
        }
        let from = if from.at_ns < first { When::time(first) } else { from };
        self.last = self.last.max(from);
        file.add(self.last, event(Type::SliceBegin, self.track, what));
        true
    }

    /// Ends the last slice that was begun and not ended.
    pub(super) fn end(&mut self, file: &mut File, to: Option<When>) {
        let (_, last) = file.range();
        let cut = When::new(last, u64::MAX, Part::End);
        let to = match to {
            Some(to) => to.min(cut),
            None if last < file.end_ns => cut,
            None => return,
        };
        self.last = self.last.max(to);
        file.add(self.last, event(Type::SliceEnd, self.track, What::default()));
    }
}

fn event(of: Type, track: u64, what: What) -> TrackEvent {
    let given = |iid: Iid| (iid != 0).then_some(iid);
    TrackEvent {
        category_iids: given(what.category).into_iter().collect(),
        debug_annotations: what.notes,
        r#type: Some(of.into()),
        name_iid: given(what.name),
        track_uuid: Some(track),
        flow_ids: what.flows,
        terminating_flow_ids: what.ends_flow.into_iter().collect(),
        ..TrackEvent::default()
    }
}

/// What has a number of its own in the file. Equal runs have equal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    Process,
    Run,
    Group(u32),
    Task(u32),
    Spans(u32, u32),
    Branch(u32, u32),
    Thread(u32),
    Resource(u32),
    Holders(u32, u32),
    Level(u32, u32),
    Counter(u32),
    Words(u32),
    Metric(u32),
    Flow(u32),
}

impl Id {
    /// Its number: unique, and never 0.
    pub(super) fn uuid(self) -> u64 {
        let (kind, a, b) = match self {
            Self::Process => (1_u64, 0, 0),
            Self::Run => (2, 0, 0),
            Self::Group(group) => (3, group, 0),
            Self::Task(task) => (4, task, 0),
            Self::Spans(task, lane) => (5, task, lane),
            Self::Branch(task, lane) => (6, task, lane),
            Self::Thread(thread) => (7, thread, 0),
            Self::Resource(resource) => (8, resource, 0),
            Self::Holders(resource, lane) => (9, resource, lane),
            Self::Level(resource, level) => (10, resource, level),
            Self::Counter(counter) => (11, counter, 0),
            Self::Words(words) => (12, words, 0),
            Self::Metric(metric) => (13, metric, 0),
            Self::Flow(flow) => (14, flow, 0),
        };
        // SplitMix64's last step, which maps no two numbers to one, so that the numbers of two kinds of things do not look alike.
        let mut z = (kind << 58) | (u64::from(b & 0x3ff_ffff) << 32) | u64::from(a);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
