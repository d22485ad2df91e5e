//! The dead letters: tasks that failed for good, with the error of each attempt.
//!
//! Bounded by number and by weight; the oldest makes room for the newest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::job::Job;
use super::{Failure, TaskId, WorkerId};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetterLimits {
    /// Zero: none, and no errors of attempts either.
    pub max: usize,
    /// Of payloads and errors together, in bytes.
    pub max_weight: usize,
}

/// What something takes of memory, in bytes, roughly.
pub trait Weigh {
    fn weight(&self) -> usize;
}

impl<T: Weigh + ?Sized> Weigh for Arc<T> {
    fn weight(&self) -> usize {
        (**self).weight()
    }
}

impl Weigh for () {
    fn weight(&self) -> usize {
        0
    }
}

impl Weigh for u64 {
    fn weight(&self) -> usize {
        size_of::<Self>()
    }
}

impl Weigh for &str {
    fn weight(&self) -> usize {
        self.len()
    }
}

/// A task that failed for good.
#[derive(Debug)]
pub struct DeadLetter<P, R> {
    pub job: Job<P>,
    pub submitted: Instant,
    /// Oldest first, and the last one is what the task was settled with. Of very many only the latest.
    pub lapses: Vec<Lapse<R>>,
    pub died: Instant,
}

/// A failed attempt, or another end of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapse<R> {
    /// Counts from 1; 0 for a task that never started.
    pub attempt: u32,
    pub failure: Failure<R>,
    pub worker: Option<WorkerId>,
    pub at: Instant,
}

/// Errors of earlier attempts that are kept for each task.
const MOST_LAPSES: usize = 100;

pub(super) struct Letters<P, R> {
    rules: DeadLetterLimits,
    /// Lapses of tasks that are tried again.
    open: BTreeMap<TaskId, Vec<Lapse<R>>>,
    /// By the order of their deaths.
    dead: BTreeMap<u64, DeadLetter<P, R>>,
    places: BTreeMap<TaskId, u64>,
    deaths: u64,
    weight: usize,
}

impl<P: Weigh, R: Weigh> Letters<P, R> {
    pub fn new(rules: DeadLetterLimits) -> Self {
        Self {
            rules,
            open: BTreeMap::new(),
            dead: BTreeMap::new(),
            places: BTreeMap::new(),
            deaths: 0,
            weight: 0,
        }
    }

    /// Whether any are kept at all.
    pub fn are_kept(&self) -> bool {
        self.rules.max > 0
    }

    /// Notes an attempt that another one follows.
    pub fn note(&mut self, task: TaskId, lapse: Lapse<R>) {
        if !self.are_kept() {
            return;
        }
        let lapses = self.open.entry(task).or_default();
        if lapses.len() >= MOST_LAPSES {
            lapses.remove(0);
        }
        lapses.push(lapse);
    }

    /// Forgets the attempts of a task that came to another end.
    pub fn forget(&mut self, task: TaskId) {
        if !self.open.is_empty() {
            self.open.remove(&task);
        }
    }

    /// Keeps a task that failed for good, and returns those that had to go for it; itself, if it is
    /// too large to be kept at all.
    pub fn bury(&mut self, job: Job<P>, submitted: Instant, last: Lapse<R>) -> Vec<TaskId> {
        let task = job.id;
        let mut lapses = self.open.remove(&task).unwrap_or_default();
        let died = last.at;
        lapses.push(last);
        let letter = DeadLetter { job, submitted, lapses, died };
        let weight = letter.weight();
        if weight > self.rules.max_weight {
            // To make room for it would be in vain.
            return vec![task];
        }
        self.weight += weight;
        self.deaths += 1;
        self.places.insert(task, self.deaths);
        self.dead.insert(self.deaths, letter);
        let mut gone = Vec::new();
        while (self.dead.len() > self.rules.max || self.weight > self.rules.max_weight)
            && let Some((_, letter)) = self.dead.pop_first()
        {
            self.places.remove(&letter.job.id);
            self.weight -= letter.weight();
            gone.push(letter.job.id);
        }
        gone
    }

    pub fn get(&self, task: TaskId) -> Option<&DeadLetter<P, R>> {
        self.dead.get(self.places.get(&task)?)
    }

    pub fn remove(&mut self, task: TaskId) {
        if let Some(place) = self.places.remove(&task)
            && let Some(letter) = self.dead.remove(&place)
        {
            self.weight -= letter.weight();
        }
    }

    pub fn clear(&mut self) {
        self.dead.clear();
        self.places.clear();
        self.weight = 0;
    }
}

impl<P, R> Letters<P, R> {
    pub fn len(&self) -> usize {
        self.dead.len()
    }

    pub fn contains(&self, task: TaskId) -> bool {
        self.places.contains_key(&task)
    }

    /// Oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &DeadLetter<P, R>> {
        self.dead.values()
    }
}

impl<P: Weigh, R: Weigh> DeadLetter<P, R> {
    /// The errors are those of their time, and never change.
    fn weight(&self) -> usize {
        let errors = self.lapses.iter().map(|lapse| match &lapse.failure {
            Failure::Failed(error) => error.weight(),
            _ => 0,
        });
        size_of::<Self>()
            + self.job.payload.weight()
            + self.lapses.len() * size_of::<Lapse<R>>()
            + errors.sum::<usize>()
    }
}
