//! What the scheduler has to do at a certain time.

use crate::scheduler::task::TaskId;
use crate::scheduler::worker::id::WorkerId;

/// Whose time has come. What follows depends on its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// The phase of an attempt has taken too long.
    Attempt(WorkerId, TaskId),
    /// A slot has to be acted on.
    Slot(WorkerId),
    /// Heartbeats are requested from all workers.
    HeartbeatRound,
    /// The number of workers is reviewed.
    AutoScale,
}

/// Maximum number of tasks that are moved in one tick because their time has come. The others follow in the
/// next tick, which is due at once, so that the lock of the pool is not held for long.
pub const MAX_PER_TICK: usize = 4096;
