//! What the pool's lock protects: the scheduler, an order box for each worker, the box for JavaScript.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::bell::Bell;
use super::delivery::{Answer, Delivery, MemoryAlarm, Topic};
use super::{Letter, Snapshot};
use crate::isolate::{ConsoleLine, Interrupter, Job, LoadError, Memory};
use crate::metrics::Recorder;
use crate::scheduler::{
    self, Effect, Event, Exit, Generation, Input, Interruption, Outcome, Retirement, Scheduler,
    TaskId, WorkerId,
};

/// Console lines that wait for JavaScript, and their bytes; what comes on top is dropped and counted.
const CONSOLE_LINES: usize = 10_000;
const CONSOLE_BYTES: usize = 8 << 20;

/// How often the memory of an isolate is looked at while a task goes on in it. WebAssembly touches
/// new memory at about 2 GB a second, so some 100 MB over the limit are possible.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Heart {
    scheduler: Scheduler<Arc<Job>, Answer>,
    seats: Vec<Seat>,
    outbox: Vec<Delivery>,
    console_lines: usize,
    console_bytes: usize,
    console_dropped: u64,
    /// JavaScript was woken and has not collected since.
    woken: bool,
    topics: u8,
    recorder: Recorder,
    /// When the supervisor means to wake up.
    planned: Option<Instant>,
    /// When it looks at the memory of workers that are busy; `None` while nobody is.
    look: Option<Instant>,
    memory_threshold: usize,
    started: Instant,
    panics: u64,
    fatal_errors: u64,
    /// Workers that were given up and may run on.
    ghosts: Vec<Ghost>,
    closed: bool,
    /// Kept for its memory; empty between two calls.
    effects: Vec<Effect<Arc<Job>, Answer>>,
}

/// What is kept of the thread in a worker's slot.
struct Seat {
    generation: Generation,
    orders: VecDeque<Order>,
    bell: Arc<Bell>,
    interrupter: Option<Interrupter>,
    memory: Memory,
    /// It was said that its memory is over the threshold.
    alarmed: bool,
    /// Signs of life that were noticed: of the thread, and of its isolate.
    heard: (u64, u64),
    /// Attempts that were ordered.
    assigned: u64,
    /// As many as there were at the last look.
    seen: u64,
    thread: Option<JoinHandle<()>>,
    /// The end of its time to load; `None` once it is ready, or was told that it took too long.
    loading_until: Option<Instant>,
    overdue: bool,
}

/// A worker that was given up. Its JavaScript is ended again and again: code of the isolate itself may have
/// taken the first end for that of a task.
struct Ghost {
    worker: WorkerId,
    generation: Generation,
    interrupter: Interrupter,
}

/// What a worker's thread is to do.
#[derive(Debug)]
pub(super) enum Order {
    Run { task: TaskId, attempt: u32, job: Arc<Job> },
    Signal { task: TaskId, why: Interruption },
    End { task: TaskId, attempt: u32, why: Interruption },
    Retire(Retirement),
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
}

impl Heart {
    pub fn new(config: scheduler::Config, memory_threshold: usize, now: Instant) -> (Self, Calls) {
        let mut effects = Vec::new();
        let scheduler = Scheduler::new(config, now, &mut effects);
        let mut heart = Self {
            scheduler,
            seats: Vec::new(),
            outbox: Vec::new(),
            console_lines: 0,
            console_bytes: 0,
            console_dropped: 0,
            woken: false,
            topics: 0,
            recorder: Recorder::new(now),
            planned: None,
            look: None,
            memory_threshold,
            started: now,
            panics: 0,
            fatal_errors: 0,
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
        inputs: impl IntoIterator<Item = Input<Arc<Job>, Answer>>,
        now: Instant,
    ) -> Calls {
        let mut calls = Calls::default();
        for input in inputs {
            if let Input::Ready { worker, generation } | Input::Exited { worker, generation, .. } =
                &input
                && let Some(seat) = self.seat(*worker, *generation)
            {
                seat.loading_until = None;
                if let Input::Exited { exit, .. } = input {
                    seat.interrupter = None;
                    if exit.leaves_remains() {
                        // It may sleep for ever, so it is not joined.
                        seat.thread = None;
                    }
                }
            }
            match input {
                Input::Exited { worker, generation, .. } if !self.ghosts.is_empty() => {
                    self.ghosts
                        .retain(|ghost| (ghost.worker, ghost.generation) != (worker, generation));
                }
                _ => {}
            }
            match input {
                Input::Exited { exit: Exit::Panicked, .. } => self.panics += 1,
                Input::Exited { exit: Exit::OutOfMemory | Exit::Fatal, .. } => {
                    self.fatal_errors += 1;
                }
                Input::Finished { worker, generation, outcome: Outcome::MemoryLimit, .. } => {
                    self.alert_of_limit(worker, generation);
                }
                _ => {}
            }
            self.scheduler.handle(input, now, &mut self.effects);
        }
        self.carry_out(now, &mut calls);
        self.set_alarm(&mut calls);
        calls
    }

    /// What the supervisor does when it wakes up.
    pub fn tick(&mut self, now: Instant) -> Calls {
        let mut news = self.signs_of_life();
        news.push(Input::Tick);
        let mut calls = self.handle(news, now);
        self.look_at_memory(now, &mut calls);
        for seat in &mut self.seats {
            if seat.loading_until.is_some_and(|until| until <= now) {
                seat.loading_until = None;
                seat.overdue = true;
                calls.terminate_all.extend(seat.interrupter.clone());
                // Nothing is ordered, but it looks whether it is to go on loading.
                seat.bell.ordered.store(true, Ordering::Release);
                calls.ring.push(seat.bell.clone());
            }
        }
        self.planned = self.next_deadline();
        calls.alarm = false;
        calls
    }

    /// What the workers answered since the last time.
    fn signs_of_life(&mut self) -> Vec<Input<Arc<Job>, Answer>> {
        let mut beats = Vec::new();
        for (worker, seat) in (0..).map(WorkerId).zip(&mut self.seats) {
            let answers = seat.interrupter.as_ref().map_or(0, Interrupter::answers);
            let heard = (seat.bell.answers(), answers);
            if heard == seat.heard {
                continue;
            }
            beats.push(Input::Beat { worker, generation: seat.generation });
            if let Some(interrupter) = seat.interrupter.as_ref().filter(|_| heard.1 != seat.heard.1)
            {
                seat.memory = interrupter.sampled();
                self.outbox.extend(seat.alert_of_threshold(worker, self.memory_threshold));
            }
            seat.heard = heard;
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
            if seat.assigned == seat.seen
                && let Some(interrupter) = &seat.interrupter
            {
                calls.ask.push(interrupter.clone());
            }
            seat.seen = seat.assigned;
        }
        let ghosts = self.ghosts.iter().map(|ghost| ghost.interrupter.clone());
        calls.terminate_all.extend(ghosts);
        self.look = (busy || !self.ghosts.is_empty()).then(|| now + LOOK);
    }

    fn alert_of_limit(&mut self, worker: WorkerId, generation: Generation) {
        if let Some(seat) = self.seat(worker, generation) {
            let (memory, alarm) = (seat.memory, MemoryAlarm::Limit);
            self.outbox.push(Delivery::MemoryAlert { worker, memory, alarm });
        }
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
        }
        let mut calls = Calls::default();
        self.set_alarm(&mut calls);
        calls
    }

    pub fn set_thread(&mut self, worker: WorkerId, generation: Generation, thread: JoinHandle<()>) {
        if let Some(seat) = self.seat(worker, generation) {
            seat.thread = Some(thread);
        }
    }

    pub fn set_memory(&mut self, worker: WorkerId, generation: Generation, memory: Memory) {
        let threshold = self.memory_threshold;
        if let Some(seat) = self.seat(worker, generation) {
            seat.memory = memory;
            let alert = seat.alert_of_threshold(worker, threshold);
            self.outbox.extend(alert);
        }
    }

    /// Whether this worker was stopped because it took too long to load.
    pub fn is_overdue(&mut self, worker: WorkerId, generation: Generation) -> bool {
        self.seat(worker, generation).is_some_and(|seat| seat.overdue)
    }

    pub fn load_failed(&mut self, worker: WorkerId, error: LoadError) {
        self.outbox.push(Delivery::LoadFailed { worker, error });
    }

    /// The report of the exit, which follows, wakes JavaScript.
    pub fn crashed(&mut self, worker: WorkerId, message: String) {
        self.outbox.push(Delivery::Crashed { worker, message });
    }

    pub fn print(&mut self, worker: WorkerId, line: ConsoleLine) -> bool {
        if self.topics & Topic::Console.bit() == 0 {
            return false;
        }
        let bytes = self.console_bytes + line.text.len();
        if self.console_lines >= CONSOLE_LINES || bytes > CONSOLE_BYTES {
            self.console_dropped += 1;
        } else {
            self.console_lines += 1;
            self.console_bytes = bytes;
            self.outbox.push(Delivery::Console { worker, line });
        }
        self.call_for_collection()
    }

    pub fn collect(&mut self) -> Vec<Delivery> {
        self.woken = false;
        self.console_lines = 0;
        self.console_bytes = 0;
        if self.console_dropped > 0 {
            let lines = std::mem::take(&mut self.console_dropped);
            self.outbox.push(Delivery::ConsoleDropped { lines });
        }
        std::mem::take(&mut self.outbox)
    }

    pub fn listen(&mut self, topics: impl IntoIterator<Item = Topic>) {
        self.topics = topics.into_iter().fold(0, |bits, topic| bits | topic.bit());
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
            breakers: self.scheduler.breakers(now).collect(),
            size: self.scheduler.size(),
            is_pressed: self.scheduler.is_pressed(),
        }
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

    /// Whether JavaScript has to be woken: once until it collects.
    fn call_for_collection(&mut self) -> bool {
        !self.outbox.is_empty() && !std::mem::replace(&mut self.woken, true)
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
                    self.outbox.push(Delivery::Settled { task, result, timing, kept });
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
                    if let Some(seat) = self.seat(worker, generation) {
                        // Its thread may hang for ever, so it is not joined.
                        seat.thread = None;
                        if let Some(interrupter) = seat.interrupter.take() {
                            calls.terminate_all.push(interrupter.clone());
                            self.ghosts.push(Ghost { worker, generation, interrupter });
                            self.look.get_or_insert(now + LOOK);
                        }
                    }
                }
                Effect::Ask { worker, generation } => {
                    if let Some(seat) = self.seat(worker, generation) {
                        seat.bell.ask();
                        calls.ring.push(seat.bell.clone());
                        calls.ask.extend(seat.interrupter.clone());
                    }
                }
                Effect::Emit(event) => self.emit(event),
                Effect::Closed => {
                    self.closed = true;
                    calls.closed = true;
                    self.outbox.push(Delivery::Closed);
                }
            }
        }
        self.effects = effects;
        calls.wake |= self.call_for_collection();
    }

    fn order(&mut self, worker: WorkerId, generation: Generation, order: Order, calls: &mut Calls) {
        if let Some(seat) = self.seat(worker, generation) {
            seat.orders.push_back(order);
            if !seat.bell.ordered.swap(true, Ordering::AcqRel) {
                calls.ring.push(seat.bell.clone());
            }
        }
    }

    fn emit(&mut self, event: Event) {
        let topic = match event {
            Event::TaskStarted { .. } => Some(Topic::TaskStarted),
            Event::TaskCompleted { .. } => Some(Topic::TaskCompleted),
            Event::TaskFailed { .. } => Some(Topic::TaskFailed),
            Event::TaskRetried { .. } => Some(Topic::TaskRetried),
            Event::TaskDeadLettered { .. } => Some(Topic::TaskDeadLettered),
            _ => None,
        };
        if topic.is_none_or(|topic| self.topics & topic.bit() != 0) {
            self.outbox.push(Delivery::Event(event));
        }
    }

    /// When the supervisor is to wake up next.
    pub fn planned(&self) -> Option<Instant> {
        self.planned
    }

    fn next_deadline(&self) -> Option<Instant> {
        let loading = self.seats.iter().filter_map(|seat| seat.loading_until).min();
        self.scheduler.next_tick().into_iter().chain(loading).chain(self.look).min()
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

impl Seat {
    fn new(generation: Generation, bell: Arc<Bell>) -> Self {
        Self {
            generation,
            orders: VecDeque::new(),
            bell,
            interrupter: None,
            memory: Memory::default(),
            alarmed: false,
            heard: (0, 0),
            assigned: 0,
            seen: 0,
            thread: None,
            loading_until: None,
            overdue: false,
        }
    }

    /// Says once that it is over the threshold, until it is below again.
    fn alert_of_threshold(&mut self, worker: WorkerId, threshold: usize) -> Option<Delivery> {
        let is_over = self.memory.total() > threshold;
        let is_news = is_over && !self.alarmed;
        self.alarmed = is_over;
        let (memory, alarm) = (self.memory, MemoryAlarm::Threshold);
        is_news.then_some(Delivery::MemoryAlert { worker, memory, alarm })
    }
}
