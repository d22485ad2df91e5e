//! Checks that each effect is allowed at its position among the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use isolane::scheduler::{
    Effect, Event, Exit, FailedAttempt, Failure, Generation, Interruption, Retirement, TaskId,
    Timing, WorkerId,
};

use super::breakers::End;
use super::{Blame, Key, Life, Model, Run, START_STOP_THRESHOLD, Stage, Thread, Verdict};

impl Model {
    /// Takes an effect, which must be allowed at this point.
    pub fn effect(&mut self, effect: &Effect<u64, u64>) {
        let refused = matches!(effect, Effect::Settle { result: Err(Failure::Closed), .. });
        assert!(!self.closed || refused, "nothing but refusals after Closed");
        match effect {
            &Effect::Assign { worker, generation, task, attempt, payload } => {
                self.assign((worker, generation), task, attempt, payload);
            }
            Effect::Settle { task, result, timing, dead_lettered } => {
                self.settle(*task, result, *timing, *dead_lettered);
            }
            &Effect::Interrupt { worker, generation, task, attempt, why, force } => {
                self.interrupt((worker, generation), task, attempt, why, force);
            }
            &Effect::Spawn { worker, generation } => self.spawn(worker, generation),
            &Effect::Retire { worker, generation, why } => self.retire(worker, generation, why),
            &Effect::Abandon { worker, generation } => self.abandon((worker, generation)),
            &Effect::RequestHeartbeat { worker, generation } => {
                self.request_heartbeat(worker, generation);
            }
            Effect::Emit(event) => self.event(event),
            Effect::Closed => {
                assert!(self.close.is_some() && !self.closed, "Closed once, after Close");
                assert!(self.threads.is_empty(), "Closed while workers live");
                let left = self.tasks.values().filter(|known| known.stage != Stage::Settled);
                assert_eq!(left.count(), 0, "Closed with unsettled tasks");
                self.closed = true;
            }
        }
    }

    fn assign(&mut self, key: Key, id: TaskId, attempt: u32, payload: u64) {
        let now = self.now;
        assert!(!self.paused, "assigns while paused");
        assert!(!self.ending(), "assigns at the end");
        self.pass_over(id);
        let due = self.waiting.remove(&id).expect("assigns only what waits");
        assert!(due <= now, "assigns before it is due");
        let known = self.tasks.get_mut(&id).expect("the task is known");
        assert_eq!(known.stage, Stage::Waiting);
        assert_eq!(payload, known.task.payload);
        if let (false, Some(limit)) = (known.started, known.task.queue_timeout) {
            assert!(now < due + limit || limit.is_zero(), "starts after its queue timeout");
        }
        known.attempts += 1;
        known.started = true;
        known.stage = Stage::Running(key);
        assert_eq!(attempt, known.attempts);
        assert!(attempt <= 1 + known.task.retry.max_retries, "too many attempts");
        self.breakers.started(&known.task.kind, id, now);
        let run = Run { attempt, started: now, signalled: None, forced: None };
        let (limit, max) = (self.config.tasks_per_worker, self.config.max_tasks_per_worker);
        let thread = self.thread(key.0, key.1);
        assert!(
            thread.life == Life::Ready && !thread.draining,
            "assigns to a worker that takes none"
        );
        assert!(thread.runs.insert(id, run).is_none());
        assert!(thread.runs.len() <= limit, "too many in flight");
        let taken = thread.served + thread.runs.len() as u64;
        assert!(max.is_none_or(|max| taken <= max), "outlives its tasks");
    }

    /// Checks that only tasks that their breaker holds back are overtaken.
    fn pass_over(&mut self, id: TaskId) {
        let arrives = self.step.arriving == Some(id);
        let rank = (self.tasks[&id].task.priority, id);
        for (priority, other) in self.due() {
            // Tasks that became due before it arrived are served as if a tick had come in time.
            let waited = other != id && self.step.arriving != Some(other);
            if waited && (arrives || (priority, other) < rank) {
                self.hold_back(other, &format!("{id:?} overtakes it"));
            }
        }
    }

    pub(super) fn hold_back(&mut self, id: TaskId, otherwise: &str) {
        let known = &self.tasks[&id];
        let refusal = self.breakers.refusal(&known.task.kind, self.now);
        let retry_after = refusal.filter(|_| known.attempts > 0);
        let retry_after = retry_after.unwrap_or_else(|| panic!("{id:?} waits: {otherwise}"));
        self.waiting.insert(id, self.now + retry_after.max(Duration::from_millis(1)));
    }

    fn settle(
        &mut self,
        id: TaskId,
        result: &Result<u64, Failure<u64>>,
        timing: Timing,
        dead_lettered: bool,
    ) {
        let (now, ending) = (self.now, self.ending());
        let depth = self.waiting.len()
            - usize::from(self.step.arriving.is_some_and(|id| self.waiting.contains_key(&id)));
        let waited_since = self.waiting.remove(&id);
        let known = self.tasks.get_mut(&id).expect("settles a known task");
        assert_ne!(known.stage, Stage::Settled, "settles {id:?} twice");
        assert_eq!(timing.attempts, known.attempts);
        let at_submission = self.step.arriving == Some(id);
        let mut worker = None;
        match (self.verdicts.remove(&id), result) {
            (Some(Verdict::Retry(..)), _) => panic!("settles {id:?}, which has attempts left"),
            (Some(Verdict::Settle(by, expected)), result) => {
                assert_eq!(result, &expected, "{id:?}");
                worker = Some(by);
            }
            (None, Err(Failure::Aborted)) => {
                assert_eq!(self.step.aborting, Some(id));
                if waited_since.is_none() {
                    self.breakers.ended(&known.task.kind, id, End::Neither, now);
                }
            }
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
            (None, Err(Failure::CircuitOpen { retry_after })) => {
                let refusal = self.breakers.refusal(&known.task.kind, now);
                assert_eq!(refusal, Some(*retry_after));
                assert!(known.attempts == 0 && !self.paused || at_submission);
                assert!(at_submission || waited_since.is_some_and(|due| due <= now));
            }
            (None, Err(Failure::WorkerLost)) => {
                self.step.gave_up_waiting = true;
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
            Err(_) if at_submission => self.counts.rejected += 1,
            Err(_) => self.counts.failed += 1,
        }
        assert_eq!(timing.total, now - known.submitted);
        known.stage = Stage::Settled;
        let failures = match result {
            Err(failure) if !at_submission && is_death(failure) => {
                let attempt = known.attempts;
                let last = FailedAttempt { attempt, failure: failure.clone(), worker, at: now };
                Some(known.failures.iter().cloned().chain([last]).collect())
            }
            _ => None,
        };
        self.dead_letters.settled(id, failures, dead_lettered);
    }

    fn interrupt(&mut self, key: Key, id: TaskId, attempt: u32, why: Interruption, force: bool) {
        let (now, ending, grace) = (self.now, self.ending(), self.config.abort_grace);
        let (timeout, place) = (self.tasks[&id].task.timeout, self.tasks[&id].stage);
        let run = self.thread(key.0, key.1).runs.get_mut(&id).expect("interrupts only what runs");
        assert_eq!(run.attempt, attempt);
        assert!(run.forced.is_none(), "forced twice");
        match (why, force) {
            (Interruption::Timeout, true) => {
                assert!(now >= run.started + timeout.expect("it has one"), "before its time");
                assert_eq!(place, Stage::Running(key));
            }
            (Interruption::Abort, false) => {
                assert!(run.signalled.is_none() && place == Stage::Settled);
            }
            (Interruption::Abort, true) => {
                assert!(now >= run.signalled.expect("told first") + grace);
            }
            (Interruption::Shutdown, true) => assert!(ending && place == Stage::Settled),
            other => panic!("interrupts by {other:?}"),
        }
        *(if force { &mut run.forced } else { &mut run.signalled }) = Some(now);
    }

    fn spawn(&mut self, worker: WorkerId, generation: Generation) {
        assert!(!self.winding_up(), "spawns at the end");
        let latest = self.generations.insert(worker, generation);
        assert_eq!(generation.0, latest.map_or(0, |latest| latest.0) + 1, "generations count");
        assert!(self.threads.keys().all(|key| key.0 != worker), "two live workers in a slot");
        let thread = Thread {
            life: Life::Starting,
            runs: BTreeMap::new(),
            served: 0,
            draining: false,
            idle_since: self.now,
            last_heartbeat: self.now,
            heartbeat_requested: false,
            request_due: false,
            unanswered_for: Duration::ZERO,
        };
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
        assert!(why != Retirement::MaxTasks || thread.draining);
        thread.life = Life::Retiring(now);
        if why == Retirement::Shutdown {
            self.begin_end();
        }
    }

    fn abandon(&mut self, key: Key) {
        let (now, grace) = (self.now, self.config.terminate_grace);
        let thread = &self.threads[&key];
        let silent = |since: Option<Instant>| since.is_some_and(|since| since + grace <= now);
        let before_input = match thread.life {
            Life::Retiring(since) => Some(since),
            _ => None,
        };
        if self.step.zombie.take() == Some(key) {
            return self.lose(key, Exit::Zombie, Blame::All);
        }
        let unresponsive = thread.runs.values().any(|run| silent(run.forced));
        assert!(unresponsive || silent(before_input), "abandoned within its grace");
        self.lose(key, Exit::Unresponsive, Blame::One(None));
    }

    fn request_heartbeat(&mut self, worker: WorkerId, generation: Generation) {
        assert!(self.step.round, "heartbeat_requested out of turn");
        let thread = self.thread(worker, generation);
        assert!(!thread.heartbeat_requested, "heartbeat_requested twice");
        (thread.heartbeat_requested, thread.request_due) = (true, false);
    }

    fn zombie(&mut self, key: Key, silent_for: Duration, tasks: &[TaskId]) {
        let thread = &self.threads[&key];
        assert!(
            thread.heartbeat_requested && thread.unanswered_for >= self.limit(thread),
            "a zombie before its time"
        );
        assert_eq!(silent_for, self.now - thread.last_heartbeat);
        let runs = thread.runs.keys().copied();
        let runs = runs.filter(|id| self.tasks[id].stage != Stage::Settled);
        assert!(tasks.iter().copied().collect::<BTreeSet<_>>().into_iter().eq(runs));
        assert_eq!(self.step.zombie.replace(key), None);
        self.counts.zombies_detected += 1;
    }

    pub(super) fn limit(&self, thread: &Thread) -> Duration {
        let limit = self.config.zombie_threshold;
        if thread.life == Life::Ready { limit } else { limit.max(START_STOP_THRESHOLD) }
    }

    fn event(&mut self, event: &Event) {
        match event {
            &Event::TaskRetried { task, attempt, delay } => {
                let Some(Verdict::Retry(worker, failure)) = self.verdicts.remove(&task) else {
                    panic!("{task:?} is retried for no reason");
                };
                let known = self.tasks.get_mut(&task).expect("the task is known");
                assert_eq!(attempt, known.attempts + 1);
                let (attempt, worker, at) = (known.attempts, Some(worker), self.now);
                known.failures.push(FailedAttempt { attempt, failure, worker, at });
                let retry = known.task.retry;
                let longest = (0..known.attempts - 1)
                    .fold(retry.backoff, |d, _| d * 2)
                    .min(retry.max_backoff);
                let shortest = longest.mul_f64(1.0 - retry.jitter);
                assert!(delay <= longest && delay + Duration::from_nanos(2) >= shortest);
                known.stage = Stage::Waiting;
                self.waiting.insert(task, self.now + delay);
                self.step.deep |= delay.is_zero();
                self.counts.retried += 1;
            }
            Event::Backpressure { depth, limit } => {
                assert!(!self.under_backpressure && depth >= limit && *depth == self.waiting.len());
                self.under_backpressure = true;
            }
            Event::Drain => {
                assert!(self.under_backpressure && self.waiting.is_empty());
                self.under_backpressure = false;
            }
            Event::WorkerRestarted { .. } => self.counts.workers_restarted += 1,
            &Event::WorkerExited { worker, generation, exit } => {
                assert_eq!(self.step.exits.remove(&(worker, generation)), Some(exit));
            }
            Event::ZombieDetected { worker, generation, silent_for, tasks } => {
                self.zombie((*worker, *generation), *silent_for, tasks);
            }
            Event::TaskDeadLettered { .. } | Event::DeadLetterDropped { .. } => {
                self.dead_letters.said(event);
            }
            Event::CircuitOpened { .. } | Event::CircuitClosed { .. } => self.breakers.said(event),
            Event::ScaledUp { .. } | Event::ScaledDown { .. } => {
                // The number was chosen before the task arrived.
                let arriving = self.step.arriving.filter(|id| self.waiting.contains_key(id));
                self.scaling.said(event, self.need(arriving), self.now);
            }
            _ => {}
        }
    }
}

/// Returns whether a task with this failure becomes a dead letter.
fn is_death(failure: &Failure<u64>) -> bool {
    !matches!(
        failure,
        Failure::QueueFull { .. }
            | Failure::QueueTimeout { .. }
            | Failure::Aborted
            | Failure::Closed
    )
}
