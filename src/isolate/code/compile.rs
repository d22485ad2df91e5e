//! Calls of V8's compiler, for modules and for scripts that no realm owns.

use deno_core::v8;
use v8::script_compiler::{self, CompileOptions, NoCacheReason, Source};

use crate::isolate::primitives::string;

/// Compiles a module, from V8's code cache where there is one. `None` where an exception is
/// pending.
pub fn compile_module<'s>(
    scope: &mut v8::HandleScope<'s>,
    name: &str,
    text: v8::Local<v8::String>,
    cache: Option<&[u8]>,
) -> Option<v8::Local<'s, v8::Module>> {
    let name = string(scope, name).into();
    let origin =
        v8::ScriptOrigin::new(scope, name, 0, 0, false, -1, None, false, false, true, None);
    let Some(cache) = cache else {
        return script_compiler::compile_module(scope, &mut Source::new(text, Some(&origin)));
    };
    let cache = v8::CachedData::new(cache);
    let mut source = Source::new_with_cached_data(text, Some(&origin), cache);
    script_compiler::compile_module2(
        scope,
        &mut source,
        CompileOptions::ConsumeCodeCache,
        NoCacheReason::NoReason,
    )
}

/// Compiles a script that no realm owns, from V8's code cache where there is one. Its first line has the number
/// `line_offset + 1`. `None` where an exception is pending.
pub fn compile_script<'s>(
    scope: &mut v8::HandleScope<'s>,
    text: &str,
    name: &str,
    line_offset: i32,
    cache: Option<&[u8]>,
) -> Option<v8::Local<'s, v8::UnboundScript>> {
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
    script_compiler::compile_unbound_script(scope, &mut source, options, NoCacheReason::NoReason)
}

/// Runs a script whose value is a function, and which has no other effect.
pub fn run_function_script<'s>(
    scope: &mut v8::HandleScope<'s>,
    script: v8::Local<v8::UnboundScript>,
) -> Option<v8::Local<'s, v8::Function>> {
    script.bind_to_current_context(scope).run(scope)?.try_into().ok()
}
