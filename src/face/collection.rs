//! Writes deliveries into the arena, from which `lib/pool/collection.js` reads them.
//!
//! Little endian, one record after another:
//!
//! ```text
//! u8 status; 255 is an event:
//!     u32 length and JSON
//! 254 is a call of a task to this side:
//!     f64 number of the call · f64 ticket · u32 attempt · u32 worker
//!     u32 length and the target, in UTF-8 · u32 length and the arguments, as a result below
//! 253 is the end of an attempt that has called:
//!     f64 ticket · u32 attempt
//! any other status is the settlement of a task; bit 64: it was added to the dead letters:
//!     f64 ticket
//!     unless the status is 0 (done): u32 attempts · f64 figure of the status (a limit or a time in ms)
//!     u32 length and the result or the error, in the wire format; length 0xFFFFFFFF: the next blob;
//!         0xFFFFFFFE: a length and a value as here follow, whose buffers are the next moved ones
//! ```

use std::collections::VecDeque;

use super::events::EventRecord;
use super::failure::Failed;
use crate::isolate::{HostCall, MAX_TARGET, MovedBuffers};
use crate::pool::{Answer, Delivery};
use crate::scheduler::{Failure, TaskId, WorkerId};

const DONE: u8 = 0;
const EVENT: u8 = 255;
const CALL: u8 = 254;
const CALLER_OVER: u8 = 253;
const DEAD_LETTERED: u8 = 64;
const NEXT_BLOB: u32 = u32::MAX;
const NEXT_MOVED: u32 = u32::MAX - 1;

/// Size above which a value is handed to JavaScript without a copy. Copying a smaller one is cheaper.
const BLOB: usize = 16 * 1024;

/// Maximum size of a record: a call with a value that is no blob.
const MAX_RECORD: usize = 1 + 8 + 8 + 4 + 4 + 4 + MAX_TARGET + 4 + BLOB;

/// Writes as many deliveries as are certain to fit, and returns the number of bytes written.
pub(super) fn write(
    deliveries: &mut VecDeque<Delivery>,
    blobs: &mut VecDeque<Vec<u8>>,
    moved_out: &mut VecDeque<MovedBuffers>,
    arena: &mut [u8],
) -> u32 {
    let mut writer = Writer { arena, at: 0, blobs, moved_out };
    while writer.arena.len() - writer.at >= MAX_RECORD
        && let Some(delivery) = deliveries.pop_front()
    {
        match delivery {
            Delivery::Settled { task, result, timing, dead_lettered } => {
                writer.settlement(task, result, timing.attempts, dead_lettered);
            }
            Delivery::Call { id, worker, call } => writer.call(id, worker, call),
            Delivery::CallerOver { task, attempt } => {
                writer.put(&[CALLER_OVER]);
                writer.put(&(task.0 as f64).to_le_bytes());
                writer.put(&attempt.to_le_bytes());
            }
            other => {
                let json =
                    serde_json::to_vec(&EventRecord::of(other)).expect("its fields are plain");
                writer.put(&[EVENT]);
                writer.value(json);
            }
        }
    }
    u32::try_from(writer.at).expect("an arena is smaller than 4 GiB")
}

struct Writer<'a> {
    arena: &'a mut [u8],
    at: usize,
    blobs: &'a mut VecDeque<Vec<u8>>,
    moved_out: &'a mut VecDeque<MovedBuffers>,
}

impl Writer<'_> {
    fn settlement(
        &mut self,
        task: TaskId,
        result: Result<Answer, Failure<Answer>>,
        attempts: u32,
        dead_lettered: bool,
    ) {
        let ticket = (task.0 as f64).to_le_bytes();
        match result {
            Ok(Answer::Value(value)) => {
                self.put(&[DONE]);
                self.put(&ticket);
                self.value(value);
            }
            Ok(Answer::Moved(value, moved)) => {
                self.put(&[DONE]);
                self.put(&ticket);
                self.put(&NEXT_MOVED.to_le_bytes());
                self.moved_out.push_back(moved);
                self.value(value);
            }
            Ok(fault @ Answer::Fault(_)) => {
                self.settlement(task, Err(Failure::Failed(fault)), attempts, dead_lettered);
            }
            Err(failure) => {
                let Failed { status, figure, error } = failure.into();
                self.put(&[if dead_lettered { status | DEAD_LETTERED } else { status }]);
                self.put(&ticket);
                self.put(&attempts.to_le_bytes());
                self.put(&figure.to_le_bytes());
                self.value(error);
            }
        }
    }

    fn call(&mut self, id: u64, worker: WorkerId, call: HostCall) {
        self.put(&[CALL]);
        self.put(&(id as f64).to_le_bytes());
        self.put(&(call.ticket as f64).to_le_bytes());
        self.put(&call.attempt.to_le_bytes());
        self.put(&worker.0.to_le_bytes());
        self.put(&(call.target.len() as u32).to_le_bytes());
        self.put(call.target.as_bytes());
        self.value(call.arguments);
    }

    fn value(&mut self, value: Vec<u8>) {
        if value.len() > BLOB {
            self.put(&NEXT_BLOB.to_le_bytes());
            self.blobs.push_back(value);
        } else {
            self.put(&(value.len() as u32).to_le_bytes());
            self.put(&value);
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.arena[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }
}
