//! The forms of an export, and the endings of their files.

use std::path::Path;

/// A form that a run is exported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A page for a browser.
    Html,
    /// A picture.
    Svg,
    /// A trace for Perfetto.
    Perfetto,
    /// A film for asciinema.
    Cast,
    /// The report as JSON.
    Json,
}

impl Format {
    /// All forms, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Html, Self::Svg, Self::Perfetto, Self::Cast, Self::Json];

    /// How the names of its files end, without the dot.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Svg => "svg",
            Self::Perfetto => "pftrace",
            Self::Cast => "cast",
            Self::Json => "json",
        }
    }

    /// What it is, in a few words.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Html => "a page for a browser",
            Self::Svg => "a picture",
            Self::Perfetto => "a trace for Perfetto",
            Self::Cast => "a film for asciinema",
            Self::Json => "the report as JSON",
        }
    }

    /// The form that the name of a file asks for.
    pub fn of(file: &Path) -> Option<Self> {
        let ending = file.extension()?.to_str()?;
        Self::ALL.into_iter().find(|form| form.ending().eq_ignore_ascii_case(ending))
    }

    /// The next form, and after the last one the first.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|form| *form == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}
