//! The due jobs of one priority, in the order of their submission.
//!
//! A deque of short chunks. A job is appended and taken from the front in constant time. A job that comes
//! back, or is removed from the middle, moves no more than one chunk and the chunk headers. Growing never
//! moves the jobs, only the chunk headers: 32 bytes for every [`CHUNK`] jobs.

use std::collections::VecDeque;

use super::job::Job;
use crate::scheduler::task::TaskId;

/// Maximum number of jobs in a chunk.
const CHUNK: usize = 32;

/// A queue of jobs ordered by their ids.
pub struct Fifo<P> {
    /// No chunk is empty.
    chunks: VecDeque<VecDeque<Job<P>>>,
    len: usize,
}

impl<P> Fifo<P> {
    pub const fn new() -> Self {
        Self { chunks: VecDeque::new(), len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn first(&self) -> Option<&Job<P>> {
        self.chunks.front()?.front()
    }

    pub fn push(&mut self, job: Job<P>) {
        self.len += 1;
        let is_last =
            self.chunks.back().and_then(VecDeque::back).is_none_or(|last| last.id < job.id);
        match self.chunks.back_mut() {
            Some(chunk) if is_last && chunk.len() < CHUNK => chunk.push_back(job),
            _ if is_last => {
                // The first chunk grows on demand, because a queue may stay short. A later one follows a
                // full one.
                let capacity = if self.chunks.is_empty() { 1 } else { CHUNK };
                let mut chunk = VecDeque::with_capacity(capacity);
                chunk.push_back(job);
                self.chunks.push_back(chunk);
            }
            _ => self.insert(job),
        }
    }

    /// Inserts a job that is older than the last one.
    fn insert(&mut self, job: Job<P>) {
        let at = self.chunk_of(job.id);
        let chunk = &mut self.chunks[at];
        let index = chunk.partition_point(|other| other.id < job.id);
        chunk.insert(index, job);
        if chunk.len() > CHUNK {
            let rest = chunk.split_off(CHUNK / 2);
            self.chunks.insert(at + 1, rest);
        }
    }

    pub fn pop(&mut self) -> Option<Job<P>> {
        let chunk = self.chunks.front_mut()?;
        let job = chunk.pop_front()?;
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.pop_front();
            self.shrink();
        }
        Some(job)
    }

    pub fn remove(&mut self, id: TaskId) -> Option<Job<P>> {
        if self.is_empty() {
            return None;
        }
        let at = self.chunk_of(id);
        let chunk = &mut self.chunks[at];
        let index = chunk.binary_search_by_key(&id, |job| job.id).ok()?;
        let job = chunk.remove(index)?;
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(at);
            self.shrink();
        } else if chunk.len() * 4 < chunk.capacity() {
            // Where most jobs are removed, the few that stay must not hold the memory of all.
            chunk.shrink_to(chunk.len() * 2);
        }
        Some(job)
    }

    /// Returns the index of the chunk that holds this job, or would hold it.
    fn chunk_of(&self, id: TaskId) -> usize {
        let starts_before =
            |chunk: &VecDeque<Job<P>>| chunk.front().is_some_and(|job| job.id <= id);
        self.chunks.partition_point(starts_before).saturating_sub(1)
    }

    fn shrink(&mut self) {
        if self.chunks.len() * 4 < self.chunks.capacity() {
            self.chunks.shrink_to(self.chunks.len() * 2);
        }
    }
}
