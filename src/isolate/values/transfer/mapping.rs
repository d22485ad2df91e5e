//! `Mapping`: a private mapping that pages are moved to and from with `mremap`. Linux only.

use std::ptr::{self, null_mut};

/// The span of one entry of the second level of page tables, on all common machines. Where source
/// and target have the same offset in it, the kernel moves whole tables.
const TABLE_SPAN: usize = 2 << 20;

/// A private anonymous mapping, with the data at an offset in its first page.
pub struct Mapping {
    base: *mut u8,
    size: usize,
    offset: usize,
}

// SAFETY: the mapping is plain memory that the value owns.
unsafe impl Send for Mapping {}
// SAFETY: as above; a shared one is only read.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Moves memory into a new mapping. `None` where the system has no address space; the source is
    /// unchanged then.
    ///
    /// # Safety
    /// As for [`Pages::take`](crate::isolate::values::transfer::pages::Pages::take).
    pub unsafe fn take(source: *mut u8, length: usize) -> Option<Self> {
        let page = page_size();
        let offset = source.addr() % page;
        let size = (offset + length).next_multiple_of(page);
        // A range of less than two tables hardly contains a whole one.
        let slack = if size < 2 * TABLE_SPAN { 0 } else { TABLE_SPAN };
        // SAFETY: the mapping is new, and only its unused ends are unmapped.
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
        // SAFETY: the caller guarantees the source; the mapping has room for `length` bytes.
        unsafe { move_pages(source, mapping.data(), length) };
        Some(mapping)
    }

    /// Returns the address of the data.
    pub fn data(&self) -> *mut u8 {
        // SAFETY: the offset is within the first page.
        unsafe { self.base.add(self.offset) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the value owns the mapping.
        unsafe { unmap(self.base, self.size) };
    }
}

/// Moves the contents of `source` to `target`, by pages where possible.
///
/// # Safety
/// Both ranges are readable and writable, and nobody else accesses them during the call. The target
/// is private and anonymous.
pub unsafe fn move_pages(source: *mut u8, target: *mut u8, length: usize) {
    let page = page_size();
    let head = source.addr().next_multiple_of(page) - source.addr();
    let whole = length.saturating_sub(head) / page * page;
    let is_aligned_alike = source.addr() % page == target.addr() % page;
    // SAFETY: the copied ends and the whole pages are within both ranges.
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

/// Moves whole pages. Returns false where they were not moved; the target is writable then.
unsafe fn remap(source: *mut u8, target: *mut u8, length: usize) -> bool {
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED | libc::MREMAP_DONTUNMAP;
    // SAFETY: the caller guarantees both ranges, and `MREMAP_DONTUNMAP` keeps the source mapped.
    let moved = unsafe {
        libc::mremap(source.cast(), length, length, flags, target.cast::<libc::c_void>())
    };
    if moved == libc::MAP_FAILED {
        // The kernel may have unmapped the target before it failed.
        unsafe { map_at(target, length) };
        return false;
    }
    // File-backed and shared pages are the same memory in both ranges now.
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
    // SAFETY: an anonymous mapping at an address of the kernel's choice replaces nothing.
    let reserved = unsafe { libc::mmap(null_mut(), size, protection, flags, -1, 0) };
    (reserved != libc::MAP_FAILED).then_some(reserved.cast())
}

/// Replaces a range by fresh memory.
unsafe fn map_at(address: *mut u8, size: usize) {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    // SAFETY: the address is the caller's.
    let mapped = unsafe { libc::mmap(address.cast(), size, protection, flags, -1, 0) };
    // Without a mapping the range belongs to nobody, and the program cannot continue.
    assert!(mapped != libc::MAP_FAILED, "memory that was mapped cannot be mapped again");
}

unsafe fn unmap(address: *mut u8, size: usize) {
    if size > 0 {
        // SAFETY: the address is the caller's.
        unsafe { libc::munmap(address.cast(), size) };
    }
}

fn page_size() -> usize {
    // SAFETY: `sysconf` only reads.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}
