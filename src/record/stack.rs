//! The stack of the calling thread, as a number.
//!
//! A future that is about to wait clones its task's waker from within its own
//! poll, so the stack of that moment is the chain of `.await`s that led there.
//! To take it has to cost next to nothing: it happens at every wait of every
//! task. So nothing is named here. The return addresses are read along the
//! chain of frame pointers, which every crate is built with
//! (`.cargo/config.toml`), and the whole stack is told by a hash of them: equal
//! stacks get one number, and what the number means is worked out later, by
//! the thread that reads the events.
//!
//! A chain of frame pointers may be broken: by code that was built without
//! them, or on a stack that is not the thread's own. Every link is therefore
//! checked before it is followed: it must lie above the last one and within the
//! thread's stack. A bad link ends the walk early and cannot fault.
//!
//! Beside it, only the allocator (`memory`), the prefetch of the trace (`trace::ahead`) and the signal handlers
//! (`signals`, `term::guard`) have `unsafe` code.
#![expect(unsafe_code, reason = "the frame pointer and the frames it leads to can be read in no other way")]

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, OnceLock};

use super::recorder::lock;

/// The most frames that are kept, from the innermost on.
pub(super) const DEPTH: usize = 96;

/// Room for return addresses, the innermost first. To clear it first would take half as long as the walk.
type Addresses = [MaybeUninit<usize>; DEPTH];

/// The stacks seen by this process, by number; 0 stands for none.
static STACKS: Mutex<Option<Stacks>> = Mutex::new(None);

#[derive(Default)]
struct Stacks {
    numbers: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    addresses: Vec<Arc<[usize]>>,
}

/// What was hashed already needs no second hash.
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

/// A thread's own part: where its stack ends, and the stacks that it has seen lately.
pub(super) struct Walker {
    end: usize,
    /// Hash and number, each at the place that its hash says.
    seen: Box<[(u64, u32)]>,
}

/// How many stacks a thread remembers: more than a program has places of waiting.
const SEEN: usize = 1024;

impl Walker {
    /// For the calling thread.
    pub(super) fn new() -> Self {
        Self { end: walk::stack_end(), seen: vec![(0, 0); SEEN].into_boxed_slice() }
    }

    /// The number of the present stack. Only on the thread that this was made on.
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
}

/// The number of a stack. Two stacks with one hash would be taken for one;
/// at 64 bits, and some thousand stacks, that does not happen.
#[cold]
fn number(hash: u64, addresses: &[usize]) -> u32 {
    let mut stacks = lock(&STACKS);
    let Stacks { numbers, addresses: known } = stacks.get_or_insert_default();
    *numbers.entry(hash).or_insert_with(|| {
        known.push(addresses.into());
        known.len() as u32
    })
}

/// The return addresses of a stack, the innermost first; none for a number that was never given.
pub(super) fn addresses(stack: u32) -> Arc<[usize]> {
    let stacks = lock(&STACKS);
    let place = (stack as usize).checked_sub(1);
    place.and_then(|place| stacks.as_ref()?.addresses.get(place).cloned()).unwrap_or_default()
}

/// Whether this crate was built so that its stacks can be walked. Flags are for all crates, so it stands for the others.
pub(super) fn can_be_walked() -> bool {
    static CAN: OnceLock<bool> = OnceLock::new();
    *CAN.get_or_init(|| {
        let above = 0_u8;
        std::hint::black_box(walk::leads_here(std::hint::black_box(&above)))
    })
}

/// One step of the hash: cheap, and no address cancels another.
fn mix(hash: u64, address: usize) -> u64 {
    (hash.rotate_left(5) ^ address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Along the frame pointers.
#[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), any(target_os = "linux", target_os = "macos")))]
mod walk {
    use super::{Addresses, mix};

    /// The address past the calling thread's stack; 0, so that no walk gets anywhere, if the system does not tell.
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
        // SAFETY: asks about the calling thread, which exists. The stack grows down from what is returned.
        Some(unsafe { libc::pthread_get_stackaddr_np(libc::pthread_self()) } as usize)
    }

    #[expect(clippy::inline_always, reason = "in a frame of its own it would tell that one, which is gone when it returns")]
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

    /// Whether the frame pointer is that of this call, which lies between its own variables and those of its caller.
    #[inline(never)]
    pub(super) fn leads_here(callers: &u8) -> bool {
        let own = 0_u8;
        let frame = frame_pointer();
        (std::ptr::from_ref(std::hint::black_box(&own)).addr()..std::ptr::from_ref(callers).addr()).contains(&frame)
    }

    /// The size of what a frame pointer points at: the caller's frame pointer, and the return address.
    const RECORD: usize = 2 * size_of::<usize>();

    /// Reads the stack. Returns the addresses, and their hash.
    #[inline]
    pub(super) fn addresses(end: usize, out: &mut Addresses) -> (&[usize], u64) {
        let (mut count, mut hash) = (0, 0);
        // Whatever lies between a variable of this frame and the end of the stack is in use, hence mapped.
        let mut above = std::ptr::from_ref(&count).addr();
        let mut frame = frame_pointer();
        while count < out.len()
            && frame > above
            && frame.is_multiple_of(align_of::<usize>())
            && frame < end.saturating_sub(RECORD)
        {
            let record = std::ptr::with_exposed_provenance::<[usize; 2]>(frame);
            // SAFETY: `record` is aligned, and lies with its whole length between a live variable of this
            // frame and the end of this thread's stack, all of which is mapped and readable. What is read may be
            // any bytes, which are a valid `usize`; it is volatile because they are other functions' own.
            let [caller, address] = unsafe { record.read_volatile() };
            if address == 0 {
                break;
            }
            out[count].write(address);
            hash = mix(hash, address);
            count += 1;
            (above, frame) = (frame, caller);
        }
        // SAFETY: the loop has written the first `count` of `out`, which is borrowed for as long as what is returned.
        (unsafe { std::slice::from_raw_parts(out.as_ptr().cast(), count) }, hash)
    }
}

/// Where no frame pointers are read: through the unwinder, which is slow and right.
#[cfg(not(all(any(target_arch = "x86_64", target_arch = "aarch64"), any(target_os = "linux", target_os = "macos"))))]
mod walk {
    use super::{Addresses, mix};

    pub(super) fn stack_end() -> usize {
        0
    }

    pub(super) fn leads_here(_: &u8) -> bool {
        true
    }

    pub(super) fn addresses(_: usize, out: &mut Addresses) -> (&[usize], u64) {
        let (mut count, mut hash) = (0, 0);
        backtrace::trace(|frame| {
            hash = mix(hash, *out[count].write(frame.ip().addr()));
            count += 1;
            count < out.len()
        });
        // SAFETY: the closure has written the first `count` of `out`, which is borrowed for as long as what is returned.
        (unsafe { std::slice::from_raw_parts(out.as_ptr().cast(), count) }, hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[inline(never)]
    fn deep(levels: usize, walker: &mut Walker) -> u32 {
        // Used after the call, so that it stays a call.
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
