//! The queue of waiting tasks: by priority if they are due, by time if they are not.
//!
//! Owns each waiting job, once. It never decides where a job runs. No operation takes longer than O(log n);
//! memory is released as the queue shrinks; and growing never moves what is already there, because a queue
//! of a million tasks must not stall the lock of the pool for a rehash.

use std::collections::{BTreeMap, BTreeSet};

use super::fifo::Fifo;
use super::index::{Position, QueueIndex};
use super::job::Job;
use crate::scheduler::task::{Priority, TaskId};
use crate::scheduler::timestamp::Timestamp;

/// A priority queue with delays and queue timeouts.
pub struct Queue<P> {
    /// The due jobs, by priority.
    fifos: Box<[Fifo<P>; PRIORITIES]>,
    /// One bit for each FIFO that is not empty.
    non_empty: [u64; PRIORITIES / 64],
    /// The jobs that are not yet due.
    delayed: BTreeMap<(Timestamp, TaskId), Box<Job<P>>>,
    /// When the delayed jobs are due.
    due_times: BTreeMap<TaskId, Timestamp>,
    /// Queue timeouts of due and delayed jobs.
    deadlines: BTreeSet<(Timestamp, TaskId)>,
    index: QueueIndex,
}

/// Number of possible priorities.
const PRIORITIES: usize = 256;

impl<P> Queue<P> {
    pub fn new() -> Self {
        Self {
            fifos: Box::new([const { Fifo::new() }; PRIORITIES]),
            non_empty: [0; PRIORITIES / 64],
            delayed: BTreeMap::new(),
            due_times: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            index: QueueIndex::default(),
        }
    }

    /// Returns the number of waiting jobs, due or not.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of jobs that are not yet due.
    pub fn delayed(&self) -> usize {
        self.delayed.len()
    }

    /// Returns whether any job is due.
    pub fn has_due(&self) -> bool {
        self.non_empty.iter().any(|bits| *bits != 0)
    }

    pub fn push(&mut self, job: Job<P>, now: Timestamp) {
        if let Some(deadline) = job.expires() {
            self.deadlines.insert((deadline, job.id));
        }
        if job.due <= now {
            self.push_due(job);
        } else {
            self.index.insert(job.id, Position::Delayed);
            self.due_times.insert(job.id, job.due);
            self.delayed.insert((job.due, job.id), Box::new(job));
        }
    }

    fn push_due(&mut self, job: Job<P>) {
        let priority = job.priority;
        let at = usize::from(priority.0);
        self.index.insert(job.id, Position::Due(priority));
        self.fifos[at].push(job);
        self.non_empty[at / 64] |= 1 << (at % 64);
    }

    /// Returns the job that [`Queue::pop`] would take.
    pub fn peek(&self) -> Option<&Job<P>> {
        self.fifos[self.most_urgent()?].first()
    }

    /// Takes the most urgent due job; among equal priorities the one that was submitted first.
    pub fn pop(&mut self) -> Option<Job<P>> {
        let at = self.most_urgent()?;
        let job = self.fifos[at].pop()?;
        self.update_non_empty(at);
        self.index.remove(job.id);
        self.remove_deadline(&job);
        Some(job)
    }

    pub fn remove(&mut self, id: TaskId) -> Option<Job<P>> {
        let job = match self.index.remove(id)? {
            Position::Due(priority) => {
                let at = usize::from(priority.0);
                let job = self.fifos[at].remove(id)?;
                self.update_non_empty(at);
                job
            }
            Position::Delayed => {
                let due = self.due_times.remove(&id)?;
                *self.delayed.remove(&(due, id))?
            }
        };
        self.remove_deadline(&job);
        Some(job)
    }

    /// Takes the job that was submitted first, due or not.
    pub fn take_first(&mut self) -> Option<Job<P>> {
        self.remove(self.index.first()?)
    }

    /// Moves delayed jobs that are due now to the due ones, at most `max` of them.
    pub fn promote(&mut self, now: Timestamp, max: usize) {
        for _ in 0..max {
            let Some(first) = self.delayed.first_entry().filter(|first| first.key().0 <= now)
            else {
                return;
            };
            let job = first.remove();
            self.due_times.remove(&job.id);
            self.push_due(*job);
        }
    }

    /// Takes a job whose queue timeout has expired.
    pub fn expire(&mut self, now: Timestamp) -> Option<Job<P>> {
        let &(deadline, id) = self.deadlines.first()?;
        if deadline <= now { self.remove(id) } else { None }
    }

    /// Returns when [`Queue::promote`] or [`Queue::expire`] has something to do.
    pub fn next_tick(&self) -> Option<Timestamp> {
        let due = self.delayed.first_key_value().map(|(&(at, _), _)| at);
        let deadline = self.deadlines.first().map(|&(at, _)| at);
        due.into_iter().chain(deadline).min()
    }

    /// Returns the number of due jobs in each priority that has any, most urgent first.
    pub fn by_priority(&self) -> impl Iterator<Item = (Priority, usize)> {
        let fifos = (0..=u8::MAX).map(Priority).zip(self.fifos.iter());
        fifos.filter(|(_, fifo)| !fifo.is_empty()).map(|(priority, fifo)| (priority, fifo.len()))
    }

    /// Returns the earliest due time among the first jobs of all priorities.
    pub fn oldest_due(&self) -> Option<Timestamp> {
        self.fifos.iter().filter_map(Fifo::first).map(|job| job.due).min()
    }

    /// Returns the most urgent priority that has a due job.
    fn most_urgent(&self) -> Option<usize> {
        let word = self.non_empty.iter().position(|bits| *bits != 0)?;
        Some(word * 64 + self.non_empty[word].trailing_zeros() as usize)
    }

    fn update_non_empty(&mut self, at: usize) {
        if self.fifos[at].is_empty() {
            self.non_empty[at / 64] &= !(1 << (at % 64));
        }
    }

    fn remove_deadline(&mut self, job: &Job<P>) {
        if let Some(deadline) = job.expires() {
            self.deadlines.remove(&(deadline, job.id));
        }
    }
}
