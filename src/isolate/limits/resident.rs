//! Resident memory that the process returns to the system: what the C library caches, and pages
//! that only the start of isolates needed.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::isolate::realm::snapshot;

/// The shortest interval between two trims. A trim visits the arenas of all threads, and a pool of
/// a thousand workers would request a thousand trims when it closes.
const INTERVAL: Duration = Duration::from_secs(1);

/// Returns memory that the C library caches to the system. glibc keeps what isolates have freed in
/// the arenas of their threads: hundreds of megabytes after tasks with large buffers.
///
/// Does nothing within a second of the previous trim, unless `force`. Returns whether it trimmed.
pub fn trim_memory(force: bool) -> bool {
    static ASKED: Mutex<Option<Instant>> = Mutex::new(None);
    let now = Instant::now();
    {
        let mut asked = ASKED.lock();
        if !force && asked.is_some_and(|asked| now - asked < INTERVAL) {
            return false;
        }
        *asked = Some(now);
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> std::ffi::c_int;
        }
        // SAFETY: `malloc_trim` may be called from any thread at any time.
        unsafe { malloc_trim(0) };
    }
    true
}

/// Releases the pages that only the start of isolates needed: much of V8's code runs until an
/// isolate exists and not again, and the dynamic linker touches all pages that it relocates. A page
/// that is used again comes from the page cache.
pub fn release_start_memory() {
    if trim_memory(false) {
        snapshot::release_pages();
        #[cfg(target_os = "linux")]
        release_library_pages();
    }
}

/// Releases the pages of this library's code and constants until they are used again.
#[cfg(target_os = "linux")]
fn release_library_pages() {
    let here = release_library_pages as *const () as usize;
    // SAFETY: the callback matches the signature, does not unwind, and `here` outlives the call.
    unsafe {
        libc::dl_iterate_phdr(Some(release_object_pages), (&raw const here).cast_mut().cast())
    };
}

/// Releases the read-only pages of the loaded object that contains the address `here`. Returns 1 to
/// stop the iteration there.
#[cfg(target_os = "linux")]
unsafe extern "C" fn release_object_pages(
    object: *mut libc::dl_phdr_info,
    _: usize,
    here: *mut libc::c_void,
) -> libc::c_int {
    const PAGE: usize = 4096;
    // SAFETY: `dl_iterate_phdr` passes a valid object, and `here` points to a usize of the caller.
    let (object, here) = unsafe { (&*object, *here.cast::<usize>()) };
    // SAFETY: the object has `dlpi_phnum` headers.
    let headers = unsafe { std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()) };
    let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD).map(|header| {
        let start = (object.dlpi_addr + header.p_vaddr) as usize;
        (start, start + header.p_memsz as usize, header.p_flags & libc::PF_W != 0)
    });
    if !loaded.clone().any(|(start, end, _)| (start..end).contains(&here)) {
        return 0;
    }
    for (start, end, is_writable) in loaded {
        if !is_writable {
            let start = start & !(PAGE - 1);
            // SAFETY: the segment is read-only, so the pages are read again from the file
            // unchanged.
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
        }
    }
    1
}
