//! For a program that has a `tracing` subscriber: a layer beside the others.
//!
//! ```sh
//! cargo run -p async-playground-recorder --features layer --example layer &
//! async-playground attach
//! ```

use std::time::Duration;

use tokio::time::{interval, timeout};
use tracing::{info, warn};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Your own layer: prints each event's message to stdout.
struct Print;

impl<S: tracing::Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Print {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target().starts_with("layer") {
            println!("{} at line {}", event.metadata().level(), event.metadata().line().unwrap_or(0));
        }
    }
}

#[tokio::main]
async fn main() {
    tracing_subscriber::registry().with(Print).with(async_playground_recorder::layer()).init();
    let mut ticks = interval(Duration::from_millis(200));
    loop {
        ticks.tick().await;
        let work = tokio::spawn(tokio::time::sleep(Duration::from_millis(150)));
        if timeout(Duration::from_millis(160), work).await.is_ok() {
            info!("done");
        } else {
            warn!("too slow");
        }
    }
}
