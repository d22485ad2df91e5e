//! Tests of an isolate on a thread of its own, without a pool.

mod bytes;
mod calls;
mod heartbeat;
mod job;
mod leftovers;
mod loss;
mod memory;
mod module_cache;
mod pages;
mod texts;

use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::{Duration, Instant};

use isolane::isolate::{
    Code, CodeKind, ConsoleLine, Ended, Hooks, Interrupter, Isolate, Isolation, Job, Loss, Memory,
    Plan, Script, Spec, Value, Work, initialise,
};
use tokio::runtime::{Builder, Runtime};

const MB: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(20);

/// The kinds of the wire format for `undefined`, and for a 32-bit integer, which four bytes follow.
const UNDEFINED: u8 = 0;
const INTEGER: u8 = 10;
/// An object without properties, in the wire format.
const NOTHING: [u8; 3] = [9, 7, 0];

/// An isolate with a memory limit of 64 MB, and its event loop.
struct Bench {
    isolate: Isolate,
    tokio: Rc<Runtime>,
    tasks: u64,
}

impl Bench {
    fn new(hooks: Hooks) -> Self {
        Self::with_host(hooks, vec![UNDEFINED], 1)
    }

    fn with_host(hooks: Hooks, host: Vec<u8>, max_host_calls: usize) -> Self {
        initialise();
        let spec = Spec { host, max_host_calls, ..Spec::new(64 * MB) };
        let tokio = Rc::new(Builder::new_current_thread().enable_time().build().unwrap());
        let _context = tokio.enter();
        let isolate = Isolate::new(&spec, tokio.clone(), hooks).unwrap();
        Self { isolate, tokio: tokio.clone(), tasks: 0 }
    }

    /// Creates an isolate with a worker script, whose handlers share a realm.
    fn with_script(hooks: Hooks, text: &str) -> Self {
        let mut bench = Self::new(hooks);
        let script = Script { path: "/handlers.mjs".into(), text: text.into() };
        let tokio = bench.tokio.clone();
        let _context = tokio.enter();
        bench.isolate.load(&script, &tokio, |_| false).unwrap();
        bench
    }

    /// Starts a code task, and returns its ticket and, where it does not wait, its end.
    fn begin(&mut self, code: &str) -> (u64, Option<Ended>) {
        self.begin_work(Work::Code(Code { kind: CodeKind::JavaScript, text: code.into() }))
    }

    /// Runs a handler to its end.
    fn handle(&mut self, name: &str) -> Ended {
        let (ticket, ended) = self.begin_work(Work::Handler(name.into()));
        ended.unwrap_or_else(|| self.end_of(ticket))
    }

    fn begin_work(&mut self, work: Work) -> (u64, Option<Ended>) {
        self.tasks += 1;
        let job = Job {
            plan: Plan::new(work, Isolation::Shared).into(),
            number: self.tasks,
            value: NOTHING[..].into(),
        };
        let tokio = self.tokio.clone();
        let _context = tokio.enter();
        let ended = self.isolate.begin(self.tasks, 1, 0, &job);
        (self.tasks, ended)
    }

    /// Runs a code task to its end.
    fn run(&mut self, code: &str) -> Ended {
        let (ticket, ended) = self.begin(code);
        ended.unwrap_or_else(|| self.end_of(ticket))
    }

    fn end_of(&mut self, wanted: u64) -> Ended {
        let mut ended = None;
        self.turn(PATIENCE, |isolate| {
            let found = isolate.take_ended().into_iter().find(|(ticket, ..)| *ticket == wanted);
            ended = found.map(|(.., how)| how);
            ended.is_some()
        });
        ended.expect("the task ends")
    }

    /// Turns the event loop until `is` returns true. Returns false where that takes longer than
    /// `limit`.
    fn turn(&mut self, limit: Duration, mut is: impl FnMut(&mut Isolate) -> bool) -> bool {
        let until = Instant::now() + limit;
        let Self { isolate, tokio, .. } = self;
        tokio.block_on(async {
            while Instant::now() < until {
                let turn = std::future::poll_fn(|cx| Poll::Ready(isolate.poll(cx)));
                let _ = turn.await;
                if is(isolate) {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            false
        })
    }
}

/// Returns hooks that drop console lines and fail the test when the isolate is lost.
fn quiet() -> Hooks {
    Hooks {
        call: Box::new(|call, _| panic!("nothing is there to be called: {call:?}")),
        lost: Box::new(|loss| panic!("lost: {loss:?}")),
        ..Hooks::silent()
    }
}

/// Runs `body` on a thread with the stack size of a worker.
fn on_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(4 << 20).spawn(body).unwrap();
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Returns the integer that a task returned.
fn number(ended: &Ended) -> u64 {
    match ended {
        Ended::Done(bytes) if bytes[0] == INTEGER => {
            i32::from_le_bytes(bytes[1..].try_into().unwrap()) as u64
        }
        other => panic!("no number: {other:?}"),
    }
}
