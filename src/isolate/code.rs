//! Code tasks: source text to a function, compiled once for each text and isolate.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use deno_ast::swc::ast::{Expr, Program, Stmt};
use deno_ast::{EmitOptions, MediaType, ParseParams, SourceMapOption};
use deno_core::v8;
use sourcemap::SourceMap;

use super::natives::{Natives, string};
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
    let shapes: &[fn(&str) -> String] = match code.kind {
        CodeKind::JavaScript => &[body],
        CodeKind::Filter => &[expression, body],
    };
    let mut fault = None;
    for shape in shapes {
        let scope = &mut v8::TryCatch::new(scope);
        let text = shape(&code.text);
        if let Some(function) = evaluate(scope, &text, &name, -1) {
            if code.kind == CodeKind::JavaScript && !natives.is_body(scope, &code.text) {
                fault = Some(Fault::leaves_its_function());
                break;
            }
            let origin = Arc::new(Origin { name, map: None });
            return Some(Compiled { function, origin });
        }
        if scope.has_terminated() {
            return None;
        }
        fault = Fault::caught(scope);
    }
    for shape in shapes {
        match strip_types(&shape(&code.text)) {
            Ok((text, map)) => {
                let scope = &mut v8::TryCatch::new(scope);
                if let Some(function) = evaluate(scope, &text, &name, 0) {
                    let origin = Arc::new(Origin { name, map });
                    return Some(Compiled { function, origin });
                }
            }
            Err(Some(typescript)) if typescript.is_nearer_than(fault.as_ref()) => {
                fault = Some(typescript);
            }
            Err(_) => {}
        }
    }
    fault?.throw(scope, &code.text, &name);
    None
}

// Both begin with one line of their own, which `evaluate` and `map_stack` count off again.

fn body(text: &str) -> String {
    format!("(async function (inputs, config) {{\n{text}\n}})")
}

fn expression(text: &str) -> String {
    let text = text.trim_end_matches([';', ' ', '\t', '\r', '\n']);
    format!("(async function (inputs, config) {{ return (\n{text}\n); }})")
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

/// Runs a script whose value is a function. Its first line has the number `line_offset + 1`.
fn evaluate(
    scope: &mut v8::HandleScope,
    text: &str,
    name: &str,
    line_offset: i32,
) -> Option<v8::Global<v8::Function>> {
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
    let script = v8::Script::compile(scope, source, Some(&origin))?;
    let function: v8::Local<v8::Function> = script.run(scope)?.try_into().ok()?;
    Some(v8::Global::new(scope, function))
}

/// Takes TypeScript's types out.
///
/// # Errors
/// What is wrong with it where it is not TypeScript either; `None` where it is no single function.
fn strip_types(text: &str) -> Result<(String, Option<SourceMap>), Option<Fault>> {
    let parsed = deno_ast::parse_script(ParseParams {
        specifier: deno_ast::ModuleSpecifier::parse("file:///task.ts").map_err(|_| None)?,
        text: text.into(),
        media_type: MediaType::TypeScript,
        capture_tokens: false,
        scope_analysis: false,
        maybe_syntax: None,
    })
    .map_err(|error| {
        let at = error.display_position();
        // The text was parsed behind one line of wrapping.
        let line = at.line_number.saturating_sub(1).max(1);
        Some(Fault { line, column: at.column_number, message: error.kind.msg().into_owned() })
    })?;
    if !is_one_function(&parsed.program()) {
        return Err(None);
    }
    let emit = EmitOptions {
        source_map: SourceMapOption::Separate,
        inline_sources: false,
        ..Default::default()
    };
    let transpiled = parsed.transpile(&Default::default(), &Default::default(), &emit);
    let source = transpiled.map_err(|_| None)?.into_source();
    let map = source.source_map.and_then(|map| SourceMap::from_slice(map.as_bytes()).ok());
    Ok((source.text, map))
}

/// Whether a script is the function that a text was put into, and nothing beside it.
fn is_one_function(program: &Program) -> bool {
    let Program::Script(script) = program else { return false };
    let [Stmt::Expr(statement)] = script.body.as_slice() else { return false };
    matches!(&*statement.expr, Expr::Paren(inner) if matches!(&*inner.expr, Expr::Fn(_)))
}
