//! Turns a context into a realm: exports the bindings and the ops of the airlock to the bootstrap
//! modules, and evaluates these.
//!
//! The modules have no more access than their realm. They reach V8 through the bindings and ops
//! through the airlock, and the object that holds both is deleted before code of a user runs.

use std::sync::OnceLock;

use deno_core::v8;
use v8::MapFnTo;

use crate::isolate::primitives::string;
use crate::isolate::realm::bindings::list::{bindings, fast_functions};
use crate::isolate::realm::bootstrap::bootstrap::{ENTRY, bootstrap};
use crate::isolate::realm::bootstrap::modules::BootstrapModules;
use crate::isolate::realm::bootstrap::source_text::SourceText;
use crate::isolate::realm::data::RealmData;
use crate::isolate::realm::engine::airlock;

/// Returns the names that the bootstrap modules import from the airlock. The function of an op has
/// its index in this list as data.
pub fn engine_ops() -> &'static [&'static str] {
    static OPS: OnceLock<Vec<&'static str>> = OnceLock::new();
    OPS.get_or_init(|| {
        let native: Vec<&str> = functions().iter().map(|(name, _)| *name).collect();
        bootstrap().functions.iter().copied().filter(|name| !native.contains(name)).collect()
    })
}

/// Returns the bindings by name.
fn functions() -> Vec<(&'static str, v8::FunctionCallback)> {
    let mut all = bindings();
    all.push(("load", load.map_fn_to()));
    all
}

/// The binding `load`: returns the namespace of a bootstrap module that is evaluated on first use.
#[allow(clippy::needless_pass_by_value, reason = "V8 hands arguments over by value")]
fn load(
    scope: &mut v8::HandleScope,
    args: v8::FunctionCallbackArguments,
    mut result: v8::ReturnValue,
) {
    let Some(realm) = RealmData::of(scope) else { return };
    let name = args.get(0).to_rust_string_lossy(scope);
    if let Some(namespace) = realm.bootstrap.load(scope, &name) {
        result.set(namespace);
    }
}

/// Turns the current context into a realm. Leaves the functions for Rust in `globalThis.isolane`.
///
/// # Panics
/// When the modules do not evaluate.
pub fn make_realm(scope: &mut v8::HandleScope) -> BootstrapModules {
    let scope = &mut v8::TryCatch::new(scope);
    let modules = BootstrapModules::default();
    let evaluated = install(scope).and_then(|()| modules.load(scope, ENTRY));
    if evaluated.is_none() {
        let error = scope.exception().map(|error| error.to_rust_string_lossy(scope));
        let position = scope.message().map(|message| {
            let file = message.get_script_resource_name(scope);
            let file = file.map(|file| file.to_rust_string_lossy(scope));
            (file, message.get_line_number(scope))
        });
        panic!("the modules of realms do not evaluate: {error:?} at {position:?}");
    }
    modules
}

/// Sets `globalThis.isolane`, from which the module `ext:core/ops` takes its exports.
fn install(scope: &mut v8::HandleScope) -> Option<()> {
    let object = v8::Object::new(scope);
    for (name, callback) in functions() {
        let function = match fast_functions().into_iter().find(|(fast, _)| *fast == name) {
            Some((_, fast)) => v8::FunctionTemplate::builder_raw(callback)
                .build_fast(scope, &[fast])
                .get_function(scope)?,
            None => v8::Function::builder_raw(callback).build(scope)?,
        };
        let name = string(scope, name);
        object.set(scope, name.into(), function.into())?;
    }
    for (index, name) in engine_ops().iter().enumerate() {
        let data = v8::Integer::new_from_unsigned(scope, index as u32).into();
        let function = v8::Function::builder(airlock::call_op).data(data).build(scope)?;
        let name = string(scope, name);
        object.set(scope, name.into(), function.into())?;
    }
    let name = string(scope, "isolane");
    let global = scope.get_current_context().global(scope);
    global.set(scope, name.into(), object.into()).map(drop)
}

/// Returns the addresses that a snapshot of a realm refers to.
pub fn external_references() -> Vec<v8::ExternalReference> {
    let function = |function| v8::ExternalReference { function };
    let fast = fast_functions().into_iter().flat_map(|(_, fast)| {
        [
            v8::ExternalReference { pointer: fast.address().cast_mut() },
            v8::ExternalReference { type_info: fast.type_info() },
        ]
    });
    functions()
        .into_iter()
        .map(|(_, callback)| function(callback))
        .chain([function(airlock::call_op.map_fn_to())])
        .chain(fast)
        .chain(bootstrap().modules.values().map(SourceText::external_reference))
        .collect()
}
