//! The state of a pool, and the way of an input through the scheduler.
//!
//! Keeps only what the scheduler does not know: threads, memory, messages. Never decides about a task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::callers::Callers;
use super::deferred::Deferred;
use super::handle::WorkerHandle;
use crate::isolate::{Interrupter, Job};
use crate::metrics::Recorder;
use crate::pool::delivery::{Answer, Delivery, Topic};
use crate::pool::outbox::Outbox;
use crate::scheduler::{
    self, Effect, EventFilter, Exit, Generation, Input, Outcome, Scheduler, WorkerId,
};

/// Time between two memory checks of an isolate during a long task. WebAssembly memory can exceed the limit
/// for this long.
pub(super) const MEMORY_CHECK_INTERVAL: Duration = Duration::from_millis(50);

pub struct PoolState {
    pub(super) scheduler: Scheduler<Job, Answer>,
    pub(super) handles: Vec<WorkerHandle>,
    pub(super) outbox: Arc<Outbox>,
    /// Messages for the outbox. Empty between two inputs, except for those that are posted with the next
    /// one.
    pub(super) deliveries: Vec<Delivery>,
    pub(super) callers: Callers,
    pub(super) recorder: Recorder,
    /// When the supervisor wakes up next.
    pub(super) supervisor_wakes_at: Option<Instant>,
    /// When the memory of busy workers is checked; `None` while no worker is busy.
    pub(super) next_memory_check: Option<Instant>,
    pub(super) memory_threshold: usize,
    pub(super) started: Instant,
    pub(super) panics: u64,
    pub(super) fatal_errors: u64,
    /// Isolates that replaced another one on the same thread.
    pub(super) renewed: u64,
    /// Abandoned workers that may still run.
    pub(super) abandoned: Vec<AbandonedWorker>,
    pub(super) closed: bool,
    /// A buffer that is kept for its capacity; empty between two inputs.
    pub(super) effects: Vec<Effect<Job, Answer>>,
}

/// An abandoned worker. Its JavaScript is terminated repeatedly, because code of the isolate itself may have
/// taken the first termination for that of a task.
pub(super) struct AbandonedWorker {
    pub worker: WorkerId,
    pub generation: Generation,
    pub interrupter: Interrupter,
}

impl PoolState {
    pub fn new(
        config: scheduler::Config,
        memory_threshold: usize,
        outbox: Arc<Outbox>,
        now: Instant,
    ) -> (Self, Deferred) {
        let mut effects = Vec::new();
        let scheduler = Scheduler::new(config, now, &mut effects);
        let mut state = Self {
            scheduler,
            handles: Vec::new(),
            outbox,
            deliveries: Vec::new(),
            callers: Callers::default(),
            recorder: Recorder::new(now),
            supervisor_wakes_at: None,
            next_memory_check: None,
            memory_threshold,
            started: now,
            panics: 0,
            fatal_errors: 0,
            renewed: 0,
            abandoned: Vec::new(),
            closed: false,
            effects,
        };
        let mut deferred = Deferred::default();
        state.carry_out(now, &mut deferred);
        (state, deferred)
    }

    /// Passes inputs to the scheduler, and puts its decisions into the mailboxes.
    pub fn handle(
        &mut self,
        inputs: impl IntoIterator<Item = Input<Job, Answer>>,
        now: Instant,
    ) -> Deferred {
        let mut deferred = Deferred::default();
        self.scheduler.set_event_filter(EventFilter {
            started: self.outbox.has_listener(Topic::TaskStarted),
            completed: self.outbox.has_listener(Topic::TaskCompleted),
        });
        for input in inputs {
            self.record(&input, &mut deferred);
            self.scheduler.handle(input, now, &mut self.effects);
        }
        self.carry_out(now, &mut deferred);
        self.wake_supervisor_earlier(&mut deferred);
        deferred
    }

    /// Updates what the pool itself keeps of workers and calls, before the scheduler handles an input.
    fn record(&mut self, input: &Input<Job, Answer>, deferred: &mut Deferred) {
        if let Input::Finished { worker, generation, task, attempt, .. } = *input {
            self.end_caller(worker, generation, (task, attempt), deferred);
        }
        match *input {
            Input::Ready { worker, generation } => {
                if let Some(handle) = self.worker_handle(worker, generation) {
                    handle.loading_until = None;
                }
            }
            Input::Exited { worker, generation, exit, .. } => {
                if let Some(handle) = self.worker_handle(worker, generation) {
                    handle.loading_until = None;
                    handle.interrupter = None;
                    if exit.leaks_isolate() {
                        // The thread may sleep forever, so it is not joined.
                        handle.thread = None;
                    }
                }
                self.end_callers_of(worker, generation, deferred);
                self.abandoned.retain(|it| (it.worker, it.generation) != (worker, generation));
                match exit {
                    Exit::Panicked => self.panics += 1,
                    Exit::OutOfMemory | Exit::Fatal => self.fatal_errors += 1,
                    _ => {}
                }
            }
            Input::Finished { worker, generation, outcome: Outcome::MemoryLimit, .. } => {
                if let Some(handle) = self.worker_handle(worker, generation) {
                    let alert = handle.limit_alert(worker);
                    self.deliveries.push(alert);
                }
            }
            _ => {}
        }
    }

    /// Does what is due when the supervisor wakes up.
    pub fn tick(&mut self, now: Instant) -> Deferred {
        let mut inputs = self.take_heartbeats();
        inputs.push(Input::Tick);
        let mut deferred = self.handle(inputs, now);
        self.check_memory(now, &mut deferred);
        for handle in &mut self.handles {
            if handle.loading_until.is_some_and(|until| until <= now) {
                handle.stop_loading();
                deferred.terminate_all.extend(handle.interrupter.clone());
                deferred.wake.push(handle.wake_up.clone());
            }
        }
        self.supervisor_wakes_at = self.next_deadline();
        deferred.wake_supervisor = false;
        deferred
    }

    pub fn supervisor_wakes_at(&self) -> Option<Instant> {
        self.supervisor_wakes_at
    }

    fn next_deadline(&self) -> Option<Instant> {
        let loading = self.handles.iter().filter_map(|handle| handle.loading_until).min();
        let tick = self.scheduler.next_tick_lower_bound();
        tick.into_iter().chain(loading).chain(self.next_memory_check).min()
    }

    /// Wakes the supervisor if a deadline is earlier than the one that it sleeps until.
    pub(super) fn wake_supervisor_earlier(&mut self, deferred: &mut Deferred) {
        if let Some(next) = self.next_deadline()
            && self.supervisor_wakes_at.is_none_or(|planned| next < planned)
        {
            self.supervisor_wakes_at = Some(next);
            deferred.wake_supervisor = true;
        }
        deferred.wake_supervisor |= self.closed;
    }

    /// Returns the handle of this generation; `None` if it was replaced or abandoned.
    pub(super) fn worker_handle(
        &mut self,
        worker: WorkerId,
        generation: Generation,
    ) -> Option<&mut WorkerHandle> {
        let handle = self.handles.get_mut(worker.0 as usize);
        handle.filter(|handle| handle.generation == generation)
    }
}
