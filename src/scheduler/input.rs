//! What the scheduler is told.
//!
//! Inputs name the worker by id and generation, so that a late one has no effect.

use std::time::Instant;

use super::outcome::Outcome;
use super::task::{Task, TaskId};
use super::worker::exit::{Exit, Retirement};
use super::worker::id::{Generation, WorkerId};

/// Something that happened, for [`Scheduler::handle`](super::Scheduler::handle).
#[derive(Debug)]
pub enum Input<P, R> {
    Submit(Task<P>),
    /// Submits the task of a dead letter again under the id `task`.
    ///
    /// The dead letter is removed if the task is accepted. Has no effect if there is no such dead
    /// letter.
    RetryDeadLetter {
        dead_letter: TaskId,
        task: TaskId,
    },
    ClearDeadLetters,
    /// A worker answered [`Effect::RequestHeartbeat`](super::Effect::RequestHeartbeat).
    Heartbeat {
        worker: WorkerId,
        generation: Generation,
    },
    /// A worker finished its start.
    Ready {
        worker: WorkerId,
        generation: Generation,
    },
    /// A worker ended the attempt that [`Effect::Assign`](super::Effect::Assign) named.
    ///
    /// Without `attempt`, a second answer could be taken for that of a retry. `retire` is the reason
    /// why the isolate must not be used again.
    Finished {
        worker: WorkerId,
        generation: Generation,
        task: TaskId,
        attempt: u32,
        outcome: Outcome<R>,
        retire: Option<Retirement>,
    },
    /// The isolate and the thread of a worker are gone: it retired, failed to start, or died.
    ///
    /// `culprit` is the task that killed it. The other tasks in flight keep their attempt.
    Exited {
        worker: WorkerId,
        generation: Generation,
        exit: Exit,
        culprit: Option<TaskId>,
    },
    /// The caller aborts a task.
    Abort(TaskId),
    /// Sets the number of workers, clamped to the limits.
    Scale(usize),
    /// Replaces this worker after its tasks.
    Restart(WorkerId),
    /// Starts no task until [`Input::Resume`].
    Pause,
    Resume,
    /// Only the time has passed.
    Tick,
    /// Refuses new tasks and ends the pool.
    ///
    /// With a deadline, accepted tasks may finish until then; without one they are ended at once.
    Close {
        drain_until: Option<Instant>,
    },
}
