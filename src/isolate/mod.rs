//! The isolates: the only module that knows rustyscript and V8. An isolate is persistent and runs
//! one task after another.
//!
//! An [`Isolate`] is created, used and dropped on one thread. Other threads reach it only through
//! its [`Interrupter`]. It must never know queues, retries or Node: it is given a [`Job`] and
//! returns how the task [`Ended`].
//!
//! * `task`: what is run, which task is current, how a task ends.
//! * `realm`: the contexts that tasks run in, and the calls from them to deno_core.
//! * `code`: code tasks, modules, TypeScript, stack traces.
//! * `values`: the wire format, and memory that is moved instead of copied.
//! * `limits`: memory, interrupts, heartbeats, fatal errors.
//! * `host`: calls of tasks to the parent.

mod callbacks;
mod code;
mod hooks;
mod host;
mod isolate;
mod limits;
mod load;
mod platform;
mod primitives;
mod realm;
mod settle;
mod spec;
mod state;
mod task;
mod values;

pub use code::load_error::LoadError;
pub use hooks::{ConsoleLine, Hooks};
pub use host::calls::{HostCall, MAX_TARGET, Reply};
pub use isolate::Isolate;
pub use limits::fatal::{Loss, panic_message};
pub use limits::interrupter::Interrupter;
pub use limits::memory::Memory;
pub use limits::resident::{release_start_memory, trim_memory};
pub use platform::{initialise, v8_version};
pub use realm::snapshot::{load_snapshot, write_snapshot};
pub use spec::{Code, CodeKind, Isolation, Script, Spec, Work};
pub use task::job::{Job, Plan, Value};
pub use task::outcome::{Ended, Fault, FaultKind, Leftover};
pub use values::transfer::moved_buffers::MovedBuffers;
pub use values::transfer::pages::{Lender, Pages};
