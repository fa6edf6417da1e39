//! The sketch that is open, as plain data.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use engine::sketch::{Exit, Problem};
use trace::Names;

/// The sketch that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SketchView {
    /// Its id in the list of scenarios.
    pub id: &'static str,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it was built since it was opened.
    pub built: bool,
    /// The build in progress.
    pub building: Option<Building>,
    /// What is wrong with it.
    pub trouble: Trouble,
    /// The problem under the cursor.
    pub row: usize,
    /// Its source files besides that of the scenario, by their path in the trace; those that cannot be read have no text.
    pub files: BTreeMap<Arc<str>, Option<&'static str>>,
    /// The names in these files.
    pub names: Vec<Arc<Names>>,
    /// How many sites of the trace have been searched for files.
    pub sites: u32,
}

/// A build in progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Building {
    /// How long it has taken, in whole seconds.
    pub seconds: u64,
    /// How many crates are ready.
    pub crates: usize,
}

/// What is wrong with a sketch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing is known to be.
    #[default]
    None,
    /// It was not built.
    Broken(Vec<Problem>),
    /// Its process has ended by itself.
    Ended(Exit),
}

impl SketchView {
    /// A sketch that was opened, and not built yet.
    pub fn new(id: &'static str, folder: PathBuf) -> Self {
        let (building, trouble) = (Some(Building::default()), Trouble::None);
        Self { id, folder, built: false, building, trouble, row: 0, files: BTreeMap::new(), names: Vec::new(), sites: 0 }
    }

    /// The errors of the compiler.
    pub fn problems(&self) -> &[Problem] {
        if let Trouble::Broken(problems) = &self.trouble { problems } else { &[] }
    }

    /// The problem under the cursor.
    pub fn problem(&self) -> Option<&Problem> {
        self.problems().get(self.row)
    }
}
