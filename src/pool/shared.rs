//! What all threads of a pool share: the lock, the mailboxes, and what is done after the lock is released.
//!
//! The outbox and the inbox have locks of their own; deferred actions never run under any of them.

use std::hint::spin_loop;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::delivery::Answer;
use super::inbox::Inbox;
use super::outbox::Outbox;
use super::spin::Spin;
use super::state::deferred::Deferred;
use super::state::state::PoolState;
use super::wake_up::WakeUp;
use crate::isolate::{ConsoleLine, HostCall, Job, LoadError, Reply, Spec};
use crate::scheduler::{Exit, Generation, Input, WorkerId};

/// Starts the thread of a worker.
pub type StartThread =
    fn(&Arc<Shared>, WorkerId, Generation, Arc<WakeUp>) -> io::Result<JoinHandle<()>>;

pub struct Shared {
    /// The pool's lock: the scheduler, and the mailboxes that its decisions are put into.
    pub state: Mutex<PoolState>,
    pub inbox: Inbox,
    pub outbox: Arc<Outbox>,
    /// Wakes the supervisor for a deadline that is earlier than the one that it sleeps until.
    pub earlier_deadline: Condvar,
    /// Wakes threads that wait for the end of the pool.
    pub closed: Condvar,
    pub isolate: Spec,
    pub start_limit: Duration,
    /// Keeps a worker awake for a short time after its last task.
    pub spin: Spin,
    /// Wakes the JavaScript thread; called once for all messages that wait for it.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// A field, because the threads in turn know this type.
    pub start_thread: StartThread,
}

impl Shared {
    /// Passes inputs to the scheduler, and does what follows.
    pub fn handle(self: &Arc<Self>, inputs: impl IntoIterator<Item = Input<Job, Answer>>) {
        let deferred = self.state.lock().handle(inputs, Instant::now());
        self.run_deferred(deferred);
    }

    /// Passes some tasks of the inbox to the scheduler, and returns whether any task waits for a worker now.
    ///
    /// Not all of them: the lock is released between batches, so that a burst does not delay the workers.
    pub fn submit_batch(self: &Arc<Self>, mut state: MutexGuard<PoolState>) -> bool {
        const BATCH: usize = 16;
        let deferred = state.handle(self.inbox.take(BATCH), Instant::now());
        let has_waiting = state.has_waiting_tasks();
        drop(state);
        self.run_deferred(deferred);
        has_waiting
    }

    /// Takes the lock, if it is free or becomes so at once.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, PoolState>> {
        // About a microsecond, as long as the lock is usually held.
        const TRIES: usize = 32;
        for _ in 0..TRIES {
            let state = self.state.try_lock();
            if state.is_some() {
                return state;
            }
            spin_loop();
        }
        None
    }

    /// Delivers a console line.
    pub fn print(&self, worker: WorkerId, line: ConsoleLine) {
        if self.outbox.print(worker, line) {
            (self.wake)();
        }
    }

    /// Delivers a call of a task to the parent.
    pub fn host_call(
        &self,
        worker: WorkerId,
        generation: Generation,
        call: HostCall,
        reply: Reply,
    ) {
        let wake = self.state.lock().host_call(worker, generation, call, reply);
        if wake {
            (self.wake)();
        }
    }

    /// Does what was deferred until the lock is released.
    pub fn run_deferred(self: &Arc<Self>, deferred: Deferred) {
        if deferred.is_empty() {
            return;
        }
        for (worker, generation, wake_up) in deferred.spawn {
            self.spawn(worker, generation, wake_up);
        }
        for wake_up in deferred.wake {
            wake_up.wake();
        }
        drop(deferred.dropped_replies);
        for (interrupter, task, attempt) in deferred.terminate {
            interrupter.terminate(task.0, attempt);
        }
        for interrupter in deferred.request_heartbeat {
            interrupter.request_heartbeat();
        }
        for interrupter in deferred.terminate_all {
            interrupter.terminate_all();
        }
        if deferred.wake_javascript {
            (self.wake)();
        }
        if deferred.wake_supervisor {
            self.earlier_deadline.notify_one();
        }
        if deferred.closed {
            self.closed.notify_all();
        }
    }

    fn spawn(self: &Arc<Self>, worker: WorkerId, generation: Generation, wake_up: Arc<WakeUp>) {
        match (self.start_thread)(self, worker, generation, wake_up) {
            Ok(thread) => self.state.lock().set_thread(worker, generation, thread),
            Err(error) => {
                let message = format!("cannot start a thread: {error}");
                let error = LoadError { message, ..Default::default() };
                self.state.lock().load_failed(worker, error);
                let exit = Exit::StartFailed;
                self.handle([Input::Exited { worker, generation, exit, culprit: None }]);
            }
        }
    }
}
