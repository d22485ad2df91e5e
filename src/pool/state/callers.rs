//! The attempts that have called the parent, and their open calls.
//!
//! Owns the replies until they are answered or dropped. Never answers one itself.

use std::collections::{HashMap, HashSet};

use crate::isolate::Reply;
use crate::scheduler::{Generation, TaskId, WorkerId};

/// A task and the number of its attempt.
type AttemptId = (TaskId, u32);

/// The open calls of all workers.
#[derive(Default)]
pub struct Callers {
    last_call: u64,
    open: HashMap<u64, (AttemptId, Reply)>,
    /// Attempts that have called. They stay until they end, with or without open calls.
    attempts: HashMap<AttemptId, Caller>,
}

struct Caller {
    worker: WorkerId,
    generation: Generation,
    open: HashSet<u64>,
}

impl Caller {
    fn is_in(&self, worker: WorkerId, generation: Generation) -> bool {
        (self.worker, self.generation) == (worker, generation)
    }
}

impl Callers {
    /// Keeps a call until it is answered or its attempt ends, and returns its number.
    pub fn add(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        attempt: AttemptId,
        reply: Reply,
    ) -> u64 {
        self.last_call += 1;
        self.open.insert(self.last_call, (attempt, reply));
        let caller = self.attempts.entry(attempt);
        let caller = caller.or_insert_with(|| Caller { worker, generation, open: HashSet::new() });
        caller.open.insert(self.last_call);
        self.last_call
    }

    /// Takes the reply of a call; `None` if its attempt no longer waits for it.
    pub fn take(&mut self, call: u64) -> Option<Reply> {
        let (attempt, reply) = self.open.remove(&call)?;
        if let Some(caller) = self.attempts.get_mut(&attempt) {
            caller.open.remove(&call);
        }
        Some(reply)
    }

    /// Removes an attempt that has ended in this worker, and returns its open replies.
    ///
    /// Returns `None` if it never called from there. An attempt that was given back runs under the same number
    /// in another worker, so the worker is compared as well.
    pub fn end(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        attempt: AttemptId,
    ) -> Option<Vec<Reply>> {
        if self.attempts.is_empty() {
            return None;
        }
        self.attempts.get(&attempt).filter(|caller| caller.is_in(worker, generation))?;
        let caller = self.attempts.remove(&attempt)?;
        let replies = caller.open.iter().filter_map(|call| self.open.remove(call));
        Some(replies.map(|(_, reply)| reply).collect())
    }

    /// Returns the attempts in a worker that have called.
    pub fn of(&self, worker: WorkerId, generation: Generation) -> Vec<AttemptId> {
        let here = self.attempts.iter().filter(|(_, caller)| caller.is_in(worker, generation));
        here.map(|(attempt, _)| *attempt).collect()
    }

    /// Returns the number of calls that wait for an answer.
    pub fn open_calls(&self) -> usize {
        self.open.len()
    }

    /// Returns the number of attempts that have called and have not ended.
    pub fn callers(&self) -> usize {
        self.attempts.len()
    }
}
