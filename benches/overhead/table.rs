//! Prints what was measured.

use recorder::Detail;

use crate::subjects::Subject;
use crate::work::MEMORY;

/// The medians of one workload.
pub(crate) struct Row {
    pub(crate) workload: &'static str,
    pub(crate) measured: Vec<(Subject, f64)>,
}

impl Row {
    fn of(&self, subject: Subject) -> Option<f64> {
        self.measured.iter().find(|(measured, _)| *measured == subject).map(|(_, value)| *value)
    }

    /// What a subject adds to its base.
    fn added(&self, subject: Subject) -> Option<f64> {
        Some(self.of(subject)? - self.of(subject.base())?)
    }

    fn is_memory(&self) -> bool {
        self.workload == MEMORY.name
    }
}

/// The widest name of a workload.
const NAME: usize = 20;
/// The width of a column.
const COLUMN: usize = 13;

/// Prints the table and the verdicts.
pub(crate) fn print(rows: &[Row], rounds: usize) {
    let Some(first) = rows.first() else { return };
    let recorders: Vec<Subject> =
        first.measured.iter().map(|(subject, _)| *subject).filter(|subject| subject.base() != *subject).collect();
    println!(
        "\nnanoseconds of processor time that each recorder adds to an operation, on the thread that runs it; medians of {rounds} rounds\n"
    );
    let heads = recorders.iter().map(|subject| format!(" {:>COLUMN$.COLUMN$}", subject.name())).collect::<Vec<_>>().concat();
    println!("{:<NAME$} {:>COLUMN$}{heads}", "workload", "plain takes");
    for row in rows.iter().filter(|row| !row.is_memory()) {
        let added = |subject: &Subject| format!(" {:>COLUMN$.0}", row.added(*subject).unwrap_or(f64::NAN));
        let base = row.measured.first().map_or(f64::NAN, |(_, value)| *value);
        println!("{:<NAME$} {base:>COLUMN$.0}{}", row.workload, recorders.iter().map(added).collect::<String>());
    }
    for row in rows.iter().filter(|row| row.is_memory()) {
        let peak = |subject: &Subject| format!(" {:>COLUMN$.0}", row.of(*subject).unwrap_or(f64::NAN) / 1e6);
        println!("\npeak memory in MB with 100,000 tasks of 10 yields each; ours and console-subscriber keep all of it");
        let base = row.measured.first().map_or(f64::NAN, |(_, value)| *value / 1e6);
        println!("{:<NAME$} {base:>COLUMN$.0}{}", row.workload, recorders.iter().map(peak).collect::<String>());
    }
    println!();
    verdict(rows, Subject::Hooks(Detail::Polls), Subject::Dial9, 2.0, &["yield", "semaphore", "channel", "spawn"]);
    verdict(rows, Subject::Hooks(Detail::Waits), Subject::Console, 10.0, &["semaphore", "channel"]);
}

/// Says whether a recorder adds at most one `times`th of what another one adds. Says nothing if not all of it was measured.
fn verdict(rows: &[Row], ours: Subject, other: Subject, times: f64, workloads: &[&str]) {
    let ratio = |word: &str| {
        let row = rows.iter().find(|row| row.workload.contains(word))?;
        Some(row.added(ours)? / row.added(other)?)
    };
    let ratios: Option<Vec<_>> = workloads.iter().map(|word| Some((*word, ratio(word)?))).collect();
    let Some(ratios) = ratios else { return };
    let meets = ratios.iter().all(|(_, ratio)| *ratio <= 1.0 / times);
    let parts: Vec<_> = ratios.iter().map(|(word, ratio)| format!("{word} {ratio:.2}")).collect();
    println!(
        "{}: {} adds at most 1/{times} of what {} adds ({})",
        if meets { "met" } else { "MISSED" },
        ours.name(),
        other.name(),
        parts.join(", ")
    );
}

/// Prints the medians as JSON.
pub(crate) fn print_json(rows: &[Row]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let unit = if row.is_memory() { "bytes" } else { "ns" };
            let values: serde_json::Map<_, _> =
                row.measured.iter().map(|(subject, value)| (subject.name().to_owned(), (*value).into())).collect();
            serde_json::json!({ "workload": row.workload, "unit": unit, "median": values })
        })
        .collect();
    println!("{}", serde_json::Value::from(rows));
}
