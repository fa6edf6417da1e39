//! The shortest way: one line in the `main` that you have.
//!
//! ```sh
//! cargo run -p async-playground-recorder --example init &
//! async-playground attach
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

#[tokio::main]
async fn main() {
    async_playground_recorder::init();
    let limit = Arc::new(Semaphore::new(2));
    for request in 0_u64.. {
        let limit = limit.clone();
        tokio::spawn(async move {
            let Ok(_permit) = limit.acquire().await else { return };
            sleep(Duration::from_millis(100 + 50 * (request % 4))).await;
        });
        sleep(Duration::from_millis(90)).await;
    }
}
