//! What a right scheduler may do: a slow, plain account of the rules, apart from the real one.
//!
//! It is told each input before the scheduler, then each effect in order, and objects by panicking.

mod breakers;
mod effects;
mod letters;
mod scaling;
mod whole;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use isolane::scheduler::{
    Config, Exit, Failure, Generation, Input, Lapse, Outcome, Stats, Task, TaskId, WorkerId,
};

use breakers::{Breakers, End};
use letters::Letters;
use scaling::Scaling;

pub type Key = (WorkerId, Generation);

pub struct Model {
    pub config: Config,
    pub now: Instant,
    pub tasks: BTreeMap<TaskId, Known>,
    /// Those that are not settled, by their place.
    pub waiting: BTreeMap<TaskId, Instant>,
    /// Workers that have a thread and were not abandoned.
    pub threads: BTreeMap<Key, Thread>,
    pub paused: bool,
    pub closed: bool,
    pub letters: Letters,
    /// Workers given up that did not come back.
    pub abandoned: BTreeMap<Key, Exit>,
    breakers: Breakers,
    scaling: Scaling,
    last_round: Instant,
    /// Whether the latest loss in a slot was one too many.
    crowded: BTreeMap<WorkerId, bool>,
    generations: BTreeMap<WorkerId, Generation>,
    close: Option<Close>,
    pressed: bool,
    counts: Stats,
    said: Said,
    /// What has to become of the attempts that just ended.
    verdicts: BTreeMap<TaskId, Verdict>,
}

/// Of the input that is being handled.
#[derive(Default)]
struct Said {
    arriving: Option<TaskId>,
    aborting: Option<TaskId>,
    /// The letter whose task arrives.
    reviving: Option<TaskId>,
    /// Tasks were given up for want of workers.
    stranded: bool,
    /// The workers were to be asked for a sign of life.
    round: bool,
    zombie: Option<Key>,
    /// Tasks waited for a worker, if only for this moment.
    deep: bool,
    exits: BTreeMap<Key, Exit>,
}

pub struct Known {
    pub task: Task<u64>,
    pub place: Place,
    pub submitted: Instant,
    pub attempts: u32,
    pub started: bool,
    lapses: Vec<Lapse<u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Waiting,
    Running(Key),
    /// Its attempt ended; the scheduler is to say what follows.
    Judged,
    Settled,
}

pub struct Thread {
    pub life: Life,
    pub runs: BTreeMap<TaskId, Run>,
    pub served: u64,
    /// It takes no more tasks.
    pub worn: bool,
    idle_since: Instant,
    heard: Instant,
    asked: bool,
    /// A round has to ask it.
    to_ask: bool,
    /// What counts of the time since it was asked.
    silent: Duration,
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
    /// When the last step of the end has to be over; known once it began.
    bound: Option<Instant>,
}

enum Verdict {
    Settle(WorkerId, Result<u64, Failure<u64>>),
    Retry(WorkerId, Failure<u64>),
}

/// The tasks that lose their attempt with a worker.
#[derive(Clone, Copy)]
enum Guilt {
    One(Option<TaskId>),
    All,
}

/// A worker that starts has this long at least.
const PASSAGE: Duration = Duration::from_secs(30);

impl Model {
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
            letters: Letters::new(config.letters),
            abandoned: BTreeMap::new(),
            breakers: Breakers::new(config.breaker),
            scaling: Scaling::new(&config),
            last_round: now,
            crowded: BTreeMap::new(),
            config,
            now,
            tasks: BTreeMap::new(),
            waiting: BTreeMap::new(),
            threads: BTreeMap::new(),
            paused: false,
            closed: false,
            generations: BTreeMap::new(),
            close: None,
            pressed: false,
            counts: Stats::default(),
            said: Said::default(),
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

    /// Whether the last step of the end has begun.
    pub fn winding_up(&self) -> bool {
        self.close.as_ref().is_some_and(|close| close.bound.is_some())
    }

    /// Whether this attempt is what runs there.
    pub fn runs(&self, key: Key, task: TaskId, attempt: u32) -> bool {
        let run = self.threads.get(&key).and_then(|thread| thread.runs.get(&task));
        run.is_some_and(|run| run.attempt == attempt)
    }

    /// Takes in what is about to be handled. Late answers do not come here.
    pub fn told(&mut self, input: &Input<u64, u64>, now: Instant) {
        self.now = self.now.max(now);
        self.said = Said { deep: self.depth(None) > 0, ..Said::default() };
        self.take_in(input);
        self.make_round();
    }

    fn take_in(&mut self, input: &Input<u64, u64>) {
        let now = self.now;
        match input {
            Input::Submit(task) => self.arrive(task.clone()),
            Input::Revive { letter, task } => {
                self.said.reviving = Some(*letter);
                let old = self.tasks[letter].task.clone();
                self.arrive(Task { id: *task, delay: Duration::ZERO, ..old });
            }
            Input::ClearDeadLetters => self.letters.clear(),
            Input::Beat { worker, generation } => self.thread(*worker, *generation).hear(now),
            Input::Ready { worker, generation } => {
                let thread = self.thread(*worker, *generation);
                thread.life = Life::Ready;
                thread.idle_since = now;
                thread.hear(now);
            }
            Input::Finished { worker, generation, task, outcome, retire, .. } => {
                let max = self.config.max_tasks_per_worker;
                let thread = self.thread(*worker, *generation);
                let run = thread.runs.remove(task).expect("it runs");
                thread.served += 1;
                thread.worn |= retire.is_some() || max.is_some_and(|max| thread.served >= max);
                thread.idle_since = now;
                thread.hear(now);
                self.judge_end((*task, *worker), &run, outcome);
            }
            Input::Exited { worker, generation, exit, culprit } => {
                let key = (*worker, *generation);
                if self.threads.contains_key(&key) {
                    self.lose(key, *exit, Guilt::One(*culprit));
                } else {
                    self.abandoned.remove(&key).expect("it comes back");
                }
            }
            Input::Abort(task) => self.said.aborting = Some(*task),
            Input::Scale(size) if self.close.is_none() => self.scaling.asked(*size),
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
        self.said.arriving = Some(id);
        self.counts.submitted += 1;
        self.waiting.insert(id, now + task.delay);
        let known = Known {
            task,
            place: Place::Waiting,
            submitted: now,
            attempts: 0,
            started: false,
            lapses: Vec::new(),
        };
        assert!(self.tasks.insert(id, known).is_none(), "the simulation repeats an id");
    }

    fn round(&self) -> Duration {
        let often = self.config.heartbeat.min(self.config.zombie_threshold / 4);
        often.max(Duration::from_millis(1))
    }

    /// The time that a process stood still counts no more than two rounds.
    fn make_round(&mut self) {
        let (round, passed) = (self.round(), self.now - self.last_round);
        if self.closed || passed < round {
            return;
        }
        self.last_round = self.now;
        self.said.round = true;
        for thread in self.threads.values_mut() {
            if thread.asked {
                thread.silent += passed.min(round * 2);
            }
            thread.to_ask = !thread.asked;
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

    /// Says what has to follow the end of an attempt.
    fn judge(
        &mut self,
        (id, worker): (TaskId, WorkerId),
        result: Result<u64, Failure<u64>>,
        end: End,
    ) {
        let known = self.tasks.get_mut(&id).expect("known");
        if known.place == Place::Settled {
            return;
        }
        known.place = Place::Judged;
        self.breakers.ended(&known.task.kind, id, end, self.now);
        let has_more = known.attempts <= known.task.retry.max_retries;
        let verdict = match (result, end) {
            (Err(failure), End::Bad) if has_more => Verdict::Retry(worker, failure),
            (result, _) => Verdict::Settle(worker, result),
        };
        self.verdicts.insert(id, verdict);
    }

    fn lose(&mut self, key: Key, exit: Exit, guilt: Guilt) {
        let thread = self.threads.remove(&key).expect("it lives");
        let remains = leaves_remains(exit);
        if remains {
            self.abandoned.insert(key, exit);
        }
        self.crowded.insert(key.0, remains && self.abandoned.len() >= self.config.max_abandoned);
        self.said.exits.insert(key, exit);
        for (id, run) in thread.runs {
            let guilty = match guilt {
                Guilt::One(culprit) => culprit == Some(id),
                Guilt::All => true,
            };
            if guilty || run.forced.is_some() {
                self.judge((id, key.0), Err(self.cut_short(id, &run)), End::Bad);
                continue;
            }
            let known = self.tasks.get_mut(&id).expect("known");
            if known.place != Place::Settled {
                self.breakers.ended(&known.task.kind, id, End::Neither, self.now);
                known.attempts -= 1;
                known.place = Place::Waiting;
                self.waiting.insert(id, self.now);
                self.said.deep = true;
            }
        }
    }
}

impl Thread {
    fn hear(&mut self, now: Instant) {
        self.heard = now;
        self.asked = false;
        self.silent = Duration::ZERO;
    }

    fn is_idle(&self) -> bool {
        self.life == Life::Ready && self.runs.is_empty() && !self.worn
    }
}

/// Whether something of a worker stays in the process after this.
pub fn leaves_remains(exit: Exit) -> bool {
    match exit {
        Exit::Retired(_) | Exit::StartFailed => false,
        Exit::Panicked | Exit::OutOfMemory | Exit::Fatal | Exit::Unresponsive | Exit::Zombie => {
            true
        }
    }
}
