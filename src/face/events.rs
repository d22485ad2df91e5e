//! Deliveries as JSON records, for `lib/observe/events.js`.
//!
//! Settlements and calls have binary records instead, because they are frequent.

use std::sync::Arc;

use serde::Serialize;

use super::time::to_ms;
use crate::pool::{Delivery, MemoryAlarm};
use crate::scheduler::{Event, Exit, Retirement};

/// An event as JSON, from which `lib/observe/events.js` makes the public one.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(super) enum EventRecord {
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

impl EventRecord {
    /// Converts a delivery that is no settlement and no call.
    pub(super) fn of(delivery: Delivery) -> Self {
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
                unreachable!("it has a binary record")
            }
        }
    }
}

impl From<Event> for EventRecord {
    fn from(event: Event) -> Self {
        match event {
            Event::TaskStarted { task, worker, attempt, waited } => Self::TaskStarted {
                ticket: task.0,
                worker_id: worker.0,
                attempt,
                wait_ms: to_ms(waited),
            },
            Event::TaskCompleted { task, worker, attempt, ran } => Self::TaskCompleted {
                ticket: task.0,
                worker_id: worker.0,
                attempt,
                run_ms: to_ms(ran),
            },
            Event::TaskFailed { task, worker, attempt, retried } => {
                let worker_id = worker.map(|worker| worker.0);
                Self::TaskFailed { ticket: task.0, worker_id, attempt, retried }
            }
            Event::TaskRetried { task, attempt, delay } => {
                Self::TaskRetried { ticket: task.0, attempt, delay_ms: to_ms(delay) }
            }
            Event::TaskDeadLettered { task, attempt, dead_letters } => {
                Self::TaskDeadLettered { ticket: task.0, attempts: attempt, dead_letters }
            }
            Event::DeadLetterDropped { task } => Self::DeadLetterDropped { ticket: task.0 },
            Event::ZombieDetected { worker, generation, silent_for, tasks } => {
                Self::ZombieDetected {
                    worker_id: worker.0,
                    generation: generation.0,
                    time_since_heartbeat: to_ms(silent_for),
                    tickets: tasks.into_iter().map(|task| task.0).collect(),
                }
            }
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
                Self::CircuitOpen { kind, failures, retry_after_ms: to_ms(retry_after) }
            }
            Event::CircuitClosed { kind } => Self::CircuitClose { kind },
            Event::Backpressure { depth, limit } => {
                Self::Backpressure { queue_depth: depth, max_queue: limit }
            }
            Event::Drain => Self::Drain,
        }
    }
}

/// Returns the public name of the reason why a worker ended.
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
