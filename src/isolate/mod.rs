//! The only room that knows rustyscript and V8: a persistent isolate that runs one task after another.
//!
//! An [`Isolate`] is made, used and dropped on one thread. From other threads it is reached through
//! its [`Interrupter`] alone. It knows nothing of queues, retries or Node: it is given a [`Job`] and
//! says how that [`Ended`].

mod airlock;
mod blobs;
mod buffers;
mod builtins;
mod calls;
mod code;
mod codec;
mod extension;
mod fatal;
mod flights;
mod handlers;
mod image;
mod interrupt;
mod isolate;
mod job;
mod kit;
mod kit_file;
mod ledger;
mod modules;
mod movable;
mod natives;
mod pages;
mod platform;
mod pulse;
mod realm;
mod running;
mod shapes;
mod snapshot;
mod stack;
mod survey;
mod text;
mod tree;
mod typescript;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;

pub use calls::{HostCall, MAX_TARGET, Reply};
pub use fatal::{Loss, panic_message};
pub use image::release_start_memory;
pub use interrupt::Interrupter;
pub use isolate::Isolate;
pub use job::{Job, Plan, Value};
pub use pages::{Lender, MovedBuffers, Pages};
pub use platform::{initialise, trim_memory};
pub use snapshot::{load_snapshot, write_snapshot};

/// How every isolate of a pool is made.
#[derive(Debug)]
pub struct Spec {
    /// The module that holds the handlers.
    pub script: Option<Script>,
    /// Limit of the JavaScript heap, its buffers and the memory of WebAssembly together, in bytes.
    pub memory_limit: usize,
    /// Memory in use after a task above which the isolate is to be replaced, in bytes.
    pub memory_restart: usize,
    /// `ctx.env`, in the wire format.
    pub env: Vec<u8>,
    /// What tasks may call, in the wire format; `js/host.js` says how.
    pub host: Vec<u8>,
    /// Modules that any code may import, by their names.
    pub imports: Vec<(Box<str>, Script)>,
    /// Calls that one attempt may have in flight.
    pub max_host_calls: usize,
}

/// A worker script that is known to exist.
#[derive(Debug)]
pub struct Script {
    /// Absolute; its name decides whether it is TypeScript.
    pub path: PathBuf,
    pub text: String,
}

/// What is fresh when a task begins. Each is stronger than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// Nothing: it shares globals and the state of the worker script with those before and beside it.
    Shared,
    /// The realm: its globals, and the worker script evaluated anew in it.
    Context,
    /// The isolate: heap, realm and event loop. Whoever has the [`Isolate`] sees to that.
    Isolate,
}

/// What is to be run.
#[derive(Clone, Debug)]
pub enum Work {
    /// The handler of this type.
    Handler(Arc<str>),
    Code(Code),
}

/// Source text of a code task. Cheap to clone; equal texts are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    pub kind: CodeKind,
    pub text: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// The body of an async function; its return value is the result.
    JavaScript,
    /// An expression or a body: truthy gives the inputs (or the object that it is), falsy null.
    Filter,
}

impl CodeKind {
    /// As it stands in stack traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JavaScript => "javascript",
            Self::Filter => "filter",
        }
    }
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its result, in the wire format.
    Done(Vec<u8>),
    /// The same, and the ArrayBuffers that it moves out.
    Moved(Vec<u8>, MovedBuffers),
    Failed(Fault),
    /// By [`Interrupter::terminate`] or [`Isolate::end`].
    Interrupted,
    /// It took more memory than the limit allows; [`Isolate::is_spent`] says whether it took the
    /// isolate with it.
    MemoryLimit,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// What was thrown, in the wire format; for the other kinds a string that explains.
    pub error: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Thrown,
    /// A code task that does not parse; `error` is the `SyntaxError`.
    Syntax,
    NoHandler,
    /// The result, or the payload, cannot cross.
    DataClone,
}

impl FaultKind {
    /// Whether another attempt can end differently.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Thrown)
    }
}

/// Why an isolate could not be made ready: its worker script is at fault.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LoadError {
    pub message: String,
    /// URL of the module at fault.
    pub file: Option<String>,
    /// Both count from 1.
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub stack: Option<String>,
    /// It imports what only a bundler finds, such as a package by its bare name.
    pub needs_bundle: bool,
}

/// Whom an isolate calls on its own thread.
pub struct Hooks {
    /// Called by an op: where it panics, the isolate is lost.
    pub console: Box<dyn Fn(ConsoleLine)>,
    /// A task calls the parent. As for `console`.
    pub call: Box<dyn Fn(HostCall, Reply)>,
    /// The isolate is lost, and its thread never returns. Must not panic, nor need a lock that the
    /// thread holds while its isolate runs.
    pub lost: Box<dyn FnOnce(Loss)>,
}

/// What a task, or code of no task, wrote to its console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleLine {
    /// `debug`, `info`, `log`, `warn`, `error` or `trace`.
    pub level: Box<str>,
    /// Formatted as Node does, without a line end.
    pub text: Box<str>,
    pub ticket: Option<u64>,
}

/// What an isolate takes of memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub heap_used: usize,
    /// That of the pool, for heap and external memory together.
    pub heap_limit: usize,
    /// ArrayBuffers and the memory of WebAssembly.
    pub external: usize,
}

/// What a task that is over has left behind, and what cannot be taken away from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Its code ran on and had to be stopped.
    Code,
    /// Asynchronous operations that it began are under way: they compute, or wait for a message.
    Operations,
}

impl Memory {
    /// All that counts for the limit.
    #[must_use]
    pub fn total(&self) -> usize {
        self.heap_used + self.external
    }
}
