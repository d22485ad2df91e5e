//! Deliveries as `lib/pool/collection.js` reads them from the arena.
//!
//! Little endian, one record after another:
//!
//! ```text
//! u8 status; 255 is an event:
//!     u32 length and JSON
//! 254 is a call of a task to this side:
//!     f64 number of the call · f64 ticket · u32 attempt · u32 worker
//!     u32 length and the target, in UTF-8 · u32 length and the arguments, as a result below
//! 253 says that an attempt which has called is over:
//!     f64 ticket · u32 attempt
//! else the settlement of a task; the bit 64 says that it is among the dead letters:
//!     f64 ticket
//!     where it is not 0 (done): u32 attempts · f64 figure of the status (a limit or a time in ms)
//!     u32 length and the result or the error, in the wire format; length 0xFFFFFFFF: the next blob;
//!         0xFFFFFFFE: what follows is one as here, whose buffers are in the next moved
//! ```

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::isolate::{Fault, FaultKind, HostCall, MAX_TARGET, MovedBuffers};
use crate::pool::{Answer, Delivery, MemoryAlarm};
use crate::scheduler::{Event, Exit, Failure, Retirement, TaskId, WorkerId};

const DONE: u8 = 0;
const EVENT: u8 = 255;
const CALL: u8 = 254;
const CALLER_OVER: u8 = 253;
const KEPT: u8 = 64;
const NEXT_BLOB: u32 = u32::MAX;
const NEXT_MOVED: u32 = u32::MAX - 1;

/// Larger values are handed to JavaScript as they are; smaller ones are cheaper to copy than to hand
/// over.
const BLOB: usize = 16 * 1024;

/// No record takes more: a call with a value that is no blob.
const LONGEST: usize = 1 + 8 + 8 + 4 + 4 + 4 + MAX_TARGET + 4 + BLOB;

/// Writes as many deliveries as are sure to fit and says how many bytes that took.
pub(super) fn write(
    deliveries: &mut VecDeque<Delivery>,
    blobs: &mut VecDeque<Vec<u8>>,
    moved_out: &mut VecDeque<MovedBuffers>,
    arena: &mut [u8],
) -> u32 {
    let mut writer = Writer { arena, at: 0, blobs, moved_out };
    while writer.arena.len() - writer.at >= LONGEST
        && let Some(delivery) = deliveries.pop_front()
    {
        match delivery {
            Delivery::Settled { task, result, timing, kept } => {
                writer.settlement(task, result, timing.attempts, kept);
            }
            Delivery::Call { id, worker, call } => writer.call(id, worker, call),
            Delivery::CallerOver { task, attempt } => {
                writer.put(&[CALLER_OVER]);
                writer.put(&(task.0 as f64).to_le_bytes());
                writer.put(&attempt.to_le_bytes());
            }
            other => {
                let json = serde_json::to_vec(&Record::of(other)).expect("its fields are plain");
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
        kept: bool,
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
                self.settlement(task, Err(Failure::Failed(fault)), attempts, kept);
            }
            Err(failure) => {
                let Failed { status, figure, error } = failure.into();
                self.put(&[if kept { status | KEPT } else { status }]);
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

/// A failure as the arena has it.
pub(super) struct Failed {
    pub status: u8,
    pub figure: f64,
    pub error: Vec<u8>,
}

impl From<Failure<Answer>> for Failed {
    fn from(failure: Failure<Answer>) -> Self {
        let plain = |status, figure| Self { status, figure, error: Vec::new() };
        match failure {
            Failure::Failed(Answer::Fault(Fault { kind, error })) => {
                let status = match kind {
                    FaultKind::Thrown => 1,
                    FaultKind::Syntax => 2,
                    FaultKind::NoHandler => 3,
                    FaultKind::DataClone => 4,
                };
                Self { status, figure: 0.0, error }
            }
            Failure::Failed(Answer::Value(error) | Answer::Moved(error, _)) => {
                Self { status: 1, figure: 0.0, error }
            }
            Failure::QueueFull { limit } => plain(5, limit as f64),
            Failure::QueueTimeout { waited } => plain(6, ms(waited)),
            Failure::Timeout { limit } => plain(7, ms(limit)),
            Failure::MemoryLimit => plain(8, 0.0),
            Failure::Aborted => plain(9, 0.0),
            Failure::WorkerLost => plain(10, 0.0),
            Failure::Closed => plain(11, 0.0),
            Failure::CircuitOpen { retry_after } => plain(12, ms(retry_after)),
        }
    }
}

/// Milliseconds for JavaScript.
pub(super) fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// An event as JSON; `lib/observe/events.js` makes the public one of it.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Record {
    TaskStarted {
        ticket: u64,
        worker_id: u32,
        attempt: u32,
        wait_ms: f64,
    },
    TaskCompleted {
        ticket: u64,
        worker_id: u32,
        attempt: u32,
        run_ms: f64,
    },
    TaskFailed {
        ticket: u64,
        worker_id: Option<u32>,
        attempt: u32,
        retried: bool,
    },
    TaskRetried {
        ticket: u64,
        attempt: u32,
        delay_ms: f64,
    },
    TaskDeadLettered {
        ticket: u64,
        attempts: u32,
        dead_letters: usize,
    },
    DeadLetterDropped {
        ticket: u64,
    },
    WorkerReady {
        worker_id: u32,
        generation: u32,
    },
    ZombieDetected {
        worker_id: u32,
        generation: u32,
        time_since_heartbeat: f64,
        tickets: Vec<u64>,
    },
    WorkerRestarted {
        worker_id: u32,
        generation: u32,
        reason: &'static str,
    },
    WorkerExited {
        worker_id: u32,
        generation: u32,
        reason: &'static str,
    },
    WorkerDown {
        worker_id: u32,
        failures: u32,
    },
    PoolScaledUp {
        from: usize,
        to: usize,
        automatic: bool,
    },
    PoolScaledDown {
        from: usize,
        to: usize,
        automatic: bool,
    },
    CircuitOpen {
        #[serde(rename = "type")]
        kind: Arc<str>,
        failures: u32,
        retry_after_ms: f64,
    },
    CircuitClose {
        #[serde(rename = "type")]
        kind: Arc<str>,
    },
    MemoryAlert {
        worker_id: u32,
        reason: &'static str,
        heap_used: usize,
        external: usize,
    },
    Crashed {
        worker_id: u32,
        message: String,
    },
    Backpressure {
        queue_depth: usize,
        max_queue: usize,
    },
    Drain,
    Console {
        worker_id: u32,
        level: Box<str>,
        text: Box<str>,
        ticket: Option<u64>,
    },
    ConsoleDropped {
        lines: u64,
    },
    LoadFailed {
        worker_id: u32,
        message: String,
        file: Option<String>,
        line: Option<u32>,
        column: Option<u32>,
        stack: Option<String>,
        needs_bundle: bool,
    },
    Closed,
}

impl Record {
    fn of(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Event(event) => event.into(),
            Delivery::Console { worker, line } => Self::Console {
                worker_id: worker.0,
                level: line.level,
                text: line.text,
                ticket: line.ticket,
            },
            Delivery::ConsoleDropped { lines } => Self::ConsoleDropped { lines },
            Delivery::LoadFailed { worker, error } => Self::LoadFailed {
                worker_id: worker.0,
                message: error.message,
                file: error.file,
                line: error.line,
                column: error.column,
                stack: error.stack,
                needs_bundle: error.needs_bundle,
            },
            Delivery::Crashed { worker, message } => Self::Crashed { worker_id: worker.0, message },
            Delivery::MemoryAlert { worker, memory, alarm } => Self::MemoryAlert {
                worker_id: worker.0,
                reason: match alarm {
                    MemoryAlarm::Threshold => "threshold",
                    MemoryAlarm::Limit => "limit",
                },
                heap_used: memory.heap_used,
                external: memory.external,
            },
            Delivery::Closed => Self::Closed,
            Delivery::Settled { .. } | Delivery::Call { .. } | Delivery::CallerOver { .. } => {
                unreachable!("it has a record of its own")
            }
        }
    }
}

impl From<Event> for Record {
    fn from(event: Event) -> Self {
        match event {
            Event::TaskStarted { task, worker, attempt, waited } => Self::TaskStarted {
                ticket: task.0,
                worker_id: worker.0,
                attempt,
                wait_ms: ms(waited),
            },
            Event::TaskCompleted { task, worker, attempt, ran } => Self::TaskCompleted {
                ticket: task.0,
                worker_id: worker.0,
                attempt,
                run_ms: ms(ran),
            },
            Event::TaskFailed { task, worker, attempt, retried } => {
                let worker_id = worker.map(|worker| worker.0);
                Self::TaskFailed { ticket: task.0, worker_id, attempt, retried }
            }
            Event::TaskRetried { task, attempt, delay } => {
                Self::TaskRetried { ticket: task.0, attempt, delay_ms: ms(delay) }
            }
            Event::TaskDeadLettered { task, attempt, letters } => {
                Self::TaskDeadLettered { ticket: task.0, attempts: attempt, dead_letters: letters }
            }
            Event::DeadLetterDropped { task } => Self::DeadLetterDropped { ticket: task.0 },
            Event::ZombieDetected { worker, generation, silent, tasks } => Self::ZombieDetected {
                worker_id: worker.0,
                generation: generation.0,
                time_since_heartbeat: ms(silent),
                tickets: tasks.into_iter().map(|task| task.0).collect(),
            },
            Event::WorkerReady { worker, generation } => {
                Self::WorkerReady { worker_id: worker.0, generation: generation.0 }
            }
            Event::WorkerRestarted { worker, generation, after } => Self::WorkerRestarted {
                worker_id: worker.0,
                generation: generation.0,
                reason: reason(after),
            },
            Event::WorkerExited { worker, generation, exit } => Self::WorkerExited {
                worker_id: worker.0,
                generation: generation.0,
                reason: reason(exit),
            },
            Event::WorkerDown { worker, failures } => {
                Self::WorkerDown { worker_id: worker.0, failures }
            }
            Event::ScaledUp { from, to, automatic } => Self::PoolScaledUp { from, to, automatic },
            Event::ScaledDown { from, to, automatic } => {
                Self::PoolScaledDown { from, to, automatic }
            }
            Event::CircuitOpened { kind, failures, retry_after } => {
                Self::CircuitOpen { kind, failures, retry_after_ms: ms(retry_after) }
            }
            Event::CircuitClosed { kind } => Self::CircuitClose { kind },
            Event::Backpressure { depth, limit } => {
                Self::Backpressure { queue_depth: depth, max_queue: limit }
            }
            Event::Drain => Self::Drain,
        }
    }
}

/// The public name of why a worker came to its end.
fn reason(exit: Exit) -> &'static str {
    match exit {
        Exit::Retired(why) => match why {
            Retirement::MemoryLimit => "memory-limit",
            Retirement::MemoryThreshold => "memory-threshold",
            Retirement::DetachedRealms => "detached-realms",
            Retirement::PendingWork => "pending-work",
            Retirement::MaxTasks => "max-tasks",
            Retirement::ScaleDown => "scale-down",
            Retirement::Restart => "restart",
            Retirement::Shutdown => "shutdown",
        },
        Exit::StartFailed => "start-failed",
        Exit::Panicked => "panic",
        Exit::OutOfMemory => "out-of-memory",
        Exit::Fatal => "fatal-error",
        Exit::Unresponsive => "unresponsive",
        Exit::Zombie => "zombie",
    }
}
