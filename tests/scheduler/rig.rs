//! A scheduler in a test rig: takes inputs, and records effects.

use std::time::{Duration, Instant};

use isolane::scheduler::{
    Balance, BreakerView, Config, DeadLetterLimits, Effect, Event, Exit, Failure, Generation,
    Input, Interruption, Outcome, Priority, Retirement, Retry, Scheduler, Task, TaskId, Timing,
    WorkerId, WorkerState,
};

pub type TestEffect = Effect<(), &'static str>;

pub struct Rig {
    pub scheduler: Scheduler<(), &'static str>,
    pub start: Instant,
    pub now: Instant,
    /// The effects of the latest input.
    pub effects: Vec<TestEffect>,
}

/// One worker with one task at a time, and no limits except those that a test sets.
pub fn config() -> Config {
    Config {
        size: 1,
        min_workers: 1,
        max_workers: 8,
        tasks_per_worker: 1,
        max_queue: 100,
        balance: Balance::LeastLoaded,
        abort_grace: ms(100),
        terminate_grace: ms(1_000),
        max_tasks_per_worker: None,
        auto_restart: true,
        max_restart_attempts: 3,
        restart_cooldown: ms(5_000),
        max_abandoned: 100,
        heartbeat: Duration::MAX,
        zombie_threshold: Duration::MAX,
        dead_letters: DeadLetterLimits { max: 100, max_weight: usize::MAX },
        breaker: None,
        auto_scale: None,
        seed: 1,
    }
}

pub fn task(id: u64) -> Task<()> {
    let retry = Retry { max_retries: 0, backoff: ms(10), max_backoff: ms(1_000), jitter: 0.0 };
    Task {
        id: TaskId(id),
        kind: "kind".into(),
        priority: Priority(10),
        delay: Duration::ZERO,
        timeout: None,
        queue_timeout: None,
        retry,
        longest_idle_first: false,
        payload: (),
    }
}

/// A task with this many retries, 10 ms apart, doubling each time.
pub fn stubborn(id: u64, max_retries: u32) -> Task<()> {
    let mut task = task(id);
    task.retry.max_retries = max_retries;
    task
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub const THROWN: Outcome<&str> = Outcome::Failed { error: "thrown", retryable: true };

impl Rig {
    /// Creates a scheduler whose first workers are ready.
    pub fn new(config: Config) -> Self {
        let mut rig = Self::cold(config);
        let workers: Vec<_> = rig.scheduler.workers().collect();
        for view in workers {
            rig.ready(view.worker.0);
        }
        rig
    }

    /// Creates a scheduler whose first workers are starting.
    pub fn cold(config: Config) -> Self {
        let (now, mut effects) = (Instant::now(), Vec::new());
        let scheduler = Scheduler::new(config, now, &mut effects);
        Self { scheduler, start: now, now, effects }
    }

    pub fn tell(&mut self, input: Input<(), &'static str>) {
        self.effects.clear();
        self.scheduler.handle(input, self.now, &mut self.effects);
    }

    pub fn submit(&mut self, task: Task<()>) {
        self.tell(Input::Submit(task));
    }

    pub fn ready(&mut self, worker: u32) {
        let generation = self.generation(worker);
        self.tell(Input::Ready { worker: WorkerId(worker), generation });
    }

    pub fn finish(&mut self, worker: u32, task: u64, attempt: u32, outcome: Outcome<&'static str>) {
        self.finish_and_retire(worker, task, attempt, outcome, None);
    }

    pub fn finish_and_retire(
        &mut self,
        worker: u32,
        task: u64,
        attempt: u32,
        outcome: Outcome<&'static str>,
        retire: Option<Retirement>,
    ) {
        let generation = self.generation(worker);
        let (worker, task) = (WorkerId(worker), TaskId(task));
        self.tell(Input::Finished { worker, generation, task, attempt, outcome, retire });
    }

    pub fn exit(&mut self, worker: u32, exit: Exit, culprit: Option<u64>) {
        let generation = self.generation(worker);
        let (worker, culprit) = (WorkerId(worker), culprit.map(TaskId));
        self.tell(Input::Exited { worker, generation, exit, culprit });
    }

    /// Advances the time and ticks.
    pub fn pass(&mut self, millis: u64) {
        self.now += ms(millis);
        self.tell(Input::Tick);
    }

    /// Advances the time in steps of 1 ms, with a tick in each, until `done`. Returns how long it took.
    pub fn pass_until(&mut self, done: impl Fn(&Self) -> bool) -> u64 {
        let limit = 100_000;
        let passed = (1..=limit).find(|_| {
            self.pass(1);
            done(self)
        });
        passed.expect("it comes to pass")
    }

    /// Returns when the next tick is due, in ms from now, if it is in this decade: heartbeats are requested
    /// much later, unless a test configures it.
    pub fn next_tick(&self) -> Option<u128> {
        const DECADE: Duration = Duration::from_secs(86_400 * 365 * 10);
        let tick = self.scheduler.next_tick().map(|at| at - self.now);
        tick.filter(|span| *span < DECADE).map(|span| span.as_millis())
    }

    pub fn generation(&self, worker: u32) -> Generation {
        self.scheduler.worker(WorkerId(worker)).expect("there is such a worker").generation
    }

    pub fn state(&self, worker: u32) -> WorkerState {
        self.scheduler.worker(WorkerId(worker)).expect("there is such a worker").state
    }

    /// Returns the assignments: worker, task, attempt.
    pub fn assigned(&self) -> Vec<(u32, u64, u32)> {
        let assigned = self.effects.iter().filter_map(|effect| match effect {
            Effect::Assign { worker, task, attempt, .. } => Some((worker.0, task.0, *attempt)),
            _ => None,
        });
        assigned.collect()
    }

    pub fn settled(&self) -> Vec<(u64, Result<&'static str, Failure<&'static str>>)> {
        let settled = self.effects.iter().filter_map(|effect| match effect {
            Effect::Settle { task, result, .. } => Some((task.0, result.clone())),
            _ => None,
        });
        settled.collect()
    }

    /// Returns the settled tasks, and whether they became dead letters.
    pub fn dead_lettered(&self) -> Vec<(u64, bool)> {
        let settled = self.effects.iter().filter_map(|effect| match effect {
            Effect::Settle { task, dead_lettered, .. } => Some((task.0, *dead_lettered)),
            _ => None,
        });
        settled.collect()
    }

    /// Returns the timing of the task that was settled.
    pub fn timing(&self) -> Timing {
        let mut timings = self.effects.iter().filter_map(|effect| match effect {
            Effect::Settle { timing, .. } => Some(*timing),
            _ => None,
        });
        timings.next().expect("one was settled")
    }

    /// Returns the interrupts: task, reason, force.
    pub fn interrupted(&self) -> Vec<(u64, Interruption, bool)> {
        let interrupted = self.effects.iter().filter_map(|effect| match effect {
            Effect::Interrupt { task, why, force, .. } => Some((task.0, *why, *force)),
            _ => None,
        });
        interrupted.collect()
    }

    /// Returns the starts: worker, generation.
    pub fn spawned(&self) -> Vec<(u32, u32)> {
        let spawned = self.effects.iter().filter_map(|effect| match effect {
            Effect::Spawn { worker, generation } => Some((worker.0, generation.0)),
            _ => None,
        });
        spawned.collect()
    }

    pub fn retired(&self) -> Vec<(u32, Retirement)> {
        let retired = self.effects.iter().filter_map(|effect| match effect {
            Effect::Retire { worker, why, .. } => Some((worker.0, *why)),
            _ => None,
        });
        retired.collect()
    }

    pub fn abandoned(&self) -> Vec<u32> {
        let abandoned = self.effects.iter().filter_map(|effect| match effect {
            Effect::Abandon { worker, .. } => Some(worker.0),
            _ => None,
        });
        abandoned.collect()
    }

    pub fn events(&self) -> Vec<Event> {
        let events = self.effects.iter().filter_map(|effect| match effect {
            Effect::Emit(event) => Some(event.clone()),
            _ => None,
        });
        events.collect()
    }

    /// Returns the workers from which heartbeats were requested.
    pub fn heartbeat_requests(&self) -> Vec<u32> {
        let asked = self.effects.iter().filter_map(|effect| match effect {
            Effect::RequestHeartbeat { worker, .. } => Some(worker.0),
            _ => None,
        });
        asked.collect()
    }

    pub fn heartbeat(&mut self, worker: u32) {
        let generation = self.generation(worker);
        self.tell(Input::Heartbeat { worker: WorkerId(worker), generation });
    }

    /// Returns the tasks of the dead letters, oldest first.
    pub fn dead_letters(&self) -> Vec<u64> {
        self.scheduler.dead_letters().map(|letter| letter.job.id.0).collect()
    }

    pub fn breakers(&self) -> Vec<BreakerView> {
        self.scheduler.breakers(self.now).collect()
    }

    pub fn closed(&self) -> bool {
        matches!(self.effects.last(), Some(Effect::Closed))
    }
}
