//! The runtime's hooks: every spawn, poll and end of every task.

use std::sync::Arc;

use tokio::runtime::Builder;

use super::lanes::Lanes;
use super::local::{self, Local, Role};
use super::polls;
use super::program;
use super::recorder::Recorder;

/// Additional code for the hooks, since a runtime has only one of each.
/// Called on the runtime's threads.
pub trait Taps: Send + Sync + 'static {
    /// Called before a poll, which begins and is recorded when this returns. With `Some`, the poll is cut after that many of
    /// Tokio's operations, if it makes more of them: the next one makes the task yield.
    fn before_poll(&self, recorder: &Recorder) -> Option<u8> {
        let _ = recorder;
        None
    }

    /// Called when a task has spawned another one; its poll goes on when this returns.
    fn spawned(&self, recorder: &Recorder) {
        let _ = recorder;
    }

    /// Called when a thread of the runtime wakes up, because there is work or time has passed.
    fn unparked(&self, recorder: &Recorder) {
        let _ = recorder;
    }
}

/// No additional code.
impl Taps for () {}

impl Recorder {
    /// Sets the hooks of a runtime before it is built. Without `--cfg tokio_unstable`, Tokio has none for tasks.
    pub fn observe(&self, builder: &mut Builder, taps: impl Taps) {
        let taps = Arc::new(taps);
        self.hook_threads(builder, taps.clone());
        #[cfg(tokio_unstable)]
        self.hook_tasks(builder, &taps);
    }

    fn hook_threads(&self, builder: &mut Builder, taps: Arc<impl Taps>) {
        let (recorder, shared, process) = (self.clone(), self.shared.clone(), self.shared.process);
        builder
            .on_thread_start(move || {
                // In an observed process, threads join and leave by themselves.
                if !process {
                    let thread = std::thread::current();
                    local::attach(&shared, thread.name().unwrap_or("worker"), Role::New, Lanes::default());
                }
            })
            .on_thread_stop(move || {
                if !process {
                    local::detach();
                }
            })
            .on_thread_park(|| {
                local::with(Local::park);
            })
            .on_thread_unpark(move || {
                local::with(|local| local.unpark());
                taps.unparked(&recorder);
            });
    }

    #[cfg(tokio_unstable)]
    fn hook_tasks<T: Taps>(&self, builder: &mut Builder, taps: &Arc<T>) {
        let ears = || (self.clone(), taps.clone());
        let (polls, spawns) = (ears(), ears());
        builder
            .on_task_spawn(move |task| {
                let (id, at) = (local::task_id(task.id()), task.spawned_at());
                let parent = local::with(|local| {
                    local.hook_spawned(id, at);
                    local.task()
                });
                if parent.flatten().is_some() {
                    spawns.1.spawned(&spawns.0);
                }
            })
            .on_before_task_poll(move |task| {
                let limit = polls.1.before_poll(&polls.0);
                let id = local::task_id(task.id());
                local::with(|local| local.poll_start(id));
                if let Some(operations) = limit {
                    local::with(|local| local.limit(id, operations));
                    polls::limit(operations);
                }
            })
            .on_after_task_poll(|_| {
                local::with(Local::poll_end);
            })
            .on_task_terminate(|task| {
                let id = local::task_id(task.id());
                local::with(|local| local.terminate(id));
            });
    }
}

/// Lets the recorder of this process also use a runtime's hooks. Call it before you build the runtime, and after
/// [`init`](crate::init); without a recorder it does nothing.
///
/// Hooks say exactly when a thread goes to sleep and wakes up, and make a poll cheaper to record. Nothing is recorded twice.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// async_playground_recorder::init();
/// let mut builder = tokio::runtime::Builder::new_multi_thread();
/// async_playground_recorder::observe(&mut builder);
/// let runtime = builder.enable_all().build()?;
/// runtime.block_on(async { tokio::spawn(async {}).await })?;
/// # Ok(())
/// # }
/// ```
pub fn observe(builder: &mut Builder) {
    if let Some(recorder) = program::recorder() {
        recorder.observe(builder, ());
    }
}
