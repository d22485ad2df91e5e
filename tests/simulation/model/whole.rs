//! Checks the whole state once all effects of an input are known.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use isolane::scheduler::{Exit, Priority, Scheduler, Stats, TaskId, WorkerState, WorkerView};

use super::scaling::Need;
use super::{Key, Life, Model, Stage};

impl Model {
    /// Compares the scheduler with the model once all effects of an input are known.
    pub fn check(&mut self, scheduler: &Scheduler<u64, u64>) {
        let undecided: Vec<_> = self.verdicts.keys().collect();
        assert!(undecided.is_empty(), "{undecided:?} are left without a decision");
        if let (Some(letter), Some(task)) = (self.step.retrying, self.step.arriving)
            && self.tasks[&task].stage != Stage::Settled
        {
            self.dead_letters.remove(letter);
        }
        if let Some(task) = self.step.aborting.and_then(|id| self.tasks.get(&id)) {
            assert_eq!(task.stage, Stage::Settled, "aborted and not settled");
        }
        assert!(self.step.exits.is_empty(), "{:?} are not before_input of", self.step.exits);
        self.check_workers(scheduler);
        let due = self.due();
        self.check_waiting(scheduler, &due);
        self.check_counts(scheduler, &due);
        if self.ending() || scheduler.is_idle() {
            self.begin_end();
        }
        self.check_time(scheduler);
        self.dead_letters.check(scheduler);
        self.breakers.check(scheduler, self.now);
        self.scaling.check(self.need(None), self.now, scheduler.next_tick());
        assert_eq!(scheduler.size(), self.scaling.size);
    }

    pub(super) fn need(&self, arriving: Option<TaskId>) -> Need {
        // While workers start, none is surplus.
        let settled = self.threads.values().all(|thread| thread.life != Life::Starting);
        let idle = self.threads.values().filter(|thread| settled && thread.is_idle());
        let depth = self.depth(arriving);
        Need {
            depth,
            pressure: if self.paused { 0 } else { depth },
            deep: self.step.deep,
            idle: idle.map(|thread| self.now - thread.idle_since).max(),
            abandoned_limit_reached: !self.abandoned.is_empty()
                && self.abandoned.len() >= self.config.max_abandoned,
            open: self.close.is_none(),
        }
    }

    /// Returns how many tasks wait for a worker, without this one.
    pub(super) fn depth(&self, arriving: Option<TaskId>) -> usize {
        let due = |(id, due): &(&TaskId, &Instant)| **due <= self.now && Some(**id) != arriving;
        self.waiting.iter().filter(due).count()
    }

    /// Returns the tasks that wait for a worker, in their order.
    pub(super) fn due(&self) -> BTreeSet<(Priority, TaskId)> {
        let due = self.waiting.iter().filter(|(_, due)| **due <= self.now);
        due.map(|(id, _)| (self.tasks[id].task.priority, *id)).collect()
    }

    fn check_workers(&mut self, scheduler: &Scheduler<u64, u64>) {
        use WorkerState::{Cooling, Down, Draining, Gone, Ready, Retiring, Starting};
        let views: Vec<WorkerView> = scheduler.workers().collect();
        let live = views
            .iter()
            .filter(|view| matches!(view.state, Starting | Ready | Draining | Retiring));
        let live: BTreeMap<Key, &WorkerView> =
            live.map(|view| ((view.worker, view.generation), view)).collect();
        assert!(live.keys().eq(self.threads.keys()), "other workers live: {live:?}");
        let mut has_room = false;
        for (key, thread) in &self.threads {
            let view = live[key];
            assert_eq!(
                (view.in_flight, view.last_heartbeat),
                (thread.runs.len(), thread.last_heartbeat)
            );
            assert!(!thread.request_due, "{key:?} is not heartbeat_requested for a sign of life");
            // A worker that was starting until now has another threshold from the next round on.
            let is_judged =
                thread.life != Life::Retiring(self.now) && !thread.unanswered_for.is_zero();
            let is_zombie =
                self.step.round && is_judged && thread.unanswered_for >= self.limit(thread);
            assert!(!is_zombie, "{key:?} is a zombie, and nobody says so");
            let fits = match thread.life {
                Life::Starting => view.state == Starting,
                Life::Ready => matches!(view.state, Ready | Draining),
                Life::Retiring(_) => view.state == Retiring,
            };
            assert!(fits, "{key:?} is {:?} and not {:?}", view.state, thread.life);
            assert!(view.state != Draining || !thread.runs.is_empty(), "drained and not retired");
            assert!(!thread.draining || view.state != Ready, "draining and in use");
            let taken = thread.served + thread.runs.len() as u64;
            has_room |= view.state == Ready
                && thread.runs.len() < self.config.tasks_per_worker
                && self.config.max_tasks_per_worker.is_none_or(|max| taken < max);
        }
        self.check_slots(&views);
        if has_room && !self.paused {
            for (_, id) in self.due() {
                self.hold_back(id, "a worker has room");
            }
        }
        let hopeless = views.iter().all(|view| matches!(view.state, Down | Gone));
        assert!(!hopeless || self.waiting.is_empty(), "tasks wait for nothing");
        if self.step.gave_up_waiting {
            let usable = views.iter().find(|view| matches!(view.state, Starting | Ready | Cooling));
            assert_eq!(usable, None, "gave tasks up with a worker left");
        }
    }

    fn check_slots(&self, views: &[WorkerView]) {
        use WorkerState::{Cooling, Down, Ready, Starting};
        let config = &self.config;
        for view in views {
            let abandoned_limit_reached = self
                .abandoned_limit_reached
                .get(&view.worker)
                .is_some_and(|abandoned_limit_reached| *abandoned_limit_reached);
            let is_last = !config.auto_restart || view.failures >= config.max_restart_attempts;
            match view.state {
                Cooling => {
                    assert!(!abandoned_limit_reached && !is_last, "{view:?} is to be replaced");
                }
                Down => assert!(abandoned_limit_reached || is_last, "{view:?} is not replaced"),
                _ => {}
            }
        }
        let used = views.iter().filter(|v| matches!(v.state, Starting | Ready | Cooling | Down));
        assert!(self.closing() || used.count() <= self.scaling.size, "more than are wanted");
    }

    fn check_waiting(&self, scheduler: &Scheduler<u64, u64>, due: &BTreeSet<(Priority, TaskId)>) {
        let (depth, limit) = (self.waiting.len(), self.config.max_queue);
        if let Some(id) = self.step.arriving
            && self.waiting.contains_key(&id)
        {
            assert!(depth <= limit, "the queue is longer than its limit");
            let kind = &self.tasks[&id].task.kind;
            assert_eq!(self.breakers.refusal(kind, self.now), None, "accepts what is held back");
        }
        assert!(self.under_backpressure || depth < limit || depth == 0, "no Backpressure");
        assert!(!self.under_backpressure || depth > 0, "no Drain");
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
            running: runs.filter(|id| self.tasks[id].stage != Stage::Settled).count(),
            dead_letters: self.dead_letters.len(),
            dead_letters_dropped: self.dead_letters.dropped,
            zombies: self.abandoned.values().filter(|exit| **exit == Exit::Zombie).count(),
            abandoned: self.abandoned.len(),
            circuits_opened: self.breakers.opened,
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
        if self.closed {
            assert_eq!(scheduler.next_tick(), None, "ticks after Closed");
        } else if let Some(at) = self.next() {
            // A span of zero may have begun in this step.
            assert!(at >= self.now, "something was due {:?} ago and not done", self.now - at);
            assert!(scheduler.next_tick().is_some_and(|tick| tick <= at), "ticks too late");
        }
    }

    /// Returns when something is due without an input.
    fn next(&self) -> Option<Instant> {
        let config = &self.config;
        let close = self.close.as_ref().filter(|close| close.bound.is_none());
        let mut times = vec![self.last_heartbeat_round + self.heartbeat_interval()];
        times.extend(close.map(|close| close.drain_until));
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
                    known.stage != Stage::Settled || signalled.or(forced).is_some(),
                    "settled and not before_input"
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

    pub(super) fn begin_end(&mut self) {
        let config = &self.config;
        let bound = self.now + config.abort_grace + config.terminate_grace * 2;
        if let Some(close) = &mut self.close {
            close.bound.get_or_insert(bound);
        }
    }
}
