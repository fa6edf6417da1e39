//! The user's time zone.
#![expect(unsafe_code, reason = "the system's own conversion knows the time zone; a library for one number would be larger")]

use std::mem::MaybeUninit;

/// The local time minus UTC in seconds, at a time in milliseconds since 1970; 0 if the system does not know.
pub fn east_s(at_ms: u64) -> i64 {
    let Ok(at) = libc::time_t::try_from(at_ms / 1000) else { return 0 };
    let mut local = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are valid for the call. It initialises `local` unless it returns null.
    unsafe {
        if libc::localtime_r(&raw const at, local.as_mut_ptr()).is_null() {
            return 0;
        }
        local.assume_init().tm_gmtoff
    }
}
