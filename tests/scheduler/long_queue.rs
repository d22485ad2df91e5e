//! A million waiting tasks: the memory that each takes, and the time of each operation.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use isolane::scheduler::{
    Config, Effect, Exit, Generation, Input, Outcome, Priority, Random, Scheduler, Task, TaskId,
    WorkerId,
};

use super::rig::{config, ms, task};
use crate::counting;

const MILLION: u64 = 1_000_000;

/// Besides the payload: the job with its position in the FIFO, and the byte of the queue index.
const BYTES: u64 = 56;
/// The deadline of its queue timeout.
const DEADLINE_BYTES: u64 = 40;

/// Maximum time of a step, in which the lock of the pool is held.
const LONGEST: Duration = Duration::from_millis(10);

struct Crowd {
    scheduler: Scheduler<Arc<u64>, u64>,
    payload: Arc<u64>,
    now: Instant,
    out: Vec<Effect<Arc<u64>, u64>>,
    random: Random,
    next: u64,
}

impl Crowd {
    /// Queues a million tasks behind a worker that is starting.
    fn new(change: impl Fn(&mut Task<Arc<u64>>)) -> Self {
        Self::with(&config(), change)
    }

    fn with(config: &Config, change: impl Fn(&mut Task<Arc<u64>>)) -> Self {
        let now = Instant::now();
        let mut out = Vec::new();
        let config = Config { max_queue: usize::MAX, ..config.clone() };
        let scheduler = Scheduler::new(config, now, &mut out);
        let (payload, random) = (Arc::new(0), Random::new(1));
        let mut crowd = Self { scheduler, payload, now, out, random, next: 0 };
        for _ in 0..MILLION {
            crowd.submit(&change);
        }
        crowd
    }

    fn submit(&mut self, change: impl Fn(&mut Task<Arc<u64>>)) {
        self.next += 1;
        let task = task(self.next);
        let mut task = Task {
            id: task.id,
            kind: task.kind,
            priority: Priority((self.random.bits() % 101) as u8),
            delay: task.delay,
            timeout: Some(ms(300_000)),
            queue_timeout: None,
            retry: task.retry,
            longest_idle_first: false,
            payload: self.payload.clone(),
        };
        change(&mut task);
        self.tell(Input::Submit(task));
    }

    fn tell(&mut self, input: Input<Arc<u64>, u64>) {
        self.out.clear();
        self.scheduler.handle(input, self.now, &mut self.out);
    }

    /// Finishes the running task, so that the next one starts.
    fn go_on(&mut self) {
        let assigned = self.out.iter().find_map(|effect| match effect {
            Effect::Assign { task, attempt, .. } => Some((*task, *attempt)),
            _ => None,
        });
        let (task, attempt) = assigned.unwrap();
        let worker = WorkerId(0);
        let generation = self.scheduler.worker(worker).unwrap().generation;
        let outcome = Outcome::Done(0);
        self.tell(Input::Finished { worker, generation, task, attempt, outcome, retire: None });
    }

    fn ready(&mut self) {
        let worker = WorkerId(0);
        let generation = self.scheduler.worker(worker).unwrap().generation;
        self.tell(Input::Ready { worker, generation });
    }
}

/// Returns the CPU time of this thread, to a tick of the kernel.
fn worked() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let nanos = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = nanos.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Returns the longest of many steps of a kind.
fn longest(steps: u32, mut step: impl FnMut()) -> Duration {
    let once = |step: &mut dyn FnMut()| {
        let start = worked();
        step();
        worked().saturating_sub(start)
    };
    (0..steps).map(|_| once(&mut step)).max().unwrap_or_default()
}

/// Tries three times, because other work of the machine may interfere.
fn is_quick(what: &str, mut measure: impl FnMut() -> Duration) {
    let best = (0..3).map(|_| measure()).min().unwrap_or_default();
    assert!(best <= LONGEST, "{what} takes {best:?}");
}

#[test]
fn a_waiting_task_takes_little_memory_and_gives_it_back() {
    let before = counting::in_use();
    let mut crowd = Crowd::new(|_| {});
    let taken = counting::in_use() - before;
    assert!(taken <= MILLION * BYTES, "{} bytes each", taken / MILLION);
    // Remove 99 of 100, at random positions.
    for task in (1..=MILLION).filter(|task| task % 100 != 0) {
        crowd.tell(Input::Abort(TaskId(task)));
    }
    let left = counting::in_use() - before;
    assert!(left <= taken / 10, "{left} of {taken} bytes stay with a hundredth of the tasks");
    drop(crowd);
    assert!(counting::in_use() - before < 1 << 16, "the rest stays");
}

#[test]
fn a_queue_timeout_takes_little_memory_more() {
    let before = counting::in_use();
    let crowd = Crowd::new(|task| task.queue_timeout = Some(ms(60_000)));
    let taken = counting::in_use() - before;
    assert!(taken <= MILLION * (BYTES + DEADLINE_BYTES), "{} bytes each", taken / MILLION);
    drop(crowd);
}

#[test]
fn no_step_with_a_million_waiting_holds_the_lock_for_long() {
    let mut crowd = Crowd::new(|task| task.queue_timeout = Some(ms(600_000)));
    is_quick("a submission", || longest(10_000, || crowd.submit(|_| {})));
    is_quick("a delayed submission", || longest(10_000, || crowd.submit(|t| t.delay = ms(1_000))));
    is_quick("an abort", || {
        longest(10_000, || {
            let task = TaskId(1 + crowd.random.bits() % MILLION);
            crowd.tell(Input::Abort(task));
        })
    });
    is_quick("to look", || {
        longest(100, || {
            let scheduler = &crowd.scheduler;
            let counted: usize = scheduler.by_priority().map(|(_, count)| count).sum();
            assert!(counted > 0 && scheduler.oldest_wait(crowd.now).is_some());
            assert!(scheduler.stats().queued > 0 && scheduler.next_tick().is_some());
        })
    });
    crowd.ready();
    is_quick("the next start", || longest(10_000, || crowd.go_on()));
}

#[test]
fn a_million_whose_time_comes_at_once_are_taken_in_steps() {
    for change in [
        (|task: &mut Task<Arc<u64>>| task.queue_timeout = Some(ms(50))) as fn(&mut _),
        |task: &mut Task<Arc<u64>>| task.delay = ms(50),
    ] {
        let mut crowd = Crowd::new(change);
        crowd.now += ms(50);
        is_quick("a tick", || longest(20, || crowd.tell(Input::Tick)));
        assert_eq!(crowd.scheduler.next_tick(), Some(crowd.now), "the rest is due at once");
    }
}

#[test]
fn what_has_waited_too_long_among_very_many_does_not_start() {
    let mut crowd = Crowd::new(|task| task.queue_timeout = Some(ms(50)));
    crowd.now += ms(50);
    crowd.ready();
    assert!(crowd.scheduler.stats().timed_out < MILLION, "not all in one step");
    while crowd.scheduler.next_tick() == Some(crowd.now) {
        crowd.tell(Input::Tick);
        assert_eq!(crowd.scheduler.stats().running, 0);
    }
    assert_eq!(crowd.scheduler.stats().timed_out, MILLION);
}

#[test]
fn a_million_that_will_never_start_are_settled_in_steps() {
    let close = Input::Close { drain_until: None };
    let lose = Input::Exited {
        worker: WorkerId(0),
        generation: Generation(1),
        exit: Exit::StartFailed,
        culprit: None,
    };
    for end in [close, lose] {
        let mut crowd = Crowd::with(&Config { auto_restart: false, ..config() }, |_| {});
        let mut settled = 0;
        let mut steps = Some(end);
        let slowest = longest(1 + MILLION as u32 / 4096, || {
            crowd.tell(steps.take().unwrap_or(Input::Tick));
            let is_settled = |effect: &&_| matches!(effect, Effect::Settle { result: Err(_), .. });
            let count = crowd.out.iter().filter(is_settled).count() as u64;
            assert!(count <= 4096, "{count} in one step");
            settled += count;
            assert!(settled == MILLION || crowd.scheduler.next_tick() == Some(crowd.now));
        });
        assert_eq!(settled, MILLION);
        assert!(slowest <= LONGEST, "a step takes {slowest:?}");
    }
}
