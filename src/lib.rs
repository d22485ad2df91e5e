//! isolane: a pool of persistent V8 isolates on Rust threads, for Node.js.
//!
//! The house, from the street inwards. Each foreign thing is known in one room only:
//!
//! * [`face`] knows napi: options and tasks in, results and events out.
//! * [`pool`] knows threads and the clock: the lock, the workers, the supervisor.
//! * [`scheduler`] knows nothing but its rules: it is told what happened and says what is to be done.
//! * [`isolate`] knows rustyscript and V8: it makes isolates and runs tasks in them.
//! * [`metrics`] counts and measures.
//!
//! `face → pool → { scheduler, isolate, metrics }`; nothing points back, and `scheduler` and `isolate`
//! do not know each other.

pub mod face;
pub mod isolate;
pub mod metrics;
pub mod pool;
pub mod scheduler;
