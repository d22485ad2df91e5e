//! The state machine: takes one input at a time and keeps all rules that span tasks and workers.
//!
//! Holds between two inputs: while a due task waits, no worker has room (or the pool is paused);
//! so a submission that finds none waiting may start at once, and one that finds any need not look.

mod attempts;
mod closing;
mod fleet;
mod scaling;
mod vigil;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use self::closing::Lifetime;
use self::scaling::Scaling;
use super::balance::Balance;
use super::breaker::{BreakerView, Breakers};
use super::job::Job;
use super::letters::{DeadLetter, Letters, Weigh};
use super::moment::Moment;
use super::queue::Queue;
use super::random::Random;
use super::rules::Known;
use super::timeouts::Timeouts;
use super::worker::{Generation, Slot, WorkerId, WorkerState, WorkerView};
use super::{Config, Effect, Event, Exit, Failure, Input, Priority, Stats, Task, TaskId, Timing};

/// Decides for a pool of workers; see the [module](super).
pub struct Scheduler<P, R> {
    config: Config,
    start: Instant,
    /// The latest time that it was told; it never goes back.
    now: Moment,
    queue: Queue<P>,
    rules: Known,
    letters: Letters<P, R>,
    breakers: Breakers,
    slots: Vec<Slot<P>>,
    /// Slots that are wanted.
    size: usize,
    /// Nothing is due before: the time of what was due first when this was last looked at, or of what came
    /// since. It may be gone meanwhile.
    soonest: Moment,
    /// Of attempts that run.
    timeouts: Timeouts,
    /// All others.
    alarms: BTreeSet<(Moment, Alarm)>,
    /// Generations whose isolate is still in the process though they were given up.
    abandoned: BTreeMap<(WorkerId, Generation), Exit>,
    /// When the workers were last asked for a sign of life.
    last_round: Moment,
    scaling: Scaling,
    random: Random,
    /// The worker that had the latest task.
    last: WorkerId,
    paused: bool,
    /// `Backpressure` was said, and `Drain` not yet.
    pressed: bool,
    /// No worker is there or will come by itself.
    stranded: bool,
    lifetime: Lifetime,
    tells: Tells,
    /// The counters; its gauges are unused.
    stats: Stats,
}

/// Which of the events are told that every good task has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tells {
    pub started: bool,
    pub completed: bool,
}

/// Tasks that are moved at once whose time has come together: the others follow in the next tick, which is due
/// at once, so that the pool's lock is not held for long.
const AT_ONCE: usize = 4096;

/// Whose time is over; what that means is up to its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    Flight(WorkerId, TaskId),
    Slot(WorkerId),
    /// All workers: to be asked for a sign of life.
    Round,
    /// Their number.
    Scaling,
}

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Makes a scheduler and has its first workers started.
    pub fn new(config: Config, now: Instant, out: &mut Vec<Effect<P, R>>) -> Self {
        let random = Random::new(config.seed);
        let letters = Letters::new(config.letters);
        let breakers = Breakers::new(config.breaker);
        let mut scheduler = Self {
            config,
            start: now,
            now: Moment::START,
            queue: Queue::new(),
            rules: Known::default(),
            letters,
            breakers,
            slots: Vec::new(),
            size: 0,
            soonest: Moment::NEVER,
            timeouts: Timeouts::default(),
            alarms: BTreeSet::new(),
            abandoned: BTreeMap::new(),
            last_round: Moment::START,
            scaling: Scaling::default(),
            random,
            last: WorkerId(u32::MAX),
            paused: false,
            pressed: false,
            stranded: false,
            lifetime: Lifetime::Open,
            tells: Tells { started: true, completed: true },
            stats: Stats::default(),
        };
        scheduler.size = scheduler.clamp(scheduler.config.size);
        for _ in 0..scheduler.size {
            scheduler.add_slot(out);
        }
        scheduler.plan_round();
        scheduler.plan_review();
        scheduler
    }

    /// Takes in what happened at `now` and appends what is to be done to `out`.
    ///
    /// What became due since the last call is done as well. A `now` before an earlier one counts
    /// as that.
    pub fn handle(&mut self, input: Input<P, R>, now: Instant, out: &mut Vec<Effect<P, R>>) {
        self.now = self.now.max(Moment::of(now, self.start));
        // What became due meanwhile comes before a new task. All other news come before what became
        // due: a result that is there is no timeout.
        match input {
            Input::Submit(task) => {
                self.pass_time(None, out);
                self.submit(task, out);
            }
            Input::Revive { letter, task } => self.revive(letter, task, out),
            news => {
                let reporter = self.take_in(news, out);
                self.pass_time(reporter, out);
            }
        }
        self.watch_queue();
        self.signal_pressure(out);
        self.conclude(out);
    }

    /// Takes in what is no submission and returns the worker that now may have room.
    fn take_in(&mut self, input: Input<P, R>, out: &mut Vec<Effect<P, R>>) -> Option<WorkerId> {
        match input {
            Input::Submit(_) | Input::Revive { .. } | Input::Tick => {}
            Input::ClearDeadLetters => self.letters.clear(),
            Input::Beat { worker, generation } => self.beat(worker, generation),
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
            Input::Scale(size) => self.scale(size, false, out),
            Input::Restart(worker) => self.restart(worker, out),
            Input::Pause => self.paused = self.lifetime == Lifetime::Open,
            Input::Resume => self.paused = false,
            Input::Close { drain_until } => {
                let until = drain_until.map(|until| Moment::of(until, self.start));
                self.close(until, out);
            }
        }
        None
    }

    /// Returns when [`Input::Tick`] would do something, if nothing else happens before.
    pub fn next_tick(&self) -> Option<Instant> {
        self.first_due().map(|at| at.instant(self.start))
    }

    /// The same, or earlier: what would have been done may be done already. Takes no search.
    pub fn next_tick_at_least(&self) -> Option<Instant> {
        (self.soonest != Moment::NEVER).then(|| self.soonest.instant(self.start))
    }

    fn first_due(&self) -> Option<Moment> {
        let alarm = self.first_alarm().map(|(at, _)| at);
        let is_in_vain = self.despair().is_some() && !self.queue.is_empty();
        let in_vain = is_in_vain.then_some(self.now);
        let times = [alarm, self.queue.next_tick(), self.lifetime.deadline(), in_vain];
        times.into_iter().flatten().min()
    }

    /// Has something be done then.
    fn expect(&mut self, at: Moment) {
        self.soonest = self.soonest.min(at);
    }

    fn set_alarm(&mut self, at: Moment, alarm: Alarm) {
        self.alarms.insert((at, alarm));
        self.expect(at);
    }

    /// Has a job wait, for a worker or for its time.
    fn enqueue(&mut self, job: Job<P>) {
        if job.due > self.now {
            self.expect(job.due);
        }
        if let Some(at) = job.expires() {
            self.expect(at);
        }
        self.queue.push(job, self.now);
    }

    /// Returns whether it was accepted.
    fn submit(&mut self, task: Task<P>, out: &mut Vec<Effect<P, R>>) -> bool {
        self.stats.submitted += 1;
        let refusal = if self.lifetime != Lifetime::Open {
            Some(Failure::Closed)
        } else if self.stranded {
            Some(Failure::WorkerLost)
        } else {
            let held_back = self.breakers.refusal(&task.kind, self.now);
            held_back.map(|retry_after| Failure::CircuitOpen { retry_after })
        };
        if let Some(failure) = refusal {
            self.refuse(task.id, failure, out);
            return false;
        }
        let worker = if task.delay.is_zero() && !self.paused && !self.queue.has_due() {
            self.pick(task.rested)
        } else {
            None
        };
        let limit = self.config.max_queue;
        if let Some(worker) = worker {
            let rules = self.rules.of(&task);
            self.start(worker, Job::new(task, rules, self.now), out);
        } else if self.queue.len() < limit {
            let rules = self.rules.of(&task);
            self.enqueue(Job::new(task, rules, self.now));
        } else {
            self.refuse(task.id, Failure::QueueFull { limit }, out);
            return false;
        }
        true
    }

    fn refuse(&mut self, task: TaskId, failure: Failure<R>, out: &mut Vec<Effect<P, R>>) {
        self.stats.rejected += 1;
        let timing = Timing::default();
        out.push(Effect::Settle { task, result: Err(failure), timing, kept: false });
    }

    fn revive(&mut self, letter: TaskId, task: TaskId, out: &mut Vec<Effect<P, R>>) {
        // It may have to make room for what dies now; its task was promised an answer all the same.
        let task = self.letters.get(letter).map(|dead| dead.job.anew(task));
        self.pass_time(None, out);
        if task.is_some_and(|task| self.submit(task, out)) {
            self.letters.remove(letter);
        }
    }

    /// Does all for which the time has come, and starts what then can start.
    fn pass_time(&mut self, reporter: Option<WorkerId>, out: &mut Vec<Effect<P, R>>) {
        if self.soonest <= self.now {
            self.elapse(out);
            // What is due in this moment waits for the next one.
            self.soonest = self.first_due().unwrap_or(Moment::NEVER);
        }
        self.give_up_waiting(out);
        self.dispatch(reporter, out);
    }

    fn elapse(&mut self, out: &mut Vec<Effect<P, R>>) {
        self.queue.promote(self.now, AT_ONCE);
        if self.lifetime.deadline().is_some_and(|at| at <= self.now) {
            self.close_now(out);
        }
        while let Some((at, alarm)) = self.first_alarm()
            && at <= self.now
        {
            match alarm {
                Alarm::Flight(worker, task) => self.flight_overdue(worker, task, out),
                Alarm::Slot(worker) => self.slot_overdue(worker, out),
                Alarm::Round => {
                    self.alarms.pop_first();
                    self.make_round(out);
                }
                Alarm::Scaling => self.review_size(out),
            }
        }
        for _ in 0..AT_ONCE {
            let Some(job) = self.queue.expire(self.now) else { return };
            self.fail_expired(job, out);
        }
    }

    fn fail_expired(&mut self, job: Job<P>, out: &mut Vec<Effect<P, R>>) {
        let waited = self.now.saturating_duration_since(job.due);
        self.settle(job, None, Err(Failure::QueueTimeout { waited }), out);
    }

    fn first_alarm(&self) -> Option<(Moment, Alarm)> {
        let timeout = self.timeouts.first();
        let timeout = timeout.map(|(at, worker, task)| (at, Alarm::Flight(worker, task)));
        self.alarms.first().copied().into_iter().chain(timeout).min()
    }

    /// Starts due tasks while there is room, on the worker that just reported first.
    fn dispatch(&mut self, reporter: Option<WorkerId>, out: &mut Vec<Effect<P, R>>) {
        if self.paused {
            return;
        }
        let mut expired = 0;
        while self.queue.has_due() && expired < AT_ONCE {
            let reporter =
                reporter.filter(|id| self.slots.get(id.index()).is_some_and(|s| self.has_room(s)));
            let rested = self.queue.peek().is_some_and(|job| job.rules.rested);
            let Some(worker) = reporter.or_else(|| self.pick(rested)) else {
                return;
            };
            if let Some(job) = self.queue.pop() {
                // It is one of very many whose time is over.
                if job.expires().is_some_and(|at| at <= self.now) {
                    self.fail_expired(job, out);
                    expired += 1;
                    continue;
                }
                match self.breakers.refusal(&job.rules.kind, self.now) {
                    None => self.start(worker, job, out),
                    Some(retry_after) => self.hold_back(job, retry_after, out),
                }
            }
        }
    }

    fn pick(&self, rested: bool) -> Option<WorkerId> {
        let candidates = (0..).map(WorkerId).zip(&self.slots);
        let open = candidates.filter(|(_, slot)| self.has_room(slot));
        if rested && self.config.balance == Balance::LeastLoaded {
            let idle = open.clone().filter(|(_, slot)| slot.flights.is_empty());
            let rested = idle.min_by_key(|(_, slot)| slot.idle_since);
            if let Some((worker, _)) = rested {
                return Some(worker);
            }
        }
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
            dead_letters: self.letters.len(),
            zombies: self.abandoned.values().filter(|exit| **exit == Exit::Zombie).count(),
            abandoned: self.abandoned.len(),
            ..self.stats.clone()
        }
    }

    /// Returns the status of one worker, also of one that is gone.
    pub fn worker(&self, worker: WorkerId) -> Option<WorkerView> {
        self.slots.get(worker.index()).map(|slot| slot.view(worker, self.start))
    }

    /// Returns the status of all workers that there ever were, in the order of their ids.
    pub fn workers(&self) -> impl Iterator<Item = WorkerView> {
        (0..).map(WorkerId).zip(&self.slots).map(|(worker, slot)| slot.view(worker, self.start))
    }

    /// Returns the dead letters, oldest first.
    pub fn dead_letters(&self) -> impl Iterator<Item = &DeadLetter<P, R>> {
        self.letters.iter()
    }

    /// Whether there is a dead letter of this task.
    pub fn has_dead_letter(&self, task: TaskId) -> bool {
        self.letters.contains(task)
    }

    /// Returns the circuit breakers of kinds that failed last.
    pub fn breakers(&self, now: Instant) -> impl Iterator<Item = BreakerView> {
        self.breakers.views(Moment::of(now, self.start))
    }

    /// Says which of the most frequent events are wanted; all of them where nothing is said.
    pub fn tell_of(&mut self, tells: Tells) {
        self.tells = tells;
    }

    /// Whether the queue reached its limit and was not empty since.
    pub fn is_pressed(&self) -> bool {
        self.pressed
    }

    /// Returns how many tasks wait for a worker.
    pub fn waiting(&self) -> usize {
        self.queue.len() - self.queue.delayed()
    }

    /// Returns how many workers are wanted.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns how many tasks wait for a worker in each priority that has any, most urgent first.
    pub fn by_priority(&self) -> impl Iterator<Item = (Priority, usize)> {
        self.queue.by_priority()
    }

    /// Returns how long the tasks that are next in turn, one of each priority, wait at most.
    pub fn oldest_wait(&self, now: Instant) -> Option<Duration> {
        let now = Moment::of(now, self.start);
        self.queue.oldest_due().map(|due| now.saturating_duration_since(due))
    }

    /// Whether all accepted tasks are settled.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.running() == 0
    }

    /// Now.
    fn instant(&self) -> Instant {
        self.now.instant(self.start)
    }

    fn running(&self) -> usize {
        let flights = self.slots.iter().flat_map(|slot| slot.flights.iter());
        flights.filter(|flight| flight.job.is_some()).count()
    }
}
