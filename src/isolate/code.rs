//! Code tasks: source text to a function, compiled once for each text and isolate.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use deno_core::v8;
use sourcemap::SourceMap;

use super::natives::{Natives, string};
use super::typescript::{Refusal, Shape, Stripped, strip_types};
use super::{Code, CodeKind};

/// Functions kept for each isolate; past it the cache starts anew. Compiling a short text again
/// costs some ten microseconds, so a rule of who stays would cost more than it brings.
const CAPACITY: usize = 512;

/// A compiled text.
#[derive(Clone)]
pub(super) struct Compiled {
    pub function: v8::Global<v8::Function>,
    origin: Arc<Origin>,
}

/// Where a text is in stack traces, and how positions of the compiled form map to it.
struct Origin {
    name: String,
    map: Option<SourceMap>,
}

/// The compiled texts of an isolate.
#[derive(Default)]
pub(super) struct CodeCache {
    compiled: HashMap<Code, Compiled>,
    names: RandomState,
}

impl CodeCache {
    /// Gives the function of a text: an async one of `inputs` and `config`.
    ///
    /// # Errors
    /// `None` when it does not parse, neither as JavaScript nor as TypeScript; a `SyntaxError` with
    /// its place is pending then.
    pub fn get(
        &mut self,
        scope: &mut v8::HandleScope,
        natives: &Natives,
        code: &Code,
    ) -> Option<Compiled> {
        if let Some(compiled) = self.compiled.get(code) {
            return Some(compiled.clone());
        }
        // Eight digits tell the texts of one isolate apart well enough for a person.
        let name = format!("isolane:{}/{:08x}", code.kind.name(), self.names.hash_one(code) as u32);
        let compiled = compile(scope, natives, code, name)?;
        if self.compiled.len() >= CAPACITY {
            self.compiled.clear();
        }
        self.compiled.insert(code.clone(), compiled.clone());
        Some(compiled)
    }
}

impl Compiled {
    /// Rewrites the places of this text in a stack trace to those of the user's TypeScript.
    pub fn map_stack(&self, stack: &str) -> Option<String> {
        let map = self.origin.map.as_ref()?;
        let mut mapped = String::with_capacity(stack.len());
        let mut rest = stack;
        while let Some(at) = rest.find(&self.origin.name) {
            let (before, after) = rest.split_at(at + self.origin.name.len());
            mapped.push_str(before);
            rest = after;
            let Some((line, column, length)) = place(after) else { continue };
            if let Some(token) = map.lookup_token(line.saturating_sub(1), column.saturating_sub(1))
            {
                // The text was parsed behind one line of wrapping.
                let (line, column) = (token.get_src_line(), token.get_src_col() + 1);
                mapped.extend([":", &line.to_string(), ":", &column.to_string()]);
                rest = &after[length..];
            }
        }
        mapped.push_str(rest);
        Some(mapped)
    }
}

/// Reads `:line:column` and how many bytes it takes.
fn place(text: &str) -> Option<(u32, u32, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let text = text.strip_prefix(':')?;
    let line = digits(text);
    let column_at = text[line..].strip_prefix(':')?;
    let column = digits(column_at);
    Some((text[..line].parse().ok()?, column_at[..column].parse().ok()?, line + column + 2))
}

fn compile(
    scope: &mut v8::HandleScope,
    natives: &Natives,
    code: &Code,
    name: String,
) -> Option<Compiled> {
    let shapes: &[Shape] = match code.kind {
        CodeKind::JavaScript => &[Shape::Body],
        CodeKind::Filter => &[Shape::Expression, Shape::Body],
    };
    let mut fault = None;
    for &shape in shapes {
        match check(scope, &put_into(shape, &code.text), &name, -1, |scope| match shape {
            Shape::Body => natives.check_body(scope, &code.text),
            Shape::Expression if is_plainly_inside(&code.text) => Some(()),
            // What closes a parenthesis early does not close a bracket.
            Shape::Expression => {
                natives.check_body(scope, &format!("return [\n{}\n]", bare(&code.text)))
            }
        }) {
            Checked::Function(function) => {
                let origin = Arc::new(Origin { name, map: None });
                return Some(Compiled { function, origin });
            }
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
        let go_on = || natives.check_body(scope, "").is_some();
        match strip_types(put_into(shape, &code.text), shape, go_on) {
            Ok(Stripped { text, map }) => {
                match check(scope, &text, &name, 0, |scope| {
                    natives.check_body(scope, body_of(&text)?)
                }) {
                    Checked::Function(function) => {
                        let map = map.and_then(|map| SourceMap::from_slice(map.as_bytes()).ok());
                        let origin = Arc::new(Origin { name, map });
                        return Some(Compiled { function, origin });
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

// Both begin with one line of their own, which `check` and `map_stack` count off again.
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
enum Checked {
    Function(v8::Global<v8::Function>),
    /// It is a script, but not one function alone.
    Leaves,
    Refused(Option<Fault>),
    /// The task was ended, or V8 came to the end of its stack. That is pending.
    Lost,
}

/// Runs a script whose value is a function. Nothing of it runs where `is_alone` throws. Its first line
/// has the number `line_offset + 1`.
fn check(
    scope: &mut v8::HandleScope,
    text: &str,
    name: &str,
    line_offset: i32,
    is_alone: impl FnOnce(&mut v8::HandleScope) -> Option<()>,
) -> Checked {
    let scope = &mut v8::TryCatch::new(scope);
    let script = compile_script(scope, text, name, line_offset);
    let function = match script {
        Some(_) if is_alone(scope).is_none() => None,
        Some(script) => script.run(scope).and_then(|value| value.try_into().ok()),
        None => None,
    };
    if let Some(function) = function {
        let function: v8::Local<v8::Function> = function;
        return Checked::Function(v8::Global::new(scope, function));
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
) -> Option<v8::Local<'s, v8::Script>> {
    let source = v8::String::new(scope, text)?;
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
    v8::Script::compile(scope, source, Some(&origin))
}
