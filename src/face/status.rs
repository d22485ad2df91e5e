//! The state of a pool, as `lib/observe/metrics.js` reads it.
//!
//! Only converts: nothing is computed here.

use napi_derive::napi;

use super::time::to_ms;
use crate::metrics::Summary;
use crate::pool::Snapshot;
use crate::scheduler::{BreakerState, BreakerView, WorkerState};

/// The state of a pool. Times are in milliseconds, memory in bytes.
#[napi(object)]
pub struct NativeStatus {
    pub uptime: f64,
    pub submitted: f64,
    pub completed: f64,
    pub failed: f64,
    pub retried: f64,
    pub timed_out: f64,
    pub aborted: f64,
    pub rejected: f64,
    pub queued: u32,
    pub delayed: u32,
    pub running: u32,
    pub workers_spawned: f64,
    pub workers_restarted: f64,
    pub abandoned: u32,
    pub zombies: u32,
    pub zombies_detected: f64,
    pub dead_letters: u32,
    pub dead_letters_dropped: f64,
    pub circuits_opened: f64,
    pub circuit_breakers: Vec<NativeCircuit>,
    pub size: u32,
    pub open_calls: u32,
    pub callers: u32,
    pub panics: f64,
    pub fatal_errors: f64,
    pub isolates_renewed: f64,
    pub tasks_per_second: f64,
    pub run_time: NativeSummary,
    pub wait_time: NativeSummary,
    pub total_time: NativeSummary,
    pub oldest_wait: f64,
    pub by_priority: Vec<NativePriority>,
    pub workers: Vec<NativeWorker>,
}

/// The figures of a histogram, in milliseconds.
#[napi(object)]
pub struct NativeSummary {
    pub min: f64,
    pub mean: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// The number of waiting tasks of a priority.
#[napi(object)]
pub struct NativePriority {
    pub priority: u32,
    pub waiting: u32,
}

/// The state of a worker.
#[napi(object)]
pub struct NativeWorker {
    pub worker_id: u32,
    pub generation: u32,
    pub state: String,
    pub in_flight: u32,
    pub tasks_done: f64,
    pub failures: u32,
    pub started: u32,
    pub heap_used: f64,
    pub heap_limit: f64,
    pub external: f64,
}

/// The state of a circuit breaker.
#[napi(object)]
pub struct NativeCircuit {
    #[napi(js_name = "type")]
    pub kind: String,
    pub state: String,
    pub failures: u32,
    pub retry_after: f64,
}

impl From<BreakerView> for NativeCircuit {
    fn from(BreakerView { kind, state, failures }: BreakerView) -> Self {
        let (state, retry_after) = match state {
            BreakerState::Closed => ("closed", 0.0),
            BreakerState::Open { retry_after } => ("open", to_ms(retry_after)),
            BreakerState::HalfOpen => ("half-open", 0.0),
        };
        Self { kind: kind.to_string(), state: state.into(), failures, retry_after }
    }
}

impl From<Snapshot> for NativeStatus {
    fn from(snapshot: Snapshot) -> Self {
        let Snapshot {
            stats,
            figures,
            workers,
            by_priority,
            oldest_wait,
            uptime,
            panics,
            fatal_errors,
            renewed,
            breakers,
            size,
            open_calls,
            callers,
        } = snapshot;
        Self {
            uptime: to_ms(uptime),
            submitted: stats.submitted as f64,
            completed: stats.completed as f64,
            failed: stats.failed as f64,
            retried: stats.retried as f64,
            timed_out: stats.timed_out as f64,
            aborted: stats.aborted as f64,
            rejected: stats.rejected as f64,
            queued: stats.queued as u32,
            delayed: stats.delayed as u32,
            running: stats.running as u32,
            workers_spawned: stats.workers_spawned as f64,
            workers_restarted: stats.workers_restarted as f64,
            abandoned: stats.abandoned as u32,
            zombies: stats.zombies as u32,
            zombies_detected: stats.zombies_detected as f64,
            dead_letters: stats.dead_letters as u32,
            dead_letters_dropped: stats.dead_letters_dropped as f64,
            circuits_opened: stats.circuits_opened as f64,
            circuit_breakers: breakers.into_iter().map(Into::into).collect(),
            size: size as u32,
            open_calls: open_calls as u32,
            callers: callers as u32,
            panics: panics as f64,
            fatal_errors: fatal_errors as f64,
            isolates_renewed: renewed as f64,
            tasks_per_second: figures.tasks_per_second,
            run_time: figures.run.into(),
            wait_time: figures.wait.into(),
            total_time: figures.total.into(),
            oldest_wait: oldest_wait.map_or(0.0, to_ms),
            by_priority: by_priority
                .into_iter()
                .map(|(priority, waiting)| NativePriority {
                    priority: priority.0.into(),
                    waiting: waiting as u32,
                })
                .collect(),
            workers: workers
                .into_iter()
                .map(|(view, memory)| NativeWorker {
                    worker_id: view.worker.0,
                    generation: view.generation.0,
                    state: state(view.state).into(),
                    in_flight: view.in_flight as u32,
                    tasks_done: view.tasks_done as f64,
                    failures: view.failures,
                    started: view.started,
                    heap_used: memory.heap_used as f64,
                    heap_limit: memory.heap_limit as f64,
                    external: memory.external as f64,
                })
                .collect(),
        }
    }
}

impl From<Summary> for NativeSummary {
    fn from(Summary { min, mean, p50, p95, p99, max }: Summary) -> Self {
        Self { min, mean, p50, p95, p99, max }
    }
}

/// Returns the public name of a state.
fn state(state: WorkerState) -> &'static str {
    match state {
        WorkerState::Starting => "starting",
        WorkerState::Ready => "ready",
        WorkerState::Draining | WorkerState::Retiring => "draining",
        WorkerState::Cooling => "restarting",
        WorkerState::Down => "down",
        WorkerState::Gone => "gone",
    }
}
