//! `Pages`: memory that changes its owner, between ArrayBuffers of Node and of an isolate.
//!
//! Large memory is moved by its pages. The source keeps its address range, filled with zeros, and
//! its owner frees it as usual: neither owner depends on the other's lifetime. Pages that are
//! shared with other data, or that the system does not move, are copied. Lent memory, which its
//! owner keeps in place, is not moved at all.

use std::any::Any;
use std::fmt;
use std::ptr;
use std::sync::Arc;

#[cfg(target_os = "linux")]
use crate::isolate::values::transfer::mapping;

/// The minimum size in bytes that is moved. C libraries map larger memory directly, so that its
/// offset within a page is the same on both sides; smaller memory would be copied anyway, from
/// moved pages to new ones.
#[cfg(target_os = "linux")]
const MIN_MOVED: usize = 32 << 20;

/// Memory with one owner.
pub struct Pages {
    store: Store,
    length: usize,
}

enum Store {
    Copy(Box<[u8]>),
    Lent(DataPointer, Box<dyn Lender>),
    #[cfg(target_os = "linux")]
    Mapping(mapping::Mapping),
}

/// The owner of lent memory, which keeps it in place until the value is dropped.
pub trait Lender: Any + Send + Sync {
    /// Claims the memory until `release`. Returns false where the owner has taken it back.
    fn claim(&self) -> bool;

    fn release(&self);
}

/// The address of memory that someone else owns.
struct DataPointer(*mut u8);

// SAFETY: the pointer is to plain memory that may be used on any thread.
unsafe impl Send for DataPointer {}
// SAFETY: as above; a shared one is only read.
unsafe impl Sync for DataPointer {}

impl Pages {
    /// Takes the contents of memory, whose contents are undefined afterwards.
    ///
    /// # Safety
    /// `length` bytes from `source` on are readable and writable, and nobody else accesses them
    /// during the call.
    pub unsafe fn take(source: *mut u8, length: usize) -> Self {
        #[cfg(target_os = "linux")]
        if length >= MIN_MOVED {
            // SAFETY: the caller guarantees the source.
            if let Some(mapping) = unsafe { mapping::Mapping::take(source, length) } {
                return Self { store: Store::Mapping(mapping), length };
            }
        }
        let mut copy = Vec::with_capacity(length);
        // SAFETY: the caller guarantees the source; the copy has capacity for it.
        unsafe {
            ptr::copy_nonoverlapping(source, copy.as_mut_ptr(), length);
            copy.set_len(length);
        }
        Self { store: Store::Copy(copy.into()), length }
    }

    /// Wraps lent memory.
    ///
    /// # Safety
    /// `length` bytes from `data` on are readable and writable while the lender lives and is
    /// claimed, and nobody else accesses them then.
    pub unsafe fn lent(data: *mut u8, length: usize, lender: Box<dyn Lender>) -> Self {
        Self { store: Store::Lent(DataPointer(data), lender), length }
    }

    /// Returns the lender, where it is a `T`.
    pub fn lender<T: Lender>(&mut self) -> Option<&mut T> {
        match &mut self.store {
            Store::Lent(_, lender) => (&mut **lender as &mut dyn Any).downcast_mut(),
            _ => None,
        }
    }

    /// Moves the contents to memory of the same size.
    ///
    /// # Safety
    /// [`Pages::size`] bytes from `target` on are writable, nobody else accesses them during the
    /// call, and they are private memory of a C library's allocator.
    pub unsafe fn give(mut self, target: *mut u8) {
        let (source, length) = (self.as_mut_ptr(), self.length);
        #[cfg(target_os = "linux")]
        if length >= MIN_MOVED {
            // SAFETY: both ranges have `length` bytes, and `self` is the only owner of the source.
            unsafe { mapping::move_pages(source, target, length) };
            return;
        }
        // SAFETY: as above.
        unsafe { ptr::copy_nonoverlapping(source, target, length) };
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> usize {
        self.length
    }

    fn as_mut_ptr(&mut self) -> *mut u8 {
        match &mut self.store {
            Store::Copy(bytes) => bytes.as_mut_ptr(),
            Store::Lent(pointer, _) => pointer.0,
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

/// Memory that a backing store of V8 uses. When V8 has dropped the store, the memory can be taken
/// back as it came.
#[derive(Debug)]
pub struct Lent {
    pages: Pages,
    data: *mut u8,
}

// SAFETY: the pointer is into memory that the value owns.
unsafe impl Send for Lent {}
// SAFETY: as above; what is written through it, V8 writes.
unsafe impl Sync for Lent {}

impl Lent {
    /// Claims the memory for a backing store. `None` where its lender has taken it back.
    pub fn new(mut pages: Pages) -> Option<Arc<Self>> {
        if let Store::Lent(_, lender) = &pages.store
            && !lender.claim()
        {
            return None;
        }
        let data = pages.as_mut_ptr();
        Some(Arc::new(Self { pages, data }))
    }

    /// Returns the address of the memory.
    pub fn data(&self) -> *mut u8 {
        self.data
    }

    /// Returns the memory, or its contents in new memory where V8 still holds it.
    pub fn take_back(lent: Arc<Self>) -> Pages {
        match Arc::try_unwrap(lent) {
            Ok(Self { pages, .. }) => {
                if let Store::Lent(_, lender) = &pages.store {
                    lender.release();
                }
                pages
            }
            // SAFETY: the memory has this length. Its buffer is detached, so no JavaScript sees
            // that its contents are undefined.
            Err(lent) => unsafe { Pages::take(lent.data, lent.pages.length) },
        }
    }
}

/// Lends the memory to one backing store: the bytes that `Buffers::store` takes.
pub struct Borrower(pub Arc<Lent>);

impl AsRef<[u8]> for Borrower {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the memory lives as long as the `Lent` that this holds.
        unsafe { std::slice::from_raw_parts(self.0.data, self.0.pages.length) }
    }
}

impl AsMut<[u8]> for Borrower {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and there is one for each memory.
        unsafe { std::slice::from_raw_parts_mut(self.0.data, self.0.pages.length) }
    }
}
