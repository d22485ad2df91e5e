//! `Realm`: a context in which code of users runs, with web APIs, and the handles by which Rust
//! calls into it.

use std::rc::Rc;

use deno_core::v8;

use crate::isolate::code::handlers::Handlers;
use crate::isolate::code::modules::realm_modules::RealmModules;
use crate::isolate::realm::bootstrap::install::make_realm;
use crate::isolate::realm::bootstrap::modules::BootstrapModules;
use crate::isolate::realm::data::RealmData;
use crate::isolate::realm::engine::copy::set_error_builder;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::realm::snapshot;
use crate::isolate::values::codec;
use crate::isolate::values::shapes::Shapes;

/// One global object and its intrinsics. A task that must share nothing with others gets a fresh
/// one.
pub struct Realm {
    pub context: v8::Global<v8::Context>,
    pub functions: Rc<RealmFunctions>,
    pub handlers: Handlers,
    pub shapes: Shapes,
    pub modules: Rc<RealmModules>,
    pub data: Rc<RealmData>,
}

/// The values that every realm of a pool is given, in the wire format.
pub struct RealmOptions {
    /// `ctx.env`.
    pub env: Vec<u8>,
    /// The names of host functions, as `js/host.js` reads them.
    pub host: Vec<u8>,
}

impl Realm {
    /// Creates a realm, from the snapshot where there is one. The callbacks of the isolate must be
    /// installed.
    pub fn new(isolate: &mut v8::Isolate, options: &RealmOptions) -> Self {
        let scope = &mut v8::HandleScope::new(isolate);
        let ready = snapshot::realm(scope);
        let context =
            ready.unwrap_or_else(|| v8::Context::new(scope, v8::ContextOptions::default()));
        let scope = &mut v8::ContextScope::new(scope, context);
        let bootstrap = match ready {
            Some(_) => BootstrapModules::of_snapshot(),
            None => make_realm(scope),
        };
        let functions = Rc::new(RealmFunctions::take(scope));
        functions.complete(scope);
        let build = v8::Local::new(scope, &functions.build_error);
        set_error_builder(context, build);
        if let Ok(env) = codec::decode(scope, &functions, &options.env) {
            functions.set_env(scope, env);
        }
        if let Ok(host) = codec::decode(scope, &functions, &options.host) {
            functions.set_host(scope, host);
        }
        let data = RealmData::new(scope, functions.clone(), bootstrap);
        let modules = RealmModules::new(scope, data.clone());
        let context = v8::Global::new(scope, context);
        let (handlers, shapes) = (Handlers::default(), Shapes::default());
        Self { context, functions, handlers, shapes, modules, data }
    }

    /// Returns a scope in the realm.
    pub fn scope<'s>(&self, isolate: &'s mut v8::Isolate) -> v8::HandleScope<'s> {
        v8::HandleScope::with_context(isolate, &self.context)
    }
}
