//! Memory of Node that an isolate works in while a task has it: nothing is moved there or back.
//!
//! Its ArrayBuffer is here, where no JavaScript sees it, until the isolate has let go of the memory. A thread
//! that has not done so when the environment ends may write to it later still: then the memory is never freed.
//! Node-API cannot ask for that, V8 in Node can; where it cannot, nothing is lent.

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

/// Less is copied, which takes about as long.
const LENT: usize = 16 << 10;

/// Called from any thread when there is something to settle.
pub(super) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Those of one environment that are open. On its thread alone.
pub(super) struct Lending {
    env: Env,
    get_backing_store: Option<GetBackingStore>,
    open: RefCell<HashMap<u64, Open>>,
    last: Cell<u64>,
    ended: Arc<Ended>,
}

/// Those that isolates have let go of, and whose memory nobody has asked back.
struct Ended {
    numbers: Mutex<Vec<u64>>,
    wake: Wake,
}

struct Open {
    buffer: sys::napi_ref,
    state: Arc<AtomicU8>,
}

/// States of a loan: no isolate uses the memory; one does; none may, since the environment has ended.
const IDLE: u8 = 0;
const USED: u8 = 1;
const OVER: u8 = 2;

struct Loan {
    number: u64,
    state: Arc<AtomicU8>,
    ended: Option<Arc<Ended>>,
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
        let Some(ended) = &self.ended else { return };
        let mut numbers = ended.numbers.lock();
        numbers.push(self.number);
        if numbers.len() == 1 {
            drop(numbers);
            (ended.wake)();
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
            ended: Arc::new(Ended { numbers: Mutex::default(), wake }),
        }
    }

    /// The memory of a buffer that no JavaScript sees; `None` where it is not lent.
    pub fn lend(&self, buffer: &mut ArrayBuffer) -> Option<Pages> {
        self.get_backing_store?;
        if buffer.len() < LENT {
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
        let loan = Loan { number, state, ended: Some(self.ended.clone()) };
        // SAFETY: this is the only thread that knows the buffer.
        let bytes = unsafe { buffer.as_mut() };
        // SAFETY: the memory is there as long as the buffer is, and that as long as the loan.
        Some(unsafe { Pages::lent(bytes.as_mut_ptr(), bytes.len(), Box::new(loan)) })
    }

    /// The buffer whose memory came back; `None` where it was not lent.
    pub fn back(&self, pages: &mut Pages) -> Option<sys::napi_value> {
        let loan = pages.lender::<Loan>()?;
        loan.ended = None;
        let Open { buffer, .. } = self.open.borrow_mut().remove(&loan.number)?;
        Some(self.take(buffer))
    }

    /// Frees the memory that nobody has any more.
    pub fn settle(&self) {
        let ended = std::mem::take(&mut *self.ended.numbers.lock());
        for Open { buffer, .. } in ended.iter().filter_map(|it| self.open.borrow_mut().remove(it)) {
            // SAFETY: nobody has the buffer.
            self.use_once(buffer, |buffer| unsafe {
                sys::napi_detach_arraybuffer(self.env.raw(), buffer);
            });
        }
    }

    /// The environment ends: memory that is used still stays as long as the process does.
    pub fn end(&self) {
        self.settle();
        let Some(get_backing_store) = self.get_backing_store else { return };
        for (_, Open { buffer, state }) in self.open.take() {
            if !change(&state, IDLE, OVER) {
                // SAFETY: what comes back is an owner of the memory, and nobody destroys it.
                self.use_once(buffer, |buffer| unsafe {
                    get_backing_store(buffer);
                });
            }
        }
    }

    fn use_once(&self, reference: sys::napi_ref, act: impl FnOnce(sys::napi_value)) {
        let mut scope = null_mut();
        // SAFETY: it is the thread of the environment, which is there still.
        unsafe { sys::napi_open_handle_scope(self.env.raw(), &raw mut scope) };
        act(self.take(reference));
        // SAFETY: it was opened above.
        unsafe { sys::napi_close_handle_scope(self.env.raw(), scope) };
    }

    /// What a reference refers to, in its place.
    fn take(&self, reference: sys::napi_ref) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: it was made in this environment, and nobody has it after this.
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

/// `std::shared_ptr<v8::BackingStore> v8::ArrayBuffer::GetBackingStore()`. A value of Node-API is V8's handle.
type GetBackingStore = unsafe extern "C" fn(sys::napi_value) -> SharedPointer;

/// More than fits into registers: so it comes back in memory, as an object of C++ with a destructor does.
#[repr(C)]
struct SharedPointer([MaybeUninit<usize>; 4]);

/// Versions of Node that were seen to have it as it stands here; the name alone does not tell the type.
#[cfg(target_os = "linux")]
const MAJORS: std::ops::RangeInclusive<u32> = 20..=26;

#[cfg(target_os = "linux")]
fn get_backing_store(env: Env) -> Option<GetBackingStore> {
    let version = env.get_node_version().ok()?;
    if version.release != "node" || !MAJORS.contains(&version.major) {
        return None;
    }
    let name = c"_ZN2v811ArrayBuffer15GetBackingStoreEv";
    // SAFETY: it only looks for a name in what the process has loaded for all.
    let function = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: the name is this function's.
    (!function.is_null()).then(|| unsafe { std::mem::transmute::<_, GetBackingStore>(function) })
}

#[cfg(not(target_os = "linux"))]
fn get_backing_store(_: Env) -> Option<GetBackingStore> {
    None
}
