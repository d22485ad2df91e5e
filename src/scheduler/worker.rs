//! What is known of one worker: its slot, its generation, and the attempts in flight on it.
//!
//! A slot is a place for a worker and outlives it; each start in it has a new generation. The
//! rules of a slot's life are in `machine/fleet.rs`.

use std::time::{Duration, Instant};

use super::flights::Flights;
use super::moment::Moment;
use super::{Exit, Retirement};

/// Identifies a slot; they count from 0 and are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u32);

impl WorkerId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Counts the starts of a slot, from 1. What an earlier generation still says is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

/// Where a worker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkerState {
    /// Told to start.
    Starting,
    /// Takes tasks.
    Ready,
    /// Takes no more tasks and ends those that it has.
    Draining,
    /// Told to end.
    Retiring,
    /// Lost; replaced after the restart cooldown.
    Cooling,
    /// Lost too often; stays so until [`Input::Restart`](super::Input::Restart).
    Down,
    /// Not wanted and not there.
    Gone,
}

/// The status of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerView {
    pub worker: WorkerId,
    pub generation: Generation,
    pub state: WorkerState,
    /// Attempts that it has not answered, of settled tasks too.
    pub in_flight: usize,
    /// Attempts that it answered, of all generations.
    pub tasks_done: u64,
    /// Losses in a row without a finished task.
    pub failures: u32,
    /// Starts of this slot.
    pub started: u32,
    /// How the previous generation ended.
    pub last_exit: Option<Exit>,
    /// Its last sign of life that was noticed.
    pub heard: Instant,
}

pub struct Slot<P> {
    pub state: WorkerState,
    pub generation: Generation,
    /// Whether the pool wants a worker here: a wanted one is replaced when it goes.
    pub wanted: bool,
    /// Why this generation is not used again.
    pub worn: Option<Retirement>,
    pub flights: Flights<P>,
    /// When to give a retiring one up, or to replace a cooling one.
    pub alarm: Option<Moment>,
    /// Its last sign of life.
    pub heard: Moment,
    /// It was asked for one since.
    pub asked: bool,
    /// How long it has not answered, as far as it can be held responsible.
    pub silent: Duration,
    /// Nothing is in flight since.
    pub idle_since: Moment,
    /// Attempts that this generation answered.
    pub served: u64,
    pub tasks_done: u64,
    pub failures: u32,
    pub started: u32,
    pub last_exit: Option<Exit>,
}

impl<P> Slot<P> {
    pub fn new(now: Moment) -> Self {
        Self {
            state: WorkerState::Gone,
            generation: Generation(0),
            wanted: true,
            worn: None,
            flights: Flights::default(),
            alarm: None,
            heard: now,
            asked: false,
            silent: Duration::ZERO,
            idle_since: now,
            served: 0,
            tasks_done: 0,
            failures: 0,
            started: 0,
            last_exit: None,
        }
    }

    /// Whether this generation has a thread.
    pub fn is_live(&self) -> bool {
        use WorkerState::{Draining, Ready, Retiring, Starting};
        matches!(self.state, Starting | Ready | Draining | Retiring)
    }

    /// Whether it takes tasks and has none.
    pub fn is_idle(&self) -> bool {
        self.wanted && self.state == WorkerState::Ready && self.flights.is_empty()
    }

    /// Takes in a sign of life.
    pub fn hear(&mut self, now: Moment) {
        self.heard = now;
        self.asked = false;
        self.silent = Duration::ZERO;
    }

    /// `start` is the scheduler's.
    pub fn view(&self, worker: WorkerId, start: Instant) -> WorkerView {
        WorkerView {
            worker,
            generation: self.generation,
            state: self.state,
            in_flight: self.flights.len(),
            tasks_done: self.tasks_done,
            failures: self.failures,
            started: self.started,
            last_exit: self.last_exit,
            heard: self.heard.instant(start),
        }
    }
}
