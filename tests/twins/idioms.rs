//! What the code of the twins does where their runs do not lead: a call that is cancelled, a task that fails, a thread.
//!
//! A learner copies this code into programs in which such things happen.

use serde_json::Value as Json;

use super::python::{python_code, python_is_here, report_of_twin};
use super::scenario;

/// Asserts what Python code prints.
fn prints(code: &str, expected: &str) {
    if python_is_here() {
        assert_eq!(python_code(code, []).trim_end(), expected, "{code}");
    }
}

/// Four threads that compute for 50 ms each use 200 ms of a processor, however they share it.
#[test]
fn computing_is_counted_by_the_thread_and_not_by_the_clock() {
    prints(
        "
import threading, time
from twin import Context
cx = Context({}, [])
cx.real = True
threads = [threading.Thread(target=cx.burn, args=(50,)) for _ in range(4)]
begun = time.process_time()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(time.process_time() - begun >= 0.2)
",
        "True",
    );
}

/// A request that is cancelled while it has one permit and waits for the next gives the first one back.
#[test]
fn permits_come_back_from_a_request_that_is_cancelled_between_two() {
    prints(
        "
import asyncio
from semaphore import Service, request
async def main():
    service = Service(3)
    holder = asyncio.create_task(request(service, 2, 10))
    await asyncio.sleep(0)
    # One permit is left, and this one needs two.
    between = asyncio.create_task(request(service, 2, 10))
    await asyncio.sleep(0)
    between.cancel()
    await asyncio.wait([holder, between])
    free = 0
    while not service.limit.locked():
        await service.limit.acquire()
        free += 1
    print(free, service.in_flight)
asyncio.run(main())
",
        "3 0",
    );
}

/// A call that is cancelled is no longer in flight, with one permit and with several.
#[test]
fn a_call_that_is_cancelled_is_not_in_flight() {
    prints(
        "
import asyncio
from semaphore import Service, request
async def main():
    service = Service(3)
    for each in 1, 3:
        calling = asyncio.create_task(request(service, each, 60_000))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        print(service.in_flight, end=' ')
        calling.cancel()
        await asyncio.wait([calling])
        print(service.in_flight, service.limit.locked())
asyncio.run(main())
",
        "1 0 False\n1 0 False",
    );
}

/// A mirror that fails has not answered: its error goes up, whether it is the first or a loser.
#[test]
fn a_race_raises_the_error_of_a_mirror_that_fails() {
    for (fails, losers) in [("True", "keep"), ("latency == 715", "abort"), ("latency > 715", "keep")] {
        prints(
            &format!(
                "
import asyncio, first_completed as race
from twin import Context, JumpingLoop
plainly = race.ask
async def ask(latency):
    await plainly(latency)
    if {fails}:
        raise ConnectionError('refused')
race.ask = ask
cx = Context(race.PARAMS, ['losers={losers}'])
try:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        print(runner.run(race.run(cx)).checks)
except ConnectionError as error:
    print(error)
"
            ),
            "refused",
        );
    }
}

/// A bug in a worker or in the probe goes up, and is not counted as a job that was lost.
#[test]
fn a_shutdown_raises_the_error_of_its_tasks() {
    for (method, error) in [("worker", "ZeroDivisionError"), ("health", "KeyError")] {
        prints(
            &format!(
                "
import asyncio, shutdown
from twin import Context, JumpingLoop
async def faulty(self):
    await asyncio.sleep(0.3)
    raise {error}
shutdown.Service.{method} = faulty
try:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        print(runner.run(shutdown.run(Context(shutdown.PARAMS, []))).checks)
except {error} as error:
    print(type(error).__name__)
"
            ),
            error,
        );
    }
}

/// A probe that is late does not delay the next ones.
#[test]
fn a_late_probe_does_not_delay_the_next_ones() {
    prints(
        "
import asyncio, shutdown
from twin import Context, JumpingLoop, now
async def main():
    cx = Context(shutdown.PARAMS, ['health_every=100'])
    service = shutdown.Service(cx)
    probing = asyncio.create_task(service.health())
    await asyncio.sleep(0.03)
    # The probe of 50 ms comes at 90.
    cx.burn(60)
    await asyncio.sleep(0.03)
    service.ready = False
    await probing
    print(now())
with asyncio.Runner(loop_factory=JumpingLoop) as runner:
    runner.run(main())
",
        "150",
    );
}

/// Real signals stop the twin as the token does.
#[test]
fn a_shutdown_handles_real_signals() {
    if !python_is_here() {
        return;
    }
    for trigger in ["sigterm", "ctrl-c"] {
        let args = [format!("trigger={trigger}"), "signal_at=300".to_owned(), "grace=100".to_owned()];
        let report = report_of_twin(scenario("shutdown"), &args);
        let accepted = report["outcome"][0]["value"].as_u64();
        assert!(accepted >= Some(1), "{report}");
        assert_eq!(report["checks"][0]["holds"], Json::Bool(true), "{report}");
    }
}

/// Threads of `CPython` take turns, so computing in them takes as long as on the loop.
#[test]
fn threads_do_not_make_computing_faster() {
    if python_is_here() {
        let report = report_of_twin(scenario("workers"), ["flavor=multi_thread", "mix=100", "tasks=4", "cpu=20"]);
        assert!(report["elapsed_ms"].as_u64() >= Some(4 * 20 * 5 * 8 / 10), "{report}");
        assert_eq!(report["checks"][1]["holds"], Json::Bool(true), "{report}");
    }
}
