//! The processor's time-stamp counter, read without a call.
//!
//! `quanta` reads the same counter where it is suitable, and calls the system's clock elsewhere. It does not say which, and its
//! function is not inlined, which takes half as long again as reading the counter. So the recorder finds out by comparing.
#![expect(unsafe_code, reason = "reading the counter is an intrinsic function of the processor")]

/// The counter's value.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn now() -> u64 {
    // SAFETY: every x86-64 processor has the counter, and reading it touches no memory.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// Whether this clock's raw values are the counter's.
#[cfg(target_arch = "x86_64")]
pub(super) fn is_read_by(clock: &quanta::Clock) -> bool {
    // A raw value of any other clock is not between two values of the counter that are a microsecond apart.
    let before = now();
    let raw = clock.raw();
    (before..=now()).contains(&raw)
}

/// Elsewhere `quanta` reads the clock.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn now() -> u64 {
    0
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn is_read_by(_: &quanta::Clock) -> bool {
    false
}
