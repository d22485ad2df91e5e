//! The shell round the scheduler: its lock, the worker threads, the supervisor thread.
//!
//! Whoever has news (the JavaScript thread, a worker, the supervisor) takes the one lock, tells the
//! scheduler, and has its orders to workers and its messages to JavaScript put into their boxes
//! there, so that they keep their order; JavaScript collects its own without that lock. What takes time or wakes somebody is done after the lock is
//! released. Nothing is run or logged under it.

mod bell;
mod callers;
mod chores;
mod delivery;
mod heart;
mod inbox;
mod outbox;
mod seat;
mod spin;
mod supervisor;
mod worker;

use std::collections::VecDeque;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::isolate::{self, ConsoleLine, HostCall, Job, LoadError, Memory, Reply, Spec};
use crate::metrics::Figures;
use crate::scheduler::{
    self, BreakerView, DeadLetter, Exit, Failure, Generation, Input, Priority, Stats, Task, TaskId,
    WorkerId, WorkerView,
};
use bell::Bell;
pub use delivery::{Answer, Delivery, MemoryAlarm, Topic};
use heart::{Calls, Heart};
use inbox::Inbox;
pub use outbox::Attention;
use outbox::Outbox;
use spin::Spin;

/// A pool of isolates. Dropping it without [`Pool::join`] leaves its threads to themselves.
pub struct Pool {
    shared: Arc<Shared>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

/// How a pool is made.
#[derive(Debug)]
pub struct Config {
    pub scheduler: scheduler::Config,
    pub isolate: Spec,
    /// How long an isolate may take to load the worker script.
    pub start_limit: Duration,
}

/// The state of a pool at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub stats: Stats,
    pub figures: Figures,
    pub workers: Vec<(WorkerView, Memory)>,
    pub by_priority: Vec<(Priority, usize)>,
    pub oldest_wait: Option<Duration>,
    pub uptime: Duration,
    /// Panics of isolate threads since the start.
    pub panics: u64,
    /// Isolates lost to V8's fatal errors, such as a lack of memory, since the start.
    pub fatal_errors: u64,
    /// Isolates that were made in the place of another one on the same thread, since the start.
    pub renewed: u64,
    /// Circuit breakers of types that failed last.
    pub breakers: Vec<BreakerView>,
    /// Workers wanted.
    pub size: usize,
    /// Host calls that wait for an answer, and attempts in flight that have called.
    pub open_calls: usize,
    pub callers: usize,
}

/// A task that failed for good.
#[derive(Clone, Debug)]
pub struct Letter {
    pub task: TaskId,
    pub job: Job,
    pub priority: Priority,
    /// Started and not given back.
    pub attempts: u32,
    /// How long ago it was submitted, and failed.
    pub submitted: Duration,
    pub died: Duration,
    /// Oldest first.
    pub errors: Vec<LetterError>,
}

/// How an attempt, or a task that had none, failed.
#[derive(Clone, Debug)]
pub struct LetterError {
    pub attempt: u32,
    pub failure: Failure<Answer>,
    pub worker: Option<WorkerId>,
    /// How long ago.
    pub at: Duration,
}

impl Letter {
    fn of(letter: &DeadLetter<Job, Answer>, now: Instant) -> Self {
        let ago = |at: Instant| now.saturating_duration_since(at);
        let errors = letter.lapses.iter().map(|lapse| LetterError {
            attempt: lapse.attempt,
            failure: lapse.failure.clone(),
            worker: lapse.worker,
            at: ago(lapse.at),
        });
        let job = &letter.job;
        Self {
            task: job.id,
            job: job.payload.clone(),
            priority: job.priority,
            attempts: job.attempts,
            submitted: ago(letter.submitted),
            died: ago(letter.died),
            errors: errors.collect(),
        }
    }
}

/// What all threads of a pool share.
struct Shared {
    /// The scheduler, and with it the boxes that its decisions are put into.
    heart: Mutex<Heart>,
    inbox: Inbox,
    outbox: Arc<Outbox>,
    /// Rings the supervisor when there is an earlier deadline than it knows of.
    alarm: Condvar,
    /// Rings whoever waits for the end of the pool.
    closed: Condvar,
    isolate: Spec,
    start_limit: Duration,
    /// Keeps a worker awake for a moment after its last task.
    spin: Spin,
    /// Wakes the JavaScript thread; called once for everything that waits for it.
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Pool {
    /// Starts the workers. `wake` is called from any thread when there is something to
    /// [`collect`](Pool::collect), once until it is collected.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(config: Config, wake: Arc<dyn Fn() + Send + Sync>) -> std::io::Result<Self> {
        isolate::initialise();
        let now = Instant::now();
        let outbox = Arc::<Outbox>::default();
        let (heart, calls) =
            Heart::new(config.scheduler, config.isolate.memory_restart, outbox.clone(), now);
        let shared = Arc::new(Shared {
            heart: Mutex::new(heart),
            inbox: Inbox::default(),
            outbox,
            alarm: Condvar::new(),
            closed: Condvar::new(),
            isolate: config.isolate,
            start_limit: config.start_limit,
            spin: Spin::default(),
            wake,
        });
        let supervisor = thread::Builder::new().name("isolane-watch".into()).spawn({
            let shared = shared.clone();
            move || supervisor::run(&shared)
        })?;
        shared.make(calls);
        Ok(Self { shared, supervisor: Mutex::new(Some(supervisor)) })
    }

    /// Hands tasks over, in their order. True where some are left that the scheduler has not heard of: workers
    /// tell it of them when they have ended a task, but [`Pool::go_on`] is to follow soon.
    pub fn submit(&self, tasks: VecDeque<Task<Job>>) -> bool {
        self.shared.inbox.put(tasks);
        // As many as idle workers can take. What is more waits anyhow, and this thread has more to do.
        while self.shared.inbox.is_pending() {
            let Some(heart) = self.shared.try_heart() else { break };
            if self.shared.take_in(heart) {
                break;
            }
        }
        self.shared.inbox.is_pending()
    }

    /// Tells the scheduler of tasks that are left, for a moment, and says whether any are still.
    #[must_use]
    pub fn go_on(&self) -> bool {
        const AT_ONCE: usize = 256;
        for _ in 0..AT_ONCE {
            if !self.shared.inbox.is_pending() {
                return false;
            }
            self.shared.take_in(self.shared.heart.lock());
        }
        true
    }

    /// Tells the scheduler of all tasks that are left, before it hears of something else.
    fn catch_up(&self) {
        while self.go_on() {}
    }

    /// Ends a task, wherever it is.
    pub fn abort(&self, task: TaskId) {
        self.catch_up();
        self.shared.tell([Input::Abort(task)]);
    }

    /// Wants so many workers, within the bounds.
    pub fn scale(&self, size: usize) {
        self.catch_up();
        self.shared.tell([Input::Scale(size)]);
    }

    /// Replaces a worker after its tasks.
    pub fn restart(&self, worker: WorkerId) {
        self.catch_up();
        self.shared.tell([Input::Restart(worker)]);
    }

    /// Holds back (or no longer holds back) waiting tasks.
    pub fn pause(&self, paused: bool) {
        self.catch_up();
        self.shared.tell([if paused { Input::Pause } else { Input::Resume }]);
    }

    /// Refuses new tasks and ends the pool, after the accepted tasks or at once;
    /// [`Delivery::Closed`] says when.
    pub fn close(&self, drain: Option<Duration>) {
        self.catch_up();
        let drain_until = drain.map(|drain| Instant::now() + drain);
        self.shared.tell([Input::Close { drain_until }]);
    }

    /// The tasks that failed for good, oldest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.catch_up();
        self.shared.heart.lock().letters(Instant::now())
    }

    /// Submits a dead letter again under a new id and says whether it was accepted; if not, the letter
    /// is still there. `None` where there is no such letter.
    pub fn revive(&self, letter: TaskId, task: TaskId) -> Option<bool> {
        self.catch_up();
        let (accepted, calls) = {
            let mut heart = self.shared.heart.lock();
            if !heart.has_letter(letter) {
                return None;
            }
            let calls = heart.handle([Input::Revive { letter, task }], Instant::now());
            (!heart.has_letter(letter), calls)
        };
        self.shared.make(calls);
        Some(accepted)
    }

    /// Forgets the dead letters and returns whose they were.
    pub fn clear_letters(&self) -> Vec<TaskId> {
        self.catch_up();
        let now = Instant::now();
        let (cleared, calls) = {
            let mut heart = self.shared.heart.lock();
            (heart.letter_ids(), heart.handle([Input::ClearDeadLetters], now))
        };
        self.shared.make(calls);
        cleared
    }

    /// Whether the queue was full and is not empty yet.
    #[must_use]
    pub fn is_pressed(&self) -> bool {
        self.catch_up();
        self.shared.heart.lock().is_pressed()
    }

    /// Says which of the frequent events are wanted.
    pub fn listen(&self, topics: impl IntoIterator<Item = Topic>) {
        self.shared.outbox.listen(topics);
    }

    /// Takes everything there is for JavaScript, and notes how it waits for what comes next.
    #[must_use]
    pub fn collect(&self, attention: Attention) -> Vec<Delivery> {
        self.shared.outbox.collect(attention)
    }

    /// JavaScript looks at [`Pool::flag`] from now on.
    pub fn stay_awake(&self) {
        self.shared.outbox.stay_awake();
    }

    /// 1 where there is anything to collect, and else 0.
    #[must_use]
    pub fn flag(&self) -> &AtomicU32 {
        self.shared.outbox.flag()
    }

    /// Answers a call of a task, in the wire format. Nothing happens where nobody waits any more.
    pub fn answer(&self, call: u64, bytes: Vec<u8>) {
        let reply = self.shared.heart.lock().take_reply(call);
        if let Some(reply) = reply {
            reply.send(bytes);
        }
    }

    /// The state of now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.catch_up();
        self.shared.heart.lock().snapshot(Instant::now())
    }

    /// Ends the pool at once and waits for its threads, at most `limit`. A thread that hangs is left
    /// to itself.
    pub fn join(&self, limit: Duration) {
        let until = Instant::now() + limit;
        self.close(None);
        let mut heart = self.shared.heart.lock();
        while !heart.is_closed() {
            if self.shared.closed.wait_until(&mut heart, until).timed_out() {
                return;
            }
        }
        let threads = heart.take_threads();
        drop(heart);
        // Each of them has said its last word, so this takes no time.
        for thread in threads.into_iter().chain(self.supervisor.lock().take()) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Tells the scheduler what happened, and does what follows.
    fn tell(self: &Arc<Self>, inputs: impl IntoIterator<Item = Input<Job, Answer>>) {
        let calls = self.heart.lock().handle(inputs, Instant::now());
        self.make(calls);
    }

    /// Tells the scheduler of some tasks in the inbox. Not of all: the lock is given up now and then, so that a
    /// burst does not hold back the workers. Says whether any task waits for a worker now.
    fn take_in(self: &Arc<Self>, mut heart: MutexGuard<Heart>) -> bool {
        const AT_ONCE: usize = 16;
        let calls = heart.handle(self.inbox.take(AT_ONCE), Instant::now());
        let is_crowded = heart.is_crowded();
        drop(heart);
        self.make(calls);
        is_crowded
    }

    /// The heart, if it is free or becomes so at once.
    fn try_heart(&self) -> Option<MutexGuard<'_, Heart>> {
        // About a microsecond, as long as somebody has it.
        const TRIES: usize = 32;
        for _ in 0..TRIES {
            let heart = self.heart.try_lock();
            if heart.is_some() {
                return heart;
            }
            spin_loop();
        }
        None
    }

    /// Hands a console line on.
    fn print(&self, worker: WorkerId, line: ConsoleLine) {
        if self.outbox.print(worker, line) {
            (self.wake)();
        }
    }

    /// Hands a call of a task on.
    fn call(&self, worker: WorkerId, generation: Generation, call: HostCall, reply: Reply) {
        let wake = self.heart.lock().call(worker, generation, call, reply);
        if wake {
            (self.wake)();
        }
    }

    /// Does what was put off until the lock is released.
    fn make(self: &Arc<Self>, calls: Calls) {
        if calls.are_none() {
            return;
        }
        for (worker, generation, bell) in calls.spawn {
            self.spawn(worker, generation, bell);
        }
        for bell in calls.ring {
            bell.ring();
        }
        drop(calls.dropped);
        for (interrupter, task, attempt) in calls.terminate {
            interrupter.terminate(task.0, attempt);
        }
        for interrupter in calls.ask {
            interrupter.request_heartbeat();
        }
        for interrupter in calls.terminate_all {
            interrupter.terminate_all();
        }
        if calls.wake {
            (self.wake)();
        }
        if calls.alarm {
            self.alarm.notify_one();
        }
        if calls.closed {
            self.closed.notify_all();
        }
    }

    fn spawn(self: &Arc<Self>, worker: WorkerId, generation: Generation, bell: Arc<Bell>) {
        let shared = self.clone();
        let thread = thread::Builder::new()
            .name(format!("isolane-{}", worker.0))
            .stack_size(worker::STACK_SIZE)
            .spawn(move || worker::run(&shared, worker, generation, &bell));
        match thread {
            Ok(thread) => self.heart.lock().set_thread(worker, generation, thread),
            Err(error) => {
                let message = format!("cannot start a thread: {error}");
                let error = LoadError { message, ..Default::default() };
                self.heart.lock().load_failed(worker, error);
                let exit = Exit::StartFailed;
                self.tell([Input::Exited { worker, generation, exit, culprit: None }]);
            }
        }
    }
}
