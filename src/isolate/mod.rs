//! The only room that knows rustyscript and V8: a persistent isolate that runs one task after another.
//!
//! An [`Isolate`] is created, used and dropped on one thread. Other threads reach it only through its
//! [`Interrupter`]. It knows nothing of queues, retries or Node: it is given a [`Job`] and reports how that
//! [`Ended`].
//!
//! * `realm`: the contexts that tasks run in, and the way from them to deno_core.
//! * `code`: code tasks, modules, TypeScript, stack traces.
//! * `values`: the wire format, and memory that is moved instead of copied.
//! * `limits`: memory, interrupts, heartbeats, fatal errors.
//! * `host`: calls of tasks to the parent.

mod callbacks;
mod code;
mod current_task;
mod hooks;
mod host;
mod in_flight;
mod isolate;
mod job;
mod limits;
mod load;
mod outcome;
mod platform;
mod primitives;
mod realm;
mod running;
mod spec;
mod state;
mod values;

pub use code::load_error::LoadError;
pub use hooks::{ConsoleLine, Hooks};
pub use host::calls::{HostCall, MAX_TARGET, Reply};
pub use isolate::Isolate;
pub use job::{Job, Plan, Value};
pub use limits::fatal::{Loss, panic_message};
pub use limits::interrupter::Interrupter;
pub use limits::memory::Memory;
pub use limits::resident::{release_start_memory, trim_memory};
pub use outcome::{Ended, Fault, FaultKind, Leftover};
pub use platform::initialise;
pub use realm::snapshot::{load_snapshot, write_snapshot};
pub use spec::{Code, CodeKind, Isolation, Script, Spec, Work};
pub use values::moved_buffers::MovedBuffers;
pub use values::pages::{Lender, Pages};
