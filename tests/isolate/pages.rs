//! Moved memory keeps its contents, whether the system moves pages or not.
#![cfg(target_os = "linux")]

use std::ptr::null_mut;
use std::thread;

use isolane::isolate::Pages;

/// Sizes that are copied and sizes that are moved, with a whole last page and without.
const SIZES: [usize; 5] = [0, 1, 5000, 32 << 20, (35 << 20) + 5];
/// Offsets within a page. An allocator stores its own data before a block.
const OFFSETS: [usize; 3] = [0, 16, 4000];

/// A mapping with these flags.
struct Mapped {
    base: *mut u8,
    size: usize,
}

impl Mapped {
    fn new(size: usize, flags: i32) -> Self {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_ANONYMOUS | flags);
        // SAFETY: an anonymous mapping at an address of the kernel's choice replaces nothing.
        let base = unsafe { libc::mmap(null_mut(), size, protection, flags, -1, 0) };
        assert_ne!(base, libc::MAP_FAILED);
        Self { base: base.cast(), size }
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the value owns the mapping, which the kernel has zeroed.
        unsafe { std::slice::from_raw_parts_mut(self.base, self.size) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: the value owns the mapping.
        unsafe { libc::munmap(self.base.cast(), self.size) };
    }
}

fn moves_there_and_back(flags: i32) {
    for size in SIZES {
        for offset in OFFSETS {
            let byte = |at: usize| (at * 31 + (at >> 12) * 7 + size) as u8;
            let mut source = Mapped::new(offset + size + 5000, flags);
            let mut target = Mapped::new(offset + size + 5000, libc::MAP_PRIVATE);
            source.bytes().fill(1);
            target.bytes().fill(2);
            let place = &mut source.bytes()[offset..offset + size];
            place.iter_mut().enumerate().for_each(|(at, to)| *to = byte(at));
            // SAFETY: both ranges have `size` bytes, and only this thread accesses them.
            unsafe {
                Pages::take(place.as_mut_ptr(), size).give(target.bytes()[offset..].as_mut_ptr());
            }
            let what = format!("{size} bytes at {offset}");
            let moved = &target.bytes()[offset..offset + size];
            assert!(moved.iter().enumerate().all(|(at, is)| *is == byte(at)), "{what}");
            for (memory, others) in [(&mut source, 1), (&mut target, 2)] {
                let (before, rest) = memory.bytes().split_at(offset);
                let around = before.iter().chain(&rest[size..]);
                assert!(around.copied().all(|byte| byte == others), "around {what}");
            }
            source.bytes().fill(3);
            let moved = &target.bytes()[offset..offset + size];
            assert!(moved.iter().enumerate().all(|(at, is)| *is == byte(at)), "its own: {what}");
        }
    }
}

#[test]
fn pages_that_are_moved_have_their_contents() {
    moves_there_and_back(libc::MAP_PRIVATE);
}

#[test]
fn memory_that_is_shared_is_copied() {
    moves_there_and_back(libc::MAP_SHARED);
}

#[test]
fn memory_is_copied_where_the_system_moves_none() {
    thread::spawn(|| {
        refuse_on_this_thread(libc::SYS_mremap);
        moves_there_and_back(libc::MAP_PRIVATE);
    })
    .join()
    .unwrap();
}

/// Makes a system call fail with ENOSYS on this thread, as in a sandbox or on an old kernel.
fn refuse_on_this_thread(call: libc::c_long) {
    let step =
        |code: u32, k: u32, jump: u8| libc::sock_filter { code: code as u16, jt: 0, jf: jump, k };
    let mut steps = [
        // The number of the system call is the first word.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, call as u32, 1),
        step(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32, 0),
        step(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the program is valid, and applies to this thread only.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        let mode = libc::SECCOMP_MODE_FILTER;
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program), 0);
        assert_eq!(libc::syscall(call, 0, 0, 0, 0, 0), -1);
        assert_eq!(*libc::__errno_location(), libc::ENOSYS);
    }
}
