//! The work of the scheduler and of the histograms for a task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use isolane::metrics::{Recorder, TaskTimes};
use isolane::scheduler::{
    Balance, Config, DeadLetterLimits, Effect, EventFilter, Input, Outcome, Priority, Random,
    Retry, Scheduler, Task, TaskId, Timing, WorkerId,
};

use super::{Case, measured};

pub const CASES: &[Case] = &[
    Case { name: "scheduler: submit, start and finish", run: alone },
    Case { name: "scheduler: finish and start the next of a queue", run: from_queue },
    Case { name: "scheduler: queue behind 1,000,000 of all priorities", run: push },
    Case { name: "scheduler: start from 1,000,000 of all priorities", run: pop },
    Case { name: "scheduler: abort one of 1,000,000", run: remove },
    Case { name: "scheduler: finish and start with 1,000 in flight", run: crowded },
    Case { name: "scheduler: run into the timeout", run: overdue },
    Case { name: "metrics: record a task", run: record },
];

const SOME: u32 = 10_000;
const MILLION: u64 = 1_000_000;

struct Bench {
    scheduler: Scheduler<Arc<u64>, u64>,
    now: Instant,
    effects: Vec<Effect<Arc<u64>, u64>>,
    kind: Arc<str>,
    payload: Arc<u64>,
    submitted: u64,
}

impl Bench {
    /// The defaults of `lib/options/options.js`, with two workers.
    fn new(tasks_per_worker: usize) -> Self {
        let config = Config {
            size: 2,
            min_workers: 1,
            max_workers: 8,
            tasks_per_worker,
            max_queue: usize::MAX,
            balance: Balance::LeastLoaded,
            abort_grace: Duration::from_secs(1),
            terminate_grace: Duration::from_secs(5),
            max_tasks_per_worker: None,
            auto_restart: true,
            max_restart_attempts: 3,
            restart_cooldown: Duration::from_secs(5),
            max_abandoned: 100,
            heartbeat: Duration::from_secs(5),
            zombie_threshold: Duration::from_secs(30),
            dead_letters: DeadLetterLimits { max: 100, max_weight: 64 << 20 },
            breaker: None,
            auto_scale: None,
            seed: 1,
        };
        let (now, mut effects) = (Instant::now(), Vec::new());
        let mut scheduler = Scheduler::new(config, now, &mut effects);
        // There is no listener.
        scheduler.set_event_filter(EventFilter { started: false, completed: false });
        let mut bench = Self {
            scheduler,
            now,
            effects,
            kind: "default".into(),
            payload: Arc::new(0),
            submitted: 0,
        };
        let workers: Vec<_> = bench.scheduler.workers().collect();
        for view in workers {
            bench.tell(Input::Ready { worker: view.worker, generation: view.generation });
        }
        bench
    }

    /// Drops the effects of the previous input.
    fn tell(&mut self, input: Input<Arc<u64>, u64>) {
        self.effects.clear();
        // The distance of tiny tasks.
        self.now += Duration::from_micros(1);
        self.scheduler.handle(input, self.now, &mut self.effects);
    }

    /// Returns the id of the task.
    fn submit(&mut self, priority: u8) -> u64 {
        self.submitted += 1;
        let retry = Retry {
            max_retries: 3,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(30),
            jitter: 0.5,
        };
        self.tell(Input::Submit(Task {
            id: TaskId(self.submitted),
            kind: self.kind.clone(),
            priority: Priority(priority),
            delay: Duration::ZERO,
            timeout: Some(Duration::from_secs(300)),
            queue_timeout: None,
            retry,
            longest_idle_first: false,
            payload: self.payload.clone(),
        }));
        self.submitted
    }

    /// Fills the queue with tasks of all priorities.
    fn submit_many(&mut self, count: u64, random: &mut Random) {
        for _ in 0..count {
            let priority = any_priority(random);
            self.submit(priority);
        }
    }

    /// Returns the latest assignment: worker and task.
    fn assigned(&self) -> Option<(WorkerId, u64)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Assign { worker, task, .. } => Some((*worker, task.0)),
            _ => None,
        })
    }

    fn finish(&mut self, worker: WorkerId, task: u64) {
        let generation = self.scheduler.worker(worker).unwrap().generation;
        self.tell(Input::Finished {
            worker,
            generation,
            task: TaskId(task),
            attempt: 1,
            outcome: Outcome::Done(task),
            retire: None,
        });
    }
}

fn any_priority(random: &mut Random) -> u8 {
    (random.bits() % 101) as u8
}

fn alone(announce: &dyn Fn(u32)) {
    let mut bench = Bench::new(1);
    announce(SOME);
    measured(SOME, |_| {
        let task = bench.submit(10);
        bench.finish(WorkerId(0), task);
    });
}

fn from_queue(announce: &dyn Fn(u32)) {
    let mut bench = Bench::new(1);
    for _ in 0..SOME + 2 {
        bench.submit(10);
    }
    announce(SOME);
    let mut running = [(WorkerId(0), 1), (WorkerId(1), 2)];
    measured(SOME, |number| {
        let (worker, task) = running[number as usize % 2];
        bench.finish(worker, task);
        running[number as usize % 2] = bench.assigned().unwrap();
    });
}

fn push(announce: &dyn Fn(u32)) {
    let mut bench = Bench::new(1);
    let mut random = Random::new(1);
    bench.submit_many(MILLION, &mut random);
    announce(SOME);
    measured(SOME, |_| {
        bench.submit(any_priority(&mut random));
    });
}

fn pop(announce: &dyn Fn(u32)) {
    let mut bench = Bench::new(1);
    bench.submit_many(MILLION, &mut Random::new(1));
    announce(SOME);
    let mut task = 1;
    measured(SOME, |_| {
        bench.finish(WorkerId(0), task);
        task = bench.assigned().unwrap().1;
    });
}

fn remove(announce: &dyn Fn(u32)) {
    let mut bench = Bench::new(1);
    let mut random = Random::new(1);
    bench.submit_many(MILLION, &mut random);
    announce(SOME);
    measured(SOME, |_| {
        bench.tell(Input::Abort(TaskId(1 + random.bits() % MILLION)));
    });
}

fn crowded(announce: &dyn Fn(u32)) {
    let mut bench = Bench::new(1_000);
    let mut random = Random::new(1);
    let mut running = Vec::new();
    for _ in 0..2_000 {
        bench.submit(10);
        running.push(bench.assigned().unwrap());
    }
    bench.submit_many(u64::from(SOME), &mut random);
    announce(SOME);
    measured(SOME, |_| {
        let any = (random.bits() % 2_000) as usize;
        let (worker, task) = running[any];
        bench.finish(worker, task);
        running[any] = bench.assigned().unwrap();
    });
}

fn overdue(announce: &dyn Fn(u32)) {
    let mut bench = Bench::new(SOME as usize);
    for _ in 0..SOME {
        bench.submit(10);
    }
    announce(SOME);
    bench.now += Duration::from_secs(299);
    measured(SOME, |_| {
        // Each tick passes the timeout of a hundred tasks, which were submitted 1 µs apart.
        bench.now += Duration::from_micros(100);
        bench.tell(Input::Tick);
    });
}

fn record(announce: &dyn Fn(u32)) {
    let mut bench = Bench::new(1);
    let task = bench.submit(10);
    bench.finish(WorkerId(0), task);
    let timing = bench.effects.iter().find_map(|effect| match effect {
        Effect::Settle { timing, .. } => Some(*timing),
        _ => None,
    });
    let timing = timing.unwrap();
    let Timing { ran, waited, total, .. } = timing;
    let times = TaskTimes { ran: Some(ran), waited, total };
    let mut recorder = Recorder::new(bench.now);
    announce(SOME);
    measured(SOME, |_| recorder.record(&times, bench.now));
}
