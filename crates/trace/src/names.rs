//! Names from the program's source: what a line awaits, and which variable holds a resource.
//!
//! A line number says where; a name says what. [`tui::source`] parses the source;
//! this module only looks names up by file name and line. Without a source there are
//! no names, and the line is shown instead.

use std::collections::HashMap;
use std::sync::Arc;

use super::Trace;
use super::resource::ResourceIx;
use super::waits::SiteIx;
use facts::site::Place;

/// The names in one source file, by line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The file's path as the events have it, or `/` and the end of that path: its name, and enough folders to make it unique.
    pub file: String,
    /// What each line awaits.
    pub awaits: HashMap<u32, Box<str>>,
    /// The variable or field that holds what each line creates.
    pub made: HashMap<u32, Box<str>>,
}

impl Names {
    fn knows(&self, place: &Place) -> bool {
        *place.file == *self.file || (self.file.starts_with('/') && place.file.ends_with(&self.file))
    }
}

impl Trace {
    /// Adds the names in a source.
    pub fn add_names(&mut self, names: Arc<Names>) {
        self.names.push(names);
    }

    /// The names in all sources that are known.
    pub fn names(&self) -> &[Arc<Names>] {
        &self.names
    }

    fn names_at(&self, place: &Place) -> Option<&Names> {
        self.names.iter().find(|names| names.knows(place)).map(|names| &**names)
    }

    /// What is awaited at a site, in the words of the source: `limit.acquire`, `sleep(latency)`.
    pub fn await_name(&self, site: SiteIx) -> Option<&str> {
        let place = self.site(site).place.as_ref()?;
        self.names_at(place)?.awaits.get(&place.line).map(|name| &**name)
    }

    /// What the source calls a resource, with an index if its line created several.
    pub fn source_name(&self, resource: ResourceIx) -> Option<String> {
        let of = self.resources.get(resource as usize)?;
        let place = self.site(of.made_at?).place.clone()?;
        let name = self.names_at(&place)?.made.get(&place.line)?;
        let alone = self.made.get(&(of.kind, Some(place))).is_none_or(|made| *made == 1);
        Some(if alone { name.to_string() } else { format!("{name}[{}]", of.number - 1) })
    }
}
