//! See concurrency: run a scenario on a real Tokio runtime and watch every task.
#[cfg(not(tokio_unstable))]
compile_error!(
    "async-playground reads Tokio's runtime hooks, which need the flag `--cfg tokio_unstable`. \
     The repository's .cargo/config.toml sets it: build from inside the checkout, and unset RUSTFLAGS, which would replace it."
);

pub mod app;
pub mod engine;
pub mod record;
pub mod report;
pub mod trace;
