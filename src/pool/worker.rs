//! The thread of a worker: makes an isolate, runs what it is ordered to, reports, and drops it. For tasks
//! that want an isolate of their own it makes one after another; V8 wants the old one to go first.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime as Tokio};
use tokio::time::sleep;

use super::Shared;
use super::bell::Bell;
use super::chores::{Chore, Chores};
use super::delivery::Answer;
use super::seat::Order;
use crate::isolate::{
    Ended, Hooks, Isolate, Isolation, Job, LoadError, Loss, panic_message, release_start_memory,
    trim_memory,
};
use crate::scheduler::{
    Exit, Generation, Input, Interruption, Outcome, Retirement, TaskId, WorkerId,
};

/// V8 takes a megabyte of stack for JavaScript. The rest is for native code below it: the codec
/// recurses with the depth of a value.
pub(super) const STACK_SIZE: usize = 4 << 20;

/// The heap is looked at after a task that took this long, or after so many shorter ones.
const LONG_TASK: Duration = Duration::from_millis(2);
const SHORT_TASKS: u32 = 64;

/// Tasks that JavaScript left, of which the scheduler hears with the end of one.
const SUBMISSIONS: usize = 8;

const GIVEN_UP: &str = "loading the worker script was given up";
/// Realms that no collection takes away and that an isolate may have nevertheless.
const DETACHED_REALMS: usize = 16;

const OVER_MEMORY: &str = "the worker script takes more memory than its isolate may have";

/// What a task that is over has under way may take so long, where nothing else is to be done.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(5);

/// V8 may take so long for an isolate, before the worker script has its own time: many may be made on few
/// cores.
const MAKING: Duration = Duration::from_secs(30);

/// Runs the worker until it is retired, fails to start or panics, and says so.
pub(super) fn run(shared: &Arc<Shared>, worker: WorkerId, generation: Generation, bell: &Bell) {
    let running = Rc::new(Cell::new(None));
    let exit = catch_unwind(AssertUnwindSafe(|| {
        Starting { shared, worker, generation, bell, running: &running }.serve()
    }));
    let (exit, culprit) = match exit {
        Ok(exit) => (exit, None),
        Err(panic) => {
            shared.heart.lock().crashed(worker, panic_message(panic.as_ref()).to_owned());
            (Exit::Panicked, running.get().map(|(task, _)| task))
        }
    };
    shared.tell([Input::Exited { worker, generation, exit, culprit }]);
}

type Attempt = (TaskId, u32);
type Report = Input<Job, Answer>;

struct Starting<'a> {
    shared: &'a Arc<Shared>,
    worker: WorkerId,
    generation: Generation,
    bell: &'a Bell,
    /// What was started last, to be blamed for a panic and for a lack of memory.
    running: &'a Rc<Cell<Option<Attempt>>>,
}

struct Worker<'a> {
    start: &'a Starting<'a>,
    /// Not dropped by a panic: V8 may be in the middle of something.
    isolate: ManuallyDrop<Isolate>,
    tokio: Rc<Tokio>,
    orders: VecDeque<Order>,
    reports: Vec<Report>,
    /// The event loop has something to do.
    turning: bool,
    /// What is to be tidied up.
    chores: Chores,
    short_tasks: u32,
    /// When the latest task ended, or the worker woke up: it is read once a task.
    clock: Instant,
    /// What tasks have left behind in the isolate does not come to an end.
    littered: bool,
    usage: Usage,
}

/// What the isolate is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usage {
    /// No task has begun in it.
    Fresh,
    Shared,
    /// By a task that wants it for itself.
    Private,
    /// That task has ended: another isolate takes the place of this one.
    Over,
}

impl Starting<'_> {
    /// Makes one isolate after another, and has each of them run what it may.
    fn serve(&self) -> Exit {
        let Self { shared, worker, generation, .. } = *self;
        let mut orders = VecDeque::new();
        let mut reports = vec![Input::Ready { worker, generation }];
        loop {
            let (isolate, tokio) = match self.load(&mut orders) {
                Ok(loaded) => loaded,
                Err(error) => return self.failed(error, orders),
            };
            let life = Worker {
                start: self,
                isolate: ManuallyDrop::new(isolate),
                tokio,
                orders,
                reports: std::mem::take(&mut reports),
                turning: true,
                chores: Chores::default(),
                short_tasks: 0,
                clock: Instant::now(),
                littered: false,
                usage: Usage::Fresh,
            };
            orders = match life.work() {
                Ok(left) => left,
                Err(exit) => return exit,
            };
            // No task is to blame for what happens until the next one begins.
            self.running.set(None);
            let until = Instant::now() + shared.start_limit.max(MAKING);
            let calls = shared.heart.lock().renewing(worker, generation, until);
            shared.make(calls);
        }
    }

    /// Makes an isolate and loads the worker script into it. Orders that come meanwhile are put to those
    /// that there are.
    fn load(&self, orders: &mut VecDeque<Order>) -> Result<(Isolate, Rc<Tokio>), LoadError> {
        let Self { shared, worker, generation, .. } = *self;
        let given_up = || Err(LoadError { message: GIVEN_UP.to_owned(), ..Default::default() });
        if self.is_to_stop(orders) {
            return given_up();
        }
        // One for each isolate: what a task has under way in it must not meet the next one.
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
        // From here on it can be interrupted; it may have been given up before.
        if self.is_to_stop(orders) {
            return given_up();
        }
        if let Some(script) = &shared.isolate.script {
            let loaded = isolate.load(script, &tokio, |cx| {
                self.bell.event_loop.register(cx.waker());
                self.bell.answer();
                self.bell.has_orders() && self.is_to_stop(orders)
            });
            if loaded.is_err() && isolate.is_heap_exhausted() {
                return Err(LoadError { message: OVER_MEMORY.to_owned(), ..Default::default() });
            }
            loaded?;
        }
        let memory = isolate.memory();
        if !shared.heart.lock().loaded(worker, generation, memory) || self.is_to_stop(orders) {
            return given_up();
        }
        Ok((isolate, tokio))
    }

    /// Takes the orders that are there while no isolate can obey them, and says whether it is not wanted
    /// any more. A task that is to end before it has begun ends here: its interrupt may have been for the
    /// isolate before.
    fn is_to_stop(&self, orders: &mut VecDeque<Order>) -> bool {
        let Self { shared, worker, generation, .. } = *self;
        let is_overdue = {
            let mut heart = shared.heart.lock();
            heart.take_orders(worker, generation, orders);
            heart.is_overdue(worker, generation)
        };
        let withdrawn = withdraw(orders);
        if !withdrawn.is_empty() {
            shared.tell(withdrawn.into_iter().map(|(task, attempt)| Input::Finished {
                worker,
                generation,
                task,
                attempt,
                outcome: Outcome::Interrupted,
                retire: None,
            }));
        }
        is_overdue || retirement(orders).is_some()
    }

    /// Says why there is no isolate, and how the worker ends. What was ordered runs elsewhere; the
    /// scheduler sees to it.
    fn failed(&self, mut error: LoadError, mut orders: VecDeque<Order>) -> Exit {
        let Self { shared, worker, generation, .. } = *self;
        let mut heart = shared.heart.lock();
        heart.take_orders(worker, generation, &mut orders);
        if let Some(why) = retirement(&orders) {
            return Exit::Retired(why);
        }
        if heart.is_overdue(worker, generation) {
            error.message =
                format!("the worker script did not load within {:?}", shared.start_limit);
        }
        // The report of the exit, which follows, wakes JavaScript.
        heart.load_failed(worker, error);
        Exit::StartFailed
    }
}

fn retirement(orders: &VecDeque<Order>) -> Option<Retirement> {
    orders.iter().find_map(|order| match order {
        Order::Retire(why) => Some(*why),
        _ => None,
    })
}

/// Takes out the tasks that are to end and have not begun.
fn withdraw(orders: &mut VecDeque<Order>) -> Vec<Attempt> {
    let mut withdrawn = Vec::new();
    for order in std::mem::take(orders) {
        if let Order::Signal { task, .. } | Order::End { task, .. } = order {
            let is_its_start =
                |order: &Order| matches!(order, Order::Run { task: other, .. } if *other == task);
            if let Some(at) = orders.iter().position(is_its_start) {
                if let Some(Order::Run { task, attempt, .. }) = orders.remove(at) {
                    withdrawn.push((task, attempt));
                }
                continue;
            }
        }
        orders.push_back(order);
    }
    withdrawn
}

impl Starting<'_> {
    fn hooks(&self) -> Hooks {
        let Self { worker, generation, .. } = *self;
        let (shared, running) = (self.shared.clone(), self.running.clone());
        let console = {
            let shared = shared.clone();
            Box::new(move |line| shared.print(worker, line))
        };
        let call = {
            let shared = shared.clone();
            Box::new(move |call, reply| shared.call(worker, generation, call, reply))
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
        Hooks { console, call, lost }
    }
}

impl Worker<'_> {
    /// Runs what is ordered until the isolate is not to be used any more. Gives the orders that are left
    /// for another one.
    ///
    /// # Errors
    /// The end of the worker.
    fn work(mut self) -> Result<VecDeque<Order>, Exit> {
        let tokio = self.tokio.clone();
        let context = tokio.enter();
        let end = loop {
            self.exchange();
            if self.is_over() {
                // The next task finds an isolate that is ready.
                break retirement(&self.orders).map_or(Ok(()), |why| Err(Exit::Retired(why)));
            }
            if let Some(end) = self.obey() {
                break end;
            }
            if self.turning && self.reports.is_empty() && self.orders.is_empty() {
                self.turn();
            }
            if (self.isolate.is_broken() || self.littered) && !self.is_over() {
                // What is still in flight here runs again elsewhere; the scheduler sees to it.
                self.start.shared.tell(self.reports.drain(..));
                break Err(Exit::Retired(Retirement::PendingWork));
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
        trim_memory(false);
        end.map(|()| self.orders)
    }

    /// Reports what ended and takes the next orders, in one go; waits for them where there is
    /// nothing else to do.
    fn exchange(&mut self) {
        let Starting { shared, worker, generation, bell, .. } = *self.start;
        let mut heart = shared.heart.lock();
        if !self.reports.is_empty() {
            // It looks for its orders anyway: nobody need ring for them.
            bell.ordered.store(true, Ordering::Relaxed);
            let news = self.reports.drain(..).chain(shared.inbox.take(SUBMISSIONS));
            let calls = heart.handle(news, self.clock);
            heart.take_orders(worker, generation, &mut self.orders);
            drop(heart);
            shared.make(calls);
            if !self.orders.is_empty() || self.turning || self.is_over() {
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
        let idle_since = Instant::now();
        while self.orders.is_empty() && !self.turning {
            bell.answer();
            match self.chores.next(idle_since) {
                None => bell.idle.wait(&mut heart),
                Some((chore, at)) => {
                    if bell.idle.wait_until(&mut heart, at).timed_out() {
                        drop(heart);
                        self.tidy_up(chore);
                        heart = shared.heart.lock();
                    }
                }
            }
            heart.take_orders(worker, generation, &mut self.orders);
        }
        drop(heart);
        self.clock = Instant::now();
    }

    fn tidy_up(&mut self, chore: Chore) {
        match chore {
            Chore::Collect => {
                self.isolate.collect_garbage();
                self.look_at_memory();
            }
            Chore::Settle => release_start_memory(),
        }
        self.chores.done(chore);
    }

    /// Does what was ordered up to the first thing that is to be reported, or to the end of the isolate.
    fn obey(&mut self) -> Option<Result<(), Exit>> {
        while self.reports.is_empty() {
            match self.orders.pop_front()? {
                Order::Run { task, attempt, job } => {
                    if self.usage != Usage::Fresh && job.plan.isolation == Isolation::Isolate {
                        self.orders.push_front(Order::Run { task, attempt, job });
                        return Some(Ok(()));
                    }
                    self.run(task, attempt, &job);
                }
                Order::Signal { task, why } => {
                    let (message, name) = reason(why);
                    self.isolate.signal(task.0, message, name);
                    self.turning = true;
                }
                Order::End { task, attempt, why } => {
                    let (message, name) = reason(why);
                    if self.isolate.end(task.0, attempt, message, name) {
                        self.clock = Instant::now();
                        self.report(task, attempt, Ended::Interrupted);
                    }
                }
                Order::Retire(why) => return Some(Err(Exit::Retired(why))),
            }
            self.report_ended();
            if self.isolate.is_broken() {
                return None;
            }
        }
        None
    }

    fn run(&mut self, task: TaskId, attempt: u32, job: &Job) {
        self.chores.has_worked();
        self.usage = match job.plan.isolation {
            Isolation::Isolate => Usage::Private,
            Isolation::Shared | Isolation::Context => Usage::Shared,
        };
        let started = self.clock;
        self.start.running.set(Some((task, attempt)));
        match self.isolate.begin(task.0, attempt, self.start.worker.0, job) {
            None => self.turning = true,
            Some(ended) => {
                self.clock = Instant::now();
                let is_long = self.clock.duration_since(started) >= LONG_TASK;
                self.short_tasks = if is_long { SHORT_TASKS } else { self.short_tasks + 1 };
                self.turning |= self.isolate.leftovers().is_some();
                self.report(task, attempt, ended);
            }
        }
    }

    /// Whether the isolate had one task to run, and has.
    fn is_over(&self) -> bool {
        self.usage == Usage::Over
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
        if self.isolate.has_ended() {
            self.clock = Instant::now();
        }
        for (ticket, attempt, ended) in self.isolate.take_ended() {
            self.report(TaskId(ticket), attempt, ended);
        }
    }

    fn report(&mut self, task: TaskId, attempt: u32, ended: Ended) {
        if ended == Ended::MemoryLimit {
            self.short_tasks = SHORT_TASKS;
        }
        if self.usage == Usage::Private {
            self.usage = Usage::Over;
        }
        let is_spent = self.isolate.is_heap_exhausted();
        if is_spent {
            self.look_at_memory();
        }
        let retire = match self.usage {
            // The worker goes on in another isolate.
            Usage::Over => None,
            _ if is_spent => Some(Retirement::MemoryLimit),
            _ => self.memory_retirement(),
        };
        let outcome = match ended {
            Ended::Done(value) => Outcome::Done(Answer::Value(value)),
            Ended::Moved(value, buffers) => Outcome::Done(Answer::Moved(value, buffers)),
            Ended::Failed(fault) => Outcome::Failed {
                retryable: fault.kind.is_retryable(),
                error: Answer::Fault(fault),
            },
            Ended::Interrupted => Outcome::Interrupted,
            Ended::MemoryLimit => Outcome::MemoryLimit,
        };
        let Starting { worker, generation, .. } = *self.start;
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
        if taken > threshold {
            return Some(Retirement::MemoryThreshold);
        }
        (self.isolate.detached_realms() > DETACHED_REALMS).then_some(Retirement::DetachedRealms)
    }

    /// Says what the isolate takes now, in bytes.
    fn look_at_memory(&mut self) -> usize {
        let Starting { shared, worker, generation, .. } = *self.start;
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
