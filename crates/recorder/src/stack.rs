//! Captures the stack of the calling thread as a number.
//!
//! A future that is about to wait clones its task's waker in its own poll, so the
//! stack at that moment is the chain of `.await`s that led there. Capturing it must
//! cost next to nothing, because it happens at every wait of every task. So nothing is
//! symbolicated here. The walk reads return addresses along the chain of frame
//! pointers, with which every crate is built (`.cargo/config.toml`), and hashes them:
//! equal stacks get the same number, and its meaning is looked up later, off the
//! recorded threads.
//!
//! A task's frames end where the runtime polls it. The look-up finds that address, and later walks stop there: what is around
//! it belongs to the runtime, and is two thirds of the stack.
//!
//! A chain of frame pointers may be broken, by code that was built without them or on
//! a stack that is not the thread's own. So every link is checked before it is
//! followed: it must be above the last one and within the thread's stack. A bad link
//! ends the walk early and cannot fault.
#![expect(unsafe_code, reason = "only unsafe code can read the frame pointer and the frames")]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use super::recorder::lock;

/// The maximum number of frames to keep, counted from the innermost.
pub(super) const DEPTH: usize = 96;

/// A buffer for return addresses, innermost first. It is uninitialized because clearing it would take half as long as the walk.
type Addresses = [MaybeUninit<usize>; DEPTH];

/// Return addresses at which walks may stop, indexed by address.
static ROOTS: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];

fn root(address: usize) -> &'static AtomicUsize {
    &ROOTS[(address ^ address >> 8) % ROOTS.len()]
}

/// Later walks may stop at this return address: a task's own frames end there.
pub(super) fn stop_at(address: usize) {
    root(address).store(address, Ordering::Relaxed);
}

/// The stacks seen by this process, by number; 0 means no stack.
static STACKS: Mutex<Option<Stacks>> = Mutex::new(None);

#[derive(Default)]
struct Stacks {
    numbers: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    addresses: Vec<Arc<[usize]>>,
}

/// A hasher for keys that are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// A thread's state for walking: the end of its stack, and the stacks that it has seen recently.
pub(super) struct Walker {
    end: usize,
    /// A cache of hashes and numbers, indexed by hash.
    seen: Box<[(u64, u32)]>,
}

/// How many stacks a thread caches: more than most programs have waits.
const SEEN: usize = 1024;

impl Walker {
    /// Creates a walker for the calling thread.
    pub(super) fn new() -> Self {
        Self { end: walk::stack_end(), seen: vec![(0, 0); SEEN].into_boxed_slice() }
    }

    /// The number of the current stack. Call it only on the thread that created this walker.
    #[inline(never)]
    pub(super) fn here(&mut self) -> u32 {
        let mut room = [MaybeUninit::uninit(); DEPTH];
        let (addresses, hash) = walk::addresses(self.end, &mut room);
        let seen = &mut self.seen[(hash >> 32) as usize % SEEN];
        if seen.0 != hash || seen.1 == 0 {
            *seen = (hash, number(hash, addresses));
        }
        seen.1
    }

    /// A hash of the nearest callers: different for two calls in different functions, and 0 if the stack cannot be walked.
    #[inline]
    pub(super) fn callers(&self) -> u64 {
        walk::callers(self.end)
    }
}

/// How many of the nearest callers [`Walker::callers`] looks at: as many as `tracing` can put between a future and the bare
/// subscriber. Without optimisation these are more.
static NEAR: AtomicUsize = AtomicUsize::new(if cfg!(debug_assertions) { 20 } else { 8 });

/// Looks at more callers from now on: there are other layers between futures and the recorder.
#[cfg(feature = "layer")]
pub(super) fn look_further() {
    NEAR.store(32, Ordering::Relaxed);
}

/// The number of a stack. Two stacks with the same hash would be confused; with 64 bits
/// and some thousand stacks, that does not happen.
#[cold]
fn number(hash: u64, addresses: &[usize]) -> u32 {
    let mut stacks = lock(&STACKS);
    let Stacks { numbers, addresses: known } = stacks.get_or_insert_default();
    *numbers.entry(hash).or_insert_with(|| {
        known.push(addresses.into());
        known.len() as u32
    })
}

/// The return addresses of a stack, innermost first; empty for an unknown number.
pub(super) fn addresses(stack: u32) -> Arc<[usize]> {
    let stacks = lock(&STACKS);
    let place = (stack as usize).checked_sub(1);
    place.and_then(|place| stacks.as_ref()?.addresses.get(place).cloned()).unwrap_or_default()
}

/// Whether this crate was built with frame pointers. Compiler flags apply to all crates, so the others probably were too.
pub(super) fn can_be_walked() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let above = 0_u8;
        std::hint::black_box(walk::leads_here(std::hint::black_box(&above)))
    })
}

/// One step of the hash. It is cheap, and addresses do not cancel each other.
fn mix(hash: u64, address: usize) -> u64 {
    (hash.rotate_left(5) ^ address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Walks the stack along the frame pointers.
#[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), any(target_os = "linux", target_os = "macos")))]
mod walk {
    use std::sync::atomic::Ordering;

    use super::{Addresses, NEAR, mix, root};

    /// The address past the calling thread's stack; 0, which ends every walk at once, if the system does not report it.
    pub(super) fn stack_end() -> usize {
        bounds().unwrap_or(0)
    }

    #[cfg(target_os = "linux")]
    fn bounds() -> Option<usize> {
        let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
        // SAFETY: `pthread_getattr_np` initialises the attributes if it returns 0, and only then are they
        // read and destroyed. The two out-pointers are valid for writes.
        unsafe {
            if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
                return None;
            }
            let (mut start, mut size) = (std::ptr::null_mut(), 0);
            let told = libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size);
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            (told == 0).then(|| start as usize + size)
        }
    }

    #[cfg(target_os = "macos")]
    fn bounds() -> Option<usize> {
        // SAFETY: this asks about the calling thread, which exists. The stack grows down from the returned address.
        Some(unsafe { libc::pthread_get_stackaddr_np(libc::pthread_self()) } as usize)
    }

    #[expect(clippy::inline_always, reason = "in its own frame it would return that frame's pointer, which is then gone")]
    #[inline(always)]
    fn frame_pointer() -> usize {
        let pointer: usize;
        // SAFETY: copies a register, and touches neither memory nor flags.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            std::arch::asm!("mov {}, rbp", out(reg) pointer, options(nomem, nostack, preserves_flags));
            #[cfg(target_arch = "aarch64")]
            std::arch::asm!("mov {}, x29", out(reg) pointer, options(nomem, nostack, preserves_flags));
        }
        pointer
    }

    /// Whether the frame pointer belongs to this call: it must be between this function's variables and its caller's.
    #[inline(never)]
    pub(super) fn leads_here(callers: &u8) -> bool {
        let own = 0_u8;
        let frame = frame_pointer();
        (std::ptr::from_ref(std::hint::black_box(&own)).addr()..std::ptr::from_ref(callers).addr()).contains(&frame)
    }

    /// The size of a frame record: the caller's frame pointer and the return address.
    const RECORD: usize = 2 * size_of::<usize>();

    /// Walks the stack. Returns the return addresses and their hash.
    #[inline]
    pub(super) fn addresses(end: usize, out: &mut Addresses) -> (&[usize], u64) {
        let (mut count, mut hash) = (0, 0);
        let most = out.len();
        let start = std::ptr::from_ref(&count).addr();
        follow(frame_pointer(), start, end, most, |address| {
            out[count].write(address);
            hash = mix(hash, address);
            count += 1;
            root(address).load(Ordering::Relaxed) == address
        });
        // SAFETY: the loop has written the first `count` of `out`, which is borrowed for as long as the result.
        (unsafe { std::slice::from_raw_parts(out.as_ptr().cast(), count) }, hash)
    }

    /// The hash of the nearest return addresses.
    #[inline]
    pub(super) fn callers(end: usize) -> u64 {
        let mut hash = 0;
        let start = std::ptr::from_ref(&hash).addr();
        follow(frame_pointer(), start, end, NEAR.load(Ordering::Relaxed), |address| {
            hash = mix(hash, address);
            false
        });
        hash
    }

    /// Passes on up to `most` return addresses, from this frame outwards, until `each` returns true. `above` is the address of a variable of the caller,
    /// and `end` the end of the stack.
    #[expect(clippy::inline_always, reason = "the frame and the variable must be alive in the caller")]
    #[inline(always)]
    fn follow(mut frame: usize, mut above: usize, end: usize, most: usize, mut each: impl FnMut(usize) -> bool) {
        // All memory between a variable of a live frame and the end of the stack is in use, hence mapped.
        let mut count = 0;
        while count < most && frame > above && frame.is_multiple_of(align_of::<usize>()) && frame < end.saturating_sub(RECORD) {
            let record = std::ptr::with_exposed_provenance::<[usize; 2]>(frame);
            // SAFETY: `record` is aligned, and lies entirely between a live variable and the end of this thread's stack,
            // all of which is mapped and readable. Any bytes are a valid `usize`; the read is volatile because the memory
            // belongs to other functions.
            let [caller, address] = unsafe { record.read_volatile() };
            if address == 0 || each(address) {
                break;
            }
            count += 1;
            (above, frame) = (frame, caller);
        }
    }
}

/// On other platforms: walks with the unwinder, which is slow but correct.
#[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), any(target_os = "linux", target_os = "macos"))))]
mod walk {
    use std::sync::atomic::Ordering;

    use super::{Addresses, mix, root};

    pub(super) fn stack_end() -> usize {
        0
    }

    pub(super) fn leads_here(_: &u8) -> bool {
        true
    }

    /// Unknown: unwinding at every poll would take too long.
    pub(super) fn callers(_: usize) -> u64 {
        0
    }

    pub(super) fn addresses(_: usize, out: &mut Addresses) -> (&[usize], u64) {
        let (mut count, mut hash) = (0, 0);
        backtrace::trace(|frame| {
            let address = *out[count].write(frame.ip().addr());
            hash = mix(hash, address);
            count += 1;
            count < out.len() && root(address).load(Ordering::Relaxed) != address
        });
        // SAFETY: the closure has written the first `count` of `out`, which is borrowed for as long as the result.
        (unsafe { std::slice::from_raw_parts(out.as_ptr().cast(), count) }, hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[inline(never)]
    fn deep(levels: usize, walker: &mut Walker) -> u32 {
        // The result is used after the call, so that it is not a tail call.
        std::hint::black_box(if levels == 0 { walker.here() } else { deep(levels - 1, walker) })
    }

    #[test]
    fn equal_stacks_have_one_number_and_others_another() {
        let mut walker = Walker::new();
        let numbers: Vec<u32> = [3, 3, 4].into_iter().map(|levels| deep(levels, &mut walker)).collect();
        assert_eq!(numbers[0], numbers[1]);
        assert_ne!(numbers[0], numbers[2]);
        assert_eq!(addresses(numbers[0]).len() + 1, addresses(numbers[2]).len());
    }

    #[test]
    fn two_threads_agree_on_a_stack() {
        let walk = || thread::spawn(|| deep(5, &mut Walker::new())).join().unwrap();
        let (one, other) = (walk(), walk());
        assert_eq!(one, other);
    }

    #[test]
    fn a_deep_recursion_is_cut_at_the_depth() {
        let stack = deep(10_000, &mut Walker::new());
        assert_eq!(addresses(stack).len(), DEPTH);
    }

    #[test]
    fn the_smallest_stack_that_a_thread_can_have_is_enough() {
        let small = thread::Builder::new().stack_size(1).spawn(|| deep(1, &mut Walker::new())).unwrap();
        assert!(addresses(small.join().unwrap()).len() > 2);
    }

    #[test]
    fn a_walk_while_a_panic_unwinds_is_a_walk() {
        struct Walks<'a>(&'a mut u32);
        impl Drop for Walks<'_> {
            fn drop(&mut self) {
                *self.0 = Walker::new().here();
            }
        }
        let mut stack = 0;
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _walks = Walks(&mut stack);
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(caught.is_err());
        assert!(addresses(stack).len() > 2);
    }

    #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), any(target_os = "linux", target_os = "macos")))]
    #[test]
    fn a_bad_link_ends_the_walk() {
        let mut out = [MaybeUninit::uninit(); DEPTH];
        let here = std::ptr::from_ref(&out).addr();
        // A stack that ends before it begins, and one that ends within this frame.
        assert_eq!(walk::addresses(0, &mut out).0.len(), 0);
        assert!(walk::addresses(here + size_of_val(&out), &mut out).0.len() <= 2);
        assert_eq!(addresses(u32::MAX).len(), 0, "no such stack");
    }
}
