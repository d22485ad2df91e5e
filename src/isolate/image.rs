//! The pages of the library in memory. A start runs much code that nothing else does: V8's, until an isolate is
//! there, and the linker's, over all that it has to relocate.

use super::platform::trim_memory;
use super::snapshot::let_go_of_snapshot;

/// Lets go of what only the start of isolates took. Code that is run again comes back from the system's cache.
pub fn release_start_memory() {
    if trim_memory(false) {
        let_go_of_snapshot();
        #[cfg(target_os = "linux")]
        let_go_of_library();
    }
}

/// Takes the pages of code and constants out of the process until they are used again.
#[cfg(target_os = "linux")]
fn let_go_of_library() {
    let here = let_go_of_library as *const () as usize;
    // SAFETY: the callback takes what it is given, and does not unwind.
    unsafe { libc::dl_iterate_phdr(Some(let_go_of_object), (&raw const here).cast_mut().cast()) };
}

/// Lets go of the one object that an address is in.
#[cfg(target_os = "linux")]
unsafe extern "C" fn let_go_of_object(
    object: *mut libc::dl_phdr_info,
    _: usize,
    here: *mut libc::c_void,
) -> libc::c_int {
    const PAGE: usize = 4096;
    // SAFETY: both are valid while this is called.
    let (object, here) = unsafe { (&*object, *here.cast::<usize>()) };
    // SAFETY: so many there are.
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
            // SAFETY: nobody has written to it, so that the file has what is read again.
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
        }
    }
    1
}
