//! Lends memory of Node to isolates: a task works in it, and nothing is moved there or back.
//!
//! The ArrayBuffer is kept here, where JavaScript cannot reach it, until the isolate releases the memory. A
//! thread that has not released it when the environment ends may still write to it later: that memory is never
//! freed. Node-API has no function for this, V8 in Node has; if it is not available, nothing is lent.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use napi::bindgen_prelude::{ArrayBuffer, JsValue};
use napi::{Env, sys};
use parking_lot::Mutex;

use crate::isolate::{Lender, Pages};

/// Minimum size of a buffer that is lent. Copying a smaller one takes about as long.
const MIN_SIZE: usize = 16 << 10;

/// Called from any thread when there is something to settle or to collect.
pub(super) type Wake = Arc<dyn Fn() + Send + Sync>;

/// The loans of one environment. Used only on its thread.
pub(super) struct Lending {
    env: Env,
    get_backing_store: Option<GetBackingStore>,
    open: RefCell<HashMap<u64, Open>>,
    last: Cell<u64>,
    dropped: Arc<DroppedLoans>,
}

/// Loans that isolates have dropped without returning the memory in a result.
struct DroppedLoans {
    numbers: Mutex<Vec<u64>>,
    wake: Wake,
}

struct Open {
    buffer: sys::napi_ref,
    state: Arc<AtomicU8>,
}

/// State of a loan: no isolate uses the memory.
const IDLE: u8 = 0;
/// State of a loan: an isolate uses the memory.
const USED: u8 = 1;
/// State of a loan: no isolate may use the memory, because the environment has ended.
const REVOKED: u8 = 2;

struct Loan {
    number: u64,
    state: Arc<AtomicU8>,
    dropped: Option<Arc<DroppedLoans>>,
}

fn change(state: &AtomicU8, from: u8, to: u8) -> bool {
    state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

impl Lender for Loan {
    fn claim(&self) -> bool {
        change(&self.state, IDLE, USED)
    }

    fn release(&self) {
        change(&self.state, USED, IDLE);
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let Some(dropped) = &self.dropped else { return };
        let mut numbers = dropped.numbers.lock();
        numbers.push(self.number);
        if numbers.len() == 1 {
            drop(numbers);
            (dropped.wake)();
        }
    }
}

impl Lending {
    pub fn new(env: Env, wake: Wake) -> Self {
        Self {
            env,
            get_backing_store: get_backing_store(env),
            open: RefCell::default(),
            last: Cell::new(0),
            dropped: Arc::new(DroppedLoans { numbers: Mutex::default(), wake }),
        }
    }

    /// Lends the memory of a buffer that JavaScript cannot reach. Returns `None` if it cannot be lent.
    pub fn lend(&self, buffer: &mut ArrayBuffer) -> Option<Pages> {
        self.get_backing_store?;
        if buffer.len() < MIN_SIZE {
            return None;
        }
        let mut reference = null_mut();
        // SAFETY: a value of this environment, on its thread.
        let status = unsafe {
            sys::napi_create_reference(self.env.raw(), buffer.raw(), 1, &raw mut reference)
        };
        if status != sys::Status::napi_ok {
            return None;
        }
        let number = self.last.get() + 1;
        self.last.set(number);
        let state = Arc::new(AtomicU8::new(IDLE));
        let open = Open { buffer: reference, state: state.clone() };
        self.open.borrow_mut().insert(number, open);
        let loan = Loan { number, state, dropped: Some(self.dropped.clone()) };
        // SAFETY: only this thread knows the buffer.
        let bytes = unsafe { buffer.as_mut() };
        // SAFETY: the memory lives as long as the buffer, and the buffer as long as the loan.
        Some(unsafe { Pages::lent(bytes.as_mut_ptr(), bytes.len(), Box::new(loan)) })
    }

    /// Returns the buffer whose memory came back; `None` if it was not lent.
    pub fn back(&self, pages: &mut Pages) -> Option<sys::napi_value> {
        let loan = pages.lender::<Loan>()?;
        loan.dropped = None;
        let Open { buffer, .. } = self.open.borrow_mut().remove(&loan.number)?;
        Some(self.take(buffer))
    }

    /// Frees the memory of the loans that were dropped.
    pub fn settle(&self) {
        let dropped = std::mem::take(&mut *self.dropped.numbers.lock());
        for Open { buffer, .. } in dropped.iter().filter_map(|it| self.open.borrow_mut().remove(it))
        {
            // SAFETY: nothing else refers to the buffer.
            self.use_once(buffer, |buffer| unsafe {
                sys::napi_detach_arraybuffer(self.env.raw(), buffer);
            });
        }
    }

    /// Handles the end of the environment: memory that an isolate still uses is kept until the process ends.
    pub fn end(&self) {
        self.settle();
        let Some(get_backing_store) = self.get_backing_store else { return };
        for (_, Open { buffer, state }) in self.open.take() {
            if !change(&state, IDLE, REVOKED) {
                // SAFETY: the function returns an owner of the memory, which is never destroyed.
                self.use_once(buffer, |buffer| unsafe {
                    get_backing_store(buffer);
                });
            }
        }
    }

    fn use_once(&self, reference: sys::napi_ref, act: impl FnOnce(sys::napi_value)) {
        let mut scope = null_mut();
        // SAFETY: this is the thread of the environment, which still exists.
        unsafe { sys::napi_open_handle_scope(self.env.raw(), &raw mut scope) };
        act(self.take(reference));
        // SAFETY: it was opened above.
        unsafe { sys::napi_close_handle_scope(self.env.raw(), scope) };
    }

    /// Deletes a reference, and returns the value that it refers to.
    fn take(&self, reference: sys::napi_ref) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: it was made in this environment, and is not used after this.
        let status = unsafe {
            let status = sys::napi_get_reference_value(self.env.raw(), reference, &raw mut value);
            sys::napi_delete_reference(self.env.raw(), reference);
            status
        };
        let is_there = status == sys::Status::napi_ok && !value.is_null();
        assert!(is_there, "a strong reference has a value");
        value
    }
}

/// `std::shared_ptr<v8::BackingStore> v8::ArrayBuffer::GetBackingStore()`. A value of Node-API is a handle of
/// V8.
type GetBackingStore = unsafe extern "C" fn(sys::napi_value) -> SharedPointer;

/// Larger than fits into registers, so that it is returned in memory, as a C++ object with a destructor is.
#[repr(C)]
struct SharedPointer([MaybeUninit<usize>; 4]);

/// Major versions of Node in which the function was verified to have this type; its name does not tell the type.
#[cfg(target_os = "linux")]
const MAJORS: std::ops::RangeInclusive<u32> = 20..=26;

#[cfg(target_os = "linux")]
fn get_backing_store(env: Env) -> Option<GetBackingStore> {
    let version = env.get_node_version().ok()?;
    if version.release != "node" || !MAJORS.contains(&version.major) {
        return None;
    }
    let name = c"_ZN2v811ArrayBuffer15GetBackingStoreEv";
    // SAFETY: it only looks up a name among the global symbols of the process.
    let function = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: the name is that of a function of this type.
    (!function.is_null()).then(|| unsafe { std::mem::transmute::<_, GetBackingStore>(function) })
}

#[cfg(not(target_os = "linux"))]
fn get_backing_store(_: Env) -> Option<GetBackingStore> {
    None
}
