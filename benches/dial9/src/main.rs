//! Measures a workload with dial9, or without any recorder, and prints nanoseconds an operation (for memory, bytes).
//!
//! `overhead-dial9 plain|dial9 WORKLOAD`. The benchmark `overhead` starts it.

#[path = "../../overhead/work.rs"]
mod work;

use std::io;
use std::process::ExitCode;

use dial9::{Dial9HandleTokioExt, DiskBuffer, TokioAttachOptions};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let measured = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [subject @ ("plain" | "dial9"), name] => work::named(name).map(|workload| measure(subject == "dial9", workload)),
        _ => None,
    };
    match measured {
        Some(Ok(ns)) => println!("{ns}"),
        Some(Err(error)) => {
            eprintln!("dial9 cannot record: {error}");
            return ExitCode::FAILURE;
        }
        None => {
            eprintln!("unknown arguments {args:?}: plain or dial9, and a workload");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Measures with the disk buffer and the options of dial9's README, or on a plain runtime.
fn measure(recorded: bool, workload: &work::Workload) -> io::Result<f64> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all();
    if !recorded {
        return Ok(work::measure(&builder.build()?, workload));
    }
    let folder = tempfile::tempdir()?;
    let buffer = DiskBuffer::builder()
        .base_path(folder.path())
        .max_total_size(64 * 1024 * 1024)
        .max_file_size(16 * 1024 * 1024)
        .build()?;
    let recorder = dial9::recorder(buffer).build();
    let options = TokioAttachOptions::builder().runtime_name("main").task_tracking_enabled(true).build();
    let runtime = recorder.handle().attach_tokio_runtime(builder, options)?;
    let ns = work::measure(&runtime, workload);
    drop(runtime);
    drop(recorder);
    let written: u64 = folder.path().read_dir()?.filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum();
    if written == 0 {
        return Err(io::Error::other("it wrote nothing"));
    }
    Ok(ns)
}
