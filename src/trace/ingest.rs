//! From events to a trace.

/// What is needed only while events come.
#[derive(Debug, Default)]
pub(super) struct Ingest {}
