//! Decides which task runs where and when, and what becomes of it.
//!
//! Pure: it knows no thread, clock, V8, napi or I/O. It is told what happened and when ([`Input`] and an
//! [`Instant`](std::time::Instant)), and answers with what to do ([`Effect`]). The caller carries the
//! effects out in their order. Payloads `P` and results `R` are opaque.

mod config;
mod effect;
mod event;
mod input;
mod machine;
mod outcome;
mod policy;
mod queue;
mod random;
mod stats;
mod task;
mod timestamp;
mod timing;
mod worker;

pub use config::{AutoScale, Config};
pub use effect::{Effect, Interruption};
pub use event::{Event, EventFilter};
pub use input::Input;
pub use machine::scheduler::Scheduler;
pub use outcome::{Failure, Outcome};
pub use policy::balance::Balance;
pub use policy::breaker::{BreakerRules, BreakerState, BreakerView};
pub use policy::dead_letters::{DeadLetter, DeadLetterLimits, FailedAttempt};
pub use policy::retry::Retry;
pub use policy::weight::Weigh;
pub use queue::job::Job;
pub use queue::task_options::TaskOptions;
pub use random::Random;
pub use stats::Stats;
pub use task::{Priority, Task, TaskId};
pub use timing::Timing;
pub use worker::exit::{Exit, Retirement};
pub use worker::id::{Generation, WorkerId};
pub use worker::status::{WorkerState, WorkerView};
