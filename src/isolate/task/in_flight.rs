//! `InFlight`: the attempts that were begun in an isolate and are not over.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

/// Looked up by everything that a task does. Each look-up takes the same time, however many attempts there are.
#[derive(Default)]
pub struct InFlight {
    /// Ticket and attempt of the latest one. Most tasks are over before the next one begins, and never reach the
    /// map.
    latest: Cell<Option<(u64, u32)>>,
    /// The others by ticket: the attempt, and its position in the order of beginnings.
    others: RefCell<HashMap<u64, (u32, u64), FxBuildHasher>>,
    begun: Cell<u64>,
}

impl InFlight {
    pub fn begin(&self, ticket: u64, attempt: u32) {
        if let Some((ticket, attempt)) = self.latest.replace(Some((ticket, attempt))) {
            self.begun.set(self.begun.get() + 1);
            self.others.borrow_mut().insert(ticket, (attempt, self.begun.get()));
        }
    }

    pub fn end(&self, ticket: u64) {
        if self.latest.get().is_some_and(|(latest, _)| latest == ticket) {
            self.latest.set(None);
        } else {
            self.others.borrow_mut().remove(&ticket);
        }
    }

    pub fn attempt_of(&self, ticket: u64) -> Option<u32> {
        match self.latest.get() {
            Some((latest, attempt)) if latest == ticket => Some(attempt),
            _ => self.others.borrow().get(&ticket).map(|(attempt, _)| *attempt),
        }
    }

    /// Returns the ticket of the one that began first.
    pub fn first(&self) -> Option<u64> {
        let others = self.others.borrow();
        let first = others.iter().min_by_key(|(_, (_, position))| *position);
        first.map(|(ticket, _)| *ticket).or(self.latest.get().map(|(ticket, _)| ticket))
    }
}
