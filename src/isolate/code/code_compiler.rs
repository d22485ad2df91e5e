//! The source text of a code task becomes a script whose value is one function.
//!
//! The text is wrapped into a function, checked to be that function and nothing else, and stripped of the types of
//! TypeScript where it is no JavaScript. It must never run anything of a text that closes its wrapper early.

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

/// A text that is known to be one function, for all isolates.
pub struct PreparedCode {
    /// As it stands in stack traces.
    pub name: String,
    /// The function in parentheses; its first line is ours.
    pub text: String,
    /// That line's number, less one.
    pub line_offset: i32,
    pub map: Option<Arc<SourceMap>>,
    /// V8's.
    pub cache: Vec<u8>,
}

pub fn compile_code<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    code: &Code,
) -> Option<(v8::Local<'s, v8::UnboundScript>, PreparedCode)> {
    // Eight digits tell texts apart well enough for a person.
    let name = format!("isolane:{}/{:08x}", code.kind.name(), NAMES.hash_one(code) as u32);
    let (script, mut prepared) = prepare(scope, functions, code, name)?;
    prepared.cache = script.create_code_cache().map(|cache| cache.to_vec()).unwrap_or_default();
    Some((script, prepared))
}

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
            // What closes a parenthesis early does not close a bracket.
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
                // The text was parsed behind one line of wrapping.
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

// Both begin with one line of their own, which `check` and `SourceMapping` count off again.
fn wrap(wrapper: Wrapper, text: &str) -> String {
    match wrapper {
        Wrapper::Body => format!("(async function (inputs, config) {{\n{text}\n}})"),
        Wrapper::Expression => {
            let text = without_semicolon(text);
            format!("(async function (inputs, config) {{ return (\n{text}\n); }})")
        }
    }
}

/// An expression without the end of its statement.
fn without_semicolon(text: &str) -> &str {
    text.trim_end_matches(|end: char| end == ';' || end.is_whitespace())
}

/// Whether a text that parses in parentheses cannot have closed them, seen at a glance: asking V8 costs
/// more than ten microseconds.
fn cannot_close_parenthesis(text: &str) -> bool {
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
fn printed_body(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("(async function(inputs, config) {")?;
    inside.trim_end_matches(';').strip_suffix("})")
}

/// What is wrong with a text, and where, counted from 1.
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

    /// Whether TypeScript's parser, which says this, has understood more than JavaScript's: it came
    /// to a later line, or the other stumbled over a type.
    fn is_more_precise_than(&self, javascript: Option<&Self>) -> bool {
        const ABOUT_TYPES: [&str; 4] = ["token ':'", "'as'", "'satisfies'", "Missing initializer"];
        javascript.is_none_or(|javascript| {
            self.line > javascript.line
                || ABOUT_TYPES.iter().any(|sign| javascript.message.contains(sign))
        })
    }

    /// It ends the function that it is put into.
    fn escapes_wrapper() -> Self {
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
    EscapesWrapper,
    NotParsed(Option<SyntaxFault>),
    /// The task was ended, or V8 came to the end of its stack. That is pending.
    Aborted,
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

/// Whether V8 came to the end of its stack: a text that is nested that deep helps no other parser.
fn is_stack_overflow(scope: &mut v8::TryCatch<v8::HandleScope>) -> bool {
    scope.message().is_some_and(|message| {
        let text = message.get(scope).to_rust_string_lossy(scope);
        text.ends_with("Maximum call stack size exceeded")
    })
}
