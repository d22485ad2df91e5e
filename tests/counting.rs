//! A counting allocator, for tests of memory use.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static IN_USE: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Returns the bytes that this thread has allocated and not freed, as requested.
pub fn in_use() -> u64 {
    IN_USE.get()
}

fn add(bytes: usize) {
    // While a thread ends, nothing is counted.
    let _ = IN_USE.try_with(|count| count.set(count.get().wrapping_add(bytes as u64)));
}

fn subtract(bytes: usize) {
    let _ = IN_USE.try_with(|count| count.set(count.get().wrapping_sub(bytes as u64)));
}

// SAFETY: every call is passed to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        subtract(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        subtract(layout.size());
        add(size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
