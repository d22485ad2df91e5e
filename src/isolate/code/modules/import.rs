//! The callbacks for `import()` and `import.meta`.

use std::path::Path;

use deno_core::v8;
use url::Url;

use crate::isolate::code::modules::realm_modules::{RealmModules, asks_for_json};
use crate::isolate::primitives::string;

/// Called by V8 for `import()`. Files import files, and any code imports the modules that the pool
/// names. Returns the promise of the namespace; `None` where the task was terminated.
pub fn import_dynamically<'s>(
    scope: &mut v8::HandleScope<'s>,
    _: v8::Local<'s, v8::Data>,
    referrer: v8::Local<'s, v8::Value>,
    specifier: v8::Local<'s, v8::String>,
    attributes: v8::Local<'s, v8::FixedArray>,
) -> Option<v8::Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    let referrer = referrer.to_rust_string_lossy(scope);
    let specifier = specifier.to_rust_string_lossy(scope);
    let scope = &mut v8::TryCatch::new(scope);
    let evaluated = RealmModules::of(scope).map(|realm| {
        let is_json = asks_for_json(scope, attributes, 2)?;
        let url = realm.resolve(&specifier, &referrer)?;
        realm.evaluate(scope, &url, &referrer, is_json)
    });
    match evaluated {
        Some(Ok((module, promise))) => {
            let namespace = v8::Local::new(scope, module.get_module_namespace());
            let return_data =
                |_: &mut v8::HandleScope,
                 args: v8::FunctionCallbackArguments,
                 mut result: v8::ReturnValue| result.set(args.data());
            let return_data = v8::Function::builder(return_data).data(namespace).build(scope)?;
            promise.then(scope, return_data)
        }
        other => {
            if scope.has_terminated() {
                scope.rethrow();
                return None;
            }
            scope.reset();
            let message = match other {
                Some(Err(error)) => error.message,
                _ => format!("import of '{specifier}' is not allowed (from {referrer})"),
            };
            let message = string(scope, &message);
            let error = v8::Exception::type_error(scope, message);
            resolver.reject(scope, error);
            Some(resolver.get_promise(scope))
        }
    }
}

/// Called by V8 for the first access to `import.meta`. Sets `url`, and for a file `filename` and
/// `dirname`.
pub extern "C" fn describe_module(
    context: v8::Local<v8::Context>,
    module: v8::Local<v8::Module>,
    meta: v8::Local<v8::Object>,
) {
    // SAFETY: V8 calls this with the isolate entered, which is what a callback scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(context) };
    let Some(realm) = RealmModules::of(scope) else { return };
    let Some(url) = realm.url_of(module) else { return };
    let mut set = |key: &str, value: &str| {
        let (key, value) = (string(scope, key), string(scope, value));
        meta.create_data_property(scope, key.into(), value.into());
    };
    set("url", &url);
    if let Some(path) = Url::parse(&url).ok().and_then(|url| url.to_file_path().ok()) {
        set("filename", &path.to_string_lossy());
        set("dirname", &path.parent().unwrap_or(Path::new("/")).to_string_lossy());
    }
}
