//! isolane: a pool of persistent V8 isolates on Rust threads, for Node.js.
//!
//! The modules, from the outside inwards. Each foreign API is used in one module only:
//!
//! * [`face`] uses napi: options and tasks in, results and events out.
//! * [`pool`] uses threads and the clock: the lock, the workers, the supervisor.
//! * [`scheduler`] is pure: it is told what happened, and answers with what to do.
//! * [`isolate`] uses rustyscript and V8: it creates isolates and runs tasks in them.
//! * [`metrics`] counts and measures.
//!
//! `face → pool → { scheduler, isolate, metrics }`: nothing points back, and `scheduler`, `isolate` and
//! `metrics` do not use each other. `tools/lint/circles.mjs` checks this.

pub mod face;
pub mod isolate;
pub mod metrics;
pub mod pool;
pub mod scheduler;
