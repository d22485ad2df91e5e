//! The attempts that are in flight in an isolate: begun there, and not over.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

/// Asked by everything that a task does: each answer takes the same time, however many there are.
#[derive(Default)]
pub(super) struct Flights {
    /// Ticket and attempt of the one that began last. Most tasks are over before the next one begins, and
    /// never get into the map.
    latest: Cell<Option<(u64, u32)>>,
    /// The others, with their place in the order of their beginnings.
    others: RefCell<HashMap<u64, (u32, u64), FxBuildHasher>>,
    begun: Cell<u64>,
}

impl Flights {
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

    /// The one that began before all others.
    pub fn first(&self) -> Option<u64> {
        let others = self.others.borrow();
        let first = others.iter().min_by_key(|(_, (_, place))| *place);
        first.map(|(ticket, _)| *ticket).or(self.latest.get().map(|(ticket, _)| ticket))
    }
}
