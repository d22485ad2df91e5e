//! The start and the end of a worker's thread.
//!
//! For tasks that want an isolate of their own it creates one isolate after another; V8 requires that the old
//! one is dropped first.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::context::WorkerContext;
use super::idle_work::IdleWork;
use super::isolate_run::{IsolateRun, IsolateUse};
use crate::isolate::panic_message;
use crate::pool::shared::Shared;
use crate::pool::wake_up::WakeUp;
use crate::scheduler::{Exit, Generation, Input, WorkerId};

/// V8 takes a megabyte of stack for JavaScript. The rest is for native code below it: the codec recurses with
/// the depth of a value.
const STACK_SIZE: usize = 4 << 20;

/// Time in which V8 has to create an isolate, before the time limit of the worker script begins: many
/// isolates may be created on few cores.
const ISOLATE_CREATION_LIMIT: Duration = Duration::from_secs(30);

/// Starts the thread of a worker.
pub fn start_thread(
    shared: &Arc<Shared>,
    worker: WorkerId,
    generation: Generation,
    wake_up: Arc<WakeUp>,
) -> io::Result<JoinHandle<()>> {
    let shared = shared.clone();
    thread::Builder::new()
        .name(format!("isolane-{}", worker.0))
        .stack_size(STACK_SIZE)
        .spawn(move || run(&shared, worker, generation, &wake_up))
}

/// Runs the worker until it is retired, fails to start or panics, and reports that.
fn run(shared: &Arc<Shared>, worker: WorkerId, generation: Generation, wake_up: &WakeUp) {
    let running = Rc::new(Cell::new(None));
    let exit = catch_unwind(AssertUnwindSafe(|| {
        WorkerContext { shared, worker, generation, wake_up, running: &running }.run_isolates()
    }));
    let (exit, culprit) = match exit {
        Ok(exit) => (exit, None),
        Err(panic) => {
            shared.state.lock().crashed(worker, panic_message(panic.as_ref()).to_owned());
            (Exit::Panicked, running.get().map(|(task, _)| task))
        }
    };
    shared.handle([Input::Exited { worker, generation, exit, culprit }]);
}

impl WorkerContext<'_> {
    /// Creates one isolate after another, and runs the tasks of each.
    fn run_isolates(&self) -> Exit {
        let Self { shared, worker, generation, .. } = *self;
        let mut orders = VecDeque::new();
        let mut reports = vec![Input::Ready { worker, generation }];
        loop {
            let (isolate, tokio) = match self.load(&mut orders) {
                Ok(loaded) => loaded,
                Err(error) => return self.start_failed(error, orders),
            };
            let run = IsolateRun {
                context: self,
                isolate: ManuallyDrop::new(isolate),
                tokio,
                orders,
                reports: std::mem::take(&mut reports),
                event_loop_active: true,
                idle_work: IdleWork::default(),
                short_tasks: 0,
                clock: Instant::now(),
                leftovers_stuck: false,
                isolate_use: IsolateUse::Unused,
            };
            orders = match run.run() {
                Ok(left) => left,
                Err(exit) => return exit,
            };
            // No task is blamed for what happens until the next one starts.
            self.running.set(None);
            let until = Instant::now() + shared.start_limit.max(ISOLATE_CREATION_LIMIT);
            let deferred = shared.state.lock().renewing(worker, generation, until);
            shared.run_deferred(deferred);
        }
    }
}
