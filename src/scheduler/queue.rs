//! The tasks that wait: by urgency when they are due, by time when they are not.
//!
//! Owns each waiting job, once. It never decides who runs it. All operations are O(log n), memory
//! is given back as the queue shrinks, and no growth moves what is already there: a queue of a
//! million tasks must not stall the lock for a rehash.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::job::Job;
use super::{Priority, TaskId};

pub struct Queue<P> {
    jobs: BTreeMap<TaskId, Box<Job<P>>>,
    /// Due ones. No level is empty.
    levels: BTreeMap<Priority, BTreeSet<TaskId>>,
    /// Not yet due.
    delayed: BTreeSet<(Instant, TaskId)>,
    /// Queue timeouts, of due and delayed ones.
    deadlines: BTreeSet<(Instant, TaskId)>,
}

impl<P> Queue<P> {
    pub fn new() -> Self {
        Self {
            jobs: BTreeMap::new(),
            levels: BTreeMap::new(),
            delayed: BTreeSet::new(),
            deadlines: BTreeSet::new(),
        }
    }

    /// Returns how many wait, due or not.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Returns how many are not yet due.
    pub fn delayed(&self) -> usize {
        self.delayed.len()
    }

    /// Whether any is due.
    pub fn has_due(&self) -> bool {
        !self.levels.is_empty()
    }

    pub fn push(&mut self, job: Box<Job<P>>, now: Instant) {
        let id = job.id;
        if job.due <= now {
            self.levels.entry(job.priority).or_default().insert(id);
        } else {
            self.delayed.insert((job.due, id));
        }
        if let Some(deadline) = job.expires {
            self.deadlines.insert((deadline, id));
        }
        self.jobs.insert(id, job);
    }

    /// Takes the most urgent of the due ones, and of those the first submitted.
    /// The one that [`Queue::pop`] would take.
    pub fn peek(&self) -> Option<&Job<P>> {
        let id = self.levels.first_key_value()?.1.first()?;
        self.jobs.get(id).map(AsRef::as_ref)
    }

    pub fn pop(&mut self) -> Option<Box<Job<P>>> {
        let id = *self.levels.first_key_value()?.1.first()?;
        self.remove(id)
    }

    pub fn remove(&mut self, id: TaskId) -> Option<Box<Job<P>>> {
        let job = self.jobs.remove(&id)?;
        if !self.delayed.remove(&(job.due, id))
            && let Some(level) = self.levels.get_mut(&job.priority)
        {
            level.remove(&id);
            if level.is_empty() {
                self.levels.remove(&job.priority);
            }
        }
        if let Some(deadline) = job.expires {
            self.deadlines.remove(&(deadline, id));
        }
        Some(job)
    }

    /// Takes all, in the order of their submission.
    pub fn take_all(&mut self) -> impl Iterator<Item = Box<Job<P>>> + use<P> {
        std::mem::replace(self, Self::new()).jobs.into_values()
    }

    /// Lets those wait for a worker whose time has come.
    pub fn promote(&mut self, now: Instant) {
        while let Some(&(due, id)) = self.delayed.first()
            && due <= now
        {
            self.delayed.pop_first();
            if let Some(job) = self.jobs.get(&id) {
                self.levels.entry(job.priority).or_default().insert(id);
            }
        }
    }

    /// Takes one that has waited too long.
    pub fn expire(&mut self, now: Instant) -> Option<Box<Job<P>>> {
        let &(deadline, id) = self.deadlines.first()?;
        if deadline <= now { self.remove(id) } else { None }
    }

    /// Returns when `promote` or `expire` has something to do.
    pub fn next_tick(&self) -> Option<Instant> {
        let due = self.delayed.first().map(|&(at, _)| at);
        let deadline = self.deadlines.first().map(|&(at, _)| at);
        due.into_iter().chain(deadline).min()
    }

    /// Returns how many are due in each priority that has any, most urgent first.
    pub fn by_priority(&self) -> impl Iterator<Item = (Priority, usize)> {
        self.levels.iter().map(|(&priority, level)| (priority, level.len()))
    }

    /// Returns since when the longest waiting of those next in turn waits, one for each priority.
    pub fn oldest_due(&self) -> Option<Instant> {
        let heads = self.levels.values().filter_map(BTreeSet::first);
        heads.filter_map(|id| self.jobs.get(id)).map(|job| job.due).min()
    }
}
