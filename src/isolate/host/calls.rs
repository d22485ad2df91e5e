//! `Calls`: the calls of an isolate's tasks to the parent that are in flight, counted and bounded.
//!
//! Targets and arguments are opaque here; `realm/js/host.js` and `lib/host/calls.js` interpret
//! them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use deno_core::futures::channel::oneshot;

/// The maximum length of a target in bytes. `lib/host/functions.js` observes it.
pub const MAX_TARGET: usize = 1024;

/// The prefix of the targets that move items of streams. They are counted separately: otherwise a
/// task with as many calls in flight as allowed could not serve its streams.
const STREAM: &str = "stream:";
/// As many streams may be open in each of two directions as calls may be in flight, and each stream
/// moves one item at a time.
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
    /// Counts the arguments while they exist.
    #[allow(dead_code, reason = "its drop uncounts the bytes")]
    counted: Arc<CountedBytes>,
}

/// The reply to a call. Where it is dropped, the call never settles.
#[derive(Debug)]
pub struct Reply(oneshot::Sender<Vec<u8>>);

impl Reply {
    /// Sends the reply, in the wire format, and wakes the isolate.
    pub fn send(self, bytes: Vec<u8>) {
        // Fails where the isolate is gone.
        let _ = self.0.send(bytes);
    }
}

/// The calls of an isolate that are in flight.
pub struct Calls {
    limit: usize,
    /// The maximum number of bytes of arguments that the parent holds.
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

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    TooMany,
    TooLarge,
}

impl Calls {
    /// `limit` is the number of calls of one attempt in flight, `max_bytes` the bytes of all
    /// arguments. `on_call` receives each call.
    pub fn new(limit: usize, max_bytes: usize, on_call: Box<dyn Fn(HostCall, Reply)>) -> Self {
        Self {
            limit,
            max_bytes,
            bytes_held: Arc::default(),
            in_flight: RefCell::default(),
            on_call,
        }
    }

    /// Passes a call on, if the limits allow it. Returns the receiver of the reply, and the slot
    /// that the call occupies until it settles.
    ///
    /// # Errors
    /// When the attempt has too many calls in flight, or target or arguments are too large.
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
