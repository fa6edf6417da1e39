//! A web service with a database, and clients that use it, for as long as you like.
//!
//! One line makes it observable, the first of `main`. Everything else is an ordinary axum service: orders arrive over HTTP, a
//! semaphore limits how many are worked on, SQLite stores them through a pool of two connections, and a queue hands them to a
//! worker that ships them. The clients run in the same process, so one command shows everything.
//!
//! ```sh
//! cargo run --release -p async-playground-recorder --example service
//! async-playground attach        # in a second terminal
//! ```

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tokio::task;
use tokio::time::sleep;
use tracing::{Instrument, info, info_span, warn};

/// How many clients send orders.
const CLIENTS: u64 = 12;

/// What a handler needs. axum clones it for each request.
#[derive(Clone)]
struct Shop {
    orders: SqlitePool,
    /// The number of orders that may be worked on at once.
    desk: Arc<Semaphore>,
    /// The queue of orders to ship.
    shipping: mpsc::Sender<i64>,
    shipped: Arc<AtomicU64>,
}

type Failure = (StatusCode, String);

fn main() -> Result<(), Box<dyn Error>> {
    async_playground_recorder::init();
    // Built after `init`, so that the task of `serve` itself is seen as well.
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = SqliteConnectOptions::new().filename(folder.path().join("orders.db")).create_if_missing(true);
    // Fewer connections than orders at the desk: some have to wait for one.
    let orders = SqlitePoolOptions::new().max_connections(2).connect_with(file).await?;
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL, shipped INTEGER NOT NULL DEFAULT 0)")
        .execute(&orders)
        .await?;

    let (shipping, queue) = mpsc::channel(4);
    let shop = Shop { orders, desk: Arc::new(Semaphore::new(4)), shipping, shipped: Arc::default() };
    task::Builder::new().name("shipping").spawn(ship(shop.clone(), queue))?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("the shop is open at http://{address}; Ctrl-C closes it");
    for client in 0..CLIENTS {
        task::Builder::new().name(&format!("client {client}")).spawn(shops(format!("http://{address}"), client))?;
    }

    let app = Router::new().route("/orders/{item}", post(order)).route("/shipped", get(shipped)).with_state(shop);
    axum::serve(listener, app).with_graceful_shutdown(closes()).await?;
    Ok(())
}

/// Takes an order. The client waits until it is in the queue for shipping.
async fn order(State(shop): State<Shop>, Path(item): Path<String>) -> Result<String, Failure> {
    let _place = shop.desk.acquire().await.map_err(internal)?;
    let id = store(&shop.orders, &item).await.map_err(internal)?;
    // The queue is short, so a slow shipping department slows down the clients: backpressure.
    shop.shipping.send(id).await.map_err(internal)?;
    Ok(format!("order {id}"))
}

async fn shipped(State(shop): State<Shop>) -> String {
    shop.shipped.load(Ordering::Relaxed).to_string()
}

async fn store(orders: &SqlitePool, item: &str) -> sqlx::Result<i64> {
    // Checking the stock takes a while, and keeps the connection.
    let mut connection = orders.acquire().await?;
    sleep(Duration::from_millis(8)).await;
    let done = sqlx::query("INSERT INTO orders (item) VALUES (?)").bind(item).execute(&mut *connection).await?;
    Ok(done.last_insert_rowid())
}

/// Ships the orders in the queue, one after the other.
async fn ship(shop: Shop, mut queue: mpsc::Receiver<i64>) {
    while let Some(id) = queue.recv().await {
        async {
            sleep(Duration::from_millis(5)).await;
            let done = sqlx::query("UPDATE orders SET shipped = 1 WHERE id = ?").bind(id).execute(&shop.orders).await;
            if let Err(error) = done {
                warn!(%error, "order {id} was not shipped");
            }
        }
        .instrument(info_span!("parcel", id))
        .await;
        let shipped = shop.shipped.fetch_add(1, Ordering::Relaxed) + 1;
        if shipped.is_multiple_of(100) {
            info!(counter.shipped = shipped, "{shipped} orders are shipped");
        }
    }
}

/// A client: orders, rests, and orders again.
async fn shops(url: String, client: u64) {
    let http = reqwest::Client::new();
    for order in 0_u64.. {
        let item = ["lamp", "chair", "table"][(client + order) as usize % 3];
        match http.post(format!("{url}/orders/{item}")).send().await.and_then(reqwest::Response::error_for_status) {
            Ok(answer) => _ = answer.text().await,
            Err(error) => warn!(%error, "client {client} got no answer"),
        }
        sleep(Duration::from_millis(20 + 7 * client)).await;
    }
}

/// Ends at Ctrl-C.
async fn closes() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        warn!(%error, "Ctrl-C cannot be received, so the shop closes now");
    }
}

fn internal(error: impl Error) -> Failure {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
