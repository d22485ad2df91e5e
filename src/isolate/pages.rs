//! Memory that goes from one owner to another: out of an ArrayBuffer of Node or of an isolate, and into one.
//!
//! Large memory is moved by its pages. They leave zeros behind where they were, so whoever had them frees that
//! place as always: nobody needs the other to be alive. What shares a page with something else, and what the
//! system does not move, is copied. Memory whose owner keeps it in its place is not moved at all.

use std::any::Any;
use std::fmt;
use std::ptr;
use std::sync::Arc;

use parking_lot::Mutex;

/// Less is copied. A C library maps larger memory by itself, so that it lies alike within its pages on both sides;
/// smaller memory would be copied all the same, from pages that were moved to pages that have to be made.
#[cfg(target_os = "linux")]
const MOVED: usize = 32 << 20;

/// Some memory, and nobody else's.
pub struct Pages {
    store: Store,
    length: usize,
}

enum Store {
    Copy(Box<[u8]>),
    Lent(Place, Box<dyn Lender>),
    #[cfg(target_os = "linux")]
    Mapping(mapping::Mapping),
}

/// Keeps memory in its place as long as it lives.
pub trait Lender: Any + Send + Sync {
    /// The memory is about to be used, until `release`. False where it is not kept any more.
    fn claim(&self) -> bool;

    fn release(&self);
}

/// Where memory is that others keep.
struct Place(*mut u8);

// SAFETY: it is plain memory, which may be used on any thread.
unsafe impl Send for Place {}
// SAFETY: as above; a shared one is only read.
unsafe impl Sync for Place {}

impl Pages {
    /// Takes the contents of memory; what is left there is undefined.
    ///
    /// # Safety
    /// `length` bytes from `source` on can be read and written, and nobody else does so during the call.
    pub unsafe fn take(source: *mut u8, length: usize) -> Self {
        #[cfg(target_os = "linux")]
        if length >= MOVED {
            // SAFETY: as for this function.
            if let Some(mapping) = unsafe { mapping::Mapping::take(source, length) } {
                return Self { store: Store::Mapping(mapping), length };
            }
        }
        let mut copy = Vec::with_capacity(length);
        // SAFETY: the source can be read, and there is room for it.
        unsafe {
            ptr::copy_nonoverlapping(source, copy.as_mut_ptr(), length);
            copy.set_len(length);
        }
        Self { store: Store::Copy(copy.into()), length }
    }

    /// Has memory where it is.
    ///
    /// # Safety
    /// `length` bytes from `data` on can be read and written while the keeper lives and is claimed, and nobody
    /// else does so.
    pub unsafe fn lent(data: *mut u8, length: usize, keeper: Box<dyn Lender>) -> Self {
        Self { store: Store::Lent(Place(data), keeper), length }
    }

    /// What keeps the memory, where that is a `T`.
    pub fn keeper<T: Lender>(&mut self) -> Option<&mut T> {
        match &mut self.store {
            Store::Lent(_, keeper) => (&mut **keeper as &mut dyn Any).downcast_mut(),
            _ => None,
        }
    }

    /// Gives the contents to memory that is as long.
    ///
    /// # Safety
    /// As many bytes as there are here can be written from `target` on, nobody else does so during the call, and
    /// it is private memory of a C library's allocator.
    pub unsafe fn give(mut self, target: *mut u8) {
        let (source, length) = (self.as_mut_ptr(), self.length);
        #[cfg(target_os = "linux")]
        if length >= MOVED {
            // SAFETY: both are whole, and this is the only owner of the source.
            unsafe { mapping::move_pages(source, target, length) };
            return;
        }
        // SAFETY: as above.
        unsafe { ptr::copy_nonoverlapping(source, target, length) };
    }

    pub fn size(&self) -> usize {
        self.length
    }

    fn as_mut_ptr(&mut self) -> *mut u8 {
        match &mut self.store {
            Store::Copy(bytes) => bytes.as_mut_ptr(),
            Store::Lent(place, _) => place.0,
            #[cfg(target_os = "linux")]
            Store::Mapping(mapping) => mapping.data(),
        }
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self { store: Store::Copy(Box::default()), length: 0 }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} bytes", self.length)
    }
}

/// Memory that a backing store of V8 has, and that can be had back from it when it is gone.
#[derive(Debug)]
pub(super) struct Lent {
    pages: Pages,
    data: *mut u8,
}

// SAFETY: the pointer is into memory that it owns.
unsafe impl Send for Lent {}
// SAFETY: as above; what is written through it, V8 writes.
unsafe impl Sync for Lent {}

impl Lent {
    /// `None` where whoever kept the memory has taken it back.
    pub fn new(mut pages: Pages) -> Option<Arc<Self>> {
        if let Store::Lent(_, keeper) = &pages.store
            && !keeper.claim()
        {
            return None;
        }
        let data = pages.as_mut_ptr();
        Some(Arc::new(Self { pages, data }))
    }

    pub fn data(&self) -> *mut u8 {
        self.data
    }

    /// The memory; of somebody who still has it, its contents.
    pub fn back(lent: Arc<Self>) -> Pages {
        match Arc::try_unwrap(lent) {
            Ok(Self { pages, .. }) => {
                if let Store::Lent(_, keeper) = &pages.store {
                    keeper.release();
                }
                pages
            }
            // SAFETY: it is memory of this length, and what is undefined then is seen by nobody in JavaScript.
            Err(lent) => unsafe { Pages::take(lent.data, lent.pages.length) },
        }
    }
}

/// For one backing store.
pub(super) struct Borrower(pub Arc<Lent>);

impl AsRef<[u8]> for Borrower {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the memory is there as long as this is.
        unsafe { std::slice::from_raw_parts(self.0.data, self.0.pages.length) }
    }
}

impl AsMut<[u8]> for Borrower {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and there is one for each memory.
        unsafe { std::slice::from_raw_parts_mut(self.0.data, self.0.pages.length) }
    }
}

#[cfg(target_os = "linux")]
mod mapping {
    use std::ptr::{self, null_mut};

    /// What one entry of the second level of page tables covers on the machines that there are. Where source
    /// and target lie alike in it, the system moves whole tables.
    const TABLE: usize = 2 << 20;

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
        /// `None` where the system has no room, and then the source is as it was.
        ///
        /// # Safety
        /// As for [`super::Pages::take`].
        pub unsafe fn take(source: *mut u8, length: usize) -> Option<Self> {
            let page = page_size();
            let offset = source.addr() % page;
            let size = (offset + length).next_multiple_of(page);
            // Of so few tables, hardly one is whole.
            let slack = if size < 2 * TABLE { 0 } else { TABLE };
            // SAFETY: a new mapping, of which what is too much is given back.
            let base = unsafe {
                let room = map(size + slack)?;
                let alike = (source.addr() - offset) % TABLE;
                let before =
                    if slack == 0 { 0 } else { (alike + TABLE - room.addr() % TABLE) % TABLE };
                let base = room.add(before);
                unmap(room, before);
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
        let is_alike = source.addr() % page == target.addr() % page;
        // SAFETY: what is not whole pages is within both; so are the pages.
        unsafe {
            if !is_alike || whole == 0 || !remap(source.add(head), target.add(head), whole) {
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
        let room = unsafe { libc::mmap(null_mut(), size, protection, flags, -1, 0) };
        (room != libc::MAP_FAILED).then_some(room.cast())
    }

    /// Maps fresh memory in the place of what is there.
    unsafe fn map_at(place: *mut u8, size: usize) {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: the place is the caller's.
        let mapped = unsafe { libc::mmap(place.cast(), size, protection, flags, -1, 0) };
        // Nothing can be said of the memory that was there.
        assert!(mapped != libc::MAP_FAILED, "memory that was mapped cannot be mapped again");
    }

    unsafe fn unmap(place: *mut u8, size: usize) {
        if size > 0 {
            // SAFETY: the place is the caller's.
            unsafe { libc::munmap(place.cast(), size) };
        }
    }

    fn page_size() -> usize {
        // SAFETY: it only asks.
        usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
    }
}

/// Memory on its way, of which whoever comes first takes possession. Mostly empty.
#[derive(Clone, Debug, Default)]
pub struct MovedBuffers(Option<Arc<Contents>>);

#[derive(Debug)]
struct Contents {
    count: usize,
    pages: Mutex<Vec<Pages>>,
}

impl MovedBuffers {
    #[must_use]
    pub fn new(pages: Vec<Pages>) -> Self {
        let contents = Contents { count: pages.len(), pages: Mutex::new(pages) };
        Self((contents.count > 0).then(|| Arc::new(contents)))
    }

    /// How many were put into it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(0, |contents| contents.count)
    }

    /// Bytes that are in it now.
    #[must_use]
    pub fn weight(&self) -> usize {
        let Some(contents) = &self.0 else { return 0 };
        contents.pages.lock().iter().map(Pages::size).sum()
    }

    /// What is in it; `None` where another had it before.
    #[must_use]
    pub fn take(&self) -> Option<Vec<Pages>> {
        let Some(contents) = &self.0 else { return Some(Vec::new()) };
        let pages = std::mem::take(&mut *contents.pages.lock());
        (pages.len() == contents.count).then_some(pages)
    }
}

impl PartialEq for MovedBuffers {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(Arc::as_ptr) == other.0.as_ref().map(Arc::as_ptr)
    }
}

impl Eq for MovedBuffers {}
