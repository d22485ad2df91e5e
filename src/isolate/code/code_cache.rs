//! Code tasks: source text to a function of the realm that wants it.
//!
//! A text is read once for the process: its shape is found out, its types are taken out, V8 compiles it. Then
//! isolates have it as a script without a realm, others from V8's code cache.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use deno_core::v8;
use parking_lot::Mutex;
use sourcemap::SourceMap;

use crate::isolate::code::stack::SourceMapping;
use crate::isolate::code::typescript::{Refusal, Shape, Stripped, strip_types};
use crate::isolate::primitives::string;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::spec::{Code, CodeKind};

/// Scripts kept for each isolate; past it the cache starts anew. Compiling a short text again
/// costs some ten microseconds, so a rule of who stays would cost more than it brings.
const CAPACITY: usize = 512;

/// The share of an isolate's memory that texts of tasks that are over may take from the others.
const SHARE: usize = 16;

/// Bytes of texts and of V8's code cache that are kept for the process.
const SHARED_BYTES: usize = 64 << 20;

/// A text that is known to be one function, for all isolates.
struct Prepared {
    /// As it stands in stack traces.
    name: String,
    /// The function in parentheses; its first line is ours.
    text: String,
    /// That line's number, less one.
    line_offset: i32,
    map: Option<Arc<SourceMap>>,
    /// V8's.
    cache: Vec<u8>,
}

#[derive(Default)]
struct SharedTexts {
    prepared: HashMap<Code, Arc<Prepared>>,
    bytes: usize,
}

static SHARED: LazyLock<Mutex<SharedTexts>> = LazyLock::new(Mutex::default);
static NAMES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl SharedTexts {
    fn insert(&mut self, code: Code, prepared: Prepared) {
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
    most: usize,
    /// Names of those that have places to map.
    mapped: HashSet<String>,
}

impl CodeCache {
    /// For an isolate that may take so many bytes.
    pub fn new(memory_limit: usize) -> Self {
        let most = memory_limit / SHARE;
        Self { scripts: HashMap::new(), bytes: 0, most, mapped: HashSet::new() }
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
            return function_of(scope, script);
        }
        let bytes = code.text.len();
        let is_kept = bytes <= self.most;
        if is_kept && (self.scripts.len() >= CAPACITY || self.bytes + bytes > self.most) {
            self.scripts.clear();
            self.bytes = 0;
            self.mapped.drain().for_each(|name| SourceMapping::forget(&name));
        }
        let script = self.load(scope, functions, code)?;
        if is_kept {
            self.bytes += bytes;
            self.scripts.insert(code.clone(), v8::Global::new(scope, script));
        }
        function_of(scope, script)
    }

    fn load<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
        functions: &RealmFunctions,
        code: &Code,
    ) -> Option<v8::Local<'s, v8::UnboundScript>> {
        let shared = SHARED.lock().prepared.get(code).cloned();
        if let Some(prepared) = shared {
            self.note_places(&prepared);
            let Prepared { text, name, line_offset, cache, .. } = &*prepared;
            return compile_script(scope, text, name, *line_offset, Some(cache));
        }
        // Eight digits tell texts apart well enough for a person.
        let name = format!("isolane:{}/{:08x}", code.kind.name(), NAMES.hash_one(code) as u32);
        let (script, mut prepared) = compile(scope, functions, code, name)?;
        prepared.cache = script.create_code_cache().map(|cache| cache.to_vec()).unwrap_or_default();
        self.note_places(&prepared);
        SHARED.lock().insert(code.clone(), prepared);
        Some(script)
    }

    fn note_places(&mut self, prepared: &Prepared) {
        if let Some(map) = prepared.map.clone() {
            // The text was parsed behind one line of wrapping.
            SourceMapping { map, lead: 1 }.note(&prepared.name);
            self.mapped.insert(prepared.name.clone());
        }
    }
}

/// Runs a script whose value is a function, and which does nothing else.
fn function_of<'s>(
    scope: &mut v8::HandleScope<'s>,
    script: v8::Local<v8::UnboundScript>,
) -> Option<v8::Local<'s, v8::Function>> {
    script.bind_to_current_context(scope).run(scope)?.try_into().ok()
}

fn compile<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    code: &Code,
    name: String,
) -> Option<(v8::Local<'s, v8::UnboundScript>, Prepared)> {
    let prepared =
        |name, text, line_offset, map| Prepared { name, text, line_offset, map, cache: Vec::new() };
    let shapes: &[Shape] = match code.kind {
        CodeKind::JavaScript => &[Shape::Body],
        CodeKind::Filter => &[Shape::Expression, Shape::Body],
    };
    let mut fault = None;
    for &shape in shapes {
        let text = put_into(shape, &code.text);
        match check(scope, &text, &name, -1, |scope| match shape {
            Shape::Body => functions.check_body(scope, &code.text),
            Shape::Expression if is_plainly_inside(&code.text) => Some(()),
            // What closes a parenthesis early does not close a bracket.
            Shape::Expression => {
                functions.check_body(scope, &format!("return [\n{}\n]", bare(&code.text)))
            }
        }) {
            Checked::Function(script) => return Some((script, prepared(name, text, -1, None))),
            Checked::Leaves if shape == Shape::Body => {
                Fault::leaves_its_function().throw(scope, &code.text, &name);
                return None;
            }
            Checked::Leaves => {}
            Checked::Refused(why) => fault = why,
            Checked::Lost => return None,
        }
    }
    for &shape in shapes {
        let go_on = || functions.check_body(scope, "").is_some();
        match strip_types(put_into(shape, &code.text), shape, go_on) {
            Ok(Stripped { text, map }) => {
                match check(scope, &text, &name, 0, |scope| {
                    functions.check_body(scope, body_of(&text)?)
                }) {
                    Checked::Function(script) => {
                        let map = map.and_then(|map| SourceMap::from_slice(map.as_bytes()).ok());
                        return Some((script, prepared(name, text, 0, map.map(Arc::new))));
                    }
                    Checked::Leaves => fault = Some(Fault::leaves_its_function()),
                    Checked::Refused(_) => {}
                    Checked::Lost => return None,
                }
            }
            Err(Refusal::Syntax { line, column, message }) => {
                // The text was parsed behind one line of wrapping.
                let typescript = Fault { line: line.saturating_sub(1).max(1), column, message };
                if typescript.is_nearer_than(fault.as_ref()) {
                    fault = Some(typescript);
                }
            }
            Err(Refusal::Leaves) if shape == Shape::Body => {
                fault = Some(Fault::leaves_its_function());
            }
            Err(Refusal::Leaves) => {}
            Err(Refusal::Unread(why)) => {
                if let Some(fault) = &mut fault {
                    let _ = write!(fault.message, "; it was not tried as TypeScript: {why}");
                }
                break;
            }
            Err(Refusal::Stopped) => return None,
        }
    }
    fault?.throw(scope, &code.text, &name);
    None
}

// Both begin with one line of their own, which `check` and `SourceMapping` count off again.
fn put_into(shape: Shape, text: &str) -> String {
    match shape {
        Shape::Body => format!("(async function (inputs, config) {{\n{text}\n}})"),
        Shape::Expression => {
            let text = bare(text);
            format!("(async function (inputs, config) {{ return (\n{text}\n); }})")
        }
    }
}

/// An expression without the end of its statement.
fn bare(text: &str) -> &str {
    text.trim_end_matches(|end: char| end == ';' || end.is_whitespace())
}

/// Whether a text that parses in parentheses cannot have closed them, seen at a glance: asking V8 costs
/// more than ten microseconds.
fn is_plainly_inside(text: &str) -> bool {
    if !text.contains(')') {
        return true;
    }
    // In strings, comments and regular expressions they count for nothing.
    if text.contains(['\'', '"', '`', '/']) || text.contains("<!--") || text.contains("-->") {
        return false;
    }
    let mut depth = 0_usize;
    text.bytes().all(|byte| match byte {
        b'(' => {
            depth += 1;
            true
        }
        b')' => depth.checked_sub(1).map(|left| depth = left).is_some(),
        _ => true,
    })
}

/// What swc has printed between the braces of the function.
fn body_of(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("(async function(inputs, config) {")?;
    inside.trim_end_matches(';').strip_suffix("})")
}

/// What is wrong with a text, and where, counted from 1.
struct Fault {
    line: usize,
    column: usize,
    message: String,
}

impl Fault {
    fn caught(scope: &mut v8::TryCatch<v8::HandleScope>) -> Option<Self> {
        let text = scope.exception()?.to_rust_string_lossy(scope);
        let message = scope.message()?;
        Some(Self {
            line: message.get_line_number(scope).unwrap_or(1),
            column: message.get_start_column() + 1,
            message: text.strip_prefix("SyntaxError: ").unwrap_or(&text).to_owned(),
        })
    }

    /// Whether TypeScript's parser, which says this, has understood more than JavaScript's: it came
    /// to a later line, or the other stumbled over a type.
    fn is_nearer_than(&self, javascript: Option<&Self>) -> bool {
        const OVER_TYPES: [&str; 4] = ["token ':'", "'as'", "'satisfies'", "Missing initializer"];
        javascript.is_none_or(|javascript| {
            self.line > javascript.line
                || OVER_TYPES.iter().any(|sign| javascript.message.contains(sign))
        })
    }

    /// It ends the function that it is put into.
    fn leaves_its_function() -> Self {
        let message = "code must be the body of one function".to_owned();
        Self { line: usize::MAX, column: 1, message }
    }

    /// Throws a `SyntaxError` whose stack says where: V8 gives none to a script of ours.
    fn throw(self, scope: &mut v8::HandleScope, code: &str, name: &str) {
        let last = code.lines().count().max(1);
        // Behind the text is the wrapping; what is missing there is missing at its end.
        let (line, column) = if self.line > last {
            (last, code.lines().last().map_or(0, |line| line.encode_utf16().count()) + 1)
        } else {
            (self.line, self.column)
        };
        let stack = format!("SyntaxError: {}\n    at {name}:{line}:{column}", self.message);
        let message = string(scope, &self.message);
        let error = v8::Exception::syntax_error(scope, message);
        if let Ok(object) = v8::Local::<v8::Object>::try_from(error) {
            let (key, stack) = (string(scope, "stack"), string(scope, &stack));
            object.set(scope, key.into(), stack.into());
        }
        scope.throw_exception(error);
    }
}

/// What came of a script.
enum Checked<'s> {
    /// It is a function, and nothing beside it.
    Function(v8::Local<'s, v8::UnboundScript>),
    /// It is a script, but not one function alone.
    Leaves,
    Refused(Option<Fault>),
    /// The task was ended, or V8 came to the end of its stack. That is pending.
    Lost,
}

/// Looks whether a script is a function. Nothing of it runs where `is_alone` throws. Its first line has the
/// number `line_offset + 1`.
fn check<'s>(
    scope: &mut v8::HandleScope<'s>,
    text: &str,
    name: &str,
    line_offset: i32,
    is_alone: impl FnOnce(&mut v8::HandleScope) -> Option<()>,
) -> Checked<'s> {
    let scope = &mut v8::TryCatch::new(scope);
    let script = compile_script(scope, text, name, line_offset, None);
    let is_function = match script {
        Some(script) => is_alone(scope).is_some() && function_of(scope, script).is_some(),
        None => false,
    };
    if let Some(script) = script.filter(|_| is_function) {
        return Checked::Function(script);
    }
    if scope.has_terminated() || is_overflow(scope) {
        scope.rethrow();
        return Checked::Lost;
    }
    match script {
        Some(_) => Checked::Leaves,
        None => Checked::Refused(Fault::caught(scope)),
    }
}

/// Whether V8 came to the end of its stack: a text that is nested that deep helps no other parser.
fn is_overflow(scope: &mut v8::TryCatch<v8::HandleScope>) -> bool {
    scope.message().is_some_and(|message| {
        let text = message.get(scope).to_rust_string_lossy(scope);
        text.ends_with("Maximum call stack size exceeded")
    })
}

fn compile_script<'s>(
    scope: &mut v8::HandleScope<'s>,
    text: &str,
    name: &str,
    line_offset: i32,
    cache: Option<&[u8]>,
) -> Option<v8::Local<'s, v8::UnboundScript>> {
    use v8::script_compiler::{CompileOptions, NoCacheReason, Source, compile_unbound_script};
    let text = v8::String::new(scope, text)?;
    let name = string(scope, name).into();
    let origin = v8::ScriptOrigin::new(
        scope,
        name,
        line_offset,
        0,
        false,
        0,
        None,
        false,
        false,
        false,
        None,
    );
    let (mut source, options) = match cache {
        Some(cache) => (
            Source::new_with_cached_data(text, Some(&origin), v8::CachedData::new(cache)),
            CompileOptions::ConsumeCodeCache,
        ),
        None => (Source::new(text, Some(&origin)), CompileOptions::NoCompileOptions),
    };
    compile_unbound_script(scope, &mut source, options, NoCacheReason::NoReason)
}
