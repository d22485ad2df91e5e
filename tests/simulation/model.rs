//! A reference model of the scheduler: slow and simple, and independent of the real one.
//!
//! It is given each input before the scheduler, then each effect in order, and panics if a rule is broken.

mod breakers;
mod dead_letters;
mod effects;
mod scaling;
mod whole;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use isolane::scheduler::{
    Config, Exit, FailedAttempt, Failure, Generation, Input, Outcome, Stats, Task, TaskId, WorkerId,
};

use breakers::{Breakers, End};
use dead_letters::DeadLetters;
use scaling::Scaling;

pub type Key = (WorkerId, Generation);

pub struct Model {
    pub config: Config,
    pub now: Instant,
    pub tasks: BTreeMap<TaskId, TaskRecord>,
    /// The tasks that wait, and when they are due.
    pub waiting: BTreeMap<TaskId, Instant>,
    /// Workers that have a thread and were not abandoned.
    pub threads: BTreeMap<Key, Thread>,
    pub paused: bool,
    pub closed: bool,
    pub dead_letters: DeadLetters,
    /// Lost workers that have not come back.
    pub abandoned: BTreeMap<Key, Exit>,
    breakers: Breakers,
    scaling: Scaling,
    last_heartbeat_round: Instant,
    /// Whether the latest loss in a slot reached the limit of abandoned workers.
    abandoned_limit_reached: BTreeMap<WorkerId, bool>,
    generations: BTreeMap<WorkerId, Generation>,
    close: Option<Close>,
    under_backpressure: bool,
    counts: Stats,
    step: Step,
    /// What must follow the attempts that have just ended.
    verdicts: BTreeMap<TaskId, Verdict>,
}

/// What is known of the input that is being handled.
#[derive(Default)]
struct Step {
    arriving: Option<TaskId>,
    aborting: Option<TaskId>,
    /// The dead letter whose task is submitted again.
    retrying: Option<TaskId>,
    /// Tasks failed because all workers are down.
    gave_up_waiting: bool,
    /// A heartbeat round is due.
    round: bool,
    zombie: Option<Key>,
    /// Tasks waited for a worker at some point of this step.
    deep: bool,
    exits: BTreeMap<Key, Exit>,
}

pub struct TaskRecord {
    pub task: Task<u64>,
    pub stage: Stage,
    pub submitted: Instant,
    pub attempts: u32,
    pub started: bool,
    failures: Vec<FailedAttempt<u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Waiting,
    Running(Key),
    /// Its attempt has ended, and the scheduler must decide what follows.
    Judged,
    Settled,
}

pub struct Thread {
    pub life: Life,
    pub runs: BTreeMap<TaskId, Run>,
    pub served: u64,
    /// It takes no more tasks.
    pub draining: bool,
    idle_since: Instant,
    last_heartbeat: Instant,
    heartbeat_requested: bool,
    /// The current round has to request a heartbeat from it.
    request_due: bool,
    /// The part of the time since the request that counts as silence.
    unanswered_for: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Starting,
    Ready,
    Retiring(Instant),
}

pub struct Run {
    pub attempt: u32,
    pub started: Instant,
    pub signalled: Option<Instant>,
    pub forced: Option<Instant>,
}

struct Close {
    drain_until: Instant,
    /// When the last step of the shutdown must be complete; known once it has begun.
    bound: Option<Instant>,
}

enum Verdict {
    Settle(WorkerId, Result<u64, Failure<u64>>),
    Retry(WorkerId, Failure<u64>),
}

/// The tasks that are blamed for the loss of a worker.
#[derive(Clone, Copy)]
enum Blame {
    One(Option<TaskId>),
    All,
}

/// Minimum zombie threshold of a worker that starts or retires.
const START_STOP_THRESHOLD: Duration = Duration::from_secs(30);

impl Model {
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            dead_letters: DeadLetters::new(config.dead_letters),
            abandoned: BTreeMap::new(),
            breakers: Breakers::new(config.breaker),
            scaling: Scaling::new(&config),
            last_heartbeat_round: now,
            abandoned_limit_reached: BTreeMap::new(),
            config,
            now,
            tasks: BTreeMap::new(),
            waiting: BTreeMap::new(),
            threads: BTreeMap::new(),
            paused: false,
            closed: false,
            generations: BTreeMap::new(),
            close: None,
            under_backpressure: false,
            counts: Stats::default(),
            step: Step::default(),
            verdicts: BTreeMap::new(),
        }
    }

    pub fn closing(&self) -> bool {
        self.close.is_some()
    }

    fn ending(&self) -> bool {
        self.close
            .as_ref()
            .is_some_and(|close| close.drain_until <= self.now || close.bound.is_some())
    }

    /// Returns whether the last step of the shutdown has begun.
    pub fn winding_up(&self) -> bool {
        self.close.as_ref().is_some_and(|close| close.bound.is_some())
    }

    /// Returns whether this attempt runs on that worker.
    pub fn runs(&self, key: Key, task: TaskId, attempt: u32) -> bool {
        let run = self.threads.get(&key).and_then(|thread| thread.runs.get(&task));
        run.is_some_and(|run| run.attempt == attempt)
    }

    /// Takes an input before the scheduler handles it. Late answers are not passed to the model.
    pub fn before_input(&mut self, input: &Input<u64, u64>, now: Instant) {
        self.now = self.now.max(now);
        self.step = Step { deep: self.depth(None) > 0, ..Step::default() };
        self.apply(input);
        self.run_heartbeat_round();
    }

    fn apply(&mut self, input: &Input<u64, u64>) {
        let now = self.now;
        match input {
            Input::Submit(task) => self.arrive(task.clone()),
            Input::RetryDeadLetter { dead_letter: letter, task } => {
                self.step.retrying = Some(*letter);
                let old = self.tasks[letter].task.clone();
                self.arrive(Task { id: *task, delay: Duration::ZERO, ..old });
            }
            Input::ClearDeadLetters => self.dead_letters.clear(),
            Input::Heartbeat { worker, generation } => {
                self.thread(*worker, *generation).record_heartbeat(now);
            }
            Input::Ready { worker, generation } => {
                let thread = self.thread(*worker, *generation);
                thread.life = Life::Ready;
                thread.idle_since = now;
                thread.record_heartbeat(now);
            }
            Input::Finished { worker, generation, task, outcome, retire, .. } => {
                let max = self.config.max_tasks_per_worker;
                let thread = self.thread(*worker, *generation);
                let run = thread.runs.remove(task).expect("it runs");
                thread.served += 1;
                thread.draining |= retire.is_some() || max.is_some_and(|max| thread.served >= max);
                thread.idle_since = now;
                thread.record_heartbeat(now);
                self.judge_end((*task, *worker), &run, outcome);
            }
            Input::Exited { worker, generation, exit, culprit } => {
                let key = (*worker, *generation);
                if self.threads.contains_key(&key) {
                    self.lose(key, *exit, Blame::One(*culprit));
                } else {
                    self.abandoned.remove(&key).expect("it comes back");
                }
            }
            Input::Abort(task) => self.step.aborting = Some(*task),
            Input::Scale(size) if self.close.is_none() => self.scaling.requested(*size),
            Input::Restart(_) | Input::Scale(_) | Input::Tick => {}
            Input::Pause => self.paused = self.close.is_none(),
            Input::Resume => self.paused = false,
            Input::Close { drain_until } => {
                self.paused = false;
                let until = drain_until.unwrap_or(now);
                let close = self.close.get_or_insert(Close { drain_until: until, bound: None });
                close.drain_until = close.drain_until.min(until);
            }
        }
    }

    fn arrive(&mut self, task: Task<u64>) {
        let (id, now) = (task.id, self.now);
        self.step.arriving = Some(id);
        self.counts.submitted += 1;
        self.waiting.insert(id, now + task.delay);
        let known = TaskRecord {
            task,
            stage: Stage::Waiting,
            submitted: now,
            attempts: 0,
            started: false,
            failures: Vec::new(),
        };
        assert!(self.tasks.insert(id, known).is_none(), "the simulation repeats an id");
    }

    fn heartbeat_interval(&self) -> Duration {
        let often = self.config.heartbeat.min(self.config.zombie_threshold / 4);
        often.max(Duration::from_millis(1))
    }

    /// If the process stood still, the time counts as at most two rounds.
    fn run_heartbeat_round(&mut self) {
        let (round, passed) = (self.heartbeat_interval(), self.now - self.last_heartbeat_round);
        if self.closed || passed < round {
            return;
        }
        self.last_heartbeat_round = self.now;
        self.step.round = true;
        for thread in self.threads.values_mut() {
            if thread.heartbeat_requested {
                thread.unanswered_for += passed.min(round * 2);
            }
            thread.request_due = !thread.heartbeat_requested;
        }
    }

    fn thread(&mut self, worker: WorkerId, generation: Generation) -> &mut Thread {
        self.threads.get_mut(&(worker, generation)).expect("it lives")
    }

    fn judge_end(&mut self, at: (TaskId, WorkerId), run: &Run, outcome: &Outcome<u64>) {
        match outcome {
            Outcome::Done(result) => self.judge(at, Ok(*result), End::Good),
            Outcome::Failed { error, retryable } => {
                let end = if *retryable { End::Bad } else { End::Neither };
                self.judge(at, Err(Failure::Failed(*error)), end);
            }
            Outcome::Interrupted => self.judge(at, Err(self.cut_short(at.0, run)), End::Bad),
            Outcome::MemoryLimit => self.judge(at, Err(Failure::MemoryLimit), End::Bad),
        }
    }

    fn cut_short(&self, id: TaskId, run: &Run) -> Failure<u64> {
        match (run.forced, self.tasks[&id].task.timeout) {
            (Some(_), Some(limit)) => Failure::Timeout { limit },
            _ => Failure::WorkerLost,
        }
    }

    /// Decides what must follow the end of an attempt.
    fn judge(
        &mut self,
        (id, worker): (TaskId, WorkerId),
        result: Result<u64, Failure<u64>>,
        end: End,
    ) {
        let known = self.tasks.get_mut(&id).expect("the task is known");
        if known.stage == Stage::Settled {
            return;
        }
        known.stage = Stage::Judged;
        self.breakers.ended(&known.task.kind, id, end, self.now);
        let has_more = known.attempts <= known.task.retry.max_retries;
        let verdict = match (result, end) {
            (Err(failure), End::Bad) if has_more => Verdict::Retry(worker, failure),
            (result, _) => Verdict::Settle(worker, result),
        };
        self.verdicts.insert(id, verdict);
    }

    fn lose(&mut self, key: Key, exit: Exit, blame: Blame) {
        let thread = self.threads.remove(&key).expect("it lives");
        let leaks = leaks_isolate(exit);
        if leaks {
            self.abandoned.insert(key, exit);
        }
        self.abandoned_limit_reached
            .insert(key.0, leaks && self.abandoned.len() >= self.config.max_abandoned);
        self.step.exits.insert(key, exit);
        for (id, run) in thread.runs {
            let blamed = match blame {
                Blame::One(culprit) => culprit == Some(id),
                Blame::All => true,
            };
            if blamed || run.forced.is_some() {
                self.judge((id, key.0), Err(self.cut_short(id, &run)), End::Bad);
                continue;
            }
            let known = self.tasks.get_mut(&id).expect("the task is known");
            if known.stage != Stage::Settled {
                self.breakers.ended(&known.task.kind, id, End::Neither, self.now);
                known.attempts -= 1;
                known.stage = Stage::Waiting;
                self.waiting.insert(id, self.now);
                self.step.deep = true;
            }
        }
    }
}

impl Thread {
    fn record_heartbeat(&mut self, now: Instant) {
        self.last_heartbeat = now;
        self.heartbeat_requested = false;
        self.unanswered_for = Duration::ZERO;
    }

    fn is_idle(&self) -> bool {
        self.life == Life::Ready && self.runs.is_empty() && !self.draining
    }
}

/// Returns whether an isolate stays in the process after this exit.
pub fn leaks_isolate(exit: Exit) -> bool {
    match exit {
        Exit::Retired(_) | Exit::StartFailed => false,
        Exit::Panicked | Exit::OutOfMemory | Exit::Fatal | Exit::Unresponsive | Exit::Zombie => {
            true
        }
    }
}
