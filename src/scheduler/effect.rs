//! What the scheduler decides.
//!
//! Effects say what to do and never how: they hold ids and payloads, and no thread.

use super::event::Event;
use super::outcome::Failure;
use super::task::TaskId;
use super::timing::Timing;
use super::worker::exit::Retirement;
use super::worker::id::{Generation, WorkerId};

/// A decision, to be carried out by the caller. Effects are carried out in their order.
#[derive(Debug)]
pub enum Effect<P, R> {
    /// Starts an attempt on this worker.
    Assign {
        worker: WorkerId,
        generation: Generation,
        task: TaskId,
        attempt: u32,
        payload: P,
    },
    /// Reports the final result of a task.
    Settle {
        task: TaskId,
        result: Result<R, Failure<R>>,
        timing: Timing,
        /// Whether the task was added to the dead letters.
        dead_lettered: bool,
    },
    /// Interrupts an attempt: with `force` it is ended now, without it the task is told through its
    /// signal.
    ///
    /// Has no effect if the worker no longer runs this attempt: it may have ended, and a retry of the
    /// same task may have started.
    Interrupt {
        worker: WorkerId,
        generation: Generation,
        task: TaskId,
        attempt: u32,
        why: Interruption,
        force: bool,
    },
    /// Starts a thread with an isolate for this worker.
    Spawn {
        worker: WorkerId,
        generation: Generation,
    },
    /// Ends the isolate and the thread of this worker, which has nothing in flight. The worker answers
    /// with [`Input::Exited`](super::Input::Exited).
    Retire {
        worker: WorkerId,
        generation: Generation,
        why: Retirement,
    },
    /// Abandons this worker: its thread may hang forever. If it ends after all, it still reports
    /// [`Input::Exited`](super::Input::Exited).
    Abandon {
        worker: WorkerId,
        generation: Generation,
    },
    /// Requests a heartbeat from this worker, also in the middle of a task. The worker answers with
    /// [`Input::Heartbeat`](super::Input::Heartbeat).
    RequestHeartbeat {
        worker: WorkerId,
        generation: Generation,
    },
    Emit(Event),
    /// All tasks are settled and all workers gone, after [`Input::Close`](super::Input::Close). Only
    /// refusals follow.
    Closed,
}

/// The reason why an attempt is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    Timeout,
    Abort,
    Shutdown,
}
