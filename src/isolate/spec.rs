//! `Spec`, `Script` and `Work`: the configuration of the isolates of a pool, and what a task runs.
//! Plain data from the pool.

use std::path::PathBuf;
use std::sync::Arc;

use crate::isolate::values::wire::UNDEFINED;

/// The configuration that all isolates of a pool share.
#[derive(Debug)]
pub struct Spec {
    /// The module that holds the handlers.
    pub script: Option<Script>,
    /// The limit in bytes of the JavaScript heap, ArrayBuffers and WebAssembly memory together.
    pub memory_limit: usize,
    /// The memory in use after a task, in bytes, above which the isolate is to be replaced.
    pub memory_restart: usize,
    /// `ctx.env`, in the wire format.
    pub env: Vec<u8>,
    /// The host functions that tasks may call, in the wire format; `realm/js/host.js` describes the
    /// value.
    pub host: Vec<u8>,
    /// The modules that any code may import, by name.
    pub imports: Vec<(Box<str>, Script)>,
    /// The number of host calls that one attempt may have in flight.
    pub max_host_calls: usize,
}

impl Spec {
    /// Returns the configuration of an isolate without a pool: no script, no host functions, no
    /// imports, an undefined `ctx.env`, one host call at a time, and `memory_restart` at three
    /// quarters of the limit.
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

/// A source file of a user: the worker script or a named import.
#[derive(Debug)]
pub struct Script {
    /// The absolute path. Its extension decides whether the text is TypeScript.
    pub path: PathBuf,
    pub text: String,
}

/// What is fresh for a task. Each value includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// Nothing: the task shares globals and the state of the worker script with earlier and
    /// concurrent tasks.
    Shared,
    /// The realm: globals, and a new evaluation of the worker script.
    Context,
    /// The isolate: heap, realm and event loop. The owner of the
    /// [`Isolate`](crate::isolate::Isolate) provides it.
    Isolate,
}

/// What a task runs.
#[derive(Clone, Debug)]
pub enum Work {
    /// The handler of this type.
    Handler(Arc<str>),
    Code(Code),
}

/// The source text of a code task. Cheap to clone; equal texts compare equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Code {
    pub kind: CodeKind,
    pub text: Arc<str>,
}

/// What the text of a code task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// The body of an async function; its return value is the result.
    JavaScript,
    /// An expression or the body of an async function. Where the value is an object, it is the
    /// result; where it is otherwise truthy, the inputs are; where it is falsy, null is.
    Filter,
}

impl CodeKind {
    /// Returns the name that stack traces show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JavaScript => "javascript",
            Self::Filter => "filter",
        }
    }
}
