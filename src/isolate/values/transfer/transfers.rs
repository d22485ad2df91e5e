//! `Transfers`: selects the ArrayBuffers that leave an isolate with a task's result instead of
//! being copied.
//!
//! These are buffers that were moved in for the task and are in the result, buffers that the task
//! marked (`ctx.transfer`), and a result that is itself a buffer or a view where the realm ends
//! with the task. A buffer that leaves is detached.

use std::cell::RefCell;
use std::sync::Arc;

use deno_core::v8;

use crate::isolate::values::transfer::pages::{Lent, Pages};

/// The buffers of tasks in flight that may leave with their results.
#[derive(Default)]
pub struct Transfers {
    /// The buffers that were moved in, by the ticket of their task.
    received: RefCell<Vec<(u64, Received)>>,
    marked: RefCell<Vec<(u64, v8::Global<v8::ArrayBuffer>)>>,
}

/// A buffer that was moved in.
struct Received {
    buffer: v8::Weak<v8::ArrayBuffer>,
    pages: Arc<Lent>,
}

/// The candidates for one result. Their indices are their numbers in the encoded result.
#[derive(Default)]
pub struct Candidates<'s> {
    pub buffers: Vec<v8::Local<'s, v8::ArrayBuffer>>,
    /// The number of marked buffers, which come first and are detached even where the result does
    /// not contain them.
    marked: usize,
    /// The memory of the buffers that were moved in.
    received: Vec<Arc<Lent>>,
}

impl Transfers {
    /// Records a buffer that was moved in for a task.
    pub fn add_received(
        &self,
        scope: &mut v8::HandleScope,
        ticket: u64,
        buffer: v8::Local<v8::ArrayBuffer>,
        pages: Arc<Lent>,
    ) {
        let received = Received { buffer: v8::Weak::new(scope, buffer), pages };
        self.received.borrow_mut().push((ticket, received));
    }

    /// Marks a buffer to leave with the result of a task.
    pub fn mark(
        &self,
        scope: &mut v8::HandleScope,
        ticket: u64,
        buffer: v8::Local<v8::ArrayBuffer>,
    ) {
        self.marked.borrow_mut().push((ticket, v8::Global::new(scope, buffer)));
    }

    /// Removes the buffers of a task that is over.
    pub fn forget(&self, ticket: u64) {
        self.received.borrow_mut().retain(|(other, _)| *other != ticket);
        self.marked.borrow_mut().retain(|(other, _)| *other != ticket);
    }

    /// Returns the candidates for a result. `is_last` is whether the realm ends with the task.
    pub fn candidates<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        ticket: u64,
        value: v8::Local<'s, v8::Value>,
        is_last: bool,
    ) -> Candidates<'s> {
        let mut found = Candidates::default();
        for (_, buffer) in self.marked.borrow().iter().filter(|(other, _)| *other == ticket) {
            found.add(v8::Local::new(scope, buffer));
        }
        found.marked = found.buffers.len();
        self.received.borrow_mut().retain(|(other, Received { buffer, pages })| {
            if *other == ticket
                && let Some(buffer) = buffer.to_local(scope)
            {
                found.add(buffer);
                found.received.push(pages.clone());
            }
            *other != ticket
        });
        if is_last {
            let view = v8::Local::<v8::ArrayBufferView>::try_from(value);
            let buffer = view.ok().and_then(|view| view.buffer(scope));
            if let Some(buffer) = buffer.or_else(|| value.try_into().ok()) {
                found.add(buffer);
            }
        }
        found
    }
}

impl<'s> Candidates<'s> {
    fn add(&mut self, buffer: v8::Local<'s, v8::ArrayBuffer>) {
        if is_transferable(buffer) && !self.buffers.contains(&buffer) {
            self.buffers.push(buffer);
        }
    }

    /// Detaches the marked candidates and those in `used`, the indices in the result, and returns
    /// their memory. The others yield empty memory.
    pub fn detach(self, used: &[usize]) -> Vec<Pages> {
        let Self { buffers, marked, mut received } = self;
        let is_detached = |index| index < marked || used.contains(&index);
        let all = buffers.into_iter().enumerate();
        all.map(|(index, buffer)| {
            if is_detached(index) { detach_buffer(buffer, &mut received) } else { Pages::default() }
        })
        .collect()
    }
}

fn detach_buffer(buffer: v8::Local<v8::ArrayBuffer>, received: &mut Vec<Arc<Lent>>) -> Pages {
    // A getter of the result may have detached or replaced it.
    if !is_transferable(buffer) {
        return Pages::default();
    }
    let store = buffer.get_backing_store();
    buffer.detach(None);
    let Some(data) = store.data() else { return Pages::default() };
    let data: *mut u8 = data.as_ptr().cast();
    let length = store.byte_length();
    if let Some(index) = received.iter().position(|lent| lent.data() == data) {
        let lent = received.swap_remove(index);
        drop(store);
        // The same memory that came in, where V8 holds it no longer.
        return Lent::take_back(lent);
    }
    // SAFETY: the store has `length` bytes, and no object of the isolate refers to it after the
    // detach.
    unsafe { Pages::take(data, length) }
}

/// Whether a buffer can be detached and has a fixed length.
pub fn is_transferable(buffer: v8::Local<v8::ArrayBuffer>) -> bool {
    buffer.is_detachable()
        && !buffer.was_detached()
        && !buffer.get_backing_store().is_resizable_by_user_javascript()
}
