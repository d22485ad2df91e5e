//! The options of a pool, as `lib/options/options.js` passes them: checked, and with all defaults filled in.
//!
//! Never checks an option: invalid values are refused in JavaScript.

use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use super::time::from_ms;
use crate::isolate::{CodeKind, Script, Spec, Work};
use crate::pool;
use crate::scheduler::{self, AutoScale, Balance, BreakerRules, DeadLetterLimits, Retry};

/// The options of a pool. Times are in milliseconds, memory in megabytes.
#[napi(object)]
pub struct NativeOptions {
    pub pool_size: u32,
    pub min_workers: u32,
    pub max_workers: u32,
    pub tasks_per_worker: u32,
    pub max_queue: f64,
    pub round_robin: bool,
    pub max_tasks_per_worker: Option<f64>,
    pub auto_restart: bool,
    pub max_restart_attempts: u32,
    pub restart_cooldown: f64,
    pub max_abandoned: u32,
    pub heartbeat: f64,
    pub zombie_threshold: f64,
    pub max_dead_letters: u32,
    pub circuit_breaker: Option<NativeBreaker>,
    pub auto_scale: Option<NativeAutoScale>,
    pub script_path: Option<String>,
    pub script_text: Option<String>,
    pub memory_limit: f64,
    pub memory_restart: f64,
    pub env: Uint8Array,
    pub host: Uint8Array,
    pub imports: Vec<NativeImport>,
    pub max_host_calls: u32,
    pub task_timeout: f64,
    pub javascript_timeout: f64,
    pub filter_timeout: f64,
    pub queue_timeout: Option<f64>,
    pub max_retries: u32,
    pub retry_backoff: f64,
    pub max_backoff: f64,
    pub retry_jitter: f64,
}

/// A module that tasks may import. Its path is absolute.
#[napi(object)]
pub struct NativeImport {
    pub name: String,
    pub path: String,
    pub text: String,
}

/// The options of the circuit breakers.
#[napi(object)]
pub struct NativeBreaker {
    pub failure_threshold: u32,
    pub reset_timeout: f64,
}

/// The options of automatic scaling.
#[napi(object)]
pub struct NativeAutoScale {
    pub scale_up_queue_depth: f64,
    pub idle_timeout: f64,
    pub cooldown: f64,
}

/// The defaults of tasks.
pub(super) struct Defaults {
    pub retry: Retry,
    pub queue_timeout: Option<Duration>,
    handler: Duration,
    javascript: Duration,
    filter: Duration,
    javascript_kind: Arc<str>,
    filter_kind: Arc<str>,
}

/// Maximum size of payloads and errors of all dead letters, in bytes.
const MAX_DEAD_LETTER_WEIGHT: usize = 64 << 20;

/// Time between an abort and the forced end of the task: enough for a `catch` and a `finally`.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// Time between a forced end and the abandonment of the isolate. V8 answers within microseconds unless native
/// code is running.
const TERMINATE_GRACE: Duration = Duration::from_secs(5);

impl NativeOptions {
    pub(super) fn into_config(self) -> (pool::Config, Defaults) {
        let script = self
            .script_path
            .zip(self.script_text)
            .map(|(path, text)| Script { path: path.into(), text });
        let defaults = Defaults {
            retry: Retry {
                max_retries: self.max_retries,
                backoff: from_ms(self.retry_backoff),
                max_backoff: from_ms(self.max_backoff),
                jitter: self.retry_jitter,
            },
            queue_timeout: self.queue_timeout.map(from_ms),
            handler: from_ms(self.task_timeout),
            javascript: from_ms(self.javascript_timeout),
            filter: from_ms(self.filter_timeout),
            javascript_kind: CodeKind::JavaScript.name().into(),
            filter_kind: CodeKind::Filter.name().into(),
        };
        let scheduler = scheduler::Config {
            size: self.pool_size as usize,
            min_workers: self.min_workers as usize,
            max_workers: self.max_workers as usize,
            tasks_per_worker: self.tasks_per_worker as usize,
            max_queue: self.max_queue as usize,
            balance: if self.round_robin { Balance::RoundRobin } else { Balance::LeastLoaded },
            abort_grace: ABORT_GRACE,
            terminate_grace: TERMINATE_GRACE,
            max_tasks_per_worker: self.max_tasks_per_worker.map(|tasks| tasks as u64),
            auto_restart: self.auto_restart,
            max_restart_attempts: self.max_restart_attempts,
            restart_cooldown: from_ms(self.restart_cooldown),
            max_abandoned: self.max_abandoned as usize,
            heartbeat: from_ms(self.heartbeat),
            zombie_threshold: from_ms(self.zombie_threshold),
            dead_letters: DeadLetterLimits {
                max: self.max_dead_letters as usize,
                max_weight: MAX_DEAD_LETTER_WEIGHT,
            },
            breaker: self.circuit_breaker.map(|rules| BreakerRules {
                failure_threshold: rules.failure_threshold,
                reset: from_ms(rules.reset_timeout),
            }),
            auto_scale: self.auto_scale.map(|rules| AutoScale {
                queue_depth: rules.scale_up_queue_depth as usize,
                idle: from_ms(rules.idle_timeout),
                cooldown: from_ms(rules.cooldown),
            }),
            seed: std::process::id().into(),
        };
        let isolate = Spec {
            script,
            memory_limit: megabytes(self.memory_limit),
            memory_restart: megabytes(self.memory_restart),
            env: self.env.to_vec(),
            host: self.host.to_vec(),
            imports: self
                .imports
                .into_iter()
                .map(|NativeImport { name, path, text }| {
                    (name.into(), Script { path: path.into(), text })
                })
                .collect(),
            max_host_calls: self.max_host_calls as usize,
        };
        let start_limit = from_ms(self.zombie_threshold);
        let config = pool::Config { scheduler, isolate, start_limit };
        (config, defaults)
    }
}

impl Defaults {
    /// Returns the kind of a task, whose circuit breaker applies.
    pub fn kind(&self, work: &Work) -> Arc<str> {
        match work {
            Work::Handler(name) => name.clone(),
            Work::Code(code) => match code.kind {
                CodeKind::JavaScript => self.javascript_kind.clone(),
                CodeKind::Filter => self.filter_kind.clone(),
            },
        }
    }

    pub fn timeout(&self, work: &Work) -> Duration {
        match work {
            Work::Handler(_) => self.handler,
            Work::Code(code) => match code.kind {
                CodeKind::JavaScript => self.javascript,
                CodeKind::Filter => self.filter,
            },
        }
    }
}

fn megabytes(mb: f64) -> usize {
    (mb * 1_048_576.0) as usize
}
