//! What the thread of a worker knows from its start to its end.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use crate::pool::shared::Shared;
use crate::pool::wake_up::WakeUp;
use crate::scheduler::{Generation, TaskId, WorkerId};

/// A task and the number of its attempt.
pub type AttemptId = (TaskId, u32);

pub struct WorkerContext<'a> {
    pub shared: &'a Arc<Shared>,
    pub worker: WorkerId,
    pub generation: Generation,
    pub wake_up: &'a WakeUp,
    /// The attempt that was started last. It is blamed for a panic and for a lack of memory.
    pub running: &'a Rc<Cell<Option<AttemptId>>>,
}
