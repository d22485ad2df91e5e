//! `CodeCache`: the compiled scripts of code tasks.
//!
//! A text is prepared once for the process (`code_compiler.rs`). An isolate compiles it from V8's
//! code cache and keeps it as a script without a realm, and each realm binds the script. Both
//! caches are bounded, and hold nothing but texts and compiled code.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use deno_core::v8;
use parking_lot::Mutex;

use crate::isolate::code::code_compiler::{PreparedCode, compile_code};
use crate::isolate::code::compile::{compile_script, run_function_script};
use crate::isolate::code::stack::SourceMapping;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::spec::Code;

/// The maximum number of texts in either cache; a full cache is cleared. Compiling a short text
/// again takes some 10 µs, so an eviction policy would cost more than it saves.
const CAPACITY: usize = 512;

/// The fraction of an isolate's memory limit that the texts in its cache may take, as a divisor.
const SHARE: usize = 16;

/// The maximum size in bytes of the texts and code caches that are shared by the process.
const SHARED_BYTES: usize = 64 << 20;

/// The prepared texts, shared by all isolates of the process.
#[derive(Default)]
struct SharedCode {
    prepared: HashMap<Code, Arc<PreparedCode>>,
    bytes: usize,
}

static SHARED: LazyLock<Mutex<SharedCode>> = LazyLock::new(Mutex::default);

impl SharedCode {
    fn insert(&mut self, code: Code, prepared: PreparedCode) {
        let bytes = code.text.len() + prepared.text.len() + prepared.cache.len();
        if self.prepared.len() >= CAPACITY || self.bytes + bytes > SHARED_BYTES {
            *self = Self::default();
        }
        self.bytes += bytes;
        self.prepared.insert(code, Arc::new(prepared));
    }
}

/// The compiled scripts of an isolate.
pub struct CodeCache {
    scripts: HashMap<Code, v8::Global<v8::UnboundScript>>,
    /// The bytes of the texts in `scripts`.
    bytes: usize,
    /// The maximum of `bytes`.
    max_bytes: usize,
    /// The names of the scripts that have a source map.
    source_mapped: HashSet<String>,
}

impl CodeCache {
    /// Creates the cache of an isolate with this memory limit, in bytes.
    pub fn new(memory_limit: usize) -> Self {
        Self {
            scripts: HashMap::new(),
            bytes: 0,
            max_bytes: memory_limit / SHARE,
            source_mapped: HashSet::new(),
        }
    }

    /// Returns the function of a text in the current realm: an async function of `inputs` and
    /// `config`.
    ///
    /// `None` where an exception is pending: a `SyntaxError` with the position, where the text
    /// parses neither as JavaScript nor as TypeScript.
    pub fn get<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
        functions: &RealmFunctions,
        code: &Code,
    ) -> Option<v8::Local<'s, v8::Function>> {
        if let Some(script) = self.scripts.get(code) {
            let script = v8::Local::new(scope, script);
            return run_function_script(scope, script);
        }
        let bytes = code.text.len();
        let is_kept = bytes <= self.max_bytes;
        if is_kept && (self.scripts.len() >= CAPACITY || self.bytes + bytes > self.max_bytes) {
            self.scripts.clear();
            self.bytes = 0;
            self.source_mapped.drain().for_each(|name| SourceMapping::unregister(&name));
        }
        let script = self.load(scope, functions, code)?;
        if is_kept {
            self.bytes += bytes;
            self.scripts.insert(code.clone(), v8::Global::new(scope, script));
        }
        run_function_script(scope, script)
    }

    fn load<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
        functions: &RealmFunctions,
        code: &Code,
    ) -> Option<v8::Local<'s, v8::UnboundScript>> {
        let shared = SHARED.lock().prepared.get(code).cloned();
        if let Some(prepared) = shared {
            self.register_mapping(&prepared);
            let PreparedCode { text, name, line_offset, cache, .. } = &*prepared;
            return compile_script(scope, text, name, *line_offset, Some(cache));
        }
        let (script, prepared) = compile_code(scope, functions, code)?;
        self.register_mapping(&prepared);
        SHARED.lock().insert(code.clone(), prepared);
        Some(script)
    }

    fn register_mapping(&mut self, prepared: &PreparedCode) {
        if let Some(map) = prepared.map.clone() {
            // One line of the wrapper precedes the text.
            SourceMapping { map, line_offset: 1 }.register(&prepared.name);
            self.source_mapped.insert(prepared.name.clone());
        }
    }
}
