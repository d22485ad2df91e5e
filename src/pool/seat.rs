//! What is kept of the thread in a worker's slot.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Instant;

use super::bell::Bell;
use super::delivery::{Delivery, MemoryAlarm};
use crate::isolate::{Interrupter, Job, Memory};
use crate::scheduler::{Generation, Interruption, Retirement, TaskId, WorkerId};

/// What a worker's thread is to do.
#[derive(Debug)]
pub(super) enum Order {
    Run { task: TaskId, attempt: u32, job: Job },
    Signal { task: TaskId, why: Interruption },
    End { task: TaskId, attempt: u32, why: Interruption },
    Retire(Retirement),
}

/// One generation of a worker.
pub(super) struct Seat {
    pub generation: Generation,
    pub orders: VecDeque<Order>,
    pub bell: Arc<Bell>,
    pub interrupter: Option<Interrupter>,
    pub thread: Option<JoinHandle<()>>,
    /// The end of its time to load; `None` once it is ready, or was told that it took too long.
    pub loading_until: Option<Instant>,
    pub overdue: bool,
    /// Its thread makes another isolate in the place of the one that it had.
    pub renewing: bool,
    /// As of the last look.
    pub memory: Memory,
    /// The most that was seen since a task was last ended for its memory.
    peak: Memory,
    /// It was said that its memory is over the threshold.
    alarmed: bool,
    /// Signs of life that were noticed: of the thread, and of its isolate.
    heard: (u64, u64),
    /// Attempts that were ordered.
    pub assigned: u64,
    /// As many as there were at the last look.
    seen: u64,
}

impl Seat {
    pub fn new(generation: Generation, bell: Arc<Bell>) -> Self {
        Self {
            generation,
            orders: VecDeque::new(),
            bell,
            interrupter: None,
            thread: None,
            loading_until: None,
            overdue: false,
            renewing: false,
            memory: Memory::default(),
            peak: Memory::default(),
            alarmed: false,
            heard: (0, 0),
            assigned: 0,
            seen: 0,
        }
    }

    /// Its thread has dropped its isolate and makes another one, which may take until then.
    pub fn renew(&mut self, until: Instant) {
        self.interrupter = None;
        self.heard.1 = 0;
        self.peak = Memory::default();
        self.loading_until = Some(until);
        self.overdue = false;
        self.renewing = true;
    }

    /// Has a thread that loads look whether it is to go on: its time is over.
    pub fn stop_loading(&mut self) {
        self.loading_until = None;
        self.overdue = true;
        // Nothing is ordered.
        self.bell.ordered.store(true, Ordering::Release);
    }

    /// Whether it answered since the last time, in any way; what its isolate said of its memory is
    /// taken in. A thread that makes another isolate cannot answer, and has a limit of its own.
    pub fn has_answered(&mut self) -> bool {
        let answers = self.interrupter.as_ref().map_or(0, Interrupter::heartbeats);
        let heard = (self.bell.answers(), answers);
        let before = std::mem::replace(&mut self.heard, heard);
        if let Some(interrupter) = self.interrupter.as_ref().filter(|_| heard.1 != before.1) {
            self.set_memory(interrupter.sampled());
        }
        heard != before || (self.renewing && self.loading_until.is_some())
    }

    /// Whether no attempt was ordered since this was asked last.
    pub fn is_unchanged(&mut self) -> bool {
        std::mem::replace(&mut self.seen, self.assigned) == self.assigned
    }

    pub fn set_memory(&mut self, memory: Memory) {
        self.memory = memory;
        if memory.total() > self.peak.total() {
            self.peak = memory;
        }
    }

    /// Says once that it is over the threshold, until it is below again.
    pub fn alert_of_threshold(&mut self, worker: WorkerId, threshold: usize) -> Option<Delivery> {
        let is_over = self.memory.total() > threshold;
        let is_news = is_over && !self.alarmed;
        self.alarmed = is_over;
        let (memory, alarm) = (self.memory, MemoryAlarm::Threshold);
        is_news.then_some(Delivery::MemoryAlert { worker, memory, alarm })
    }

    /// A task was ended for its memory.
    pub fn alert_of_limit(&mut self, worker: WorkerId) -> Delivery {
        let memory = std::mem::take(&mut self.peak);
        Delivery::MemoryAlert { worker, memory, alarm: MemoryAlarm::Limit }
    }

    /// Lets go of a worker that was given up: if its thread comes back, it finds no seat.
    pub fn clear(&mut self) -> Option<Interrupter> {
        // The first one is 1.
        self.generation = Generation(0);
        // It may hang for ever, so it is not joined.
        self.thread = None;
        self.interrupter.take()
    }
}
