//! What a right scheduler may do: a slow, plain account of the rules, apart from the real one.
//!
//! It is told each input before the scheduler, then each effect in order, and objects by panicking.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use isolane::scheduler::{
    Config, Effect, Event, Exit, Failure, Generation, Input, Interruption, Outcome, Priority,
    Retirement, Scheduler, Stats, Task, TaskId, Timing, WorkerId, WorkerState, WorkerView,
};

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
    /// Tasks were given up for want of workers.
    stranded: bool,
}

pub struct Known {
    pub task: Task<u64>,
    pub place: Place,
    pub submitted: Instant,
    pub attempts: u32,
    pub started: bool,
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
    Settle(Result<u64, Failure<u64>>),
    Retry,
}

impl Model {
    pub fn new(config: Config, now: Instant) -> Self {
        Self {
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
        self.now = now;
        self.said = Said::default();
        match input {
            Input::Submit(task) => {
                self.said.arriving = Some(task.id);
                self.counts.submitted += 1;
                let known = Known {
                    task: task.clone(),
                    place: Place::Waiting,
                    submitted: now,
                    attempts: 0,
                    started: false,
                };
                assert!(
                    self.tasks.insert(task.id, known).is_none(),
                    "the simulation repeats an id"
                );
                self.waiting.insert(task.id, now + task.delay);
            }
            Input::Ready { worker, generation } => {
                self.thread(*worker, *generation).life = Life::Ready;
            }
            Input::Finished { worker, generation, task, outcome, retire, .. } => {
                let max = self.config.max_tasks_per_worker;
                let thread = self.thread(*worker, *generation);
                let run = thread.runs.remove(task).expect("it runs");
                thread.served += 1;
                thread.worn |= retire.is_some() || max.is_some_and(|max| thread.served >= max);
                self.judge_end(*task, &run, outcome);
            }
            Input::Exited { worker, generation, exit, culprit } => {
                self.counts.workers_abandoned += u64::from(*exit == Exit::Unresponsive);
                self.lose((*worker, *generation), *culprit);
            }
            Input::Abort(task) => self.said.aborting = Some(*task),
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

    fn thread(&mut self, worker: WorkerId, generation: Generation) -> &mut Thread {
        self.threads.get_mut(&(worker, generation)).expect("it lives")
    }

    fn judge_end(&mut self, id: TaskId, run: &Run, outcome: &Outcome<u64>) {
        match outcome {
            Outcome::Done(result) => self.judge(id, Ok(*result), false),
            Outcome::Failed { error, retryable } => {
                self.judge(id, Err(Failure::Failed(*error)), *retryable);
            }
            Outcome::Interrupted => self.judge(id, Err(self.cut_short(id, run)), true),
            Outcome::MemoryLimit => self.judge(id, Err(Failure::MemoryLimit), true),
        }
    }

    fn cut_short(&self, id: TaskId, run: &Run) -> Failure<u64> {
        match (run.forced, self.tasks[&id].task.timeout) {
            (Some(_), Some(limit)) => Failure::Timeout { limit },
            _ => Failure::WorkerLost,
        }
    }

    /// Says what has to follow the end of an attempt.
    fn judge(&mut self, id: TaskId, end: Result<u64, Failure<u64>>, retryable: bool) {
        let known = self.tasks.get_mut(&id).expect("known");
        if known.place != Place::Settled {
            known.place = Place::Judged;
            let retry = retryable && known.attempts <= known.task.retry.max_retries;
            self.verdicts.insert(id, if retry { Verdict::Retry } else { Verdict::Settle(end) });
        }
    }

    fn lose(&mut self, key: Key, culprit: Option<TaskId>) {
        let thread = self.threads.remove(&key).expect("it lives");
        for (id, run) in thread.runs {
            if culprit == Some(id) || run.forced.is_some() {
                self.judge(id, Err(self.cut_short(id, &run)), true);
                continue;
            }
            let known = self.tasks.get_mut(&id).expect("known");
            if known.place != Place::Settled {
                known.attempts -= 1;
                known.place = Place::Waiting;
                self.waiting.insert(id, self.now);
            }
        }
    }

    /// Takes in an effect; it has to be allowed at this point.
    pub fn effect(&mut self, effect: &Effect<u64, u64>) {
        let refused = matches!(effect, Effect::Settle { result: Err(Failure::Closed), .. });
        assert!(!self.closed || refused, "nothing but refusals after Closed");
        match effect {
            &Effect::Assign { worker, generation, task, attempt, payload } => {
                self.assign((worker, generation), task, attempt, payload);
            }
            Effect::Settle { task, result, timing } => self.settle(*task, result, *timing),
            &Effect::Interrupt { worker, generation, task, attempt, why, force } => {
                self.interrupt((worker, generation), task, attempt, why, force);
            }
            &Effect::Spawn { worker, generation } => self.spawn(worker, generation),
            &Effect::Retire { worker, generation, why } => self.retire(worker, generation, why),
            &Effect::Abandon { worker, generation } => self.abandon((worker, generation)),
            Effect::Emit(event) => self.event(event),
            Effect::Closed => {
                assert!(self.close.is_some() && !self.closed, "Closed once, after Close");
                assert!(self.threads.is_empty(), "Closed while workers live");
                let left = self.tasks.values().filter(|known| known.place != Place::Settled);
                assert_eq!(left.count(), 0, "Closed with unsettled tasks");
                self.closed = true;
            }
        }
    }

    fn assign(&mut self, key: Key, id: TaskId, attempt: u32, payload: u64) {
        let now = self.now;
        assert!(!self.paused, "assigns while paused");
        assert!(!self.ending(), "assigns at the end");
        let due = self.waiting.remove(&id).expect("assigns only what waits");
        assert!(due <= now, "assigns before it is due");
        let known = self.tasks.get_mut(&id).expect("known");
        assert_eq!(known.place, Place::Waiting);
        assert_eq!(payload, known.task.payload);
        if let (false, Some(limit)) = (known.started, known.task.queue_timeout) {
            assert!(now < due + limit || limit.is_zero(), "starts after its queue timeout");
        }
        known.attempts += 1;
        known.started = true;
        known.place = Place::Running(key);
        assert_eq!(attempt, known.attempts);
        assert!(attempt <= 1 + known.task.retry.max_retries, "too many attempts");
        let rank = (known.task.priority, id);
        for (&other, due) in &self.waiting {
            // What became due before it arrived is served as if the tick had come in time.
            let passed = *due <= now && self.said.arriving != Some(other);
            assert!(
                !passed || (self.tasks[&other].task.priority, other) > rank,
                "{id:?} overtakes {other:?}"
            );
        }
        let run = Run { attempt, started: now, signalled: None, forced: None };
        let (limit, max) = (self.config.tasks_per_worker, self.config.max_tasks_per_worker);
        let thread = self.thread(key.0, key.1);
        assert!(thread.life == Life::Ready && !thread.worn, "assigns to a worker that takes none");
        assert!(thread.runs.insert(id, run).is_none());
        assert!(thread.runs.len() <= limit, "too many in flight");
        let taken = thread.served + thread.runs.len() as u64;
        assert!(max.is_none_or(|max| taken <= max), "outlives its tasks");
    }

    fn settle(&mut self, id: TaskId, result: &Result<u64, Failure<u64>>, timing: Timing) {
        let (now, ending) = (self.now, self.ending());
        let depth = self.waiting.len()
            - usize::from(self.said.arriving.is_some_and(|id| self.waiting.contains_key(&id)));
        let waited_since = self.waiting.remove(&id);
        let known = self.tasks.get_mut(&id).expect("settles a known task");
        assert_ne!(known.place, Place::Settled, "settles {id:?} twice");
        assert_eq!(timing.attempts, known.attempts);
        let at_submission = self.said.arriving == Some(id);
        match (self.verdicts.remove(&id), result) {
            (Some(Verdict::Retry), _) => panic!("settles {id:?}, which has attempts left"),
            (Some(Verdict::Settle(expected)), result) => {
                assert_eq!(result, &expected, "{id:?}");
            }
            (None, Err(Failure::Aborted)) => assert_eq!(self.said.aborting, Some(id)),
            (None, Err(Failure::Closed)) => {
                let refused = at_submission && self.close.is_some();
                assert!(ending || refused, "settled Closed with time left");
            }
            (None, Err(Failure::QueueFull { limit })) => {
                assert!(at_submission && depth >= *limit && *limit == self.config.max_queue);
            }
            (None, Err(Failure::QueueTimeout { waited })) => {
                let due = waited_since.expect("only what waits");
                let limit = known.task.queue_timeout.expect("it has one");
                assert!(!known.started && *waited >= limit && *waited == now - due);
            }
            (None, Err(Failure::WorkerLost)) => {
                self.said.stranded = true;
                assert!(waited_since.is_some());
            }
            (None, other) => panic!("settles {id:?} with {other:?} for no reason"),
        }
        match result {
            Ok(_) => self.counts.completed += 1,
            Err(Failure::Timeout { .. } | Failure::QueueTimeout { .. }) => {
                self.counts.timed_out += 1;
            }
            Err(Failure::Aborted) => self.counts.aborted += 1,
            Err(Failure::Closed) if !at_submission => self.counts.aborted += 1,
            Err(Failure::QueueFull { .. } | Failure::Closed) => self.counts.rejected += 1,
            Err(Failure::WorkerLost) if at_submission => self.counts.rejected += 1,
            Err(_) => self.counts.failed += 1,
        }
        assert_eq!(timing.total, now - known.submitted);
        known.place = Place::Settled;
    }

    fn interrupt(&mut self, key: Key, id: TaskId, attempt: u32, why: Interruption, force: bool) {
        let (now, ending, grace) = (self.now, self.ending(), self.config.abort_grace);
        let (timeout, place) = (self.tasks[&id].task.timeout, self.tasks[&id].place);
        let run = self.thread(key.0, key.1).runs.get_mut(&id).expect("interrupts only what runs");
        assert_eq!(run.attempt, attempt);
        assert!(run.forced.is_none(), "forced twice");
        match (why, force) {
            (Interruption::Timeout, true) => {
                assert!(now >= run.started + timeout.expect("it has one"), "before its time");
                assert_eq!(place, Place::Running(key));
            }
            (Interruption::Abort, false) => {
                assert!(run.signalled.is_none() && place == Place::Settled);
            }
            (Interruption::Abort, true) => {
                assert!(now >= run.signalled.expect("told first") + grace);
            }
            (Interruption::Shutdown, true) => assert!(ending && place == Place::Settled),
            other => panic!("interrupts by {other:?}"),
        }
        *(if force { &mut run.forced } else { &mut run.signalled }) = Some(now);
    }

    fn spawn(&mut self, worker: WorkerId, generation: Generation) {
        assert!(!self.winding_up(), "spawns at the end");
        let latest = self.generations.insert(worker, generation);
        assert_eq!(generation.0, latest.map_or(0, |latest| latest.0) + 1, "generations count");
        assert!(self.threads.keys().all(|key| key.0 != worker), "two live workers in a slot");
        let thread = Thread { life: Life::Starting, runs: BTreeMap::new(), served: 0, worn: false };
        self.threads.insert((worker, generation), thread);
        assert!(self.threads.len() <= self.config.max_workers, "too many workers");
        self.counts.workers_spawned += 1;
    }

    fn retire(&mut self, worker: WorkerId, generation: Generation, why: Retirement) {
        let (now, closing) = (self.now, self.close.is_some());
        let thread = self.thread(worker, generation);
        assert!(thread.runs.is_empty(), "retired with tasks in flight");
        assert!(!matches!(thread.life, Life::Retiring(_)), "retired twice");
        assert!(why != Retirement::Shutdown || closing);
        assert!(why != Retirement::MaxTasks || thread.worn);
        thread.life = Life::Retiring(now);
        if why == Retirement::Shutdown {
            self.begin_end();
        }
    }

    fn abandon(&mut self, key: Key) {
        let (now, grace) = (self.now, self.config.terminate_grace);
        let thread = &self.threads[&key];
        let silent = |since: Option<Instant>| since.is_some_and(|since| since + grace <= now);
        let told = match thread.life {
            Life::Retiring(since) => Some(since),
            _ => None,
        };
        let deaf = thread.runs.values().any(|run| silent(run.forced));
        assert!(deaf || silent(told), "abandoned within its grace");
        self.lose(key, None);
        self.counts.workers_abandoned += 1;
    }

    fn event(&mut self, event: &Event) {
        match event {
            &Event::TaskRetried { task, attempt, delay } => {
                let verdict = self.verdicts.remove(&task);
                assert!(matches!(verdict, Some(Verdict::Retry)), "retried for no reason");
                let known = self.tasks.get_mut(&task).expect("known");
                assert_eq!(attempt, known.attempts + 1);
                let retry = known.task.retry;
                let longest = (0..known.attempts - 1)
                    .fold(retry.backoff, |d, _| d * 2)
                    .min(retry.max_backoff);
                let shortest = longest.mul_f64(1.0 - retry.jitter);
                assert!(delay <= longest && delay + Duration::from_nanos(2) >= shortest);
                known.place = Place::Waiting;
                self.waiting.insert(task, self.now + delay);
                self.counts.retried += 1;
            }
            Event::Backpressure { depth, limit } => {
                assert!(!self.pressed && depth >= limit && *depth == self.waiting.len());
                self.pressed = true;
            }
            Event::Drain => {
                assert!(self.pressed && self.waiting.is_empty());
                self.pressed = false;
            }
            Event::WorkerRestarted { .. } => self.counts.workers_restarted += 1,
            _ => {}
        }
    }

    /// Compares the whole when all effects of an input are known.
    pub fn check(&mut self, scheduler: &Scheduler<u64, u64>) {
        let undecided: Vec<_> = self.verdicts.keys().collect();
        assert!(undecided.is_empty(), "{undecided:?} are left without a decision");
        if let Some(task) = self.said.aborting.and_then(|id| self.tasks.get(&id)) {
            assert_eq!(task.place, Place::Settled, "aborted and not settled");
        }
        let due = self.due();
        self.check_workers(scheduler, &due);
        self.check_waiting(scheduler, &due);
        self.check_counts(scheduler, &due);
        if self.ending() || scheduler.is_idle() {
            self.begin_end();
        }
        self.check_time(scheduler);
    }

    /// Returns what waits for a worker, in its order.
    fn due(&self) -> BTreeSet<(Priority, TaskId)> {
        let due = self.waiting.iter().filter(|(_, due)| **due <= self.now);
        due.map(|(id, _)| (self.tasks[id].task.priority, *id)).collect()
    }

    fn check_workers(&self, scheduler: &Scheduler<u64, u64>, due: &BTreeSet<(Priority, TaskId)>) {
        use WorkerState::{Cooling, Down, Draining, Gone, Ready, Retiring, Starting};
        let views: Vec<WorkerView> = scheduler.workers().collect();
        let live = views
            .iter()
            .filter(|view| matches!(view.state, Starting | Ready | Draining | Retiring));
        let live: BTreeMap<Key, &WorkerView> =
            live.map(|view| ((view.worker, view.generation), view)).collect();
        assert!(live.keys().eq(self.threads.keys()), "other workers live: {live:?}");
        for (key, thread) in &self.threads {
            let view = live[key];
            assert_eq!(view.in_flight, thread.runs.len());
            let fits = match thread.life {
                Life::Starting => view.state == Starting,
                Life::Ready => matches!(view.state, Ready | Draining),
                Life::Retiring(_) => view.state == Retiring,
            };
            assert!(fits, "{key:?} is {:?} and not {:?}", view.state, thread.life);
            assert!(view.state != Draining || !thread.runs.is_empty(), "drained and not retired");
            assert!(!thread.worn || view.state != Ready, "worn and in use");
            let taken = thread.served + thread.runs.len() as u64;
            let room = view.state == Ready
                && thread.runs.len() < self.config.tasks_per_worker
                && self.config.max_tasks_per_worker.is_none_or(|max| taken < max);
            assert!(!room || self.paused || due.is_empty(), "{due:?} wait while {key:?} has room");
        }
        let hopeless = views.iter().all(|view| matches!(view.state, Down | Gone));
        assert!(!hopeless || self.waiting.is_empty(), "tasks wait for nothing");
        if self.said.stranded {
            let usable = views.iter().find(|view| matches!(view.state, Starting | Ready | Cooling));
            assert_eq!(usable, None, "gave tasks up with a worker left");
        }
    }

    fn check_waiting(&self, scheduler: &Scheduler<u64, u64>, due: &BTreeSet<(Priority, TaskId)>) {
        let (depth, limit) = (self.waiting.len(), self.config.max_queue);
        if self.said.arriving.is_some_and(|id| self.waiting.contains_key(&id)) {
            assert!(depth <= limit, "the queue is longer than its limit");
        }
        assert!(self.pressed || depth < limit || depth == 0, "no Backpressure");
        assert!(!self.pressed || depth > 0, "no Drain");
        let (mut by_priority, mut heads) = (BTreeMap::new(), BTreeMap::new());
        for (priority, id) in due {
            *by_priority.entry(*priority).or_insert(0) += 1;
            heads.entry(*priority).or_insert(self.waiting[id]);
        }
        assert!(scheduler.by_priority().eq(by_priority));
        assert_eq!(
            scheduler.oldest_wait(self.now),
            heads.values().map(|due| self.now - *due).max()
        );
    }

    fn check_counts(&self, scheduler: &Scheduler<u64, u64>, due: &BTreeSet<(Priority, TaskId)>) {
        let runs = self.threads.values().flat_map(|thread| thread.runs.keys());
        let stats = scheduler.stats();
        let expected = Stats {
            queued: due.len(),
            delayed: self.waiting.len() - due.len(),
            running: runs.filter(|id| self.tasks[id].place != Place::Settled).count(),
            ..self.counts.clone()
        };
        assert_eq!(stats, expected);
        let settled =
            stats.completed + stats.failed + stats.timed_out + stats.aborted + stats.rejected;
        let live = stats.queued + stats.delayed + stats.running;
        assert_eq!(stats.submitted, settled + live as u64, "tasks are in exactly one place");
        assert_eq!(scheduler.is_idle(), live == 0);
    }

    fn check_time(&self, scheduler: &Scheduler<u64, u64>) {
        let bound = self.close.as_ref().and_then(|close| close.bound);
        if let Some(bound) = bound {
            assert!(self.waiting.is_empty(), "tasks wait at the end");
            assert!(self.closed || self.now <= bound, "the end takes too long");
        }
        if let Some(at) = self.next() {
            // A span of zero may have begun in this very step.
            assert!(at >= self.now, "something was due {:?} ago and not done", self.now - at);
            assert!(scheduler.next_tick().is_some_and(|tick| tick <= at), "ticks too late");
        }
    }

    /// Returns when something has to happen by itself.
    fn next(&self) -> Option<Instant> {
        let config = &self.config;
        let close = self.close.as_ref().filter(|close| close.bound.is_none());
        let mut times: Vec<Instant> = close.map(|close| close.drain_until).into_iter().collect();
        for thread in self.threads.values() {
            if let Life::Retiring(since) = thread.life {
                times.push(since + config.terminate_grace);
            }
            for (id, run) in &thread.runs {
                let known = &self.tasks[id];
                let signalled = run.signalled.map(|at| at + config.abort_grace);
                let forced = run.forced.map(|at| at + config.terminate_grace);
                let overdue = known.task.timeout.map(|limit| run.started + limit);
                assert!(
                    known.place != Place::Settled || signalled.or(forced).is_some(),
                    "settled and not told"
                );
                times.extend(forced.or(signalled).or(overdue));
            }
        }
        for (id, due) in &self.waiting {
            let known = &self.tasks[id];
            let limit = known.task.queue_timeout.filter(|_| !known.started);
            times.extend((*due > self.now).then_some(*due));
            times.extend(limit.map(|limit| *due + limit));
        }
        times.into_iter().min()
    }

    fn begin_end(&mut self) {
        let config = &self.config;
        let bound = self.now + config.abort_grace + config.terminate_grace * 2;
        if let Some(close) = &mut self.close {
            close.bound.get_or_insert(bound);
        }
    }
}
