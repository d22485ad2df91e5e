//! The attempts that a worker has not answered.
//!
//! Owns their jobs until they are answered or lost. Never decides what follows.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::timeouts::TimeoutId;
use crate::scheduler::queue::job::Job;
use crate::scheduler::task::TaskId;
use crate::scheduler::timestamp::Timestamp;

/// An attempt that a worker has not answered.
pub struct Attempt<P> {
    pub task: TaskId,
    pub number: u32,
    pub started: Timestamp,
    pub phase: Phase,
    /// When the phase has taken too long.
    pub deadline: Option<Deadline>,
    /// `None` once the task is settled; the attempt still occupies the worker.
    pub job: Option<Job<P>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Running,
    /// Told to end.
    Signalled,
    /// Forced to end. If its task is not settled, the attempt exceeded its timeout.
    Forced,
}

/// Where the deadline of a phase is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// In the timeouts.
    Timeout(TimeoutId),
    /// In the alarms, at this time.
    Alarm(Timestamp),
}

/// The attempts in flight on one worker, each of another task.
pub struct InFlight<P> {
    attempts: Vec<Attempt<P>>,
    /// The index of each attempt; empty while a linear search is faster.
    indices: HashMap<TaskId, usize, FxBuildHasher>,
}

/// Up to this many attempts are found faster by a linear search.
const LINEAR_SEARCH: usize = 16;

impl<P> Default for InFlight<P> {
    fn default() -> Self {
        Self { attempts: Vec::new(), indices: HashMap::default() }
    }
}

impl<P> InFlight<P> {
    pub fn len(&self) -> usize {
        self.attempts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.attempts.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Attempt<P>> {
        self.attempts.iter()
    }

    pub fn tasks(&self) -> Vec<TaskId> {
        self.attempts.iter().map(|attempt| attempt.task).collect()
    }

    pub fn push(&mut self, attempt: Attempt<P>) {
        if !self.indices.is_empty() {
            self.indices.insert(attempt.task, self.attempts.len());
        }
        self.attempts.push(attempt);
        if self.attempts.len() > LINEAR_SEARCH && self.indices.is_empty() {
            self.indices = self.attempts.iter().enumerate().map(|(at, a)| (a.task, at)).collect();
        }
    }

    pub fn get(&self, task: TaskId) -> Option<&Attempt<P>> {
        self.attempts.get(self.index_of(task)?)
    }

    pub fn get_mut(&mut self, task: TaskId) -> Option<&mut Attempt<P>> {
        let index = self.index_of(task)?;
        self.attempts.get_mut(index)
    }

    /// Removes the attempt with this number, if it is the one of its task that is in flight.
    pub fn take(&mut self, task: TaskId, number: u32) -> Option<Attempt<P>> {
        let index = self.index_of(task)?;
        if self.attempts[index].number != number {
            return None;
        }
        let attempt = self.attempts.swap_remove(index);
        if self.attempts.len() < LINEAR_SEARCH / 2 {
            self.indices.clear();
        } else if !self.indices.is_empty() {
            self.indices.remove(&task);
            if let Some(moved) = self.attempts.get(index) {
                self.indices.insert(moved.task, index);
            }
        }
        Some(attempt)
    }

    pub fn take_all(&mut self) -> Vec<Attempt<P>> {
        self.indices.clear();
        std::mem::take(&mut self.attempts)
    }

    fn index_of(&self, task: TaskId) -> Option<usize> {
        if self.indices.is_empty() {
            self.attempts.iter().position(|attempt| attempt.task == task)
        } else {
            self.indices.get(&task).copied()
        }
    }
}
