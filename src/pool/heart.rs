//! What the pool's lock protects: the scheduler, a seat with an order box for each worker.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::bell::Bell;
use super::callers::Callers;
use super::delivery::{Answer, Delivery, Topic};
use super::outbox::Outbox;
use super::seat::{Order, Seat};
use super::{Letter, Snapshot};
use crate::isolate::{HostCall, Interrupter, Job, LoadError, Memory, Reply};
use crate::metrics::Recorder;
use crate::scheduler::{
    self, Effect, Exit, Generation, Input, Outcome, Retirement, Scheduler, TaskId, Tells, WorkerId,
};

/// How often the memory of an isolate is looked at while a task goes on in it: WebAssembly can be over the
/// limit for so long.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Heart {
    scheduler: Scheduler<Job, Answer>,
    seats: Vec<Seat>,
    outbox: Arc<Outbox>,
    /// For the outbox; empty between two calls that tell the scheduler something.
    news: Vec<Delivery>,
    callers: Callers,
    recorder: Recorder,
    /// When the supervisor means to wake up.
    planned: Option<Instant>,
    /// When it looks at the memory of workers that are busy; `None` while nobody is.
    look: Option<Instant>,
    memory_threshold: usize,
    started: Instant,
    panics: u64,
    fatal_errors: u64,
    /// Isolates that were made in the place of another one on the same thread.
    renewed: u64,
    /// Workers that were given up and may run on.
    ghosts: Vec<Ghost>,
    closed: bool,
    /// Kept for its memory; empty between two calls.
    effects: Vec<Effect<Job, Answer>>,
}

/// A worker that was given up. Its JavaScript is ended again and again: code of the isolate itself may have
/// taken the first end for that of a task.
struct Ghost {
    worker: WorkerId,
    generation: Generation,
    interrupter: Interrupter,
}

/// What is to be done once the lock is released.
#[derive(Default)]
#[must_use]
pub(super) struct Calls {
    pub wake: bool,
    pub alarm: bool,
    pub closed: bool,
    pub ring: Vec<Arc<Bell>>,
    pub terminate: Vec<(Interrupter, TaskId, u32)>,
    pub terminate_all: Vec<Interrupter>,
    /// For a sign of life.
    pub ask: Vec<Interrupter>,
    pub spawn: Vec<(WorkerId, Generation, Arc<Bell>)>,
    /// Nobody waits for them any more. To be dropped, which wakes isolates.
    pub dropped: Vec<Reply>,
}

impl Calls {
    /// As after most tasks.
    pub fn are_none(&self) -> bool {
        let Self { wake, alarm, closed, ring, terminate, terminate_all, ask, spawn, dropped } =
            self;
        !(*wake || *alarm || *closed)
            && ring.is_empty()
            && (terminate.is_empty() && terminate_all.is_empty() && ask.is_empty())
            && (spawn.is_empty() && dropped.is_empty())
    }
}

impl Heart {
    pub fn new(
        config: scheduler::Config,
        memory_threshold: usize,
        outbox: Arc<Outbox>,
        now: Instant,
    ) -> (Self, Calls) {
        let mut effects = Vec::new();
        let scheduler = Scheduler::new(config, now, &mut effects);
        let mut heart = Self {
            scheduler,
            seats: Vec::new(),
            outbox,
            news: Vec::new(),
            callers: Callers::default(),
            recorder: Recorder::new(now),
            planned: None,
            look: None,
            memory_threshold,
            started: now,
            panics: 0,
            fatal_errors: 0,
            renewed: 0,
            ghosts: Vec::new(),
            closed: false,
            effects,
        };
        let mut calls = Calls::default();
        heart.carry_out(now, &mut calls);
        (heart, calls)
    }

    /// Tells the scheduler what happened, and puts its decisions into their boxes.
    pub fn handle(
        &mut self,
        inputs: impl IntoIterator<Item = Input<Job, Answer>>,
        now: Instant,
    ) -> Calls {
        let mut calls = Calls::default();
        self.scheduler.tell_of(Tells {
            started: self.outbox.is_heard(Topic::TaskStarted),
            completed: self.outbox.is_heard(Topic::TaskCompleted),
        });
        for input in inputs {
            self.take_note(&input, &mut calls);
            self.scheduler.handle(input, now, &mut self.effects);
        }
        self.carry_out(now, &mut calls);
        self.set_alarm(&mut calls);
        calls
    }

    /// Keeps its own account of what the scheduler is about to hear.
    fn take_note(&mut self, input: &Input<Job, Answer>, calls: &mut Calls) {
        if let Input::Finished { worker, generation, task, attempt, .. } = *input {
            self.end_caller(worker, generation, (task, attempt), calls);
        }
        match *input {
            Input::Ready { worker, generation } => {
                if let Some(seat) = self.seat(worker, generation) {
                    seat.loading_until = None;
                }
            }
            Input::Exited { worker, generation, exit, .. } => {
                if let Some(seat) = self.seat(worker, generation) {
                    seat.loading_until = None;
                    seat.interrupter = None;
                    if exit.leaves_remains() {
                        // It may sleep for ever, so it is not joined.
                        seat.thread = None;
                    }
                }
                self.end_callers_of(worker, generation, calls);
                self.ghosts
                    .retain(|ghost| (ghost.worker, ghost.generation) != (worker, generation));
                match exit {
                    Exit::Panicked => self.panics += 1,
                    Exit::OutOfMemory | Exit::Fatal => self.fatal_errors += 1,
                    _ => {}
                }
            }
            Input::Finished { worker, generation, outcome: Outcome::MemoryLimit, .. } => {
                if let Some(seat) = self.seat(worker, generation) {
                    let alert = seat.alert_of_limit(worker);
                    self.news.push(alert);
                }
            }
            _ => {}
        }
    }

    /// What the supervisor does when it wakes up.
    pub fn tick(&mut self, now: Instant) -> Calls {
        let mut news = self.signs_of_life();
        news.push(Input::Tick);
        let mut calls = self.handle(news, now);
        self.look_at_memory(now, &mut calls);
        for seat in &mut self.seats {
            if seat.loading_until.is_some_and(|until| until <= now) {
                seat.stop_loading();
                calls.terminate_all.extend(seat.interrupter.clone());
                calls.ring.push(seat.bell.clone());
            }
        }
        self.planned = self.next_deadline();
        calls.alarm = false;
        calls
    }

    /// What the workers answered since the last time.
    fn signs_of_life(&mut self) -> Vec<Input<Job, Answer>> {
        let mut beats = Vec::new();
        for (worker, seat) in (0..).map(WorkerId).zip(&mut self.seats) {
            if seat.has_answered() {
                beats.push(Input::Beat { worker, generation: seat.generation });
                let alert = seat.alert_of_threshold(worker, self.memory_threshold);
                self.news.extend(alert);
            }
        }
        beats
    }

    /// Asks the isolates of tasks that go on for long what they take of memory.
    fn look_at_memory(&mut self, now: Instant, calls: &mut Calls) {
        if self.look.is_none_or(|at| at > now) {
            return;
        }
        let mut busy = false;
        for view in self.scheduler.workers().filter(|view| view.in_flight > 0) {
            let Some(seat) = self.seats.get_mut(view.worker.0 as usize) else { continue };
            busy = true;
            if seat.is_unchanged() {
                calls.ask.extend(seat.interrupter.clone());
            }
        }
        let ghosts = self.ghosts.iter().map(|ghost| ghost.interrupter.clone());
        calls.terminate_all.extend(ghosts);
        self.look = (busy || !self.ghosts.is_empty()).then(|| now + LOOK);
    }

    /// Takes a worker's orders.
    pub fn take_orders(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        orders: &mut VecDeque<Order>,
    ) {
        match self.seat(worker, generation) {
            Some(seat) => {
                seat.bell.ordered.store(false, Ordering::Release);
                orders.append(&mut seat.orders);
            }
            // Given up while it hung: it has no seat any more.
            None => orders.push_back(Order::Retire(Retirement::Restart)),
        }
    }

    /// A worker is about to make another isolate in the place of the one that it had.
    pub fn renewing(&mut self, worker: WorkerId, generation: Generation, until: Instant) -> Calls {
        self.renewed += 1;
        if let Some(seat) = self.seat(worker, generation) {
            seat.renew(until);
        }
        let mut calls = Calls::default();
        self.set_alarm(&mut calls);
        calls
    }

    pub fn seated(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        interrupter: Interrupter,
        loading_until: Instant,
    ) -> Calls {
        if let Some(seat) = self.seat(worker, generation) {
            seat.interrupter = Some(interrupter);
            seat.loading_until = Some(loading_until);
            // It was not the worker script that took its time so far.
            seat.overdue = false;
        }
        let mut calls = Calls::default();
        self.set_alarm(&mut calls);
        calls
    }

    /// The isolate has what it needs. False where that took too long: it was stopped.
    pub fn loaded(&mut self, worker: WorkerId, generation: Generation, memory: Memory) -> bool {
        let Some(seat) = self.seat(worker, generation) else { return false };
        if seat.overdue {
            return false;
        }
        seat.loading_until = None;
        seat.renewing = false;
        self.set_memory(worker, generation, memory);
        true
    }

    pub fn set_thread(&mut self, worker: WorkerId, generation: Generation, thread: JoinHandle<()>) {
        if let Some(seat) = self.seat(worker, generation) {
            seat.thread = Some(thread);
        }
    }

    pub fn set_memory(&mut self, worker: WorkerId, generation: Generation, memory: Memory) {
        let threshold = self.memory_threshold;
        if let Some(seat) = self.seat(worker, generation) {
            seat.set_memory(memory);
            let alert = seat.alert_of_threshold(worker, threshold);
            self.news.extend(alert);
        }
    }

    /// Whether this worker was stopped because it took too long to load.
    pub fn is_overdue(&mut self, worker: WorkerId, generation: Generation) -> bool {
        self.seat(worker, generation).is_some_and(|seat| seat.overdue)
    }

    pub fn load_failed(&mut self, worker: WorkerId, error: LoadError) {
        self.news.push(Delivery::LoadFailed { worker, error });
    }

    /// The report of the exit, which follows, wakes JavaScript.
    pub fn crashed(&mut self, worker: WorkerId, message: String) {
        self.news.push(Delivery::Crashed { worker, message });
    }

    /// Hands a call of a task on, and says whether JavaScript has to be woken. That of a worker that was
    /// given up is dropped.
    pub fn call(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        call: HostCall,
        reply: Reply,
    ) -> bool {
        if self.seat(worker, generation).is_none() {
            return false;
        }
        let attempt = (TaskId(call.ticket), call.attempt);
        let id = self.callers.add(worker, generation, attempt, reply);
        self.news.push(Delivery::Call { id, worker, call });
        self.outbox.post(&mut self.news, 0)
    }

    /// The way back for the answer to a call.
    pub fn take_reply(&mut self, call: u64) -> Option<Reply> {
        self.callers.take(call)
    }

    fn end_caller(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        (task, attempt): (TaskId, u32),
        calls: &mut Calls,
    ) {
        if let Some(replies) = self.callers.end(worker, generation, (task, attempt)) {
            calls.dropped.extend(replies);
            self.news.push(Delivery::CallerOver { task, attempt });
        }
    }

    fn end_callers_of(&mut self, worker: WorkerId, generation: Generation, calls: &mut Calls) {
        for attempt in self.callers.of(worker, generation) {
            self.end_caller(worker, generation, attempt, calls);
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    pub fn take_threads(&mut self) -> Vec<JoinHandle<()>> {
        self.seats.iter_mut().filter_map(|seat| seat.thread.take()).collect()
    }

    pub fn snapshot(&mut self, now: Instant) -> Snapshot {
        Snapshot {
            stats: self.scheduler.stats(),
            figures: self.recorder.figures(now),
            workers: self
                .scheduler
                .workers()
                .map(|view| {
                    let seat = self.seats.get(view.worker.0 as usize);
                    (view, seat.map_or_else(Memory::default, |seat| seat.memory))
                })
                .collect(),
            by_priority: self.scheduler.by_priority().collect(),
            oldest_wait: self.scheduler.oldest_wait(now),
            uptime: now.saturating_duration_since(self.started),
            panics: self.panics,
            fatal_errors: self.fatal_errors,
            renewed: self.renewed,
            breakers: self.scheduler.breakers(now).collect(),
            size: self.scheduler.size(),
            open_calls: self.callers.open_calls(),
            callers: self.callers.callers(),
        }
    }

    /// Whether any task waits for a worker.
    pub fn is_crowded(&self) -> bool {
        self.scheduler.waiting() > 0
    }

    pub fn is_pressed(&self) -> bool {
        self.scheduler.is_pressed()
    }

    /// The dead letters, oldest first.
    pub fn letters(&self, now: Instant) -> Vec<Letter> {
        self.scheduler.dead_letters().map(|letter| Letter::of(letter, now)).collect()
    }

    pub fn letter_ids(&self) -> Vec<TaskId> {
        self.scheduler.dead_letters().map(|letter| letter.job.id).collect()
    }

    pub fn has_letter(&self, task: TaskId) -> bool {
        self.scheduler.has_dead_letter(task)
    }

    fn carry_out(&mut self, now: Instant, calls: &mut Calls) {
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Assign { worker, generation, task, attempt, payload } => {
                    if let Some(seat) = self.seat(worker, generation) {
                        seat.assigned += 1;
                    }
                    self.look.get_or_insert_with(|| now + LOOK);
                    self.order(
                        worker,
                        generation,
                        Order::Run { task, attempt, job: payload },
                        calls,
                    );
                }
                Effect::Settle { task, result, timing, kept } => {
                    self.recorder.record(&timing, now);
                    self.news.push(Delivery::Settled { task, result, timing, kept });
                }
                Effect::Interrupt { worker, generation, task, attempt, why, force } => {
                    if force {
                        let interrupter =
                            self.seat(worker, generation).and_then(|seat| seat.interrupter.clone());
                        calls.terminate.extend(interrupter.map(|i| (i, task, attempt)));
                        self.order(worker, generation, Order::End { task, attempt, why }, calls);
                    } else {
                        self.order(worker, generation, Order::Signal { task, why }, calls);
                    }
                }
                Effect::Spawn { worker, generation } => {
                    let bell = Arc::<Bell>::default();
                    self.set_seat(worker, Seat::new(generation, bell.clone()));
                    calls.spawn.push((worker, generation, bell));
                }
                Effect::Retire { worker, generation, why } => {
                    // While it loads it does not look for orders.
                    if let Some(seat) = self.seat(worker, generation)
                        && seat.loading_until.is_some()
                    {
                        calls.terminate_all.extend(seat.interrupter.clone());
                    }
                    self.order(worker, generation, Order::Retire(why), calls);
                }
                Effect::Abandon { worker, generation } => {
                    self.end_callers_of(worker, generation, calls);
                    if let Some(interrupter) = self.seat(worker, generation).and_then(Seat::clear) {
                        calls.terminate_all.push(interrupter.clone());
                        self.ghosts.push(Ghost { worker, generation, interrupter });
                        self.look.get_or_insert(now + LOOK);
                    }
                }
                Effect::Ask { worker, generation } => {
                    if let Some(seat) = self.seat(worker, generation) {
                        seat.bell.ask();
                        calls.ring.push(seat.bell.clone());
                        calls.ask.extend(seat.interrupter.clone());
                    }
                }
                Effect::Emit(event) => {
                    if self.outbox.wants(&event) {
                        self.news.push(Delivery::Event(event));
                    }
                }
                Effect::Closed => {
                    self.closed = true;
                    calls.closed = true;
                    self.news.push(Delivery::Closed);
                }
            }
        }
        self.effects = effects;
        calls.wake |= self.outbox.post(&mut self.news, self.scheduler.waiting());
    }

    fn order(&mut self, worker: WorkerId, generation: Generation, order: Order, calls: &mut Calls) {
        if let Some(seat) = self.seat(worker, generation) {
            seat.orders.push_back(order);
            if !seat.bell.ordered.swap(true, Ordering::AcqRel) {
                calls.ring.push(seat.bell.clone());
            }
        }
    }

    /// When the supervisor is to wake up next.
    pub fn planned(&self) -> Option<Instant> {
        self.planned
    }

    fn next_deadline(&self) -> Option<Instant> {
        let loading = self.seats.iter().filter_map(|seat| seat.loading_until).min();
        self.scheduler.next_tick_at_least().into_iter().chain(loading).chain(self.look).min()
    }

    fn set_alarm(&mut self, calls: &mut Calls) {
        if let Some(next) = self.next_deadline()
            && self.planned.is_none_or(|planned| next < planned)
        {
            self.planned = Some(next);
            calls.alarm = true;
        }
        calls.alarm |= self.closed;
    }

    fn seat(&mut self, worker: WorkerId, generation: Generation) -> Option<&mut Seat> {
        self.seats.get_mut(worker.0 as usize).filter(|seat| seat.generation == generation)
    }

    fn set_seat(&mut self, worker: WorkerId, seat: Seat) {
        let index = worker.0 as usize;
        if index < self.seats.len() {
            self.seats[index] = seat;
        } else {
            debug_assert_eq!(index, self.seats.len(), "slots are numbered in their order");
            self.seats.push(seat);
        }
    }
}
