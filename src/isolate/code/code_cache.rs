//! Code tasks: source text to a function of the realm that wants it.
//!
//! A text is read once for the process: its shape is found out, its types are taken out, V8 compiles it. Then
//! isolates have it as a script without a realm, others from V8's code cache.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use deno_core::v8;
use parking_lot::Mutex;

use crate::isolate::code::code_compiler::{PreparedCode, compile_code};
use crate::isolate::code::compile::{compile_script, run_function_script};
use crate::isolate::code::stack::SourceMapping;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::spec::Code;

/// Scripts kept for each isolate; past it the cache starts anew. Compiling a short text again
/// costs some ten microseconds, so a rule of who stays would cost more than it brings.
const CAPACITY: usize = 512;

/// The share of an isolate's memory that texts of tasks that are over may take from the others.
const SHARE: usize = 16;

/// Bytes of texts and of V8's code cache that are kept for the process.
const SHARED_BYTES: usize = 64 << 20;

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

/// The compiled texts of an isolate.
pub struct CodeCache {
    scripts: HashMap<Code, v8::Global<v8::UnboundScript>>,
    /// Of the texts of `scripts`, and how many there may be.
    bytes: usize,
    max_bytes: usize,
    /// Names of those that have places to map.
    source_mapped: HashSet<String>,
}

impl CodeCache {
    /// For an isolate that may take so many bytes.
    pub fn new(memory_limit: usize) -> Self {
        Self {
            scripts: HashMap::new(),
            bytes: 0,
            max_bytes: memory_limit / SHARE,
            source_mapped: HashSet::new(),
        }
    }

    /// Gives the function of a text in the current realm: an async one of `inputs` and `config`.
    ///
    /// # Errors
    /// `None` when it does not parse, neither as JavaScript nor as TypeScript; a `SyntaxError` with
    /// its place is pending then.
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
            // The text was parsed behind one line of wrapping.
            SourceMapping { map, line_offset: 1 }.register(&prepared.name);
            self.source_mapped.insert(prepared.name.clone());
        }
    }
}
