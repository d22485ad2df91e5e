//! Calls of tasks to the parent: counted, bounded, and answered only while their attempt goes on. What
//! is called, and with what, is bytes to this room; `js/host.js` and `lib/host/calls.js` know it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use deno_core::futures::channel::oneshot;
use deno_core::futures::future::Either;
use deno_core::{OpState, op2};

use super::ledger::Ledger;

/// No target is longer, in bytes; `lib/host/functions.js` keeps to it.
pub const MAX_TARGET: usize = 1024;

/// Targets that move the items of streams begin so: they are counted apart, or the streams of a task
/// could not be served while its calls are in flight.
const STREAM: &str = "stream:";
/// As many streams may be open each way as calls be in flight, and each moves one item at a time.
const STREAMS_PER_CALL: usize = 2;

// What the op gives in place of a reply, which is never that short.
const TOO_MANY: u8 = 0;
const TOO_LARGE: u8 = 1;
const NO_TASK: u8 = 2;

/// A task asks the parent for something.
#[derive(Debug)]
pub struct HostCall {
    pub ticket: u64,
    pub attempt: u32,
    /// At most [`MAX_TARGET`] bytes.
    pub target: String,
    /// The arguments, in the wire format.
    pub arguments: Vec<u8>,
    /// Held as long as they are.
    #[allow(dead_code, reason = "it counts while it is there")]
    weight: Arc<Weight>,
}

/// The way back. Where it is dropped, the call never settles.
#[derive(Debug)]
pub struct Reply(oneshot::Sender<Vec<u8>>);

impl Reply {
    /// Answers with bytes of the wire format, which wakes the isolate.
    pub fn send(self, bytes: Vec<u8>) {
        // Refused where the isolate is gone.
        let _ = self.0.send(bytes);
    }
}

/// The calls of an isolate that are in flight.
pub(super) struct Calls {
    limit: usize,
    /// Of arguments that the parent has not let go of, in bytes.
    room: usize,
    taken: Arc<AtomicUsize>,
    in_flight: RefCell<HashMap<Attempt, InFlight>>,
    place: Box<dyn Fn(HostCall, Reply)>,
}

type Attempt = (u64, u32);

#[derive(Default)]
struct InFlight {
    calls: usize,
    streams: usize,
}

impl InFlight {
    fn of(&mut self, is_stream: bool) -> &mut usize {
        if is_stream { &mut self.streams } else { &mut self.calls }
    }
}

/// Bytes that count until their call is settled and the parent has them.
#[derive(Debug)]
struct Weight {
    bytes: usize,
    taken: Arc<AtomicUsize>,
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Relaxed);
    }
}

/// A call's place among those in flight.
struct Place {
    calls: Rc<Calls>,
    attempt: Attempt,
    is_stream: bool,
    _weight: Arc<Weight>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut in_flight = self.calls.in_flight.borrow_mut();
        if let Some(counts) = in_flight.get_mut(&self.attempt) {
            *counts.of(self.is_stream) -= 1;
            if counts.calls + counts.streams == 0 {
                in_flight.remove(&self.attempt);
            }
        }
    }
}

impl Calls {
    /// `limit` is that of one attempt, `room` the bytes of all arguments; `place` hands a call over.
    pub fn new(limit: usize, room: usize, place: Box<dyn Fn(HostCall, Reply)>) -> Self {
        Self { limit, room, taken: Arc::default(), in_flight: RefCell::default(), place }
    }

    /// Hands a call over, if there is room for it.
    fn begin(
        self: &Rc<Self>,
        attempt: Attempt,
        target: String,
        arguments: Vec<u8>,
    ) -> Result<(oneshot::Receiver<Vec<u8>>, Place), u8> {
        let is_stream = target.starts_with(STREAM);
        let most = if is_stream { STREAMS_PER_CALL * self.limit } else { self.limit };
        let bytes = arguments.len();
        if target.len() > MAX_TARGET || self.taken.load(Relaxed) + bytes > self.room {
            return Err(TOO_LARGE);
        }
        {
            let mut in_flight = self.in_flight.borrow_mut();
            let count = in_flight.entry(attempt).or_default().of(is_stream);
            if *count >= most {
                return Err(TOO_MANY);
            }
            *count += 1;
        }
        self.taken.fetch_add(bytes, Relaxed);
        let weight = Arc::new(Weight { bytes, taken: self.taken.clone() });
        let place = Place { calls: self.clone(), attempt, is_stream, _weight: weight.clone() };
        let (sender, receiver) = oneshot::channel();
        let (ticket, attempt) = attempt;
        (self.place)(HostCall { ticket, attempt, target, arguments, weight }, Reply(sender));
        Ok((receiver, place))
    }
}

/// Calls the parent for the task `ticket`. Gives the reply in the wire format, one byte that says why the
/// call was refused, or nothing where the task is over and nobody is to hear of it.
#[op2(async)]
#[buffer]
pub(super) fn op_isolane_call(
    state: &mut OpState,
    ticket: f64,
    #[string] target: String,
    #[buffer(copy)] arguments: Vec<u8>,
) -> impl Future<Output = Vec<u8>> + use<> {
    let ledger = state.borrow::<Rc<Ledger>>().clone();
    let Some(attempt) = ledger.attempt_of(ticket as u64) else {
        return Either::Left(ready(vec![NO_TASK]));
    };
    match ledger.calls.begin(attempt, target, arguments) {
        Err(why) => Either::Left(ready(vec![why])),
        Ok((receiver, place)) => Either::Right(async move {
            let reply = receiver.await;
            drop(place);
            // A later attempt may be here by now, under the same ticket.
            let goes_on = ledger.attempt_of(attempt.0) == Some(attempt);
            reply.ok().filter(|_| goes_on).unwrap_or_default()
        }),
    }
}
