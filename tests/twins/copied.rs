//! What a learner copies from a twin beside its figures: errors reach their callers, threads end, and no argument is idle.

use super::python::{python_code, python_is_here, report_of_twin};
use super::scenario;

/// Runs this code after the imports of a test; returns what it prints.
fn said(code: &str) -> String {
    let head = "import ast, asyncio, glob, threading\nimport twin\n";
    python_code(&format!("{head}{code}"), []).trim_end().to_owned()
}

#[test]
fn the_error_that_ends_a_client_reaches_its_caller() {
    if !python_is_here() {
        return;
    }
    let code = "
import retry
async def ended(*turned):
    cx = twin.Context(retry.PARAMS, turned)
    try:
        return await retry.client(cx, retry.Service(cx), 0)
    except Exception as error:
        return type(error).__name__
for turned in ('fatal_rate=100', 'fail_rate=100', 'fail_rate=0'):
    with asyncio.Runner(loop_factory=twin.JumpingLoop) as runner:
        print(runner.run(ended(turned)))
";
    assert_eq!(said(code), "Fatal\nTransient\nNone");
}

#[test]
fn the_thread_of_the_old_code_ends_also_if_the_run_is_cancelled() {
    if !python_is_here() {
        return;
    }
    // In the old code the thread waits for orders for ever, and so would this Python if it had to wait for its threads.
    let code = "
import os
import bridge
async def cancelled():
    cx = twin.Context(bridge.PARAMS, ['variant=channel', 'calls=100', 'latency=20'])
    running = asyncio.create_task(bridge.run(cx))
    while threading.active_count() == 1:
        await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.wait([running])
    print('cancelled', running.cancelled())
asyncio.run(cancelled())
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(10)
print('threads', threading.active_count(), flush=True)
os._exit(0)
";
    assert_eq!(said(code), "cancelled True\nthreads 1");
}

#[test]
fn a_blocking_call_outlives_its_timeout() {
    if !python_is_here() {
        return;
    }
    let report = report_of_twin(scenario("blocking"), ["variant=timeout", "block=400", "tasks=1"]);
    let ran_on = report["outcome"].as_array().and_then(|figures| figures.last()).expect("figures");
    assert_eq!(ran_on["name"], "ran on after its timeout");
    assert!(ran_on["value"].as_f64() > Some(100.0), "{report}");
    let check = report["checks"].as_array().and_then(|checks| checks.last()).expect("checks");
    assert_eq!((check["name"].as_str(), check["holds"].as_bool()), (Some("the report stops at its timeout"), Some(false)));
}

/// Except where a library prescribes the arguments.
#[test]
fn every_argument_is_used() {
    if !python_is_here() {
        return;
    }
    let code = "
for file in sorted(glob.glob('*.py')):
    for function in ast.walk(ast.parse(open(file).read())):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and function.name not in ('__exit__', 'sender', 'pytest_asyncio_loop_factories'):
            used = {name.id for name in ast.walk(function) if isinstance(name, ast.Name)}
            for arg in function.args.posonlyargs + function.args.args + function.args.kwonlyargs:
                if arg.arg not in used | {'self'}:
                    print(f'{file}: {function.name} ignores {arg.arg}')
";
    assert_eq!(said(code), "");
}
