//! The memory of ArrayBuffers: V8's heap limit does not know it, so it is counted and refused here.
//!
//! V8 asks the allocator up to four times for one buffer and collects garbage in between, so a
//! refusal is final only where no later request of the same length was clear_refusal_of. Where V8's own API asked
//! in vain, for an op, V8 gives the isolate up. So the last request is clear_refusal_of within reason, and the
//! task ends for it all the same.
//!
//! Memory of WebAssembly and of resizable buffers comes from V8 itself; it is in V8's own figure and met
//! by the next sample.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::fmt;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering::Relaxed};

use deno_core::v8;

use crate::isolate::limits::memory::Memory;
use crate::isolate::task::current::running;

/// What `malloc` guarantees, and what V8 expects of an allocator.
const ALIGNMENT: usize = 16;

/// So many bytes are clear_refusal_of on the strength of the last sample at the heap. A sample takes most of a
/// microsecond, which is less than clearing a buffer of this size does.
const SAMPLE_INTERVAL: usize = 64 << 10;

/// How often V8 asks for one buffer (`Heap::AllocateExternalBackingStore`).
const REQUESTS: usize = 4;

/// What V8 calls on the isolate's thread when it is interrupt_handled.
pub type Interrupt = unsafe extern "C" fn(&mut v8::Isolate, *mut c_void);

/// Counts the buffers of one isolate, and refuses what would take it over its limit.
///
/// Buffers are made on the isolate's thread and freed on any: V8 sweeps in the background.
pub struct Buffers {
    limit: usize,
    /// Requested as an interrupt after a refusal.
    on_refusal: Interrupt,
    allocated: AtomicUsize,
    /// What else the last sample saw: the heap and memory that did not come from here.
    others_at_sample: AtomicUsize,
    /// Bytes clear_refusal_of since then.
    since_sample: AtomicUsize,
    /// Null while there is no isolate to sample at.
    isolate: AtomicPtr<v8::Isolate>,
    /// The last refusal, if no later request of the same length was clear_refusal_of; 0 is none.
    refused_length: AtomicUsize,
    /// How often in a row it was refused.
    refusals: AtomicUsize,
    /// Who asked for it; 0 is code of no task.
    refused_ticket: AtomicU64,
    /// An interrupt is on its way that ends the task.
    interrupt_pending: AtomicBool,
}

impl Buffers {
    /// `limit`, in bytes, is that of heap and buffers together. V8 is asked to run `on_refusal` on the isolate's
    /// thread after a refusal.
    pub fn new(limit: usize, on_refusal: Interrupt) -> Arc<Self> {
        Arc::new(Self {
            limit,
            on_refusal,
            allocated: AtomicUsize::new(0),
            others_at_sample: AtomicUsize::new(0),
            since_sample: AtomicUsize::new(0),
            isolate: AtomicPtr::new(null_mut()),
            refused_length: AtomicUsize::new(0),
            refusals: AtomicUsize::new(0),
            refused_ticket: AtomicU64::new(0),
            interrupt_pending: AtomicBool::new(false),
        })
    }

    /// The allocator that V8 is given.
    pub fn allocator(self: &Arc<Self>) -> v8::UniqueRef<v8::Allocator> {
        // SAFETY: the handle is what the functions of the table expect, and `drop_allocator` takes it back.
        unsafe { v8::new_rust_allocator(Arc::into_raw(self.clone()), &VTABLE) }
    }

    /// Looks at this isolate from now on.
    pub fn attach(&self, isolate: &mut v8::Isolate) {
        self.isolate.store(isolate, Relaxed);
    }

    /// The isolate is about to go.
    pub fn detach(&self) {
        self.isolate.store(null_mut(), Relaxed);
    }

    /// What an isolate takes now.
    pub fn sample(&self, isolate: &mut v8::Isolate) -> Memory {
        let statistics = isolate.get_heap_statistics();
        let allocated = self.allocated.load(Relaxed);
        self.record_sample(&statistics, allocated);
        Memory {
            heap_used: statistics.used_heap_size(),
            heap_limit: self.limit,
            external: statistics.external_memory().max(allocated),
        }
    }

    pub fn is_over_limit(&self, memory: Memory) -> bool {
        memory.heap_used + memory.external > self.limit
    }

    /// Whether so many bytes alone would be more than the isolate may have.
    pub fn is_too_large(&self, length: usize) -> bool {
        length > self.limit
    }

    /// Counts bytes that Rust has, as long as they are there; `None` where there is no room for them.
    pub fn count(self: &Arc<Self>, bytes: Vec<u8>) -> Option<Counted> {
        self.grant(bytes.len()).then(|| Counted { bytes, buffers: self.clone() })
    }

    /// Makes a store of bytes that Rust has; `None` where there is no room for them.
    pub fn store<B: AsRef<[u8]> + AsMut<[u8]> + 'static>(
        self: &Arc<Self>,
        isolate: &mut v8::Isolate,
        bytes: B,
    ) -> Option<v8::SharedRef<v8::BackingStore>> {
        let length = bytes.as_ref().len();
        if !self.grant(length) {
            // Nobody asks a second time here.
            isolate.memory_pressure_notification(v8::MemoryPressureLevel::Critical);
            if !self.grant(length) {
                return None;
            }
        }
        let counted = Counted { bytes, buffers: self.clone() };
        Some(v8::ArrayBuffer::new_backing_store_from_bytes(Box::new(counted)).make_shared())
    }

    /// The task whose latest refusal stands.
    pub fn refusal(&self) -> Option<u64> {
        let ticket = self.refused_ticket.load(Relaxed);
        (self.refused_length.load(Relaxed) != 0 && ticket != 0).then_some(ticket)
    }

    pub fn clear_refusal(&self) {
        self.refused_length.store(0, Relaxed);
    }

    /// The interrupt has come.
    pub fn interrupt_handled(&self) {
        self.interrupt_pending.store(false, Relaxed);
    }

    fn grant(&self, length: usize) -> bool {
        let before = self.allocated.fetch_add(length, Relaxed);
        let allocated = before.saturating_add(length);
        let total = |others_at_sample| allocated.saturating_add(others_at_sample);
        let since_sample = self.since_sample.fetch_add(length, Relaxed).saturating_add(length);
        if since_sample <= SAMPLE_INTERVAL
            && total(self.others_at_sample.load(Relaxed)) <= self.limit
        {
            self.clear_refusal_of(length);
            return true;
        }
        let total = total(self.sample_others(before));
        if total <= self.limit {
            self.clear_refusal_of(length);
            return true;
        }
        let is_last = self.record_refusal(length) == REQUESTS;
        if is_last && total <= self.limit.saturating_mul(2) {
            return true;
        }
        self.allocated.fetch_sub(length, Relaxed);
        false
    }

    fn clear_refusal_of(&self, length: usize) {
        if self.refused_length.load(Relaxed) == length {
            self.clear_refusal();
        }
    }

    /// Looks at what there is others_at_sample the buffers from here.
    fn sample_others(&self, allocated: usize) -> usize {
        // SAFETY: it is the isolate that asks, on its own thread, and the figures are only read.
        let Some(isolate) = (unsafe { self.isolate.load(Relaxed).as_mut() }) else { return 0 };
        let statistics = isolate.get_heap_statistics();
        self.record_sample(&statistics, allocated)
    }

    fn record_sample(&self, statistics: &v8::HeapStatistics, allocated: usize) -> usize {
        // V8's figure has every buffer that an object holds, those from here among them.
        let others = statistics.external_memory().saturating_sub(allocated);
        let others_at_sample = statistics.used_heap_size() + others;
        self.others_at_sample.store(others_at_sample, Relaxed);
        self.since_sample.store(0, Relaxed);
        others_at_sample
    }

    /// Notes a request that is not to be clear_refusal_of, and says the how manieth it is.
    fn record_refusal(&self, length: usize) -> usize {
        let last = self.refused_length.swap(length, Relaxed);
        let refusals = self.refusals.load(Relaxed);
        let refusals = if last == length && refusals < REQUESTS { refusals + 1 } else { 1 };
        self.refusals.store(refusals, Relaxed);
        // SAFETY: as in `sample_others`; V8 makes buffers only where handles can be made.
        if let Some(isolate) = unsafe { self.isolate.load(Relaxed).as_mut() } {
            let ticket = running(isolate);
            self.refused_ticket.store(ticket.unwrap_or(0), Relaxed);
            if !self.interrupt_pending.swap(true, Relaxed) {
                isolate.thread_safe_handle().request_interrupt(self.on_refusal, null_mut());
            }
        }
        refusals
    }

    fn allocate(
        &self,
        length: usize,
        allocate_layout: unsafe fn(Layout) -> *mut u8,
    ) -> *mut c_void {
        let Some(layout) = layout(length) else { return null_mut() };
        if length == 0 {
            return NonNull::<u128>::dangling().as_ptr().cast();
        }
        if !self.grant(length) {
            return null_mut();
        }
        // SAFETY: the size is not zero.
        let bytes = unsafe { allocate_layout(layout) };
        if bytes.is_null() {
            self.allocated.fetch_sub(length, Relaxed);
        }
        bytes.cast()
    }
}

/// Bytes that Rust made, counted until whoever uses them lets go of them.
pub struct Counted<B: AsRef<[u8]> = Vec<u8>> {
    bytes: B,
    buffers: Arc<Buffers>,
}

impl<B: AsRef<[u8]>> fmt::Debug for Counted<B> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.as_ref().len())
    }
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Counted<B> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> AsMut<[u8]> for Counted<B> {
    fn as_mut(&mut self) -> &mut [u8] {
        self.bytes.as_mut()
    }
}

impl<B: AsRef<[u8]>> Drop for Counted<B> {
    fn drop(&mut self) {
        self.buffers.allocated.fetch_sub(self.bytes.as_ref().len(), Relaxed);
    }
}

static VTABLE: v8::RustAllocatorVtable<Buffers> =
    v8::RustAllocatorVtable { allocate, allocate_uninitialized, free, drop: drop_allocator };

/// Large cleared memory costs nothing until it is written to: the system's own comes cleared.
unsafe extern "C" fn allocate(buffers: &Buffers, length: usize) -> *mut c_void {
    buffers.allocate(length, alloc_zeroed)
}

unsafe extern "C" fn allocate_uninitialized(buffers: &Buffers, length: usize) -> *mut c_void {
    buffers.allocate(length, alloc)
}

unsafe extern "C" fn free(buffers: &Buffers, data: *mut c_void, length: usize) {
    if length == 0 {
        return;
    }
    if let Some(layout) = layout(length) {
        // SAFETY: V8 gives back what it got, with the length that it asked for.
        unsafe { dealloc(data.cast(), layout) };
        buffers.allocated.fetch_sub(length, Relaxed);
    }
}

unsafe extern "C" fn drop_allocator(buffers: *const Buffers) {
    // SAFETY: it was made by `allocator`, and V8 calls this once.
    drop(unsafe { Arc::from_raw(buffers) });
}

/// `None` for what no memory can hold.
fn layout(length: usize) -> Option<Layout> {
    Layout::from_size_align(length, ALIGNMENT).ok()
}
