//! The dead letters: tasks that failed for good, with the error of each attempt.
//!
//! Bounded by number and by weight; the oldest dead letter is dropped for a newer one.

use std::collections::BTreeMap;
use std::time::Instant;

use super::weight::Weigh;
use crate::scheduler::outcome::Failure;
use crate::scheduler::queue::job::Job;
use crate::scheduler::task::TaskId;
use crate::scheduler::worker::id::WorkerId;

/// The limits of the dead letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetterLimits {
    /// Maximum number of dead letters. With zero, no errors of attempts are kept either.
    pub max: usize,
    /// Maximum weight of payloads and errors together, in bytes.
    pub max_weight: usize,
}

/// A task that failed for good.
#[derive(Debug)]
pub struct DeadLetter<P, R> {
    pub job: Job<P>,
    pub submitted: Instant,
    /// Its failed attempts, oldest first; the last one is what the task was settled with. Limited to the
    /// latest ones.
    pub failures: Vec<FailedAttempt<R>>,
    pub failed_at: Instant,
}

/// A failed attempt, or the failure of a task that never started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt<R> {
    /// Counts from 1; 0 for a task that never started.
    pub attempt: u32,
    pub failure: Failure<R>,
    pub worker: Option<WorkerId>,
    pub at: Instant,
}

/// Maximum number of failures of earlier attempts that are kept for each task.
const MAX_FAILURES: usize = 100;

pub(in crate::scheduler) struct DeadLetters<P, R> {
    limits: DeadLetterLimits,
    /// Failed attempts of tasks that are tried again.
    pending: BTreeMap<TaskId, Vec<FailedAttempt<R>>>,
    /// The dead letters by their sequence number, which is the order in which they were added.
    letters: BTreeMap<u64, DeadLetter<P, R>>,
    sequence_numbers: BTreeMap<TaskId, u64>,
    last_sequence_number: u64,
    weight: usize,
}

impl<P: Weigh, R: Weigh> DeadLetters<P, R> {
    pub fn new(limits: DeadLetterLimits) -> Self {
        Self {
            limits,
            pending: BTreeMap::new(),
            letters: BTreeMap::new(),
            sequence_numbers: BTreeMap::new(),
            last_sequence_number: 0,
            weight: 0,
        }
    }

    /// Returns whether any dead letters are kept.
    pub fn is_enabled(&self) -> bool {
        self.limits.max > 0
    }

    /// Records a failed attempt that is followed by another one.
    pub fn record(&mut self, task: TaskId, failure: FailedAttempt<R>) {
        if !self.is_enabled() {
            return;
        }
        let failures = self.pending.entry(task).or_default();
        if failures.len() >= MAX_FAILURES {
            failures.remove(0);
        }
        failures.push(failure);
    }

    /// Discards the failed attempts of a task that does not become a dead letter.
    pub fn discard(&mut self, task: TaskId) {
        if !self.pending.is_empty() {
            self.pending.remove(&task);
        }
    }

    /// Adds a task that failed for good, and returns the dead letters that were dropped for it. That is the
    /// task itself if it is larger than the limit.
    pub fn add(&mut self, job: Job<P>, submitted: Instant, last: FailedAttempt<R>) -> Vec<TaskId> {
        let task = job.id;
        let mut failures = self.pending.remove(&task).unwrap_or_default();
        let failed_at = last.at;
        failures.push(last);
        let letter = DeadLetter { job, submitted, failures, failed_at };
        let weight = letter.weight();
        if weight > self.limits.max_weight {
            // It would not fit even if all others were dropped.
            return vec![task];
        }
        self.weight += weight;
        self.last_sequence_number += 1;
        self.sequence_numbers.insert(task, self.last_sequence_number);
        self.letters.insert(self.last_sequence_number, letter);
        let mut dropped = Vec::new();
        while (self.letters.len() > self.limits.max || self.weight > self.limits.max_weight)
            && let Some((_, letter)) = self.letters.pop_first()
        {
            self.sequence_numbers.remove(&letter.job.id);
            self.weight -= letter.weight();
            dropped.push(letter.job.id);
        }
        dropped
    }

    pub fn get(&self, task: TaskId) -> Option<&DeadLetter<P, R>> {
        self.letters.get(self.sequence_numbers.get(&task)?)
    }

    pub fn remove(&mut self, task: TaskId) {
        if let Some(number) = self.sequence_numbers.remove(&task)
            && let Some(letter) = self.letters.remove(&number)
        {
            self.weight -= letter.weight();
        }
    }

    pub fn clear(&mut self) {
        self.letters.clear();
        self.sequence_numbers.clear();
        self.weight = 0;
    }
}

impl<P, R> DeadLetters<P, R> {
    pub fn len(&self) -> usize {
        self.letters.len()
    }

    pub fn contains(&self, task: TaskId) -> bool {
        self.sequence_numbers.contains_key(&task)
    }

    /// Returns the dead letters, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &DeadLetter<P, R>> {
        self.letters.values()
    }
}

impl<P: Weigh, R: Weigh> DeadLetter<P, R> {
    /// Returns its weight, which never changes.
    fn weight(&self) -> usize {
        let errors = self.failures.iter().map(|failed| match &failed.failure {
            Failure::Failed(error) => error.weight(),
            _ => 0,
        });
        size_of::<Self>()
            + self.job.payload.weight()
            + self.failures.len() * size_of::<FailedAttempt<R>>()
            + errors.sum::<usize>()
    }
}
