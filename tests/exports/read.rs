//! Reads a trace for Perfetto with the published definitions of its format, as `trace_processor` would.

use std::collections::HashMap;
use std::ops::Deref;

use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage as _, Value};

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) tracks: HashMap<u64, Track>,
    pub(super) slices: Vec<Slice>,
    pub(super) instants: Vec<Slice>,
    /// Track, time and value of each value of a counter.
    pub(super) values: Vec<(u64, u64, f64)>,
    texts: HashMap<(&'static str, u64), String>,
    /// The slices that are open on each track, by index.
    open: HashMap<u64, Vec<usize>>,
}

/// A row.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) name: String,
    pub(super) parent: u64,
    pub(super) rank: i64,
    pub(super) counts: bool,
}

/// A slice or an instant.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) track: u64,
    pub(super) category: String,
    pub(super) name: String,
    pub(super) from_ns: u64,
    /// None if it does not end, and for an instant.
    pub(super) to_ns: Option<u64>,
    /// How many slices are around it.
    pub(super) depth: usize,
    /// Its place in the file.
    pub(super) place: usize,
    pub(super) notes: HashMap<String, String>,
    pub(super) flows: Vec<u64>,
    pub(super) ends: Vec<u64>,
}

/// A message and what is needed to read it.
struct Message<'a>(&'a DynamicMessage);

impl Message<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        assert!(self.0.descriptor().get_field_by_name(name).is_some(), "the definitions have no field {name}");
        self.0.has_field_by_name(name).then(|| self.0.get_field_by_name(name).expect("it is there").deref().clone())
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.value(name)? {
            Value::U64(number) => Some(number),
            Value::U32(number) => Some(number.into()),
            Value::I32(number) | Value::EnumNumber(number) => u64::try_from(number).ok(),
            other => panic!("{name} is {other:?}"),
        }
    }

    fn numbers(&self, name: &str) -> Vec<u64> {
        let list = self.value(name).and_then(|value| value.as_list().map(<[Value]>::to_vec)).unwrap_or_default();
        list.iter().map(|value| value.as_u64().expect("a number")).collect()
    }

    fn text(&self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        let bytes = value.as_bytes().map(|bytes| String::from_utf8(bytes.to_vec()).expect("it is UTF-8"));
        bytes.or(value.as_str().map(str::to_owned))
    }

    fn message(&self, name: &str) -> Option<DynamicMessage> {
        self.value(name)?.as_message().cloned()
    }

    fn messages(&self, name: &str) -> Vec<DynamicMessage> {
        let list = self.value(name).and_then(|value| value.as_list().map(<[Value]>::to_vec)).unwrap_or_default();
        list.iter().map(|value| value.as_message().expect("a message").clone()).collect()
    }
}

/// Fails if a message has a field, or an enum a value, that the definitions do not have.
fn known(message: &DynamicMessage) {
    let name = message.descriptor().full_name().to_owned();
    assert_eq!(message.unknown_fields().count(), 0, "fields of {name} that are not in the definitions");
    for (field, value) in message.fields() {
        let values = if let Value::List(list) = value { list.as_slice() } else { std::slice::from_ref(value) };
        for value in values {
            if let Value::Message(inner) = value {
                known(inner);
            }
            if let (Value::EnumNumber(number), prost_reflect::Kind::Enum(of)) = (value, field.kind()) {
                assert!(of.get_value(*number).is_some(), "{name}.{} has no value {number}", field.name());
            }
        }
    }
}

/// The published definitions.
pub(super) fn definitions() -> DescriptorPool {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/export/proto");
    let set = protox::compile(["perfetto_subset.proto"], [folder]).expect("the definitions are valid");
    DescriptorPool::from_file_descriptor_set(set).expect("they are complete")
}

/// Reads a file.
pub(super) fn read(definitions: &DescriptorPool, bytes: &[u8]) -> Read {
    let trace = definitions.get_message_by_name("perfetto.protos.Trace").expect("it is defined");
    let trace = DynamicMessage::decode(trace, bytes).expect("it is valid");
    known(&trace);
    let mut read = Read::default();
    let mut last_ns = 0;
    for (place, packet) in Message(&trace).messages("packet").iter().enumerate() {
        let packet = Message(packet);
        assert!(packet.number("trusted_packet_sequence_id").is_some(), "a packet is of a sequence");
        if let Some(interned) = packet.message("interned_data") {
            assert_eq!(packet.number("sequence_flags"), Some(1), "the texts start anew");
            read.texts(&Message(&interned));
        }
        if let Some(track) = packet.message("track_descriptor") {
            read.track(&Message(&track));
        }
        if let Some(event) = packet.message("track_event") {
            assert_eq!(packet.number("sequence_flags"), Some(2), "an event needs the texts");
            let at_ns = packet.number("timestamp").expect("an event has a time");
            assert!(last_ns <= at_ns, "the file is in order of time");
            last_ns = at_ns;
            read.event(place, at_ns, &Message(&event));
        }
    }
    read
}

impl Read {
    fn texts(&mut self, interned: &Message<'_>) {
        let kinds = [
            ("event_categories", "name"),
            ("event_names", "name"),
            ("debug_annotation_names", "name"),
            ("debug_annotation_string_values", "str"),
        ];
        for (kind, field) in kinds {
            for text in interned.messages(kind) {
                let (iid, text) = (Message(&text).number("iid"), Message(&text).text(field));
                self.texts.insert((kind, iid.expect("it has a number")), text.unwrap_or_default());
            }
        }
    }

    fn text(&self, kind: &'static str, iid: Option<u64>) -> String {
        iid.map_or_else(String::new, |iid| self.texts[&(kind, iid)].clone())
    }

    fn track(&mut self, track: &Message<'_>) {
        let process = track.message("process").and_then(|process| Message(&process).text("process_name"));
        let read = Track {
            name: track.text("name").or(process).expect("a track has a name"),
            parent: track.number("parent_uuid").unwrap_or(0),
            rank: track.number("sibling_order_rank").unwrap_or(0).try_into().expect("a rank is small"),
            counts: track.message("counter").is_some(),
        };
        assert!(read.parent == 0 || self.tracks.contains_key(&read.parent), "a parent comes first");
        let uuid = track.number("uuid").filter(|uuid| *uuid > 0).expect("a track has a number");
        assert!(self.tracks.insert(uuid, read).is_none(), "a track is described once");
    }

    fn note(&self, note: &Message<'_>) -> (String, String) {
        let key = self.text("debug_annotation_names", note.number("name_iid"));
        let values = |name| note.messages(name).iter().map(|value| self.note(&Message(value))).collect::<Vec<_>>();
        let (dict, list) = (values("dict_entries"), values("array_values"));
        let text = if !dict.is_empty() {
            dict.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join(", ")
        } else if !list.is_empty() {
            list.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>().join("; ")
        } else if let Some(number) = note.number("uint_value") {
            number.to_string()
        } else if note.value("bool_value").is_some() {
            "true".to_owned()
        } else {
            self.text("debug_annotation_string_values", note.number("string_value_iid"))
        };
        (key, text)
    }

    fn event(&mut self, place: usize, at_ns: u64, event: &Message<'_>) {
        let track = event.number("track_uuid").expect("an event has a track");
        assert!(self.tracks.contains_key(&track), "a track is described before its events");
        let open = self.open.entry(track).or_default().len();
        let slice = Slice {
            track,
            category: self.text("event_categories", event.numbers("category_iids").first().copied()),
            name: self.text("event_names", event.number("name_iid")),
            from_ns: at_ns,
            to_ns: None,
            depth: open,
            place,
            notes: event.messages("debug_annotations").iter().map(|note| self.note(&Message(note))).collect(),
            flows: event.numbers("flow_ids"),
            ends: event.numbers("terminating_flow_ids"),
        };
        assert_eq!(self.tracks[&track].counts, event.number("type") == Some(4), "a counter has values only");
        match event.number("type") {
            Some(1) => {
                self.open.entry(track).or_default().push(self.slices.len());
                self.slices.push(slice);
            }
            Some(2) => {
                let begun = self.open.entry(track).or_default().pop().expect("a slice that ends has begun");
                self.slices[begun].to_ns = Some(at_ns);
            }
            Some(3) => self.instants.push(slice),
            Some(4) => {
                let whole = event.value("counter_value").and_then(|value| value.as_i64()).map(|value| value as f64);
                let value = whole.or(event.value("double_counter_value").and_then(|value| value.as_f64()));
                self.values.push((track, at_ns, value.expect("a counter has a value")));
            }
            other => panic!("an event of type {other:?}"),
        }
    }

    /// The slices of a category.
    pub(super) fn of<'a>(&'a self, category: &'a str) -> impl Iterator<Item = &'a Slice> {
        self.slices.iter().filter(move |slice| slice.category == category)
    }

    /// The instants of a category.
    pub(super) fn instants_of(&self, category: &str) -> usize {
        self.instants.iter().filter(|instant| instant.category == category).count()
    }

    /// The group that a track is in, and its place there.
    pub(super) fn row(&self, track: u64) -> (&str, i64) {
        let of = &self.tracks[&track];
        (&self.tracks[&of.parent].name, of.rank)
    }

    /// The index of the thing that a track in this group is of.
    pub(super) fn index(&self, track: u64, group: &str) -> usize {
        let (name, rank) = self.row(track);
        assert_eq!(name, group);
        usize::try_from(rank).expect("it is an index")
    }
}
