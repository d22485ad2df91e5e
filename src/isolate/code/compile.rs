//! Compiling modules.

use deno_core::v8;

use crate::isolate::primitives::string;

/// Compiles a module, from V8's code cache where there is one.
pub fn compile_module<'s>(
    scope: &mut v8::HandleScope<'s>,
    name: &str,
    text: v8::Local<v8::String>,
    cache: Option<&[u8]>,
) -> Option<v8::Local<'s, v8::Module>> {
    use v8::script_compiler::{
        CompileOptions, NoCacheReason, Source, compile_module as compile, compile_module2,
    };
    let name = string(scope, name).into();
    let origin =
        v8::ScriptOrigin::new(scope, name, 0, 0, false, -1, None, false, false, true, None);
    let Some(cache) = cache else {
        return compile(scope, &mut Source::new(text, Some(&origin)));
    };
    let cache = v8::CachedData::new(cache);
    let mut source = Source::new_with_cached_data(text, Some(&origin), cache);
    compile_module2(scope, &mut source, CompileOptions::ConsumeCodeCache, NoCacheReason::NoReason)
}
