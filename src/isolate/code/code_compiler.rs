//! Compiles the source text of a code task to a script whose value is one function.
//!
//! It wraps the text into a function, checks that the result is this function and nothing else, and
//! strips the types of TypeScript where the text is not JavaScript. It must never run any part of a
//! text that closes its wrapper early.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use deno_core::v8;
use sourcemap::SourceMap;

use crate::isolate::code::compile::{compile_script, run_function_script};
use crate::isolate::code::typescript::{Refusal, Stripped, Wrapper, strip_types};
use crate::isolate::primitives::string;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::spec::{Code, CodeKind};

static NAMES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A text that is known to be one function. Valid in all isolates.
pub struct PreparedCode {
    /// The name that stack traces show.
    pub name: String,
    /// The function in parentheses. Its first line belongs to the wrapper.
    pub text: String,
    /// The number of the first line, less one.
    pub line_offset: i32,
    pub map: Option<Arc<SourceMap>>,
    /// V8's code cache.
    pub cache: Vec<u8>,
}

/// Compiles a text. `None` where an exception is pending: a `SyntaxError` with the position, or a
/// termination.
pub fn compile_code<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    code: &Code,
) -> Option<(v8::Local<'s, v8::UnboundScript>, PreparedCode)> {
    // Eight hexadecimal digits are enough for a person to tell texts apart.
    let name = format!("isolane:{}/{:08x}", code.kind.name(), NAMES.hash_one(code) as u32);
    let (script, mut prepared) = prepare(scope, functions, code, name)?;
    prepared.cache = script.create_code_cache().map(|cache| cache.to_vec()).unwrap_or_default();
    Some((script, prepared))
}

/// Tries the wrappers of the kind of code, with JavaScript first and TypeScript second.
fn prepare<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    code: &Code,
    name: String,
) -> Option<(v8::Local<'s, v8::UnboundScript>, PreparedCode)> {
    let prepared = |name, text, line_offset, map| PreparedCode {
        name,
        text,
        line_offset,
        map,
        cache: Vec::new(),
    };
    let wrappers: &[Wrapper] = match code.kind {
        CodeKind::JavaScript => &[Wrapper::Body],
        CodeKind::Filter => &[Wrapper::Expression, Wrapper::Body],
    };
    let mut fault = None;
    for &wrapper in wrappers {
        let text = wrap(wrapper, &code.text);
        match check(scope, &text, &name, -1, |scope| match wrapper {
            Wrapper::Body => functions.check_body(scope, &code.text),
            Wrapper::Expression if cannot_close_parenthesis(&code.text) => Some(()),
            // A text that closes the parenthesis early does not close a bracket.
            Wrapper::Expression => functions
                .check_body(scope, &format!("return [\n{}\n]", without_semicolon(&code.text))),
        }) {
            Checked::Function(script) => return Some((script, prepared(name, text, -1, None))),
            Checked::EscapesWrapper if wrapper == Wrapper::Body => {
                SyntaxFault::escapes_wrapper().throw(scope, &code.text, &name);
                return None;
            }
            Checked::EscapesWrapper => {}
            Checked::NotParsed(why) => fault = why,
            Checked::Aborted => return None,
        }
    }
    for &wrapper in wrappers {
        let should_continue = || functions.check_body(scope, "").is_some();
        match strip_types(wrap(wrapper, &code.text), wrapper, should_continue) {
            Ok(Stripped { text, map }) => {
                match check(scope, &text, &name, 0, |scope| {
                    functions.check_body(scope, printed_body(&text)?)
                }) {
                    Checked::Function(script) => {
                        let map = map.and_then(|map| SourceMap::from_slice(map.as_bytes()).ok());
                        return Some((script, prepared(name, text, 0, map.map(Arc::new))));
                    }
                    Checked::EscapesWrapper => fault = Some(SyntaxFault::escapes_wrapper()),
                    Checked::NotParsed(_) => {}
                    Checked::Aborted => return None,
                }
            }
            Err(Refusal::Syntax { line, column, message }) => {
                // One line of the wrapper precedes the text.
                let typescript =
                    SyntaxFault { line: line.saturating_sub(1).max(1), column, message };
                if typescript.is_more_precise_than(fault.as_ref()) {
                    fault = Some(typescript);
                }
            }
            Err(Refusal::EscapesWrapper) if wrapper == Wrapper::Body => {
                fault = Some(SyntaxFault::escapes_wrapper());
            }
            Err(Refusal::EscapesWrapper) => {}
            Err(Refusal::NotParsed(why)) => {
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

// Both wrappers begin with one line of their own, which `check` and `SourceMapping` subtract.
/// Wraps a text into an async function of `inputs` and `config`.
fn wrap(wrapper: Wrapper, text: &str) -> String {
    match wrapper {
        Wrapper::Body => format!("(async function (inputs, config) {{\n{text}\n}})"),
        Wrapper::Expression => {
            let text = without_semicolon(text);
            format!("(async function (inputs, config) {{ return (\n{text}\n); }})")
        }
    }
}

/// Returns an expression without trailing semicolons and white space.
fn without_semicolon(text: &str) -> &str {
    text.trim_end_matches(|end: char| end == ';' || end.is_whitespace())
}

/// Whether a text that parses in parentheses certainly does not close them. A cheap test: asking V8
/// takes more than 10 µs.
fn cannot_close_parenthesis(text: &str) -> bool {
    if !text.contains(')') {
        return true;
    }
    // Parentheses in strings, comments and regular expressions do not count.
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

/// Returns what swc has printed between the braces of the function.
fn printed_body(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("(async function(inputs, config) {")?;
    inside.trim_end_matches(';').strip_suffix("})")
}

/// A syntax error, with its position, counted from 1.
struct SyntaxFault {
    line: usize,
    column: usize,
    message: String,
}

impl SyntaxFault {
    fn caught(scope: &mut v8::TryCatch<v8::HandleScope>) -> Option<Self> {
        let text = scope.exception()?.to_rust_string_lossy(scope);
        let message = scope.message()?;
        Some(Self {
            line: message.get_line_number(scope).unwrap_or(1),
            column: message.get_start_column() + 1,
            message: text.strip_prefix("SyntaxError: ").unwrap_or(&text).to_owned(),
        })
    }

    /// Whether this error of TypeScript's parser tells more than that of JavaScript's: it is on a
    /// later line, or JavaScript's is about type syntax.
    fn is_more_precise_than(&self, javascript: Option<&Self>) -> bool {
        const ABOUT_TYPES: [&str; 4] = ["token ':'", "'as'", "'satisfies'", "Missing initializer"];
        javascript.is_none_or(|javascript| {
            self.line > javascript.line
                || ABOUT_TYPES.iter().any(|sign| javascript.message.contains(sign))
        })
    }

    /// The error of a text that closes the function that it is wrapped into.
    fn escapes_wrapper() -> Self {
        let message = "code must be the body of one function".to_owned();
        Self { line: usize::MAX, column: 1, message }
    }

    /// Throws a `SyntaxError` whose stack has the position. V8 adds none to a script that never
    /// ran.
    fn throw(self, scope: &mut v8::HandleScope, code: &str, name: &str) {
        let last = code.lines().count().max(1);
        // The wrapper follows the text: what is missing there is missing at the end of the text.
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

/// The result of checking a script.
enum Checked<'s> {
    /// The script is one function and nothing else.
    Function(v8::Local<'s, v8::UnboundScript>),
    /// It parses, but is not one function alone.
    EscapesWrapper,
    NotParsed(Option<SyntaxFault>),
    /// The task was terminated, or V8's stack overflowed. That exception is pending.
    Aborted,
}

/// Checks that a script is one function. Runs no part of it where `is_alone` throws. The first line
/// has the number `line_offset + 1`.
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
        Some(script) => is_alone(scope).is_some() && run_function_script(scope, script).is_some(),
        None => false,
    };
    if let Some(script) = script.filter(|_| is_function) {
        return Checked::Function(script);
    }
    if scope.has_terminated() || is_stack_overflow(scope) {
        scope.rethrow();
        return Checked::Aborted;
    }
    match script {
        Some(_) => Checked::EscapesWrapper,
        None => Checked::NotParsed(SyntaxFault::caught(scope)),
    }
}

/// Whether V8's stack overflowed. A text that is nested as deep is not tried with another parser.
fn is_stack_overflow(scope: &mut v8::TryCatch<v8::HandleScope>) -> bool {
    scope.message().is_some_and(|message| {
        let text = message.get(scope).to_rust_string_lossy(scope);
        text.ends_with("Maximum call stack size exceeded")
    })
}
