//! The world of one simulated pool: a random caller, workers with faults, and a clock that jumps.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use isolane::scheduler::{
    AutoScale, Balance, BreakerRules, Config, DeadLetterLimits, Effect, Exit, Generation, Input,
    Outcome, Priority, Random, Retirement, Retry, Scheduler, Task, TaskId, WorkerId,
};

use super::Trace;
use super::model::{Key, Life, Model, leaks_isolate};

pub struct World<'a> {
    random: Random,
    faults: Faults,
    scheduler: Scheduler<u64, u64>,
    model: Model,
    start: Instant,
    now: Instant,
    /// What the workers are going to do, by time.
    schedule: BTreeMap<(Instant, u64), Action>,
    planned: u64,
    submitted: u64,
    out: Vec<Effect<u64, u64>>,
    trace: Option<&'a Trace>,
}

/// Chances in percent.
struct Faults {
    start: u32,
    unresponsive: u32,
    hang: u32,
    fail: u32,
    panic: u32,
    fatal: u32,
    silent: u32,
    retire: u32,
    twice: u32,
    caller: u32,
}

/// A laptop that was asleep, in ms.
const HOURS: u32 = 20_000_000;

#[derive(Clone, Debug)]
enum Action {
    Ready(Key),
    Heartbeat(Key),
    Finish {
        key: Key,
        task: TaskId,
        attempt: u32,
        outcome: Outcome<u64>,
        retire: Option<Retirement>,
    },
    Exit {
        key: Key,
        exit: Exit,
        culprit: Option<TaskId>,
    },
}

impl<'a> World<'a> {
    pub fn new(seed: u64, trace: Option<&'a Trace>) -> Self {
        let mut random = Random::new(seed);
        let config = config(&mut random);
        let mut chance = |most| match below(&mut random, 3) {
            0 => 0,
            _ => below(&mut random, most),
        };
        let faults = Faults {
            start: chance(60),
            unresponsive: chance(20),
            hang: chance(40),
            fail: chance(60),
            panic: chance(40),
            fatal: chance(20),
            silent: chance(40),
            retire: chance(30),
            twice: chance(40),
            caller: chance(100),
        };
        let start = Instant::now();
        let mut out = Vec::new();
        let scheduler = Scheduler::new(config.clone(), start, &mut out);
        let mut world = Self {
            random,
            faults,
            scheduler,
            model: Model::new(config, start),
            start,
            now: start,
            schedule: BTreeMap::new(),
            planned: 0,
            submitted: 0,
            out,
            trace,
        };
        world.note(|world| format!("{:?}", world.model.config));
        world.model.before_input(&Input::Tick, start);
        world.carry_out();
        world
    }

    /// Runs the pool to its end, which must come.
    pub fn live(mut self) {
        for _ in 0..20 + self.below(300) {
            self.step();
        }
        if !self.model.closing() || self.chance(50) {
            self.close();
        }
        let mut steps = 0;
        while !self.model.closed {
            assert!(self.scheduler.next_tick().is_some(), "the end waits for nothing");
            self.advance();
            steps += 1;
            assert!(steps < 10_000, "the end does not come");
        }
        while let Some(((at, _), action)) = self.schedule.pop_first() {
            self.now = self.now.max(at);
            self.act(action);
        }
        self.submit();
        self.check_late(Input::Tick);
    }

    fn step(&mut self) {
        match self.below(100) {
            0..25 => self.submit(),
            25..76 => self.advance(),
            76..80 => self.send_invalid_input(),
            80 if !self.model.winding_up() && self.chance(20) => self.skip_time(HOURS),
            80..82 if !self.model.winding_up() => self.skip_time(3_000),
            82..85 if !self.model.winding_up() => self.skip_time(20),
            85..88 => self.tell(Input::Tick),
            _ if self.chance(self.faults.caller) => self.act_as_caller(),
            _ => {}
        }
    }

    /// Advances the clock, often beyond what is due next.
    fn skip_time(&mut self, most: u32) {
        let span = self.span(most);
        self.now += span;
    }

    fn act_as_caller(&mut self) {
        let input = match self.below(70) {
            0..10 => Input::Abort(self.any_task()),
            10..25 => {
                let runs = self.model.threads.values().flat_map(|thread| thread.runs.keys());
                let live: Vec<TaskId> = runs.chain(self.model.waiting.keys()).copied().collect();
                let Some(task) = self.any_of(&live) else {
                    return;
                };
                Input::Abort(task)
            }
            25..37 => Input::Scale(self.below(8) as usize),
            37..47 => Input::Restart(WorkerId(self.below(6))),
            47..50 => Input::Pause,
            50..55 => Input::Resume,
            55..59 => return self.give_up_worker(),
            59 => return self.close(),
            60 => Input::ClearDeadLetters,
            _ => {
                let letters = self.model.dead_letters.tasks();
                let Some(letter) = self.any_of(&letters) else {
                    return;
                };
                Input::RetryDeadLetter { dead_letter: letter, task: self.next_id() }
            }
        };
        self.tell(input);
    }

    /// Advances to whatever is due next.
    fn advance(&mut self) {
        let action = self.schedule.first_key_value().map(|(&(at, _), _)| at);
        let tick = self.scheduler.next_tick();
        match (action, tick) {
            (None, None) => {}
            (Some(at), tick) if tick.is_none_or(|tick| at <= tick) => {
                self.now = self.now.max(at);
                let (_, action) = self.schedule.pop_first().expect("it was there");
                self.act(action);
            }
            (_, tick) => {
                self.now = self.now.max(tick.unwrap_or(self.now));
                self.tell(Input::Tick);
            }
        }
    }

    fn submit(&mut self) {
        let id = self.next_id();
        let priority = self.any_of(&[0, 10, 20, 100]).expect("there are some");
        let retry = Retry {
            max_retries: self.below(4),
            backoff: self.span(100),
            max_backoff: Duration::from_millis(150),
            jitter: if self.chance(50) { 0.0 } else { self.random.unit() },
        };
        let task = Task {
            id,
            kind: self.any_of(&["a", "b", "c"]).expect("there are some").into(),
            priority: Priority(priority),
            delay: self.maybe(20, 500).unwrap_or_default(),
            timeout: self.maybe(60, 400),
            queue_timeout: self.maybe(30, 600),
            retry,
            longest_idle_first: self.chance(30),
            payload: id.0 * 7,
        };
        self.tell(Input::Submit(task));
    }

    fn next_id(&mut self) -> TaskId {
        self.submitted += 1;
        TaskId(self.submitted - 1)
    }

    fn close(&mut self) {
        let drain_until = self.maybe(70, 3_000).map(|span| self.now + span);
        self.tell(Input::Close { drain_until });
    }

    /// The pool itself reports a worker as lost.
    fn give_up_worker(&mut self) {
        let keys: Vec<Key> = self.model.threads.keys().copied().collect();
        if let Some(key) = self.any_of(&keys) {
            let culprit = self.model.threads[&key].runs.keys().next().copied();
            self.act(Action::Exit { key, exit: Exit::Unresponsive, culprit });
        }
    }

    fn send_invalid_input(&mut self) {
        let key = (WorkerId(self.below(8)), Generation(self.below(6)));
        let (task, attempt) = (self.any_task(), self.below(4));
        let action = match self.below(5) {
            0 => finish(key, (task, attempt), Outcome::Done(1), Some(Retirement::PendingWork)),
            1 => exit((key.0, Generation(0)), Exit::Panicked, Some(task)),
            2 => Action::Heartbeat((key.0, Generation(0))),
            3 => {
                let unknown = TaskId(u64::MAX);
                self.tell(Input::Tick);
                return self
                    .check_late(Input::RetryDeadLetter { dead_letter: unknown, task: unknown });
            }
            _ => Action::Ready((key.0, Generation(u32::MAX))),
        };
        self.act(action);
    }

    fn act(&mut self, action: Action) {
        if !self.has_effect(&action) {
            self.tell(Input::Tick);
        }
        // The tick may just have assigned the task to the worker of an invented answer.
        let has_effect = self.has_effect(&action);
        let input = match action {
            Action::Ready((worker, generation)) => Input::Ready { worker, generation },
            Action::Heartbeat((worker, generation)) => Input::Heartbeat { worker, generation },
            Action::Finish { key: (worker, generation), task, attempt, outcome, retire } => {
                Input::Finished { worker, generation, task, attempt, outcome, retire }
            }
            Action::Exit { key: (worker, generation), exit, culprit } => {
                Input::Exited { worker, generation, exit, culprit }
            }
        };
        if has_effect {
            self.tell(input);
        } else {
            self.check_late(input);
        }
    }

    /// Returns whether the scheduler must react to it.
    fn has_effect(&self, action: &Action) -> bool {
        let model = &self.model;
        match action {
            Action::Ready(key) => {
                model.threads.get(key).is_some_and(|thread| thread.life == Life::Starting)
            }
            Action::Heartbeat(key) => model.threads.contains_key(key),
            Action::Finish { key, task, attempt, .. } => model.runs(*key, *task, *attempt),
            Action::Exit { key, exit, .. } => {
                let returns = model.abandoned.contains_key(key) && !leaks_isolate(*exit);
                returns || model.threads.contains_key(key)
            }
        }
    }

    fn tell(&mut self, input: Input<u64, u64>) {
        // A thread may read the clock before it waits for the lock.
        let is_late = self.model.now == self.now && self.chance(3);
        let back = if is_late { self.span(1_000) } else { Duration::ZERO };
        let now = self.now.checked_sub(back).unwrap_or(self.now);
        self.note(|world| format!("{:?} <- {input:?}", now - world.start));
        self.model.before_input(&input, now);
        self.scheduler.handle(input, now, &mut self.out);
        self.carry_out();
    }

    /// Checks that a late or unknown input has no effect.
    fn check_late(&mut self, input: Input<u64, u64>) {
        self.note(|world| format!("{:?} <- late {input:?}", world.now - world.start));
        let scheduler = &self.scheduler;
        let state =
            |s: &Scheduler<u64, u64>| (s.stats(), s.workers().collect::<Vec<_>>(), s.next_tick());
        let before = state(scheduler);
        // Timers with a span of zero are due in every tick.
        if before.2.is_some_and(|tick| tick <= self.now) {
            return;
        }
        self.model.now = self.model.now.max(self.now);
        self.scheduler.handle(input, self.now, &mut self.out);
        assert!(self.out.is_empty(), "a late answer has effects: {:?}", self.out);
        assert_eq!(before, state(&self.scheduler), "a late answer changes the state");
    }

    fn carry_out(&mut self) {
        let mut effects = std::mem::take(&mut self.out);
        for effect in &effects {
            self.note(|_| format!("    -> {effect:?}"));
            let lost_attempts = self.lost_attempts(effect);
            self.model.effect(effect);
            self.plan(effect, lost_attempts);
        }
        effects.clear();
        self.out = effects;
        self.model.check(&self.scheduler);
    }

    /// Returns the attempts of a worker that is abandoned now: it may still answer.
    fn lost_attempts(&self, effect: &Effect<u64, u64>) -> Vec<(TaskId, u32)> {
        let &Effect::Abandon { worker, generation } = effect else {
            return Vec::new();
        };
        let thread = self.model.threads.get(&(worker, generation));
        thread.map_or(Vec::new(), |thread| {
            thread.runs.iter().map(|(id, run)| (*id, run.attempt)).collect()
        })
    }

    fn plan(&mut self, effect: &Effect<u64, u64>, lost_attempts: Vec<(TaskId, u32)>) {
        match *effect {
            Effect::Spawn { worker, generation } => self.plan_start((worker, generation)),
            Effect::Assign { worker, generation, task, attempt, .. } => {
                self.plan_run((worker, generation), (task, attempt));
            }
            Effect::Interrupt { worker, generation, task, attempt, force, .. } => {
                if self.chance(self.faults.unresponsive) || (!force && self.chance(50)) {
                    return;
                }
                let outcome = match self.below(10) {
                    0 => Outcome::Done(task.0),
                    1 => Outcome::Failed { error: task.0, retryable: true },
                    _ => Outcome::Interrupted,
                };
                self.after(30, finish((worker, generation), (task, attempt), outcome, None));
            }
            Effect::Retire { worker, generation, why }
                if !self.chance(self.faults.unresponsive) =>
            {
                let how = if self.chance(90) { Exit::Retired(why) } else { Exit::Panicked };
                self.after(60, exit((worker, generation), how, None));
            }
            Effect::Abandon { worker, generation } => {
                let key = (worker, generation);
                for run in lost_attempts {
                    self.after(300, finish(key, run, Outcome::Done(0), None));
                }
                let returns = Exit::Retired(Retirement::PendingWork);
                let how = if self.chance(50) { returns } else { Exit::Panicked };
                self.after(400, exit(key, how, None));
            }
            Effect::RequestHeartbeat { worker, generation } if !self.chance(self.faults.silent) => {
                let heartbeat = Action::Heartbeat((worker, generation));
                if self.chance(self.faults.twice) {
                    self.after(600, heartbeat.clone());
                }
                self.after(60, heartbeat);
            }
            _ => {}
        }
    }

    fn plan_start(&mut self, key: Key) {
        if self.chance(self.faults.start) {
            let how = if self.chance(80) { Exit::StartFailed } else { Exit::Panicked };
            self.after(100, exit(key, how, None));
        } else if !self.chance(self.faults.unresponsive / 4) {
            self.after(50, Action::Ready(key));
        }
    }

    fn plan_run(&mut self, key: Key, (task, attempt): (TaskId, u32)) {
        if self.chance(self.faults.hang) {
            return;
        }
        if self.chance(self.faults.panic) {
            let culprit = match self.below(4) {
                0 => None,
                1 => Some(self.any_task()),
                _ => Some(task),
            };
            return self.after(200, exit(key, Exit::Panicked, culprit));
        }
        if self.chance(self.faults.fatal) {
            if self.chance(50) {
                return self.after(200, exit(key, Exit::Fatal, Some(task)));
            }
            // It reports its task, and then sleeps forever.
            let at = self.now + self.span(200);
            let retire = self.chance(50).then_some(Retirement::MemoryLimit);
            self.at(at, finish(key, (task, attempt), Outcome::MemoryLimit, retire));
            return self.at(at, exit(key, Exit::OutOfMemory, None));
        }
        let outcome = match self.below(8) {
            _ if !self.chance(self.faults.fail) => Outcome::Done(task.0),
            0 => Outcome::MemoryLimit,
            1 => Outcome::Interrupted,
            2 => Outcome::Failed { error: task.0, retryable: false },
            _ => Outcome::Failed { error: task.0, retryable: true },
        };
        let retire = match outcome {
            Outcome::MemoryLimit => Some(Retirement::MemoryLimit),
            _ => self.chance(self.faults.retire).then_some(Retirement::PendingWork),
        };
        let finish = finish(key, (task, attempt), outcome, retire);
        if self.chance(self.faults.twice) {
            self.after(300, finish.clone());
        }
        self.after(200, finish);
    }

    fn after(&mut self, most: u32, action: Action) {
        let at = self.now + self.span(most);
        self.at(at, action);
    }

    fn at(&mut self, at: Instant, action: Action) {
        self.planned += 1;
        self.schedule.insert((at, self.planned), action);
    }

    fn note(&self, line: impl FnOnce(&Self) -> String) {
        if let Some(trace) = self.trace {
            trace.borrow_mut().push(line(self));
        }
    }

    fn below(&mut self, bound: u32) -> u32 {
        below(&mut self.random, bound)
    }

    fn any_of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let count = u32::try_from(items.len()).expect("few items");
        (count > 0).then(|| items[self.below(count) as usize])
    }

    fn any_task(&mut self) -> TaskId {
        TaskId(self.random.bits() % (self.submitted + 2))
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    fn maybe(&mut self, percent: u32, most: u32) -> Option<Duration> {
        self.chance(percent).then(|| self.span(most))
    }

    /// Returns a random span; sometimes zero.
    fn span(&mut self, most: u32) -> Duration {
        span(&mut self.random, most)
    }
}

fn finish(
    key: Key,
    (task, attempt): (TaskId, u32),
    outcome: Outcome<u64>,
    retire: Option<Retirement>,
) -> Action {
    Action::Finish { key, task, attempt, outcome, retire }
}

fn exit(key: Key, exit: Exit, culprit: Option<TaskId>) -> Action {
    Action::Exit { key, exit, culprit }
}

fn span(random: &mut Random, most: u32) -> Duration {
    if below(random, 16) == 0 {
        Duration::ZERO
    } else {
        Duration::from_millis(1 + u64::from(below(random, most)))
    }
}

fn below(random: &mut Random, bound: u32) -> u32 {
    u32::try_from(random.bits() % u64::from(bound)).expect("it is below a u32")
}

fn config(random: &mut Random) -> Config {
    let rare = Duration::from_secs(86_400 * 365);
    let heartbeat = [rare, rare, span(random, 500)][below(random, 3) as usize];
    let zombie_threshold =
        [rare, rare, span(random, 400), span(random, 2_000)][below(random, 4) as usize];
    let breaker = BreakerRules { failure_threshold: below(random, 5), reset: span(random, 300) };
    let auto_scale = AutoScale {
        queue_depth: below(random, 6) as usize,
        idle: span(random, 400),
        cooldown: span(random, 300),
    };
    let mut some = |bound: u32| below(random, bound) as usize;
    let max_workers = 1 + some(6);
    let min_workers = 1 + some(3).min(max_workers - 1);
    Config {
        size: some(8),
        min_workers,
        max_workers,
        tasks_per_worker: 1 + some(3),
        max_queue: some(30),
        balance: if some(2) == 0 { Balance::RoundRobin } else { Balance::LeastLoaded },
        max_tasks_per_worker: [None, None, Some(1), Some(2), Some(5)][some(5)],
        auto_restart: some(6) != 0,
        max_abandoned: [1_000, some(12)][some(2)],
        heartbeat,
        zombie_threshold,
        dead_letters: DeadLetterLimits {
            max: [100, some(10)][some(2)],
            max_weight: [usize::MAX, usize::MAX, some(4_000)][some(3)],
        },
        breaker: (some(2) == 0).then_some(breaker),
        auto_scale: (some(2) == 0).then_some(auto_scale),
        max_restart_attempts: below(random, 8),
        seed: random.bits(),
        abort_grace: span(random, 100),
        terminate_grace: span(random, 100),
        restart_cooldown: span(random, 300),
    }
}
