//! `Buffers`: the ArrayBuffer allocator of an isolate, and the count of its memory. V8's heap limit
//! does not include ArrayBuffers, so they are counted and refused here.
//!
//! V8 asks the allocator up to four times for one buffer and collects garbage in between, so a
//! refusal stands only until a later request of the same length is granted. Where V8's own API
//! asked in vain, for an op, V8 reports a fatal error and the isolate is lost. So the last of the
//! four requests is granted up to twice the limit, and the task is terminated all the same.
//!
//! WebAssembly memory and resizable buffers come from V8's own page allocator. They are part of
//! V8's external memory statistics, and the next sample includes them.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::fmt;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering::Relaxed};

use deno_core::v8;

use crate::isolate::limits::memory::Memory;
use crate::isolate::task::current::running;

/// The alignment that `malloc` guarantees and V8 expects.
const ALIGNMENT: usize = 16;

/// The bytes that are granted before the heap is sampled again. A sample takes most of a
/// microsecond, which is less than clearing a buffer of this size takes.
const SAMPLE_INTERVAL: usize = 64 << 10;

/// The number of requests that V8 makes for one buffer (`Heap::AllocateExternalBackingStore`).
const REQUESTS: usize = 4;

/// A callback that V8 runs on the isolate's thread when it is interrupted.
pub type Interrupt = unsafe extern "C" fn(&mut v8::Isolate, *mut c_void);

/// Counts the buffers of one isolate, and refuses what would exceed its limit.
///
/// Buffers are allocated on the isolate's thread and freed on any thread: V8 sweeps in the
/// background.
pub struct Buffers {
    limit: usize,
    /// Requested as an interrupt after a refusal.
    on_refusal: Interrupt,
    allocated: AtomicUsize,
    /// The heap, and external memory that did not come from this allocator, at the last sample.
    others_at_sample: AtomicUsize,
    /// The bytes granted since the last sample.
    since_sample: AtomicUsize,
    /// Null while no isolate is attached.
    isolate: AtomicPtr<v8::Isolate>,
    /// The length of the last refusal that stands; 0 is none.
    refused_length: AtomicUsize,
    /// How often in a row that length was refused.
    refusals: AtomicUsize,
    /// The ticket of the task that asked for it; 0 is code of no task.
    refused_ticket: AtomicU64,
    /// Whether an interrupt for a refusal is pending.
    interrupt_pending: AtomicBool,
}

impl Buffers {
    /// `limit`, in bytes, covers heap and buffers together. V8 is asked to run `on_refusal` on the
    /// isolate's thread after a refusal.
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

    /// Returns the allocator for V8.
    pub fn allocator(self: &Arc<Self>) -> v8::UniqueRef<v8::Allocator> {
        // SAFETY: the functions of the table expect a pointer from `Arc::into_raw`, and
        // `drop_allocator` releases it.
        unsafe { v8::new_rust_allocator(Arc::into_raw(self.clone()), &VTABLE) }
    }

    /// Attaches the isolate whose heap is sampled.
    pub fn attach(&self, isolate: &mut v8::Isolate) {
        self.isolate.store(isolate, Relaxed);
    }

    /// Detaches the isolate before it is dropped.
    pub fn detach(&self) {
        self.isolate.store(null_mut(), Relaxed);
    }

    /// Measures the memory that the isolate uses now.
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

    /// Whether heap and external memory together exceed the limit.
    pub fn is_over_limit(&self, memory: Memory) -> bool {
        memory.heap_used + memory.external > self.limit
    }

    /// Whether this many bytes alone exceed the limit.
    pub fn is_too_large(&self, length: usize) -> bool {
        length > self.limit
    }

    /// Counts bytes that Rust owns until they are dropped. `None` where they would exceed the
    /// limit.
    pub fn count(self: &Arc<Self>, bytes: Vec<u8>) -> Option<Counted> {
        self.grant(bytes.len()).then(|| Counted { bytes, buffers: self.clone() })
    }

    /// Creates a backing store from bytes that Rust owns. `None` where they would exceed the limit.
    pub fn store<B: AsRef<[u8]> + AsMut<[u8]> + 'static>(
        self: &Arc<Self>,
        isolate: &mut v8::Isolate,
        bytes: B,
    ) -> Option<v8::SharedRef<v8::BackingStore>> {
        let length = bytes.as_ref().len();
        if !self.grant(length) {
            // Unlike the allocator, this is asked once.
            isolate.memory_pressure_notification(v8::MemoryPressureLevel::Critical);
            if !self.grant(length) {
                return None;
            }
        }
        let counted = Counted { bytes, buffers: self.clone() };
        Some(v8::ArrayBuffer::new_backing_store_from_bytes(Box::new(counted)).make_shared())
    }

    /// Returns the task whose refusal stands.
    pub fn refusal(&self) -> Option<u64> {
        let ticket = self.refused_ticket.load(Relaxed);
        (self.refused_length.load(Relaxed) != 0 && ticket != 0).then_some(ticket)
    }

    /// Clears the last refusal.
    pub fn clear_refusal(&self) {
        self.refused_length.store(0, Relaxed);
    }

    /// Allows the next interrupt for a refusal.
    pub fn interrupt_handled(&self) {
        self.interrupt_pending.store(false, Relaxed);
    }

    /// Counts `length` bytes, if they are within the limit.
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

    /// Clears the refusal of this length: a later request for it was granted.
    fn clear_refusal_of(&self, length: usize) {
        if self.refused_length.load(Relaxed) == length {
            self.clear_refusal();
        }
    }

    /// Samples the heap, and the external memory that did not come from this allocator.
    fn sample_others(&self, allocated: usize) -> usize {
        // SAFETY: the isolate is attached, this runs on its own thread, and only statistics are
        // read.
        let Some(isolate) = (unsafe { self.isolate.load(Relaxed).as_mut() }) else { return 0 };
        let statistics = isolate.get_heap_statistics();
        self.record_sample(&statistics, allocated)
    }

    /// Records a sample, and returns the memory that did not come from this allocator.
    fn record_sample(&self, statistics: &v8::HeapStatistics, allocated: usize) -> usize {
        // V8's external memory includes all buffers that objects hold, those of this allocator too.
        let others = statistics.external_memory().saturating_sub(allocated);
        let others_at_sample = statistics.used_heap_size() + others;
        self.others_at_sample.store(others_at_sample, Relaxed);
        self.since_sample.store(0, Relaxed);
        others_at_sample
    }

    /// Records a refused request, and returns how often in a row its length was refused.
    fn record_refusal(&self, length: usize) -> usize {
        let last = self.refused_length.swap(length, Relaxed);
        let refusals = self.refusals.load(Relaxed);
        let refusals = if last == length && refusals < REQUESTS { refusals + 1 } else { 1 };
        self.refusals.store(refusals, Relaxed);
        // SAFETY: as in `sample_others`; V8 allocates buffers only where handles can be created.
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
        // SAFETY: the layout has a size other than zero.
        let bytes = unsafe { allocate_layout(layout) };
        if bytes.is_null() {
            self.allocated.fetch_sub(length, Relaxed);
        }
        bytes.cast()
    }
}

/// Bytes that Rust owns, counted until they are dropped.
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

/// `alloc_zeroed` maps large memory that the system has cleared: it costs nothing until it is
/// written to.
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
        // SAFETY: V8 passes the pointer and the length of an earlier allocation.
        unsafe { dealloc(data.cast(), layout) };
        buffers.allocated.fetch_sub(length, Relaxed);
    }
}

unsafe extern "C" fn drop_allocator(buffers: *const Buffers) {
    // SAFETY: the pointer comes from `Arc::into_raw` in `allocator`, and V8 calls this once.
    drop(unsafe { Arc::from_raw(buffers) });
}

/// Returns `None` for a length beyond the address space.
fn layout(length: usize) -> Option<Layout> {
    Layout::from_size_align(length, ALIGNMENT).ok()
}
