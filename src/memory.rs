//! The program's memory allocator: mimalloc for small allocations, the C library for large ones.
//!
//! A trace has a list or two for each task, and each grows a little at a time. mimalloc does that in two thirds of the C
//! library's time. To grow a list of many megabytes, however, the C library remaps its pages, while mimalloc copies them and
//! holds both copies for a while. So each allocator gets the sizes that it handles better.
#![expect(unsafe_code, reason = "an allocator's interface is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};

use mimalloc::MiMalloc;

/// Allocations of this many bytes or more come from the C library.
const LARGE: usize = 1 << 20;

/// The allocator of the program.
struct BySize;

#[global_allocator]
static ALLOCATOR: BySize = BySize;

/// Returns unused memory to the system. Both allocators keep some for a while, mimalloc until the next allocation, which may
/// be hours away in a program that waits for a key. Takes a few milliseconds after a large run.
pub fn give_back() {
    unsafe extern "C" {
        fn mi_collect(force: bool);
    }
    // SAFETY: the function is part of mimalloc, which `MiMalloc` links. Any thread may call it at any time.
    unsafe { mi_collect(true) };
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: any thread may call it at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

fn is_large(bytes: usize) -> bool {
    bytes >= LARGE
}

// SAFETY: each call goes to one of two allocators that keep the contract. The size alone decides which, and a caller that frees
// memory passes its size, so the memory goes back to the allocator that it came from.
unsafe impl GlobalAlloc for BySize {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract.
        unsafe { if is_large(layout.size()) { System.alloc(layout) } else { MiMalloc.alloc(layout) } }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract.
        unsafe { if is_large(layout.size()) { System.alloc_zeroed(layout) } else { MiMalloc.alloc_zeroed(layout) } }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract.
        unsafe { if is_large(layout.size()) { System.dealloc(ptr, layout) } else { MiMalloc.dealloc(ptr, layout) } }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        match (is_large(layout.size()), is_large(bytes)) {
            // SAFETY: the caller upholds the contract.
            (false, false) => unsafe { MiMalloc.realloc(ptr, layout, bytes) },
            // SAFETY: the caller upholds the contract.
            (true, true) => unsafe { System.realloc(ptr, layout, bytes) },
            // SAFETY: the caller upholds the contract.
            _ => unsafe { self.moved(ptr, layout, bytes) },
        }
    }
}

impl BySize {
    /// Moves memory from one allocator to the other.
    ///
    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`].
    #[cold]
    unsafe fn moved(&self, ptr: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the alignment comes from a valid layout, and the caller guarantees that the size, rounded up to it, is valid.
        // The two blocks do not overlap, since both are allocated; the old one is freed once, and only if the new one exists.
        unsafe {
            let to = self.alloc(Layout::from_size_align_unchecked(bytes, layout.align()));
            if !to.is_null() {
                to.copy_from_nonoverlapping(ptr, layout.size().min(bytes));
                self.dealloc(ptr, layout);
            }
            to
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LARGE;

    #[test]
    fn what_is_in_it_stays_when_a_list_grows_large_and_small_again() {
        let mut list: Vec<u64> = vec![0; 3];
        let all = 4 * LARGE as u64 / 8;
        for number in list.len() as u64..all {
            // One element at a time, so that the list is moved at many sizes on both sides of the bound.
            list.push(number);
        }
        assert!(list.iter().skip(3).zip(3..).all(|(is, should)| *is == should));
        for keep in [LARGE / 8 + 1, LARGE / 8, LARGE / 8 - 1, LARGE / 16, 5] {
            list.truncate(keep);
            list.shrink_to_fit();
            assert_eq!((list[0], list.last().copied()), (0, Some(keep as u64 - 1)));
        }
    }

    #[test]
    fn what_is_asked_for_empty_is_empty_and_as_aligned_as_it_has_to_be() {
        #[derive(Clone, Copy)]
        #[repr(align(4096))]
        struct Page([u8; 4096]);

        for bytes in [LARGE / 2, LARGE - 1, LARGE, 3 * LARGE] {
            assert!(vec![0_u8; bytes].iter().all(|byte| *byte == 0));
        }
        for pages in [1, LARGE / 4096 - 1, LARGE / 4096, LARGE / 1024] {
            let mut list = vec![Page([7; 4096]); pages];
            list.reserve_exact(pages);
            list.push(Page([9; 4096]));
            assert!(list.as_ptr().addr().is_multiple_of(4096));
            assert!(list.iter().take(pages).all(|page| page.0 == [7; 4096]) && list[pages].0 == [9; 4096]);
        }
    }
}
