//! `Calls`: the calls of an isolate's tasks to the parent that are in flight, counted and bounded.
//!
//! What is called, and with which arguments, is opaque here: `realm/js/host.js` and `lib/host/calls.js` know it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use deno_core::futures::channel::oneshot;

/// The most bytes of a target. `lib/host/functions.js` keeps to it.
pub const MAX_TARGET: usize = 1024;

/// The prefix of targets that move the items of streams. These are counted separately: otherwise the streams of a
/// task could not be served while as many of its calls as allowed are in flight.
const STREAM: &str = "stream:";
/// As many streams may be open in each direction as calls may be in flight, and each moves one item at a time.
const STREAMS_PER_CALL: usize = 2;

/// A call of a task to the parent.
#[derive(Debug)]
pub struct HostCall {
    pub ticket: u64,
    pub attempt: u32,
    /// At most [`MAX_TARGET`] bytes.
    pub target: String,
    /// The arguments, in the wire format.
    pub arguments: Vec<u8>,
    /// Counts the arguments as long as they exist.
    #[allow(dead_code, reason = "it counts while it is there")]
    weight: Arc<Weight>,
}

/// Answers a call. Where it is dropped, the call never settles.
#[derive(Debug)]
pub struct Reply(oneshot::Sender<Vec<u8>>);

impl Reply {
    /// Answers with bytes in the wire format, and wakes the isolate.
    pub fn send(self, bytes: Vec<u8>) {
        // Refused where the isolate is gone.
        let _ = self.0.send(bytes);
    }
}

/// The calls of an isolate that are in flight.
pub struct Calls {
    limit: usize,
    /// The most bytes of arguments that the parent holds.
    room: usize,
    taken: Arc<AtomicUsize>,
    in_flight: RefCell<HashMap<Attempt, InFlight>>,
    hand_over: Box<dyn Fn(HostCall, Reply)>,
}

/// Ticket and attempt.
pub type Attempt = (u64, u32);

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

/// Bytes of arguments, counted until their call is settled and the parent has dropped them.
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

/// Counts a call as in flight until it is dropped.
pub struct Slot {
    calls: Rc<Calls>,
    attempt: Attempt,
    is_stream: bool,
    _weight: Arc<Weight>,
}

impl Drop for Slot {
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

/// Why a call was not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    TooMany,
    TooLarge,
}

impl Calls {
    /// `limit` is that of one attempt, `room` the most bytes of all arguments.
    pub fn new(limit: usize, room: usize, hand_over: Box<dyn Fn(HostCall, Reply)>) -> Self {
        Self { limit, room, taken: Arc::default(), in_flight: RefCell::default(), hand_over }
    }

    /// Hands a call over, if the limits allow it.
    pub fn begin(
        self: &Rc<Self>,
        attempt: Attempt,
        target: String,
        arguments: Vec<u8>,
    ) -> Result<(oneshot::Receiver<Vec<u8>>, Slot), Refused> {
        let is_stream = target.starts_with(STREAM);
        let most = if is_stream { STREAMS_PER_CALL * self.limit } else { self.limit };
        let bytes = arguments.len();
        if target.len() > MAX_TARGET || self.taken.load(Relaxed) + bytes > self.room {
            return Err(Refused::TooLarge);
        }
        {
            let mut in_flight = self.in_flight.borrow_mut();
            let count = in_flight.entry(attempt).or_default().of(is_stream);
            if *count >= most {
                return Err(Refused::TooMany);
            }
            *count += 1;
        }
        self.taken.fetch_add(bytes, Relaxed);
        let weight = Arc::new(Weight { bytes, taken: self.taken.clone() });
        let slot = Slot { calls: self.clone(), attempt, is_stream, _weight: weight.clone() };
        let (sender, receiver) = oneshot::channel();
        let (ticket, attempt) = attempt;
        (self.hand_over)(HostCall { ticket, attempt, target, arguments, weight }, Reply(sender));
        Ok((receiver, slot))
    }
}
