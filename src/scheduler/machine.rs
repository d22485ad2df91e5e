//! The state machine: takes one input at a time and keeps all rules that span tasks and workers.
//!
//! Holds between two inputs: while a due task waits, no worker has room (or the pool is paused);
//! so a submission that finds none waiting may start at once, and one that finds any need not look.

mod attempts;
mod closing;
mod fleet;

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::time::{Duration, Instant};

use self::closing::Lifetime;
use super::job::Job;
use super::queue::Queue;
use super::random::Random;
use super::worker::{Slot, WorkerId, WorkerState, WorkerView};
use super::{Config, Effect, Event, Failure, Input, Priority, Stats, Task, TaskId, Timing};

/// Decides for a pool of workers; see the [module](super).
pub struct Scheduler<P, R> {
    config: Config,
    /// The latest time that it was told; it never goes back.
    now: Instant,
    queue: Queue<P>,
    slots: Vec<Slot<P>>,
    /// Slots that are wanted.
    size: usize,
    alarms: BTreeSet<(Instant, Alarm)>,
    random: Random,
    /// The worker that had the latest task.
    last: WorkerId,
    paused: bool,
    /// `Backpressure` was said, and `Drain` not yet.
    pressed: bool,
    /// No worker is there or will come by itself.
    stranded: bool,
    lifetime: Lifetime,
    /// The counters; its gauges are unused.
    stats: Stats,
    result: PhantomData<fn(R)>,
}

/// Whose time is over; what that means is up to its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    Flight(WorkerId, TaskId),
    Slot(WorkerId),
}

impl<P: Clone, R> Scheduler<P, R> {
    /// Makes a scheduler and has its first workers started.
    pub fn new(config: Config, now: Instant, out: &mut Vec<Effect<P, R>>) -> Self {
        let random = Random::new(config.seed);
        let mut scheduler = Self {
            config,
            now,
            queue: Queue::new(),
            slots: Vec::new(),
            size: 0,
            alarms: BTreeSet::new(),
            random,
            last: WorkerId(u32::MAX),
            paused: false,
            pressed: false,
            stranded: false,
            lifetime: Lifetime::Open,
            stats: Stats::default(),
            result: PhantomData,
        };
        scheduler.size = scheduler.clamp(scheduler.config.size);
        for _ in 0..scheduler.size {
            scheduler.add_slot(out);
        }
        scheduler
    }

    /// Takes in what happened at `now` and appends what is to be done to `out`.
    ///
    /// What became due since the last call is done as well. A `now` before an earlier one counts
    /// as that.
    pub fn handle(&mut self, input: Input<P, R>, now: Instant, out: &mut Vec<Effect<P, R>>) {
        self.now = self.now.max(now);
        // What became due meanwhile comes before a new task. All other news come before what became
        // due: a result that is there is no timeout.
        let submission = matches!(input, Input::Submit(_));
        if submission {
            self.elapse(out);
            self.dispatch(None, out);
        }
        let reporter = self.take_in(input, out);
        if !submission {
            self.elapse(out);
            self.dispatch(reporter, out);
        }
        self.signal_pressure(out);
        self.conclude(out);
    }

    /// Takes in news and returns the worker that now may have room.
    fn take_in(&mut self, input: Input<P, R>, out: &mut Vec<Effect<P, R>>) -> Option<WorkerId> {
        match input {
            Input::Submit(task) => self.submit(task, out),
            Input::Ready { worker, generation } => {
                self.ready(worker, generation, out);
                return Some(worker);
            }
            Input::Finished { worker, generation, task, attempt, outcome, retire } => {
                self.finished((worker, generation), (task, attempt), outcome, retire, out);
                return Some(worker);
            }
            Input::Exited { worker, generation, exit, culprit } => {
                self.exited(worker, generation, exit, culprit, out);
            }
            Input::Abort(task) => self.abort(task, out),
            Input::Scale(size) => self.scale(size, out),
            Input::Restart(worker) => self.restart(worker, out),
            Input::Pause => self.paused = self.lifetime == Lifetime::Open,
            Input::Resume => self.paused = false,
            Input::Tick => {}
            Input::Close { drain_until } => self.close(drain_until, out),
        }
        None
    }

    /// Returns when [`Input::Tick`] would do something, if nothing else happens before.
    pub fn next_tick(&self) -> Option<Instant> {
        let alarm = self.alarms.first().map(|&(at, _)| at);
        let queue = self.queue.next_tick();
        alarm.into_iter().chain(queue).chain(self.lifetime.deadline()).min()
    }

    fn submit(&mut self, task: Task<P>, out: &mut Vec<Effect<P, R>>) {
        self.stats.submitted += 1;
        if self.lifetime != Lifetime::Open {
            return self.refuse(task.id, Failure::Closed, out);
        }
        if self.stranded {
            return self.refuse(task.id, Failure::WorkerLost, out);
        }
        let worker = if task.delay.is_zero() && !self.paused && !self.queue.has_due() {
            self.pick()
        } else {
            None
        };
        let limit = self.config.max_queue;
        if let Some(worker) = worker {
            self.start(worker, Box::new(Job::new(task, self.now)), out);
        } else if self.queue.len() < limit {
            self.queue.push(Box::new(Job::new(task, self.now)), self.now);
        } else {
            self.refuse(task.id, Failure::QueueFull { limit }, out);
        }
    }

    fn refuse(&mut self, task: TaskId, failure: Failure<R>, out: &mut Vec<Effect<P, R>>) {
        self.stats.rejected += 1;
        let timing = Timing::default();
        out.push(Effect::Settle { task, result: Err(failure), timing });
    }

    /// Does all for which the time has come.
    fn elapse(&mut self, out: &mut Vec<Effect<P, R>>) {
        if self.lifetime.deadline().is_some_and(|at| at <= self.now) {
            self.close_now(out);
        }
        while let Some(&(at, alarm)) = self.alarms.first()
            && at <= self.now
        {
            match alarm {
                Alarm::Flight(worker, task) => self.flight_overdue(worker, task, out),
                Alarm::Slot(worker) => self.slot_overdue(worker, out),
            }
        }
        self.queue.promote(self.now);
        while let Some(job) = self.queue.expire(self.now) {
            let waited = self.now.saturating_duration_since(job.due);
            self.settle(*job, None, Err(Failure::QueueTimeout { waited }), out);
        }
        if self.stranded && !self.queue.is_empty() {
            for job in self.queue.take_all() {
                self.settle(*job, None, Err(Failure::WorkerLost), out);
            }
        }
    }

    /// Starts due tasks while there is room, on the worker that just reported first.
    fn dispatch(&mut self, reporter: Option<WorkerId>, out: &mut Vec<Effect<P, R>>) {
        if self.paused {
            return;
        }
        while self.queue.has_due() {
            let reporter =
                reporter.filter(|id| self.slots.get(id.index()).is_some_and(|s| self.has_room(s)));
            let Some(worker) = reporter.or_else(|| self.pick()) else {
                return;
            };
            if let Some(job) = self.queue.pop() {
                self.start(worker, job, out);
            }
        }
    }

    fn pick(&self) -> Option<WorkerId> {
        let candidates = (0..).map(WorkerId).zip(&self.slots);
        let open = candidates.filter(|(_, slot)| self.has_room(slot));
        self.config.balance.pick(open.map(|(id, slot)| (id, slot.flights.len())), self.last)
    }

    fn has_room(&self, slot: &Slot<P>) -> bool {
        let load = slot.flights.len();
        slot.state == WorkerState::Ready
            && load < self.config.tasks_per_worker.max(1)
            && self
                .config
                .max_tasks_per_worker
                .is_none_or(|max| slot.served + (load as u64) < max.max(1))
    }

    fn signal_pressure(&mut self, out: &mut Vec<Effect<P, R>>) {
        let (depth, limit) = (self.queue.len(), self.config.max_queue);
        if self.pressed && depth == 0 {
            self.pressed = false;
            out.push(Effect::Emit(Event::Drain));
        } else if !self.pressed && depth >= limit && depth > 0 {
            self.pressed = true;
            out.push(Effect::Emit(Event::Backpressure { depth, limit }));
        }
    }
}

impl<P, R> Scheduler<P, R> {
    /// Returns the counters since the start and the gauges of now.
    pub fn stats(&self) -> Stats {
        Stats {
            queued: self.queue.len() - self.queue.delayed(),
            delayed: self.queue.delayed(),
            running: self.running(),
            ..self.stats.clone()
        }
    }

    /// Returns the status of one worker, also of one that is gone.
    pub fn worker(&self, worker: WorkerId) -> Option<WorkerView> {
        self.slots.get(worker.index()).map(|slot| slot.view(worker))
    }

    /// Returns the status of all workers that there ever were, in the order of their ids.
    pub fn workers(&self) -> impl Iterator<Item = WorkerView> {
        (0..).map(WorkerId).zip(&self.slots).map(|(worker, slot)| slot.view(worker))
    }

    /// Returns how many tasks wait for a worker in each priority that has any, most urgent first.
    pub fn by_priority(&self) -> impl Iterator<Item = (Priority, usize)> {
        self.queue.by_priority()
    }

    /// Returns how long the tasks that are next in turn, one of each priority, wait at most.
    pub fn oldest_wait(&self, now: Instant) -> Option<Duration> {
        self.queue.oldest_due().map(|due| now.saturating_duration_since(due))
    }

    /// Whether all accepted tasks are settled.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.running() == 0
    }

    fn running(&self) -> usize {
        let flights = self.slots.iter().flat_map(|slot| &slot.flights);
        flights.filter(|flight| flight.job.is_some()).count()
    }
}
