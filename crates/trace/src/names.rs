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
    /// The end of the file's path: its name, and enough folders to make it unique.
    pub file: String,
    /// What each line awaits.
    pub awaits: HashMap<u32, Box<str>>,
    /// The variable or field that holds what each line creates.
    pub made: HashMap<u32, Box<str>>,
}

impl Names {
    fn knows(&self, place: &Place) -> bool {
        !self.file.is_empty() && place.file.ends_with(&self.file)
    }
}

impl Trace {
    /// Sets the names of a source.
    pub fn set_names(&mut self, names: Arc<Names>) {
        self.names = names;
    }

    /// What is awaited at a site, in the words of the source: `limit.acquire`, `sleep(latency)`.
    pub fn await_name(&self, site: SiteIx) -> Option<&str> {
        let place = self.site(site).place.as_ref().filter(|place| self.names.knows(place))?;
        self.names.awaits.get(&place.line).map(|name| &**name)
    }

    /// What the source calls a resource, with an index if its line created several.
    pub fn source_name(&self, resource: ResourceIx) -> Option<String> {
        let of = self.resources.get(resource as usize)?;
        let place = self.site(of.made_at?).place.clone().filter(|place| self.names.knows(place))?;
        let name = self.names.made.get(&place.line)?;
        let alone = self.made.get(&(of.kind, Some(place))).is_none_or(|made| *made == 1);
        Some(if alone { name.to_string() } else { format!("{name}[{}]", of.number - 1) })
    }
}
