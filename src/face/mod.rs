//! The only room that knows napi: options and tasks in, results and events out.
//!
//! The JavaScript side (`lib/`) checks what a user gives and makes the public objects; what crosses
//! here is already valid, and compact: tasks of one turn come in one buffer, and everything that is
//! done goes out in one.

mod collection;
mod lending;
mod letters;
mod options;
mod plans;
mod status;
mod submission;

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{
    ArrayBuffer, Buffer, Either, Function, Uint8Array, Uint8ArraySlice, Uint32Array, Unknown,
};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Error, Result, Status, sys};
use napi_derive::napi;

use crate::isolate::{self, MovedBuffers, Pages};
use crate::pool::{Attention, Delivery, Pool, Topic};
use crate::scheduler::{TaskId, WorkerId};
use lending::{Lending, Wake};
use letters::NativeLetter;
use options::{Defaults, NativeOptions};
use plans::Plans;
use status::NativeStatus;

/// Has isolates start from a snapshot file, see `lib/native/snapshot.js`. False where there is none for this build.
#[napi]
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "napi makes the string for this call")]
pub fn load_snapshot(file: String) -> bool {
    isolate::load_snapshot(file.as_ref()).unwrap_or(false)
}

/// Makes the snapshot file of this build. For `tools/snapshot.mjs`: the process is of no other use then.
///
/// # Errors
/// When it cannot be made or written.
#[napi]
#[allow(clippy::needless_pass_by_value, reason = "napi makes the string for this call")]
pub fn write_snapshot(file: String) -> Result<()> {
    isolate::write_snapshot(file.as_ref())
        .map_err(|error| Error::new(Status::GenericFailure, error.to_string()))
}

/// How long the end of a Node environment may wait for the threads of its pools.
const ENVIRONMENT_END: Duration = Duration::from_secs(2);

/// A pool, as `lib/pool/worker-pool.js` uses it.
#[napi]
pub struct NativePool {
    pool: Arc<Pool>,
    defaults: Defaults,
    plans: Plans,
    /// Collected and not yet read by JavaScript.
    deliveries: VecDeque<Delivery>,
    /// Values too large for the arena, in the order in which the arena refers to them.
    blobs: VecDeque<Vec<u8>>,
    /// Buffers of tasks that were not handed over yet, by the numbers that the arena has for them.
    moved_in: HashMap<u32, MovedBuffers>,
    last_moved: u32,
    /// Buffers of results, in the same order.
    moved_out: VecDeque<MovedBuffers>,
    /// The one that JavaScript makes buffers for.
    unpacked: Vec<Pages>,
    lending: Rc<Lending>,
    keep_alive: KeepAlive,
}

/// The threadsafe function by its raw handle: whether it keeps the process alive is changed often.
struct KeepAlive(sys::napi_threadsafe_function);

#[napi]
impl NativePool {
    /// Starts a pool. `wake` is called on the JavaScript thread when there is something to collect.
    ///
    /// # Errors
    /// When the system gives no thread.
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
            // Refused only while the environment ends, and then nobody waits.
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
            moved_in: HashMap::new(),
            last_moved: 0,
            moved_out: VecDeque::new(),
            unpacked: Vec::new(),
            lending,
            keep_alive,
        })
    }

    /// A 1 where there is something to collect, and else a 0: memory that the pool writes to. A copy, which
    /// stays 0, where Node takes no memory of others.
    #[napi]
    #[must_use]
    pub fn flag(&self) -> Uint32Array {
        let pool = self.pool.clone();
        let flag = pool.flag().as_ptr();
        // SAFETY: the pool has it, and goes with the finalizer at the earliest.
        unsafe { Uint32Array::with_external_data(flag, 1, move |_, _| drop(pool)) }
    }

    /// Lets another thread run on this core, if one wants to.
    #[napi]
    pub fn give_way(&self) {
        std::thread::yield_now();
    }

    /// Hands over the tasks that lie in the first `length` bytes of the arena. `awake`: results are looked
    /// for at the flag.
    ///
    /// # Errors
    /// When the arena does not hold what `lib/pool/submission.js` writes.
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
        let tasks =
            submission::read(records, &blobs, &mut self.moved_in, &mut self.plans, &self.defaults)
                .map_err(|error| Error::new(Status::InvalidArg, error.to_string()))?;
        if awake {
            self.pool.stay_awake();
        }
        Ok(self.pool.submit(tasks))
    }

    /// The number by which tasks of a type name it from now on; the greatest there is where there are too
    /// many types.
    #[napi]
    pub fn type_index(&mut self, name: String) -> u32 {
        self.plans.index_of(name)
    }

    /// Tells the scheduler of tasks that `submit` left, and says whether any are left still.
    #[napi]
    pub fn go_on(&self) -> bool {
        self.pool.go_on()
    }

    /// Writes what there is into the arena and says how many bytes it took; 0 when there is nothing.
    /// `attention`: 0 wakes JavaScript for what comes next, 1 for more than a few results, 2 for nothing.
    #[napi]
    pub fn collect(&mut self, mut arena: Uint8ArraySlice, attention: u32) -> u32 {
        if self.deliveries.is_empty() {
            self.lending.settle();
            let attention = match attention {
                0 => Attention::Asleep,
                1 => Attention::Dozing,
                _ => Attention::Awake,
            };
            self.deliveries = self.pool.collect(attention).into();
        }
        // SAFETY: the arena belongs to lib/pool/collection.js, which does nothing with it during this call.
        let arena = unsafe { arena.as_mut() };
        collection::write(&mut self.deliveries, &mut self.blobs, &mut self.moved_out, arena)
    }

    /// The next large value that the arena refers to. Not copied.
    #[napi]
    pub fn take_blob(&mut self) -> Option<Buffer> {
        self.blobs.pop_front().map(Into::into)
    }

    /// Takes buffers that no JavaScript sees for a task that is about to be submitted, and says by which number
    /// it has them. Large ones are not copied.
    ///
    /// # Errors
    /// When one cannot be detached; `lib/values/transfer.js` sees to it.
    #[napi]
    pub fn take(&mut self, buffers: Vec<ArrayBuffer>) -> Result<u32> {
        self.lending.settle();
        let mut pages = Vec::with_capacity(buffers.len());
        for mut buffer in buffers {
            if let Some(lent) = self.lending.lend(&mut buffer) {
                pages.push(lent);
                continue;
            }
            // SAFETY: this is the only thread that knows the buffer, and no JavaScript runs until it is detached.
            pages.push(unsafe {
                let bytes = buffer.as_mut();
                Pages::take(bytes.as_mut_ptr(), bytes.len())
            });
            buffer.detach()?;
        }
        self.last_moved = self.last_moved.wrapping_add(1);
        self.moved_in.insert(self.last_moved, MovedBuffers::new(pages));
        Ok(self.last_moved)
    }

    /// The next buffers that the arena refers to. Of those that JavaScript has to make, the lengths: they come
    /// with [`NativePool::fill_moved`].
    #[napi(ts_return_type = "Array<ArrayBuffer | number>")]
    pub fn take_moved<'env>(&mut self, env: &'env Env) -> Vec<Either<Unknown<'env>, f64>> {
        let moved = self.moved_out.pop_front().and_then(|moved| moved.take());
        self.unpacked.clear();
        let moved = moved.into_iter().flatten().map(|mut pages| {
            if let Some(buffer) = self.lending.back(&mut pages) {
                // SAFETY: a value of this environment.
                return Either::A(unsafe { Unknown::from_raw_unchecked(env.raw(), buffer) });
            }
            let length = pages.size() as f64;
            self.unpacked.push(pages);
            Either::B(length)
        });
        moved.collect()
    }

    /// Gives what is left of the moved to new buffers, which are as long. Large ones are not copied.
    ///
    /// # Errors
    /// When they are not as long.
    #[napi]
    pub fn fill_moved(&mut self, targets: Vec<ArrayBuffer>) -> Result<()> {
        let moved = std::mem::take(&mut self.unpacked);
        if moved.len() != targets.len() {
            return Err(Error::new(Status::InvalidArg, "not as many buffers as in the moved"));
        }
        for (pages, mut target) in moved.into_iter().zip(targets) {
            if pages.size() != target.len() {
                return Err(Error::new(Status::InvalidArg, "not as long as in the moved"));
            }
            // SAFETY: lib/values/transfer.js has just made it, and it is as long.
            unsafe { pages.give(target.as_mut().as_mut_ptr()) };
        }
        Ok(())
    }

    /// Answers a call of a task, in the wire format. Nothing happens where nobody waits any more.
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

    /// `drain_ms` absent: end at once.
    #[napi]
    pub fn close(&self, drain_ms: Option<f64>) {
        self.pool.close(drain_ms.map(options::millis));
    }

    /// Waits for the threads of a pool that is closed; they have said their last word.
    #[napi]
    pub fn join(&self) {
        self.pool.join(ENVIRONMENT_END);
        self.lending.settle();
    }

    /// The dead letters, oldest first.
    #[napi]
    pub fn dead_letters(&self) -> Vec<NativeLetter> {
        self.pool.letters().into_iter().map(Into::into).collect()
    }

    /// Submits a dead letter again as another task and says whether it was accepted. `null` where there is
    /// none of this ticket.
    #[napi]
    pub fn revive(&self, letter: f64, ticket: f64) -> Option<bool> {
        self.pool.revive(TaskId(letter as u64), TaskId(ticket as u64))
    }

    /// Forgets the dead letters and returns their tickets.
    #[napi]
    pub fn clear_dead_letters(&self) -> Vec<f64> {
        self.pool.clear_letters().into_iter().map(|task| task.0 as f64).collect()
    }

    /// Whether the queue was full and is not empty yet.
    #[napi]
    pub fn needs_drain(&self) -> bool {
        self.pool.is_pressed()
    }

    /// Says which of the frequent events are listened to, by their public names.
    ///
    /// # Errors
    /// When there is no such topic.
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

    /// Whether the pool keeps the process alive.
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

/// The version of this build.
#[napi]
#[must_use]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
