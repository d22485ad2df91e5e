//! The attempts that have called the parent, and their calls that wait for an answer.

use std::collections::{HashMap, HashSet};

use crate::isolate::Reply;
use crate::scheduler::{Generation, TaskId, WorkerId};

type Attempt = (TaskId, u32);

#[derive(Default)]
pub(super) struct Callers {
    last_call: u64,
    open: HashMap<u64, (Attempt, Reply)>,
    /// They stay until they are over, with and without open calls.
    attempts: HashMap<Attempt, Caller>,
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
    /// Keeps a call until it is answered or its attempt is over, and returns its number.
    pub fn add(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        attempt: Attempt,
        reply: Reply,
    ) -> u64 {
        self.last_call += 1;
        self.open.insert(self.last_call, (attempt, reply));
        let caller = self.attempts.entry(attempt);
        let caller = caller.or_insert_with(|| Caller { worker, generation, open: HashSet::new() });
        caller.open.insert(self.last_call);
        self.last_call
    }

    /// The way back for the answer to a call; `None` where nobody waits any more.
    pub fn take(&mut self, call: u64) -> Option<Reply> {
        let (attempt, reply) = self.open.remove(&call)?;
        if let Some(caller) = self.attempts.get_mut(&attempt) {
            caller.open.remove(&call);
        }
        Some(reply)
    }

    /// Forgets an attempt that is over in this worker. Returns what it waited for; `None` where it never
    /// called there: an attempt that was given back has its number elsewhere.
    pub fn end(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        attempt: Attempt,
    ) -> Option<Vec<Reply>> {
        if self.attempts.is_empty() {
            return None;
        }
        self.attempts.get(&attempt).filter(|caller| caller.is_in(worker, generation))?;
        let caller = self.attempts.remove(&attempt)?;
        let replies = caller.open.iter().filter_map(|call| self.open.remove(call));
        Some(replies.map(|(_, reply)| reply).collect())
    }

    /// The attempts that run in a worker.
    pub fn of(&self, worker: WorkerId, generation: Generation) -> Vec<Attempt> {
        let here = self.attempts.iter().filter(|(_, caller)| caller.is_in(worker, generation));
        here.map(|(attempt, _)| *attempt).collect()
    }

    /// Calls that wait for an answer.
    pub fn open_calls(&self) -> usize {
        self.open.len()
    }

    /// Attempts that have called and are not over.
    pub fn callers(&self) -> usize {
        self.attempts.len()
    }
}
