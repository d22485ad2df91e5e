//! Which ArrayBuffers detach an isolate with a task's result, and are not copied: those that were moved in for
//! it, where the result has them; those that it names; and a result that is one itself, or a view, where the
//! realm ends with the task. What is_detached is detached.

use std::cell::RefCell;
use std::sync::Arc;

use deno_core::v8;

use crate::isolate::values::transfer::pages::{Lent, Pages};

#[derive(Default)]
pub struct Transfers {
    /// By the ticket of their task.
    received: RefCell<Vec<(u64, Received)>>,
    marked: RefCell<Vec<(u64, v8::Global<v8::ArrayBuffer>)>>,
}

/// A buffer that was moved in.
struct Received {
    buffer: v8::Weak<v8::ArrayBuffer>,
    pages: Arc<Lent>,
}

/// Candidates for one result. Their places are their numbers in it.
#[derive(Default)]
pub struct Candidates<'s> {
    pub buffers: Vec<v8::Local<'s, v8::ArrayBuffer>>,
    /// So many of them are detached even where the result does not have them.
    marked: usize,
    /// The memory of those that came in.
    received: Vec<Arc<Lent>>,
}

impl Transfers {
    /// A buffer was moved in for a task.
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

    /// A task says that a buffer is to detach.
    pub fn mark(
        &self,
        scope: &mut v8::HandleScope,
        ticket: u64,
        buffer: v8::Local<v8::ArrayBuffer>,
    ) {
        self.marked.borrow_mut().push((ticket, v8::Global::new(scope, buffer)));
    }

    /// A task is over.
    pub fn forget(&self, ticket: u64) {
        self.received.borrow_mut().retain(|(other, _)| *other != ticket);
        self.marked.borrow_mut().retain(|(other, _)| *other != ticket);
    }

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

    /// Takes those that are in the result, or marked, out of the isolate.
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
    // A getter of the result may have done something to it.
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
        // Where V8 has let go of it, it is as it came.
        return Lent::take_back(lent);
    }
    // SAFETY: it has so many bytes, and no object of the isolate has them any more.
    unsafe { Pages::take(data, length) }
}

/// Whether it can be detached, and its length is fixed.
pub fn is_transferable(buffer: v8::Local<v8::ArrayBuffer>) -> bool {
    buffer.is_detachable()
        && !buffer.was_detached()
        && !buffer.get_backing_store().is_resizable_by_user_javascript()
}
