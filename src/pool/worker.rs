//! The thread of a worker: makes an isolate, runs what it is ordered to, reports, and drops it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime as Tokio};
use tokio::time::sleep;

use super::Shared;
use super::bell::Bell;
use super::delivery::Answer;
use super::seat::Order;
use crate::isolate::{Ended, Hooks, Isolate, Job, LoadError, Loss, give_memory_back, words_of};
use crate::scheduler::{
    Exit, Generation, Input, Interruption, Outcome, Retirement, TaskId, WorkerId,
};

/// V8 takes a megabyte of stack for JavaScript. The rest is for native code below it: the codec
/// recurses with the depth of a value.
pub(super) const STACK_SIZE: usize = 4 << 20;

/// The heap is looked at after a task that took this long, or after so many shorter ones.
const LONG_TASK_MS: u128 = 2;
const SHORT_TASKS: u32 = 64;

const OVER_MEMORY: &str = "the worker script takes more memory than its isolate may have";

/// A worker with nothing to do for so long collects its garbage.
const IDLE: Duration = Duration::from_secs(2);

/// What a task that is over has under way may take so long, where nothing else is to be done.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(5);

/// Runs the worker until it is retired, fails to start or panics, and says so.
pub(super) fn run(shared: &Arc<Shared>, worker: WorkerId, generation: Generation, bell: &Bell) {
    let running = Rc::new(Cell::new(None));
    let exit = catch_unwind(AssertUnwindSafe(|| {
        let start = Starting { shared, worker, generation, bell, running: &running };
        start.isolate().map_or_else(|exit| exit, Worker::work)
    }));
    let (exit, culprit) = match exit {
        Ok(exit) => (exit, None),
        Err(panic) => {
            shared.heart.lock().crashed(worker, words_of(panic.as_ref()).to_owned());
            (Exit::Panicked, running.get().map(|(task, _)| task))
        }
    };
    shared.tell([Input::Exited { worker, generation, exit, culprit }]);
}

type Attempt = (TaskId, u32);

struct Starting<'a> {
    shared: &'a Arc<Shared>,
    worker: WorkerId,
    generation: Generation,
    bell: &'a Bell,
    /// What was started last, to be blamed for a panic and for a lack of memory.
    running: &'a Rc<Cell<Option<Attempt>>>,
}

struct Worker<'a> {
    start: Starting<'a>,
    /// Not dropped by a panic: V8 may be in the middle of something.
    isolate: ManuallyDrop<Isolate>,
    tokio: Rc<Tokio>,
    orders: VecDeque<Order>,
    reports: Vec<Input<Arc<Job>, Answer>>,
    /// The event loop has something to do.
    turning: bool,
    /// Since it last had its garbage collected.
    has_worked: bool,
    short_tasks: u32,
    /// What tasks have left behind in the isolate does not come to an end.
    littered: bool,
}

impl<'a> Starting<'a> {
    fn isolate(self) -> Result<Worker<'a>, Exit> {
        let Self { shared, worker, generation, .. } = self;
        match self.load() {
            Ok((isolate, tokio)) => Ok(Worker {
                start: self,
                isolate: ManuallyDrop::new(isolate),
                tokio,
                orders: VecDeque::new(),
                reports: vec![Input::Ready { worker, generation }],
                turning: true,
                has_worked: true,
                short_tasks: 0,
                littered: false,
            }),
            Err(mut error) => {
                let mut heart = shared.heart.lock();
                let mut orders = VecDeque::new();
                heart.take_orders(worker, generation, &mut orders);
                if let Some(Order::Retire(why)) = orders.pop_front() {
                    return Err(Exit::Retired(why));
                }
                if heart.is_overdue(worker, generation) {
                    error.message =
                        format!("the worker script did not load within {:?}", shared.start_limit);
                }
                // The report of the exit, which follows, wakes JavaScript.
                heart.load_failed(worker, error);
                Err(Exit::StartFailed)
            }
        }
    }

    fn load(&self) -> Result<(Isolate, Rc<Tokio>), LoadError> {
        let Self { shared, worker, generation, .. } = *self;
        let tokio = Builder::new_current_thread().enable_time().build();
        let tokio = tokio.map_err(|error| LoadError {
            message: format!("cannot start an event loop: {error}"),
            ..Default::default()
        })?;
        let tokio = Rc::new(tokio);
        let context = tokio.clone();
        let _context = context.enter();
        let mut isolate = Isolate::new(&shared.isolate, tokio.clone(), self.hooks())?;
        let until = Instant::now() + shared.start_limit;
        let calls = shared.heart.lock().seated(worker, generation, isolate.interrupter(), until);
        shared.make(calls);
        if let Some(script) = &shared.isolate.script {
            let loaded = isolate.load(script, &tokio, |cx| {
                self.bell.event_loop.register(cx.waker());
                self.bell.answer();
                self.bell.has_orders()
            });
            if loaded.is_err() && isolate.is_spent() {
                return Err(LoadError { message: OVER_MEMORY.to_owned(), ..Default::default() });
            }
            loaded?;
        }
        shared.heart.lock().set_memory(worker, generation, isolate.memory());
        Ok((isolate, tokio))
    }
}

impl Starting<'_> {
    fn hooks(&self) -> Hooks {
        let Self { worker, generation, .. } = *self;
        let (shared, running) = (self.shared.clone(), self.running.clone());
        let console = {
            let shared = shared.clone();
            Box::new(move |line| shared.print(worker, line))
        };
        let lost = Box::new(move |loss: Loss| {
            let running = running.get();
            let (exit, message) = match loss {
                Loss::OutOfMemory => (Exit::OutOfMemory, None),
                Loss::Fatal(message) => (Exit::Fatal, Some(message)),
                Loss::Panicked(message) => (Exit::Panicked, Some(message)),
            };
            if let Some(message) = message {
                shared.heart.lock().crashed(worker, message);
            }
            let out_of_memory = running.filter(|_| exit == Exit::OutOfMemory);
            let finished = out_of_memory.map(|(task, attempt)| Input::Finished {
                worker,
                generation,
                task,
                attempt,
                outcome: Outcome::MemoryLimit,
                retire: Some(Retirement::MemoryLimit),
            });
            let culprit = running.map(|(task, _)| task);
            let exited = Input::Exited { worker, generation, exit, culprit };
            shared.tell(finished.into_iter().chain([exited]));
        });
        Hooks { console, lost }
    }
}

impl Worker<'_> {
    fn work(mut self) -> Exit {
        let tokio = self.tokio.clone();
        let context = tokio.enter();
        let exit = loop {
            self.exchange();
            if let Some(exit) = self.obey() {
                break exit;
            }
            if self.turning && self.reports.is_empty() && self.orders.is_empty() {
                self.turn();
            }
            if self.isolate.is_broken() || self.littered {
                // What is still in flight here runs again elsewhere; the scheduler sees to it.
                self.start.shared.tell(self.reports.drain(..));
                break Exit::Retired(Retirement::PendingWork);
            }
        };
        // SAFETY: not used after this.
        unsafe { ManuallyDrop::drop(&mut self.isolate) };
        drop(context);
        drop(tokio);
        // Not waiting for what a task has left on a thread of tokio's own, such as a long hash.
        if let Some(tokio) = Rc::into_inner(self.tokio) {
            tokio.shutdown_background();
        }
        give_memory_back();
        exit
    }

    /// Reports what ended and takes the next orders, in one go; waits for them where there is
    /// nothing else to do.
    fn exchange(&mut self) {
        let Starting { shared, worker, generation, bell, .. } = self.start;
        let mut heart = shared.heart.lock();
        if !self.reports.is_empty() {
            let calls = heart.handle(self.reports.drain(..), Instant::now());
            heart.take_orders(worker, generation, &mut self.orders);
            drop(heart);
            shared.make(calls);
            if !self.orders.is_empty() || self.turning {
                return;
            }
            heart = shared.heart.lock();
        }
        heart.take_orders(worker, generation, &mut self.orders);
        if self.orders.is_empty() && self.isolate.wants_to_prepare() {
            drop(heart);
            self.isolate.prepare();
            heart = shared.heart.lock();
            heart.take_orders(worker, generation, &mut self.orders);
        }
        if self.orders.is_empty() && !self.turning && shared.spin.begin() {
            drop(heart);
            shared.spin.until(|| bell.has_orders());
            heart = shared.heart.lock();
            heart.take_orders(worker, generation, &mut self.orders);
        }
        // From here on: it may be rung for a sign of life in between.
        let tidy_at = Instant::now() + IDLE;
        while self.orders.is_empty() && !self.turning {
            bell.answer();
            if !self.has_worked {
                bell.idle.wait(&mut heart);
            } else if bell.idle.wait_until(&mut heart, tidy_at).timed_out() {
                drop(heart);
                self.tidy_up();
                heart = shared.heart.lock();
            }
            heart.take_orders(worker, generation, &mut self.orders);
        }
    }

    /// Gives back memory that the tasks have left, once for each time that nothing is to be done.
    fn tidy_up(&mut self) {
        self.isolate.collect_garbage();
        self.look_at_memory();
        self.has_worked = false;
    }

    /// Does what was ordered up to the first thing that is to be reported.
    fn obey(&mut self) -> Option<Exit> {
        while self.reports.is_empty() {
            match self.orders.pop_front()? {
                Order::Run { task, attempt, job } => self.run(task, attempt, &job),
                Order::Signal { task, why } => {
                    let (message, name) = reason(why);
                    self.isolate.signal(task.0, message, name);
                    self.turning = true;
                }
                Order::End { task, attempt, why } => {
                    let (message, name) = reason(why);
                    if self.isolate.end(task.0, attempt, message, name) {
                        self.report(task, attempt, Ended::Interrupted);
                    }
                }
                Order::Retire(why) => return Some(Exit::Retired(why)),
            }
            self.report_ended();
            if self.isolate.is_broken() {
                return None;
            }
        }
        None
    }

    fn run(&mut self, task: TaskId, attempt: u32, job: &Job) {
        self.has_worked = true;
        let started = Instant::now();
        self.start.running.set(Some((task, attempt)));
        match self.isolate.begin(task.0, attempt, self.start.worker.0, job) {
            None => self.turning = true,
            Some(ended) => {
                let long = started.elapsed().as_millis() >= LONG_TASK_MS;
                self.short_tasks = if long { SHORT_TASKS } else { self.short_tasks + 1 };
                self.turning |= self.isolate.leftovers().is_some();
                self.report(task, attempt, ended);
            }
        }
    }

    /// Turns the event loop until a task ends or an order comes.
    fn turn(&mut self) {
        let Self { isolate, tokio, turning, start, littered, .. } = self;
        let bell = start.bell;
        let mut patience = pin!(sleep(LEFTOVER_PATIENCE));
        tokio.block_on(poll_fn(|cx| {
            bell.event_loop.register(cx.waker());
            bell.answer();
            *turning = isolate.poll(cx).is_pending();
            if !*turning || isolate.has_ended() || isolate.is_broken() || bell.has_orders() {
                return Poll::Ready(());
            }
            *littered = isolate.leftovers().is_some() && patience.as_mut().poll(cx).is_ready();
            if *littered { Poll::Ready(()) } else { Poll::Pending }
        }));
        self.report_ended();
    }

    fn report_ended(&mut self) {
        for (ticket, attempt, ended) in self.isolate.take_ended() {
            self.report(TaskId(ticket), attempt, ended);
        }
    }

    fn report(&mut self, task: TaskId, attempt: u32, ended: Ended) {
        if ended == Ended::MemoryLimit {
            self.short_tasks = SHORT_TASKS;
        }
        let retire = if self.isolate.is_spent() {
            self.look_at_memory();
            Some(Retirement::MemoryLimit)
        } else {
            self.memory_retirement()
        };
        let outcome = match ended {
            Ended::Done(value) => Outcome::Done(Answer::Value(value)),
            Ended::Failed(fault) => Outcome::Failed {
                retryable: fault.kind.is_retryable(),
                error: Answer::Fault(fault),
            },
            Ended::Interrupted => Outcome::Interrupted,
            Ended::MemoryLimit => Outcome::MemoryLimit,
        };
        let Starting { worker, generation, .. } = self.start;
        self.reports.push(Input::Finished { worker, generation, task, attempt, outcome, retire });
    }

    /// Looks at the heap, where it is time to. What is over the threshold may be garbage.
    fn memory_retirement(&mut self) -> Option<Retirement> {
        if self.short_tasks < SHORT_TASKS {
            return None;
        }
        self.short_tasks = 0;
        let threshold = self.start.shared.isolate.memory_restart;
        let mut taken = self.look_at_memory();
        if taken > threshold {
            self.isolate.collect_garbage();
            taken = self.look_at_memory();
        }
        (taken > threshold).then_some(Retirement::MemoryThreshold)
    }

    /// Says what the isolate takes now, in bytes.
    fn look_at_memory(&mut self) -> usize {
        let Starting { shared, worker, generation, .. } = self.start;
        let memory = self.isolate.memory();
        shared.heart.lock().set_memory(worker, generation, memory);
        memory.total()
    }
}

/// Message and name of the DOMException that `ctx.signal` is aborted with.
fn reason(why: Interruption) -> (&'static str, &'static str) {
    match why {
        Interruption::Timeout => ("the task ran out of time", "TimeoutError"),
        Interruption::Abort => ("the task was aborted", "AbortError"),
        Interruption::Shutdown => ("the pool is shutting down", "AbortError"),
    }
}
