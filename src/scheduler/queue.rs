//! The tasks that wait: by urgency when they are due, by time when they are not.
//!
//! Owns each waiting job, once. It never decides who runs it. No operation takes longer than O(log n), memory
//! is given back as the queue shrinks, and no growth moves what is already there: a queue of a
//! million tasks must not stall the lock for a rehash.

use std::collections::{BTreeMap, BTreeSet};

use super::job::Job;
use super::line::Line;
use super::moment::Moment;
use super::places::{Place, Places};
use super::{Priority, TaskId};

pub struct Queue<P> {
    /// Due ones, by priority.
    lines: Box<[Line<P>; LINES]>,
    /// Which lines are not empty, a bit for each.
    waiting: [u64; LINES / 64],
    /// Not yet due.
    delayed: BTreeMap<(Moment, TaskId), Box<Job<P>>>,
    /// When those are due.
    dues: BTreeMap<TaskId, Moment>,
    /// Queue timeouts, of due and delayed ones.
    deadlines: BTreeSet<(Moment, TaskId)>,
    places: Places,
}

/// As many priorities as there can be.
const LINES: usize = 256;

impl<P> Queue<P> {
    pub fn new() -> Self {
        Self {
            lines: Box::new([const { Line::new() }; LINES]),
            waiting: [0; LINES / 64],
            delayed: BTreeMap::new(),
            dues: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            places: Places::default(),
        }
    }

    /// Returns how many wait, due or not.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many are not yet due.
    pub fn delayed(&self) -> usize {
        self.delayed.len()
    }

    /// Whether any is due.
    pub fn has_due(&self) -> bool {
        self.waiting.iter().any(|bits| *bits != 0)
    }

    pub fn push(&mut self, job: Job<P>, now: Moment) {
        if let Some(deadline) = job.expires() {
            self.deadlines.insert((deadline, job.id));
        }
        if job.due <= now {
            self.line_up(job);
        } else {
            self.places.put(job.id, Place::Delayed);
            self.dues.insert(job.id, job.due);
            self.delayed.insert((job.due, job.id), Box::new(job));
        }
    }

    fn line_up(&mut self, job: Job<P>) {
        let priority = job.priority;
        let at = usize::from(priority.0);
        self.places.put(job.id, Place::Due(priority));
        self.lines[at].push(job);
        self.waiting[at / 64] |= 1 << (at % 64);
    }

    /// The one that [`Queue::pop`] would take.
    pub fn peek(&self) -> Option<&Job<P>> {
        self.lines[self.first()?].first()
    }

    /// Takes the most urgent of the due ones, and of those the first submitted.
    pub fn pop(&mut self) -> Option<Job<P>> {
        let at = self.first()?;
        let job = self.lines[at].pop()?;
        self.note_left(at);
        self.places.take(job.id);
        self.forget_deadline(&job);
        Some(job)
    }

    pub fn remove(&mut self, id: TaskId) -> Option<Job<P>> {
        let job = match self.places.take(id)? {
            Place::Due(priority) => {
                let at = usize::from(priority.0);
                let job = self.lines[at].remove(id)?;
                self.note_left(at);
                job
            }
            Place::Delayed => {
                let due = self.dues.remove(&id)?;
                *self.delayed.remove(&(due, id))?
            }
        };
        self.forget_deadline(&job);
        Some(job)
    }

    /// Takes the first submitted of all.
    pub fn take_first(&mut self) -> Option<Job<P>> {
        self.remove(self.places.first()?)
    }

    /// Lets those wait for a worker whose time has come; of very many, the first.
    pub fn promote(&mut self, now: Moment, most: usize) {
        for _ in 0..most {
            let Some(first) = self.delayed.first_entry().filter(|first| first.key().0 <= now)
            else {
                return;
            };
            let job = first.remove();
            self.dues.remove(&job.id);
            self.line_up(*job);
        }
    }

    /// Takes one that has waited too long.
    pub fn expire(&mut self, now: Moment) -> Option<Job<P>> {
        let &(deadline, id) = self.deadlines.first()?;
        if deadline <= now { self.remove(id) } else { None }
    }

    /// Returns when `promote` or `expire` has something to do.
    pub fn next_tick(&self) -> Option<Moment> {
        let due = self.delayed.first_key_value().map(|(&(at, _), _)| at);
        let deadline = self.deadlines.first().map(|&(at, _)| at);
        due.into_iter().chain(deadline).min()
    }

    /// Returns how many are due in each priority that has any, most urgent first.
    pub fn by_priority(&self) -> impl Iterator<Item = (Priority, usize)> {
        let lines = (0..=u8::MAX).map(Priority).zip(self.lines.iter());
        lines.filter(|(_, line)| !line.is_empty()).map(|(priority, line)| (priority, line.len()))
    }

    /// Returns since when the longest waiting of those next in turn waits, one for each priority.
    pub fn oldest_due(&self) -> Option<Moment> {
        self.lines.iter().filter_map(Line::first).map(|job| job.due).min()
    }

    /// The most urgent line that is not empty.
    fn first(&self) -> Option<usize> {
        let word = self.waiting.iter().position(|bits| *bits != 0)?;
        Some(word * 64 + self.waiting[word].trailing_zeros() as usize)
    }

    fn note_left(&mut self, at: usize) {
        if self.lines[at].is_empty() {
            self.waiting[at / 64] &= !(1 << (at % 64));
        }
    }

    fn forget_deadline(&mut self, job: &Job<P>) {
        if let Some(deadline) = job.expires() {
            self.deadlines.remove(&(deadline, job.id));
        }
    }
}
