//! `InFlight`: the attempts that have started in an isolate and are not over.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

/// The attempts in flight, by ticket. Everything that a task does looks it up, so each operation
/// takes constant time, except `first`.
#[derive(Default)]
pub struct InFlight {
    /// Ticket and attempt of the task that started last. Most tasks end before the next one starts
    /// and never reach the map.
    latest: Cell<Option<(u64, u32)>>,
    /// The other attempts by ticket, with their start positions.
    others: RefCell<HashMap<u64, (u32, u64), FxBuildHasher>>,
    begun: Cell<u64>,
}

impl InFlight {
    /// Adds an attempt.
    pub fn begin(&self, ticket: u64, attempt: u32) {
        if let Some((ticket, attempt)) = self.latest.replace(Some((ticket, attempt))) {
            self.begun.set(self.begun.get() + 1);
            self.others.borrow_mut().insert(ticket, (attempt, self.begun.get()));
        }
    }

    /// Removes the attempt of a task.
    pub fn end(&self, ticket: u64) {
        if self.latest.get().is_some_and(|(latest, _)| latest == ticket) {
            self.latest.set(None);
        } else {
            self.others.borrow_mut().remove(&ticket);
        }
    }

    /// Returns the attempt of a task in flight.
    pub fn attempt_of(&self, ticket: u64) -> Option<u32> {
        match self.latest.get() {
            Some((latest, attempt)) if latest == ticket => Some(attempt),
            _ => self.others.borrow().get(&ticket).map(|(attempt, _)| *attempt),
        }
    }

    /// Returns the ticket of the task that started first.
    pub fn first(&self) -> Option<u64> {
        let others = self.others.borrow();
        let first = others.iter().min_by_key(|(_, (_, position))| *position);
        first.map(|(ticket, _)| *ticket).or(self.latest.get().map(|(ticket, _)| ticket))
    }
}
