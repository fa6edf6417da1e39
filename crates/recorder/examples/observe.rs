//! For a program that builds its runtime itself: observe that runtime, through its hooks. This is the cheapest way.
//!
//! ```sh
//! cargo run -p async-playground-recorder --example observe &
//! async-playground attach
//! ```

use std::io;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::time::sleep;

fn main() -> io::Result<()> {
    async_playground_recorder::init();
    let mut builder = Builder::new_multi_thread();
    async_playground_recorder::observe(&mut builder);
    builder.worker_threads(2).enable_all().build()?.block_on(async {
        let (send, mut receive) = mpsc::channel(4);
        tokio::spawn(async move {
            for item in 0_u64.. {
                if send.send(item).await.is_err() {
                    return;
                }
            }
        });
        while let Some(item) = receive.recv().await {
            sleep(Duration::from_millis(50 + item % 3)).await;
        }
    });
    Ok(())
}
