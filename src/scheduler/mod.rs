//! The heart: decides which task runs where and when, and what becomes of it.
//!
//! Pure: it knows no thread, clock, V8, napi or I/O. It is told what happened and when
//! ([`Input`] and an [`Instant`]), and answers with what is to be done ([`Effect`]). Whoever drives
//! it carries the effects out in their order. Payloads `P` and results `R` are opaque.

mod balance;
mod breaker;
mod flights;
mod job;
mod letters;
mod line;
mod machine;
mod moment;
mod places;
mod queue;
mod random;
mod retry;
mod rules;
mod timeouts;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use balance::Balance;
pub use breaker::{BreakerRules, BreakerState, BreakerView};
pub use job::Job;
pub use letters::{DeadLetter, DeadLetterLimits, Lapse, Weigh};
pub use machine::{Scheduler, Tells};
pub use random::Random;
pub use retry::Retry;
pub use rules::Rules;
pub use worker::{Generation, WorkerId, WorkerState, WorkerView};

/// Identifies a task; unique in a scheduler, and greater for a task that was submitted later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// How urgent a task is: 0 is first, 100 last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u8);

/// What the scheduler needs to know of a task.
#[derive(Clone, Debug)]
pub struct Task<P> {
    pub id: TaskId,
    /// Whose circuit breaker it has to pass.
    pub kind: Arc<str>,
    pub priority: Priority,
    /// Not before this long after its submission.
    pub delay: Duration,
    /// Run time of one attempt, from its start. `None` is unlimited.
    pub timeout: Option<Duration>,
    /// Time that it may wait for its first start, from its submission. `None` is unlimited.
    pub queue_timeout: Option<Duration>,
    pub retry: Retry,
    /// It uses up what a worker makes ready while it has nothing to do: of the idle workers, the one that has
    /// rested longest gets it.
    pub rested: bool,
    pub payload: P,
}

/// The fixed rules of a scheduler.
#[derive(Clone, Debug)]
pub struct Config {
    /// Workers at the start. Sizes are clamped to the bounds, and to one at least.
    pub size: usize,
    pub min_workers: usize,
    pub max_workers: usize,
    /// Tasks that one worker may have in flight.
    pub tasks_per_worker: usize,
    /// Waiting tasks allowed, delayed and retried ones included; a retry is never refused.
    pub max_queue: usize,
    pub balance: Balance,
    /// From a cooperative signal to the forced end of an aborted task.
    pub abort_grace: Duration,
    /// From a forced end to giving the worker up because it did not answer.
    pub terminate_grace: Duration,
    /// A worker is replaced after so many tasks.
    pub max_tasks_per_worker: Option<u64>,
    /// Whether lost workers are replaced.
    pub auto_restart: bool,
    /// Losses in a row without a finished task after which a slot stays down.
    pub max_restart_attempts: u32,
    /// From a loss to the replacement, for the second and later losses in a row.
    pub restart_cooldown: Duration,
    /// Workers given up, and not come back, from which on lost workers are no longer replaced: each
    /// keeps its memory.
    pub max_abandoned: usize,
    /// How often a worker is asked for a sign of life; more often where the threshold is below four
    /// times of it.
    pub heartbeat: Duration,
    /// Silence after which a worker is a zombie.
    pub zombie_threshold: Duration,
    pub letters: DeadLetterLimits,
    /// `None`: no type is held back.
    pub breaker: Option<BreakerRules>,
    pub auto_scale: Option<AutoScale>,
    /// Seed of the jitter.
    pub seed: u64,
}

/// When the scheduler changes the number of workers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoScale {
    /// Tasks that wait for a worker from which on there are too few workers.
    pub queue_depth: usize,
    /// A worker that had nothing to do for so long is one too many.
    pub idle: Duration,
    /// From one change to the next.
    pub cooldown: Duration,
}

/// What happened.
#[derive(Debug)]
pub enum Input<P, R> {
    Submit(Task<P>),
    /// Submits the task of a dead letter again under a new id. The letter is gone if it is accepted.
    /// Where there is no such letter, there is no such task.
    Revive {
        letter: TaskId,
        task: TaskId,
    },
    ClearDeadLetters,
    /// A worker answered [`Effect::Ask`].
    Beat {
        worker: WorkerId,
        generation: Generation,
    },
    /// A worker finished its start.
    Ready {
        worker: WorkerId,
        generation: Generation,
    },
    /// A worker ended the attempt that [`Effect::Assign`] named; without `attempt`, a second answer
    /// could pass for that of a retry. `retire` names why its isolate must not be used again.
    Finished {
        worker: WorkerId,
        generation: Generation,
        task: TaskId,
        attempt: u32,
        outcome: Outcome<R>,
        retire: Option<Retirement>,
    },
    /// A worker's isolate and thread are gone: it ended as told, failed to start, or died.
    /// `culprit` is the task that killed it; the others in flight keep their attempt.
    Exited {
        worker: WorkerId,
        generation: Generation,
        exit: Exit,
        culprit: Option<TaskId>,
    },
    /// The caller wants a task to end.
    Abort(TaskId),
    /// Wanted number of workers, clamped to the bounds.
    Scale(usize),
    /// Replace this worker after its tasks.
    Restart(WorkerId),
    /// Start no task until `Resume`.
    Pause,
    Resume,
    /// Nothing but the time.
    Tick,
    /// Refuse new tasks. With a deadline the accepted ones may end until then.
    Close {
        drain_until: Option<Instant>,
    },
}

/// How one attempt ended.
#[derive(Clone, Debug)]
pub enum Outcome<R> {
    Done(R),
    /// The task threw; `retryable` is false for what would fail the same way again.
    Failed {
        error: R,
        retryable: bool,
    },
    /// It was ended by [`Effect::Interrupt`].
    Interrupted,
    /// It went over the memory of its isolate.
    MemoryLimit,
}

/// Why an isolate is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retirement {
    MemoryLimit,
    /// Over the restart threshold after a task.
    MemoryThreshold,
    /// Realms of tasks that are over are held by something.
    DetachedRealms,
    /// Timers, promises or calls of an ended task are left in it.
    PendingWork,
    /// It ran its allotted number of tasks.
    MaxTasks,
    /// The pool shrinks.
    ScaleDown,
    /// Asked for with [`Input::Restart`].
    Restart,
    Shutdown,
}

/// How a worker came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As told by [`Effect::Retire`].
    Retired(Retirement),
    /// The isolate could not be made or its modules not loaded.
    StartFailed,
    /// A panic on its thread.
    Panicked,
    /// It ran out of memory where V8 cannot throw; its thread never ends.
    OutOfMemory,
    /// V8 found itself in a state that must not be; its thread never ends.
    Fatal,
    /// It did not answer a forced end, and was given up.
    Unresponsive,
    /// It gave no sign of life, and was given up.
    Zombie,
}

impl Exit {
    /// Whether the isolate, and mostly its thread, stay behind in the process.
    #[must_use]
    pub fn leaves_remains(self) -> bool {
        !matches!(self, Self::Retired(_) | Self::StartFailed)
    }
}

/// Why an attempt is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    Timeout,
    Abort,
    Shutdown,
}

/// Why a task failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure<R> {
    /// It threw on its last attempt.
    Failed(R),
    QueueFull {
        limit: usize,
    },
    QueueTimeout {
        waited: Duration,
    },
    Timeout {
        limit: Duration,
    },
    MemoryLimit,
    Aborted,
    WorkerLost,
    /// Tasks of its kind failed too often; the breaker lets the next one through after this.
    CircuitOpen {
        retry_after: Duration,
    },
    Closed,
}

/// Times of a settled task, for the histograms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From becoming due (by submission, or by the end of a delay or backoff) to its last start,
    /// or to its settlement if it was waiting.
    pub waited: Duration,
    /// Of its last attempt; zero if it was waiting.
    pub ran: Duration,
    /// From submission to settlement.
    pub total: Duration,
    /// Attempts that were started, less those given back because another task killed the worker.
    pub attempts: u32,
}

/// What is to be done, in this order.
#[derive(Debug)]
pub enum Effect<P, R> {
    Assign {
        worker: WorkerId,
        generation: Generation,
        task: TaskId,
        attempt: u32,
        payload: P,
    },
    Settle {
        task: TaskId,
        result: Result<R, Failure<R>>,
        timing: Timing,
        /// It is among the dead letters.
        kept: bool,
    },
    /// `force` false: tell the task through its signal; true: end it now. Void if this attempt is
    /// no longer what the worker runs: it may have ended, and a retry of the task have begun.
    Interrupt {
        worker: WorkerId,
        generation: Generation,
        task: TaskId,
        attempt: u32,
        why: Interruption,
        force: bool,
    },
    /// Start a thread and an isolate for this worker.
    Spawn {
        worker: WorkerId,
        generation: Generation,
    },
    /// End this worker's isolate and thread; nothing is in flight on it. Answered by `Exited`.
    Retire {
        worker: WorkerId,
        generation: Generation,
        why: Retirement,
    },
    /// Forget this worker: its thread may hang for ever. If it ends after all, `Exited` says so.
    Abandon {
        worker: WorkerId,
        generation: Generation,
    },
    /// Ask this worker for a sign of life, to be answered by [`Input::Beat`], also in the middle of a
    /// task.
    Ask {
        worker: WorkerId,
        generation: Generation,
    },
    Emit(Event),
    /// All tasks are settled and all workers gone, after `Close`. Nothing follows but refusals.
    Closed,
}

/// What a listener may want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    TaskStarted {
        task: TaskId,
        worker: WorkerId,
        attempt: u32,
        waited: Duration,
    },
    TaskCompleted {
        task: TaskId,
        worker: WorkerId,
        attempt: u32,
        ran: Duration,
    },
    /// `retried` true: another attempt follows.
    TaskFailed {
        task: TaskId,
        worker: Option<WorkerId>,
        attempt: u32,
        retried: bool,
    },
    /// `attempt` starts after `delay`, when a worker has room.
    TaskRetried {
        task: TaskId,
        attempt: u32,
        delay: Duration,
    },
    /// It failed for good and can be looked at and submitted again; `letters` are there now.
    TaskDeadLettered {
        task: TaskId,
        attempt: u32,
        letters: usize,
    },
    /// A dead letter made room for a newer one, or was too large to be kept.
    DeadLetterDropped {
        task: TaskId,
    },
    WorkerReady {
        worker: WorkerId,
        generation: Generation,
    },
    /// It was silent for so long, with these tasks in flight.
    ZombieDetected {
        worker: WorkerId,
        generation: Generation,
        silent: Duration,
        tasks: Vec<TaskId>,
    },
    WorkerRestarted {
        worker: WorkerId,
        generation: Generation,
        after: Exit,
    },
    WorkerExited {
        worker: WorkerId,
        generation: Generation,
        exit: Exit,
    },
    /// The slot stays down after `failures` losses in a row.
    WorkerDown {
        worker: WorkerId,
        failures: u32,
    },
    /// `automatic`: by [`AutoScale`].
    ScaledUp {
        from: usize,
        to: usize,
        automatic: bool,
    },
    ScaledDown {
        from: usize,
        to: usize,
        automatic: bool,
    },
    /// So many attempts of this kind failed in a row, or the one that was let through to try.
    CircuitOpened {
        kind: Arc<str>,
        failures: u32,
        retry_after: Duration,
    },
    CircuitClosed {
        kind: Arc<str>,
    },
    /// The queue reached its limit; `Drain` follows when it is empty again.
    Backpressure {
        depth: usize,
        limit: usize,
    },
    Drain,
}

/// Counters since the start, and gauges of now.
///
/// Each submitted task is in exactly one of `completed`, `failed`, `timed_out`, `aborted`,
/// `rejected`, `queued`, `delayed` and `running`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub submitted: u64,
    pub completed: u64,
    /// For good: it threw, went over its memory, lost its worker or met an open breaker.
    pub failed: u64,
    /// Attempts that another one followed.
    pub retried: u64,
    /// For good, waiting or running.
    pub timed_out: u64,
    /// By their callers or by the shutdown.
    pub aborted: u64,
    /// At their submission.
    pub rejected: u64,
    /// Due and waiting for a worker.
    pub queued: usize,
    /// Not due yet: delayed or held back for a retry.
    pub delayed: usize,
    /// Started and not settled.
    pub running: usize,
    pub dead_letters: usize,
    pub dead_letters_dropped: u64,
    pub workers_spawned: u64,
    pub workers_restarted: u64,
    /// Since the start.
    pub zombies_detected: u64,
    /// Of them, those whose thread has not come back.
    pub zombies: usize,
    /// Workers whose isolate stays in the process, zombies among them.
    pub abandoned: usize,
    pub circuits_opened: u64,
}
