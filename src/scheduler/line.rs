//! Jobs in the order of their submission: those of one priority that are due.
//!
//! A row of short rows. A new job goes to the end and the first is taken from the front, in the same time
//! however many there are; one that comes back, or leaves from the middle, moves no more than a short row and
//! what stands for the others. No growth moves the jobs, or more of their places than 8 bytes for every
//! [`ROW`] of them.

use std::collections::VecDeque;

use super::TaskId;
use super::job::Job;

/// Jobs in a row, at most.
const ROW: usize = 32;

pub struct Line<P> {
    /// None is empty.
    rows: VecDeque<VecDeque<Job<P>>>,
    len: usize,
}

impl<P> Line<P> {
    pub const fn new() -> Self {
        Self { rows: VecDeque::new(), len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn first(&self) -> Option<&Job<P>> {
        self.rows.front()?.front()
    }

    pub fn push(&mut self, job: Job<P>) {
        self.len += 1;
        let is_last = self.rows.back().and_then(VecDeque::back).is_none_or(|last| last.id < job.id);
        match self.rows.back_mut() {
            Some(row) if is_last && row.len() < ROW => row.push_back(job),
            _ if is_last => {
                // The first row grows with what there is; who needs another one has filled one.
                let room = if self.rows.is_empty() { 1 } else { ROW };
                let mut row = VecDeque::with_capacity(room);
                row.push_back(job);
                self.rows.push_back(row);
            }
            _ => self.insert(job),
        }
    }

    /// Puts one that is older than the last at its place.
    fn insert(&mut self, job: Job<P>) {
        let at = self.row_of(job.id);
        let row = &mut self.rows[at];
        let place = row.partition_point(|other| other.id < job.id);
        row.insert(place, job);
        if row.len() > ROW {
            let rest = row.split_off(ROW / 2);
            self.rows.insert(at + 1, rest);
        }
    }

    pub fn pop(&mut self) -> Option<Job<P>> {
        let row = self.rows.front_mut()?;
        let job = row.pop_front()?;
        self.len -= 1;
        if row.is_empty() {
            self.rows.pop_front();
            self.give_back();
        }
        Some(job)
    }

    pub fn remove(&mut self, id: TaskId) -> Option<Job<P>> {
        if self.is_empty() {
            return None;
        }
        let at = self.row_of(id);
        let row = &mut self.rows[at];
        let place = row.binary_search_by_key(&id, |job| job.id).ok()?;
        let job = row.remove(place)?;
        self.len -= 1;
        if row.is_empty() {
            self.rows.remove(at);
            self.give_back();
        } else if row.len() * 4 < row.capacity() {
            // Where most leave and few stay, these do not hold the room of all.
            row.shrink_to(row.len() * 2);
        }
        Some(job)
    }

    /// The row that has this one, or would have it.
    fn row_of(&self, id: TaskId) -> usize {
        let begins_by = |row: &VecDeque<Job<P>>| row.front().is_some_and(|job| job.id <= id);
        self.rows.partition_point(begins_by).saturating_sub(1)
    }

    fn give_back(&mut self) {
        if self.rows.len() * 4 < self.rows.capacity() {
            self.rows.shrink_to(self.rows.len() * 2);
        }
    }
}
