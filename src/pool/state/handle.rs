//! The handle of a worker's thread: its mailbox, its wake-up, and what is known of its isolate.
//!
//! Owned by the pool state and used under its lock. Never waits for the thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Instant;

use super::order::Order;
use crate::isolate::{Interrupter, Memory};
use crate::pool::delivery::{Delivery, MemoryAlarm};
use crate::pool::wake_up::WakeUp;
use crate::scheduler::{Generation, WorkerId};

/// The handle of one generation of a worker.
pub struct WorkerHandle {
    pub generation: Generation,
    /// The mailbox.
    pub orders: VecDeque<Order>,
    pub wake_up: Arc<WakeUp>,
    pub interrupter: Option<Interrupter>,
    pub thread: Option<JoinHandle<()>>,
    /// When its time to load ends. `None` once it is ready, or was told that it took too long.
    pub loading_until: Option<Instant>,
    pub overdue: bool,
    /// Whether its thread is replacing its isolate by another one.
    pub renewing: bool,
    /// The latest measurement of its memory.
    pub memory: Memory,
    /// The largest measurement since a task was last ended for its memory.
    peak: Memory,
    /// Whether it was reported that its memory is over the threshold.
    alarmed: bool,
    /// Heartbeats that were noticed: of the thread, and of its isolate.
    heartbeats_seen: (u64, u64),
    /// Number of attempts that were ordered.
    pub assigned: u64,
    /// The same number at the last memory check.
    assigned_at_check: u64,
}

impl WorkerHandle {
    pub fn new(generation: Generation, wake_up: Arc<WakeUp>) -> Self {
        Self {
            generation,
            orders: VecDeque::new(),
            wake_up,
            interrupter: None,
            thread: None,
            loading_until: None,
            overdue: false,
            renewing: false,
            memory: Memory::default(),
            peak: Memory::default(),
            alarmed: false,
            heartbeats_seen: (0, 0),
            assigned: 0,
            assigned_at_check: 0,
        }
    }

    /// Notes that its thread has dropped its isolate and creates another one, which may take until `until`.
    pub fn renew(&mut self, until: Instant) {
        self.interrupter = None;
        self.heartbeats_seen.1 = 0;
        self.peak = Memory::default();
        self.loading_until = Some(until);
        self.overdue = false;
        self.renewing = true;
    }

    /// Makes a thread that loads check whether to go on, because its time is over.
    pub fn stop_loading(&mut self) {
        self.loading_until = None;
        self.overdue = true;
        // There is no order; the thread only checks the handle when this is set.
        self.wake_up.orders_pending.store(true, Ordering::Release);
    }

    /// Returns whether the thread or its isolate gave a heartbeat since the last call, and stores the memory
    /// that the isolate measured with it.
    ///
    /// A thread that creates another isolate cannot give one; it has its own time limit, and counts as alive.
    pub fn take_heartbeat(&mut self) -> bool {
        let of_isolate = self.interrupter.as_ref().map_or(0, Interrupter::heartbeats);
        let seen = (self.wake_up.heartbeats(), of_isolate);
        let before = std::mem::replace(&mut self.heartbeats_seen, seen);
        if let Some(interrupter) = self.interrupter.as_ref().filter(|_| seen.1 != before.1) {
            self.set_memory(interrupter.sampled());
        }
        seen != before || (self.renewing && self.loading_until.is_some())
    }

    /// Returns whether no attempt was ordered since the last call.
    pub fn is_unchanged(&mut self) -> bool {
        std::mem::replace(&mut self.assigned_at_check, self.assigned) == self.assigned
    }

    pub fn set_memory(&mut self, memory: Memory) {
        self.memory = memory;
        if memory.total() > self.peak.total() {
            self.peak = memory;
        }
    }

    /// Returns an alert if its memory is over the threshold: once, until it is below again.
    pub fn threshold_alert(&mut self, worker: WorkerId, threshold: usize) -> Option<Delivery> {
        let is_over = self.memory.total() > threshold;
        let is_new = is_over && !self.alarmed;
        self.alarmed = is_over;
        let (memory, alarm) = (self.memory, MemoryAlarm::Threshold);
        is_new.then_some(Delivery::MemoryAlert { worker, memory, alarm })
    }

    /// Returns the alert for a task that was ended for its memory.
    pub fn limit_alert(&mut self, worker: WorkerId) -> Delivery {
        let memory = std::mem::take(&mut self.peak);
        Delivery::MemoryAlert { worker, memory, alarm: MemoryAlarm::Limit }
    }

    /// Abandons the worker: if its thread comes back, it finds no handle.
    pub fn abandon(&mut self) -> Option<Interrupter> {
        // Generations count from 1.
        self.generation = Generation(0);
        // The thread may hang forever, so it is not joined.
        self.thread = None;
        self.interrupter.take()
    }
}
