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
    counted: Arc<CountedBytes>,
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
    max_bytes: usize,
    bytes_held: Arc<AtomicUsize>,
    in_flight: RefCell<HashMap<Attempt, InFlight>>,
    on_call: Box<dyn Fn(HostCall, Reply)>,
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
struct CountedBytes {
    bytes: usize,
    bytes_held: Arc<AtomicUsize>,
}

impl Drop for CountedBytes {
    fn drop(&mut self) {
        self.bytes_held.fetch_sub(self.bytes, Relaxed);
    }
}

/// Counts a call as in flight until it is dropped.
pub struct Slot {
    calls: Rc<Calls>,
    attempt: Attempt,
    is_stream: bool,
    _weight: Arc<CountedBytes>,
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
    /// `limit` is that of one attempt, `max_bytes` the most bytes of all arguments.
    pub fn new(limit: usize, max_bytes: usize, on_call: Box<dyn Fn(HostCall, Reply)>) -> Self {
        Self {
            limit,
            max_bytes,
            bytes_held: Arc::default(),
            in_flight: RefCell::default(),
            on_call,
        }
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
        if target.len() > MAX_TARGET || self.bytes_held.load(Relaxed) + bytes > self.max_bytes {
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
        self.bytes_held.fetch_add(bytes, Relaxed);
        let counted = Arc::new(CountedBytes { bytes, bytes_held: self.bytes_held.clone() });
        let slot = Slot { calls: self.clone(), attempt, is_stream, _weight: counted.clone() };
        let (sender, receiver) = oneshot::channel();
        let (ticket, attempt) = attempt;
        (self.on_call)(HostCall { ticket, attempt, target, arguments, counted }, Reply(sender));
        Ok((receiver, slot))
    }
}
