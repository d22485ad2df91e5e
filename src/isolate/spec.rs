//! What is configured and what is run: the settings of every isolate of a pool, worker scripts, and the work of a
//! task. Plain data that crosses from the pool.

use std::path::PathBuf;
use std::sync::Arc;

use crate::isolate::values::wire::UNDEFINED;

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

impl Spec {
    /// Settings for an isolate without a pool: no worker script, no host functions, no imports, an undefined
    /// `ctx.env`, one host call at a time, and three quarters of the limit as `memory_restart`.
    #[must_use]
    pub fn new(memory_limit: usize) -> Self {
        Self {
            script: None,
            memory_limit,
            memory_restart: memory_limit / 4 * 3,
            env: vec![UNDEFINED],
            host: vec![UNDEFINED],
            imports: Vec::new(),
            max_host_calls: 1,
        }
    }
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
