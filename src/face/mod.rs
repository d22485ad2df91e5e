//! The only module that knows napi: options and tasks in, results and events out.
//!
//! The JavaScript side (`lib/`) checks what a user passes and creates the public objects. What crosses here
//! is already valid, and compact: the tasks of one turn of the event loop come in one buffer, and everything
//! that is done goes out in one.

mod buffers;
mod collection;
mod dead_letters;
mod events;
mod failure;
mod lending;
mod native_pool;
mod options;
mod plans;
mod process;
mod status;
mod submission;
mod time;

pub use native_pool::NativePool;
pub use process::{load_snapshot, version, versions, write_snapshot};
