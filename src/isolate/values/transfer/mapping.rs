//! `Mapping`: private memory of ours that pages are moved to and from (`mremap`). Linux only.

use std::ptr::{self, null_mut};

/// What one entry of the second level of page tables covers on the machines that there are. Where source
/// and target lie offset_in_table in it, the system moves whole tables.
const TABLE_SPAN: usize = 2 << 20;

/// A private anonymous mapping with data somewhere in its first page.
pub struct Mapping {
    base: *mut u8,
    size: usize,
    offset: usize,
}

// SAFETY: it owns plain memory.
unsafe impl Send for Mapping {}
// SAFETY: as above; a shared one is only read.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// `None` where the system has no reserved, and then the source is as it was.
    ///
    /// # Safety
    /// As for [`crate::isolate::values::transfer::pages::Pages::take`].
    pub unsafe fn take(source: *mut u8, length: usize) -> Option<Self> {
        let page = page_size();
        let offset = source.addr() % page;
        let size = (offset + length).next_multiple_of(page);
        // Of so few tables, hardly one is whole.
        let slack = if size < 2 * TABLE_SPAN { 0 } else { TABLE_SPAN };
        // SAFETY: a new mapping, of which what is too much is given back.
        let base = unsafe {
            let reserved = map(size + slack)?;
            let offset_in_table = (source.addr() - offset) % TABLE_SPAN;
            let before = if slack == 0 {
                0
            } else {
                (offset_in_table + TABLE_SPAN - reserved.addr() % TABLE_SPAN) % TABLE_SPAN
            };
            let base = reserved.add(before);
            unmap(reserved, before);
            unmap(base.add(size), slack - before);
            base
        };
        let mapping = Self { base, size, offset };
        // SAFETY: as for this function.
        unsafe { move_pages(source, mapping.data(), length) };
        Some(mapping)
    }

    pub fn data(&self) -> *mut u8 {
        // SAFETY: the offset is within the first page.
        unsafe { self.base.add(self.offset) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it is this one's, and nobody has it any more.
        unsafe { unmap(self.base, self.size) };
    }
}

/// Has the contents of the source in the target.
///
/// # Safety
/// Both are memory that can be read and written, of which nobody else knows during the call. The target is
/// private and anonymous.
pub unsafe fn move_pages(source: *mut u8, target: *mut u8, length: usize) {
    let page = page_size();
    let head = source.addr().next_multiple_of(page) - source.addr();
    let whole = length.saturating_sub(head) / page * page;
    let is_aligned_alike = source.addr() % page == target.addr() % page;
    // SAFETY: what is not whole pages is within both; so are the pages.
    unsafe {
        if !is_aligned_alike || whole == 0 || !remap(source.add(head), target.add(head), whole) {
            ptr::copy_nonoverlapping(source, target, length);
            return;
        }
        ptr::copy_nonoverlapping(source, target, head);
        let rest = head + whole;
        ptr::copy_nonoverlapping(source.add(rest), target.add(rest), length - rest);
    }
}

/// Moves whole pages; false where it was not done, and then the target can be written to as before.
unsafe fn remap(source: *mut u8, target: *mut u8, length: usize) -> bool {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | libc::MREMAP_DONTUNMAP;
    // SAFETY: source and target are the caller's, and the source stays mapped.
    let moved = unsafe {
        libc::mremap(source.cast(), length, length, flags, target.cast::<libc::c_void>())
    };
    if moved == libc::MAP_FAILED {
        // A kernel may have taken the target away before it refused.
        // SAFETY: the target is the caller's.
        unsafe { map_at(target, length) };
        return false;
    }
    // What is mapped from a file or shared is the same memory in both places now.
    // SAFETY: both are mapped.
    let is_shared = unsafe {
        let before = target.read_volatile();
        let is_shared = [1, 2].into_iter().all(|probe| {
            target.write_volatile(probe);
            source.read_volatile() == probe
        });
        target.write_volatile(before);
        is_shared
    };
    if is_shared {
        // SAFETY: the target is the caller's.
        unsafe { map_at(target, length) };
    }
    !is_shared
}

unsafe fn map(size: usize) -> Option<*mut u8> {
    let (protection, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping harms nobody.
    let reserved = unsafe { libc::mmap(null_mut(), size, protection, flags, -1, 0) };
    (reserved != libc::MAP_FAILED).then_some(reserved.cast())
}

/// Maps fresh memory in the address of what is there.
unsafe fn map_at(address: *mut u8, size: usize) {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    // SAFETY: the address is the caller's.
    let mapped = unsafe { libc::mmap(address.cast(), size, protection, flags, -1, 0) };
    // Nothing can be said of the memory that was there.
    assert!(mapped != libc::MAP_FAILED, "memory that was mapped cannot be mapped again");
}

unsafe fn unmap(address: *mut u8, size: usize) {
    if size > 0 {
        // SAFETY: the address is the caller's.
        unsafe { libc::munmap(address.cast(), size) };
    }
}

fn page_size() -> usize {
    // SAFETY: it only asks.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}
