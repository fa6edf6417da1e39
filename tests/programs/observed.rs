//! A small program under observation, and its recording: as a process with the recorder in it would write it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use recorder::{Detail, OnFull, Recorder};
use recording::{Ended, Footer, Header, Program, Subject, Writer};
use tokio::runtime::Builder;
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::task;
use tokio::time::sleep;

/// How long the reader waits for events.
const LOOK: Duration = Duration::from_millis(5);

/// What a recording of this process says of it.
pub(crate) fn about() -> Program {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Program {
        name: "orders".to_owned(),
        pid: std::process::id(),
        args: vec!["orders".to_owned(), "--port".to_owned(), "8080".to_owned()],
        exe: std::env::current_exe().expect("it runs").to_str().expect("a plain path").to_owned(),
        base: env!("CARGO_MANIFEST_DIR").to_owned(),
        began_ms: now.as_millis() as u64,
        detail: "waits".to_owned(),
        lacks: Vec::new(),
    }
}

/// Takes orders from a queue with three workers, of which each needs a permit and writes a ledger.
async fn orders(over: Arc<AtomicBool>) {
    let limit = Arc::new(Semaphore::new(2));
    let ledger = Arc::new(Mutex::new(0_u64));
    let (orders, queue) = mpsc::channel::<u64>(4);
    let queue = Arc::new(Mutex::new(queue));
    let mut workers = task::JoinSet::new();
    for number in 0..3 {
        let (limit, ledger, queue) = (limit.clone(), ledger.clone(), queue.clone());
        let work = async move {
            loop {
                let Some(order) = queue.lock().await.recv().await else { return };
                let _permit = limit.acquire().await.expect("it is never closed");
                sleep(Duration::from_millis(15)).await;
                let mut ledger = ledger.lock().await;
                *ledger += order;
                tracing::info!(order, total = *ledger, "order booked");
            }
        };
        workers.build_task().name(&format!("worker {number}")).spawn(work).expect("there is a runtime");
    }
    let mut number = 0;
    while !over.load(Ordering::Relaxed) {
        number += 1;
        orders.send(number).await.expect("the workers live");
        sleep(Duration::from_millis(5)).await;
    }
    drop(orders);
    while workers.join_next().await.is_some() {}
}

/// Runs the program until `over` is set, and writes its recording to `to`.
pub(crate) fn record<W: Write + Send + 'static>(to: W, program: Program, over: Arc<AtomicBool>) {
    recorder::own([record::<W> as fn(W, Program, Arc<AtomicBool>) as usize]);
    recorder::install().expect("no other subscriber is set");
    let (recorder, mut reader) = Recorder::with_detail(OnFull::Drop, Detail::Waits);
    let mut builder = Builder::new_multi_thread();
    recorder.observe(&mut builder, ());
    let runtime = builder.worker_threads(2).thread_name("orders-worker").enable_all().build().expect("a runtime");
    let header = Header { version: env!("CARGO_PKG_VERSION").to_owned(), subject: Subject::Program(program) };
    let mut writer = Writer::new(to, &header);
    let done = Arc::new(AtomicBool::new(false));
    let writing = thread::spawn({
        let (done, recorder) = (done.clone(), recorder.clone());
        move || {
            let mut named = 0;
            loop {
                let last = done.load(Ordering::Acquire);
                reader.drain(last, |thread, event| writer.event(thread, &event));
                for (index, name) in reader.threads().iter().enumerate().skip(named) {
                    writer.name_thread(index as u16, name);
                }
                named = reader.threads().len();
                writer.flush();
                if last {
                    break;
                }
                reader.wait(LOOK);
            }
            let closed_ns = recorder.now_ns();
            writer.close(&Footer {
                closed_ns,
                trace_hash: None,
                wake_hash: None,
                recorded: None,
                ending: Ended::Exited,
                elapsed_ns: closed_ns,
                runtime_polls: None,
            });
        }
    });
    {
        let _attached = recorder.attach("main thread");
        recorder.begin_real();
        runtime.block_on(async {
            task::Builder::new().name("main").spawn(orders(over)).expect("a runtime").await.expect("it ends");
        });
    }
    drop(runtime);
    recorder.close();
    done.store(true, Ordering::Release);
    writing.join().expect("the writer does not panic");
}

/// Bytes that are read after they were written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<std::sync::Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().expect("the writer does not panic"))
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the writer does not panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
