//! A slot and the worker in it.
//!
//! Only data: the transitions between its states are in `machine/workers`.

use std::time::{Duration, Instant};

use super::exit::{Exit, Retirement};
use super::id::{Generation, WorkerId};
use super::in_flight::InFlight;
use super::status::{WorkerState, WorkerView};
use crate::scheduler::timestamp::Timestamp;

/// The position of a worker; it outlives the generations of workers in it.
pub struct Slot<P> {
    pub state: WorkerState,
    pub generation: Generation,
    /// Whether the pool wants a worker here; a wanted worker is replaced when it ends.
    pub wanted: bool,
    /// Why this generation is not used again.
    pub retirement: Option<Retirement>,
    pub in_flight: InFlight<P>,
    /// When a retiring worker is abandoned, or a cooling one replaced.
    pub alarm: Option<Timestamp>,
    /// When it gave its latest heartbeat.
    pub last_heartbeat: Timestamp,
    /// Whether a heartbeat was requested since.
    pub heartbeat_requested: bool,
    /// How long it has not answered the request. Time in which the process stood still counts only in
    /// part.
    pub unanswered_for: Duration,
    /// Since when nothing is in flight.
    pub idle_since: Timestamp,
    /// Attempts that this generation answered.
    pub served: u64,
    pub tasks_done: u64,
    pub failures: u32,
    pub started: u32,
    pub last_exit: Option<Exit>,
}

impl<P> Slot<P> {
    pub fn new(now: Timestamp) -> Self {
        Self {
            state: WorkerState::Gone,
            generation: Generation(0),
            wanted: true,
            retirement: None,
            in_flight: InFlight::default(),
            alarm: None,
            last_heartbeat: now,
            heartbeat_requested: false,
            unanswered_for: Duration::ZERO,
            idle_since: now,
            served: 0,
            tasks_done: 0,
            failures: 0,
            started: 0,
            last_exit: None,
        }
    }

    /// Returns whether this generation has a thread.
    pub fn is_live(&self) -> bool {
        use WorkerState::{Draining, Ready, Retiring, Starting};
        matches!(self.state, Starting | Ready | Draining | Retiring)
    }

    /// Returns whether the worker takes tasks and has none.
    pub fn is_idle(&self) -> bool {
        self.wanted && self.state == WorkerState::Ready && self.in_flight.is_empty()
    }

    pub fn record_heartbeat(&mut self, now: Timestamp) {
        self.last_heartbeat = now;
        self.heartbeat_requested = false;
        self.unanswered_for = Duration::ZERO;
    }

    /// Returns the status; `start` is the start of the scheduler.
    pub fn view(&self, worker: WorkerId, start: Instant) -> WorkerView {
        WorkerView {
            worker,
            generation: self.generation,
            state: self.state,
            in_flight: self.in_flight.len(),
            tasks_done: self.tasks_done,
            failures: self.failures,
            started: self.started,
            last_exit: self.last_exit,
            last_heartbeat: self.last_heartbeat.to_instant(start),
        }
    }
}
