//! `Transit`: ArrayBuffers of a realm that were posted to a port and not yet received.

use std::cell::RefCell;
use std::collections::HashMap;

use deno_core::v8;

/// The backing stores by number. Those that nobody receives are dropped with their realm.
#[derive(Default)]
pub struct Transit {
    buffers: RefCell<(u32, HashMap<u32, v8::SharedRef<v8::BackingStore>>)>,
}

impl Transit {
    /// Reserves `count` numbers, and returns the first.
    pub fn reserve(&self, count: usize) -> u32 {
        let (next, _) = &mut *self.buffers.borrow_mut();
        let first = *next;
        *next = next.wrapping_add(count as u32);
        first
    }

    /// Stores a buffer that was posted.
    pub fn put(&self, number: u32, buffer: v8::SharedRef<v8::BackingStore>) {
        self.buffers.borrow_mut().1.insert(number, buffer);
    }

    /// Returns a buffer to its receiver; `None` where it was received before.
    pub fn take(&self, number: u32) -> Option<v8::SharedRef<v8::BackingStore>> {
        self.buffers.borrow_mut().1.remove(&number)
    }
}
