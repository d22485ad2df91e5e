//! The pool that JavaScript uses. Converts arguments and results, and decides nothing.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{
    ArrayBuffer, Buffer, Either, Function, Uint8Array, Uint8ArraySlice, Uint32Array, Unknown,
};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Error, Result, Status, sys};
use napi_derive::napi;

use super::buffers::Buffers;
use super::collection;
use super::dead_letters::NativeDeadLetter;
use super::lending::{Lending, Wake};
use super::options::{Defaults, NativeOptions};
use super::plans::Plans;
use super::status::NativeStatus;
use super::submission;
use super::time::from_ms;
use crate::pool::{Delivery, Pool, Topic, WakeMode};
use crate::scheduler::{TaskId, WorkerId};

/// Time for which the end of a Node environment waits for the threads of its pools.
const ENVIRONMENT_END: Duration = Duration::from_secs(2);

/// A pool, as `lib/pool/worker-pool.js` uses it.
#[napi]
pub struct NativePool {
    pool: Arc<Pool>,
    defaults: Defaults,
    plans: Plans,
    /// Deliveries that are collected and not yet read by JavaScript.
    deliveries: VecDeque<Delivery>,
    /// Values too large for the arena, in the order in which the arena refers to them.
    blobs: VecDeque<Vec<u8>>,
    buffers: Buffers,
    keep_alive: KeepAlive,
}

/// The raw handle of the threadsafe function, because whether it keeps the process alive changes often.
struct KeepAlive(sys::napi_threadsafe_function);

#[napi]
impl NativePool {
    /// Starts a pool. `wake` is called on the JavaScript thread when there are deliveries to collect.
    ///
    /// # Errors
    /// If the system cannot start a thread.
    #[napi(constructor)]
    pub fn new(env: Env, options: NativeOptions, wake: Function<(), ()>) -> Result<Self> {
        let wake = wake
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(|_| Ok(()))?;
        let keep_alive = KeepAlive(wake.raw());
        let (config, defaults) = options.into_config();
        let wake: Wake = Arc::new(move || {
            // This fails only while the environment ends, when no JavaScript waits any more.
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        });
        let lending = Rc::new(Lending::new(env, wake.clone()));
        let pool = Pool::start(config, wake)
            .map_err(|error| Error::new(Status::GenericFailure, error.to_string()))?;
        let pool = Arc::new(pool);
        env.add_env_cleanup_hook((pool.clone(), lending.clone()), |(pool, lending)| {
            pool.join(ENVIRONMENT_END);
            lending.end();
        })?;
        Ok(Self {
            pool,
            defaults,
            plans: Plans::default(),
            deliveries: VecDeque::new(),
            blobs: VecDeque::new(),
            buffers: Buffers::new(lending),
            keep_alive,
        })
    }

    /// Returns a flag that is 1 if there are deliveries to collect, and otherwise 0.
    ///
    /// It is memory that the pool writes to. If Node does not accept external memory, it is a copy, which
    /// stays 0.
    #[napi]
    #[must_use]
    pub fn flag(&self) -> Uint32Array {
        let pool = self.pool.clone();
        let flag = pool.flag().as_ptr();
        // SAFETY: the memory belongs to the pool, which the finalizer keeps alive.
        unsafe { Uint32Array::with_external_data(flag, 1, move |_, _| drop(pool)) }
    }

    /// Yields this core to another thread.
    #[napi]
    pub fn give_way(&self) {
        std::thread::yield_now();
    }

    /// Submits the tasks in the first `length` bytes of the arena, and returns whether the scheduler has not
    /// been told of some of them yet. With `awake`, JavaScript polls the flag.
    ///
    /// # Errors
    /// If the arena is malformed; `lib/pool/submission.js` writes it.
    #[napi]
    #[allow(clippy::needless_pass_by_value, reason = "napi makes the array for this call")]
    pub fn submit(
        &mut self,
        arena: &[u8],
        length: u32,
        awake: bool,
        blobs: Option<Vec<Uint8Array>>,
    ) -> Result<bool> {
        let blobs = blobs.unwrap_or_default();
        let records = arena
            .get(..length as usize)
            .ok_or_else(|| Error::new(Status::InvalidArg, "length is beyond the arena"))?;
        let tasks = submission::read(
            records,
            &blobs,
            &mut self.buffers.submitted,
            &mut self.plans,
            &self.defaults,
        )
        .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        if awake {
            self.pool.start_polling();
        }
        Ok(self.pool.submit(tasks))
    }

    /// Assigns a number to a type, by which tasks refer to it. Returns the greatest `u32` if there are too many
    /// types.
    #[napi]
    pub fn type_index(&mut self, name: String) -> u32 {
        self.plans.index_of(name)
    }

    /// Tells the scheduler of tasks that `submit` has left, and returns whether any are still left.
    #[napi(js_name = "goOn")]
    pub fn submit_pending(&self) -> bool {
        self.pool.submit_pending()
    }

    /// Writes deliveries into the arena and returns the number of bytes written; 0 if there are none.
    ///
    /// `wake_mode`: JavaScript is woken for the next deliveries at once (0), for a batch of results (1), or
    /// never (2).
    #[napi]
    pub fn collect(&mut self, mut arena: Uint8ArraySlice, wake_mode: u32) -> u32 {
        if self.deliveries.is_empty() {
            self.buffers.settle();
            let wake_mode = match wake_mode {
                0 => WakeMode::Immediate,
                1 => WakeMode::Batched,
                _ => WakeMode::Polling,
            };
            self.deliveries = self.pool.collect(wake_mode).into();
        }
        // SAFETY: the arena belongs to lib/pool/collection.js, which does not use it during this call.
        let arena = unsafe { arena.as_mut() };
        let buffers = &mut self.buffers.collected;
        collection::write(&mut self.deliveries, &mut self.blobs, buffers, arena)
    }

    /// Returns the next large value that the arena refers to, without copying it.
    #[napi]
    pub fn take_blob(&mut self) -> Option<Buffer> {
        self.blobs.pop_front().map(Into::into)
    }

    /// Takes buffers that JavaScript cannot reach, for a task that is about to be submitted, and returns the
    /// number by which the arena refers to them. Large ones are not copied.
    ///
    /// # Errors
    /// If one cannot be detached; `lib/values/transfer.js` ensures that it can.
    #[napi]
    pub fn take(&mut self, buffers: Vec<ArrayBuffer>) -> Result<u32> {
        self.buffers.take(buffers)
    }

    /// Returns the next buffers that the arena refers to. For those that JavaScript has to make, it returns the
    /// lengths; [`NativePool::fill_moved`] fills them.
    #[napi(ts_return_type = "Array<ArrayBuffer | number>")]
    pub fn take_moved<'env>(&mut self, env: &'env Env) -> Vec<Either<Unknown<'env>, f64>> {
        self.buffers.take_collected(env)
    }

    /// Fills the buffers that JavaScript has made for the lengths of [`NativePool::take_moved`]. Large ones are
    /// not copied.
    ///
    /// # Errors
    /// If their number or a length is not the same.
    #[napi]
    pub fn fill_moved(&mut self, targets: Vec<ArrayBuffer>) -> Result<()> {
        self.buffers.fill(targets)
    }

    /// Answers a call of a task, in the wire format. Has no effect if the task no longer waits for it.
    #[napi]
    pub fn answer(&self, call: f64, value: &[u8]) {
        self.pool.answer(call as u64, value.to_vec());
    }

    #[napi]
    pub fn abort(&self, ticket: f64) {
        self.pool.abort(TaskId(ticket as u64));
    }

    #[napi]
    pub fn scale(&self, size: u32) {
        self.pool.scale(size as usize);
    }

    #[napi]
    pub fn restart(&self, worker: u32) {
        self.pool.restart(WorkerId(worker));
    }

    #[napi]
    pub fn pause(&self, paused: bool) {
        self.pool.pause(paused);
    }

    /// Closes the pool after the accepted tasks, or at once without `drain_ms`.
    #[napi]
    pub fn close(&self, drain_ms: Option<f64>) {
        self.pool.close(drain_ms.map(from_ms));
    }

    /// Joins the threads of a pool that is closed. They have sent their last reports, so that this takes no time.
    #[napi]
    pub fn join(&self) {
        self.pool.join(ENVIRONMENT_END);
        self.buffers.settle();
    }

    /// Returns the dead letters, oldest first.
    #[napi]
    pub fn dead_letters(&self) -> Vec<NativeDeadLetter> {
        self.pool.dead_letters().into_iter().map(Into::into).collect()
    }

    /// Submits the task of a dead letter again under a new ticket, and returns whether it was accepted, or
    /// `null` if there is no such dead letter.
    #[napi(js_name = "revive")]
    pub fn retry_dead_letter(&self, letter: f64, ticket: f64) -> Option<bool> {
        self.pool.retry_dead_letter(TaskId(letter as u64), TaskId(ticket as u64))
    }

    /// Removes the dead letters and returns their tickets.
    #[napi]
    pub fn clear_dead_letters(&self) -> Vec<f64> {
        self.pool.clear_dead_letters().into_iter().map(|task| task.0 as f64).collect()
    }

    /// Returns whether the queue was full and has not been empty since.
    #[napi]
    pub fn needs_drain(&self) -> bool {
        self.pool.is_under_backpressure()
    }

    /// Sets the frequent events that have a listener, by their public names.
    ///
    /// # Errors
    /// If there is no such topic.
    #[napi]
    #[allow(clippy::needless_pass_by_value, reason = "napi makes the list for this call")]
    pub fn listen(&self, topics: Vec<String>) -> Result<()> {
        let topic = |name: &String| match name.as_str() {
            "task-started" => Ok(Topic::TaskStarted),
            "task-completed" => Ok(Topic::TaskCompleted),
            "task-failed" => Ok(Topic::TaskFailed),
            "task-retried" => Ok(Topic::TaskRetried),
            "task-dead-lettered" => Ok(Topic::TaskDeadLettered),
            "console" => Ok(Topic::Console),
            _ => Err(Error::new(Status::InvalidArg, format!("there is no topic '{name}'"))),
        };
        let topics = topics.iter().map(topic).collect::<Result<Vec<_>>>()?;
        self.pool.listen(topics);
        Ok(())
    }

    #[napi]
    pub fn status(&self) -> NativeStatus {
        self.pool.snapshot().into()
    }

    /// Sets whether the pool keeps the process alive.
    #[napi]
    pub fn keep_alive(&self, env: Env, alive: bool) {
        // SAFETY: the handle lives as long as the pool, whose wake function owns it, and this is the
        // JavaScript thread of its environment.
        unsafe {
            if alive {
                sys::napi_ref_threadsafe_function(env.raw(), self.keep_alive.0);
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), self.keep_alive.0);
            }
        }
    }
}
