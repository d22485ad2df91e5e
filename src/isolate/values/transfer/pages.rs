//! Memory that goes from one owner to another: out of an ArrayBuffer of Node or of an isolate, and into one.
//!
//! Large memory is moved by its pages. They leave zeros behind where they were, so whoever had them frees that
//! pointer as always: nobody needs the other to be alive. What shares a page with something else, and what the
//! system does not move, is copied. Memory whose owner keeps it in its pointer is not moved at all.

use std::any::Any;
use std::fmt;
use std::ptr;
use std::sync::Arc;

#[cfg(target_os = "linux")]
use crate::isolate::values::transfer::mapping;

/// Less is copied. A C library maps larger memory by itself, so that it lies alike within its pages on both sides;
/// smaller memory would be copied all the same, from pages that were moved to pages that have to be made.
#[cfg(target_os = "linux")]
const MIN_MOVED: usize = 32 << 20;

/// Some memory, and nobody else's.
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

/// Keeps memory in its pointer as long as it lives.
pub trait Lender: Any + Send + Sync {
    /// The memory is about to be used, until `release`. False where it is not kept any more.
    fn claim(&self) -> bool;

    fn release(&self);
}

/// Where memory is that others keep.
struct DataPointer(*mut u8);

// SAFETY: it is plain memory, which may be used on any thread.
unsafe impl Send for DataPointer {}
// SAFETY: as above; a shared one is only read.
unsafe impl Sync for DataPointer {}

impl Pages {
    /// Takes the contents of memory; what is left there is undefined.
    ///
    /// # Safety
    /// `length` bytes from `source` on can be read and written, and nobody else does so during the call.
    pub unsafe fn take(source: *mut u8, length: usize) -> Self {
        #[cfg(target_os = "linux")]
        if length >= MIN_MOVED {
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
    /// `length` bytes from `data` on can be read and written while the lender lives and is claimed, and nobody
    /// else does so.
    pub unsafe fn lent(data: *mut u8, length: usize, lender: Box<dyn Lender>) -> Self {
        Self { store: Store::Lent(DataPointer(data), lender), length }
    }

    /// What keeps the memory, where that is a `T`.
    pub fn lender<T: Lender>(&mut self) -> Option<&mut T> {
        match &mut self.store {
            Store::Lent(_, lender) => (&mut **lender as &mut dyn Any).downcast_mut(),
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
        if length >= MIN_MOVED {
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

/// Memory that a backing store of V8 has, and that can be had take_back from it when it is gone.
#[derive(Debug)]
pub struct Lent {
    pages: Pages,
    data: *mut u8,
}

// SAFETY: the pointer is into memory that it owns.
unsafe impl Send for Lent {}
// SAFETY: as above; what is written through it, V8 writes.
unsafe impl Sync for Lent {}

impl Lent {
    /// `None` where whoever kept the memory has taken it take_back.
    pub fn new(mut pages: Pages) -> Option<Arc<Self>> {
        if let Store::Lent(_, lender) = &pages.store
            && !lender.claim()
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
    pub fn take_back(lent: Arc<Self>) -> Pages {
        match Arc::try_unwrap(lent) {
            Ok(Self { pages, .. }) => {
                if let Store::Lent(_, lender) = &pages.store {
                    lender.release();
                }
                pages
            }
            // SAFETY: it is memory of this length, and what is undefined then is seen by nobody in JavaScript.
            Err(lent) => unsafe { Pages::take(lent.data, lent.pages.length) },
        }
    }
}

/// For one backing store.
pub struct Borrower(pub Arc<Lent>);

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
