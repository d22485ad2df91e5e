//! A pool of isolates, as the face uses it.
//!
//! Every method takes the lock for a short time only. JavaScript is never called under it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::config::Config;
use super::dead_letter::DeadLetter;
use super::delivery::{Delivery, Topic};
use super::inbox::Inbox;
use super::outbox::{Outbox, WakeMode};
use super::shared::Shared;
use super::snapshot::Snapshot;
use super::spin::Spin;
use super::state::state::PoolState;
use super::supervisor;
use super::worker::thread::start_thread;
use crate::isolate::{self, Job};
use crate::scheduler::{Input, Task, TaskId, WorkerId};

/// A pool of isolates. If it is dropped without [`Pool::join`], its threads are detached.
pub struct Pool {
    shared: Arc<Shared>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl Pool {
    /// Starts the workers. `wake` is called from any thread when there are messages to
    /// [`collect`](Pool::collect), once until they are collected.
    ///
    /// # Errors
    /// If the system cannot start a thread.
    pub fn start(config: Config, wake: Arc<dyn Fn() + Send + Sync>) -> std::io::Result<Self> {
        isolate::initialise();
        let now = Instant::now();
        let outbox = Arc::<Outbox>::default();
        let memory_threshold = config.isolate.memory_restart;
        let (state, deferred) =
            PoolState::new(config.scheduler, memory_threshold, outbox.clone(), now);
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            inbox: Inbox::default(),
            outbox,
            earlier_deadline: Condvar::new(),
            closed: Condvar::new(),
            isolate: config.isolate,
            start_limit: config.start_limit,
            spin: Spin::default(),
            wake,
            start_thread,
        });
        let supervisor = thread::Builder::new().name("isolane-watch".into()).spawn({
            let shared = shared.clone();
            move || supervisor::run(&shared)
        })?;
        shared.run_deferred(deferred);
        Ok(Self { shared, supervisor: Mutex::new(Some(supervisor)) })
    }

    /// Submits tasks, in their order, and returns whether the scheduler has not been told of some of them
    /// yet.
    ///
    /// Workers pass these on when they report; [`Pool::submit_pending`] must be called soon for the rest.
    pub fn submit(&self, tasks: VecDeque<Task<Job>>) -> bool {
        self.shared.inbox.push(tasks);
        // Until no worker is idle. Further tasks wait in any case, and this thread has other work.
        while self.shared.inbox.is_pending() {
            let Some(state) = self.shared.try_lock() else { break };
            if self.shared.submit_batch(state) {
                break;
            }
        }
        self.shared.inbox.is_pending()
    }

    /// Tells the scheduler of pending tasks, a limited number of them, and returns whether any are left.
    #[must_use]
    pub fn submit_pending(&self) -> bool {
        const BATCHES: usize = 256;
        for _ in 0..BATCHES {
            if !self.shared.inbox.is_pending() {
                return false;
            }
            self.shared.submit_batch(self.shared.state.lock());
        }
        true
    }

    /// Tells the scheduler of all pending tasks, before it is told of something else.
    fn flush(&self) {
        while self.submit_pending() {}
    }

    /// Ends a task, whether it waits or runs.
    pub fn abort(&self, task: TaskId) {
        self.flush();
        self.shared.handle([Input::Abort(task)]);
    }

    /// Sets the number of workers, clamped to the limits.
    pub fn scale(&self, size: usize) {
        self.flush();
        self.shared.handle([Input::Scale(size)]);
    }

    /// Replaces a worker after its tasks.
    pub fn restart(&self, worker: WorkerId) {
        self.flush();
        self.shared.handle([Input::Restart(worker)]);
    }

    /// Pauses or resumes the start of waiting tasks.
    pub fn pause(&self, paused: bool) {
        self.flush();
        self.shared.handle([if paused { Input::Pause } else { Input::Resume }]);
    }

    /// Refuses new tasks and ends the pool, after the accepted tasks or at once. [`Delivery::Closed`]
    /// reports the end.
    pub fn close(&self, drain: Option<Duration>) {
        self.flush();
        let drain_until = drain.map(|drain| Instant::now() + drain);
        self.shared.handle([Input::Close { drain_until }]);
    }

    /// Returns the dead letters, oldest first.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.flush();
        self.shared.state.lock().dead_letters(Instant::now())
    }

    /// Submits the task of a dead letter again under a new id, and returns whether it was accepted.
    ///
    /// If it was not, the dead letter is still there. Returns `None` if there is no such dead letter.
    pub fn retry_dead_letter(&self, dead_letter: TaskId, task: TaskId) -> Option<bool> {
        self.flush();
        let (accepted, deferred) = {
            let mut state = self.shared.state.lock();
            if !state.has_dead_letter(dead_letter) {
                return None;
            }
            let input = Input::RetryDeadLetter { dead_letter, task };
            let deferred = state.handle([input], Instant::now());
            (!state.has_dead_letter(dead_letter), deferred)
        };
        self.shared.run_deferred(deferred);
        Some(accepted)
    }

    /// Removes the dead letters and returns the ids of their tasks.
    pub fn clear_dead_letters(&self) -> Vec<TaskId> {
        self.flush();
        let now = Instant::now();
        let (cleared, deferred) = {
            let mut state = self.shared.state.lock();
            (state.dead_letter_ids(), state.handle([Input::ClearDeadLetters], now))
        };
        self.shared.run_deferred(deferred);
        cleared
    }

    /// Returns whether the queue was full and has not been empty since.
    #[must_use]
    pub fn is_under_backpressure(&self) -> bool {
        self.flush();
        self.shared.state.lock().is_under_backpressure()
    }

    /// Sets the topics that have a listener.
    pub fn listen(&self, topics: impl IntoIterator<Item = Topic>) {
        self.shared.outbox.listen(topics);
    }

    /// Takes all messages to JavaScript, and sets when it is woken for the next ones.
    #[must_use]
    pub fn collect(&self, wake_mode: WakeMode) -> Vec<Delivery> {
        self.shared.outbox.collect(wake_mode)
    }

    /// Notes that JavaScript polls [`Pool::flag`] from now on.
    pub fn start_polling(&self) {
        self.shared.outbox.start_polling();
    }

    /// Returns a flag that is 1 if there are messages to collect, and otherwise 0.
    #[must_use]
    pub fn flag(&self) -> &AtomicU32 {
        self.shared.outbox.flag()
    }

    /// Answers a call of a task, in the wire format. Has no effect if the task no longer waits for it.
    pub fn answer(&self, call: u64, bytes: Vec<u8>) {
        let reply = self.shared.state.lock().take_reply(call);
        if let Some(reply) = reply {
            reply.send(bytes);
        }
    }

    /// Returns the current state.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.flush();
        self.shared.state.lock().snapshot(Instant::now())
    }

    /// Ends the pool at once and joins its threads, within `limit`. A thread that hangs is detached.
    pub fn join(&self, limit: Duration) {
        let until = Instant::now() + limit;
        self.close(None);
        let mut state = self.shared.state.lock();
        while !state.is_closed() {
            if self.shared.closed.wait_until(&mut state, until).timed_out() {
                return;
            }
        }
        let threads = state.take_threads();
        drop(state);
        // Each of them has sent its last report, so that joining them takes no time.
        for thread in threads.into_iter().chain(self.supervisor.lock().take()) {
            let _ = thread.join();
        }
    }
}
