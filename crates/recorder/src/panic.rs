//! Records panics in the run instead of printing them.
//!
//! A panicking task is part of the trace, like an aborted one. Its message goes to its
//! lane; printing it would corrupt the screen. All other panics go to the previous
//! hook, including a panic of the root of a `block_on`, which ends its caller. In a
//! process that observes itself there is no screen, so all panics do.

use std::any::Any;
use std::panic;

use super::event::{Panic, What};
use super::local;

/// Sets the panic hook. Call it once.
pub(super) fn install() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = panic_text(info.payload());
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let recorded = local::with(|local| {
            let Some(task) = local.task() else { return false };
            local.push(What::Panic(Box::new(Panic { task, message, place })));
            !local.panics_outside() && !local.shared().process
        });
        if recorded != Some(true) {
            before(info);
        }
    }));
}

/// The message of a panic, or "no message".
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
