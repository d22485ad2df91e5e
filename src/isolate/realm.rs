//! `Realm`: a context in which code of users runs, with web APIs, and what Rust calls in it.

use std::rc::Rc;

use deno_core::v8;

use super::handlers::Handlers;
use super::interrupt::InterruptSlot;
use super::kit::{Modules, kit};
use super::modules::RealmModules;
use super::natives::Natives;
use super::shapes::Shapes;
use super::{airlock, codec, snapshot};

/// One global object and its intrinsics. A fresh one is made for each task that is to see nothing of others.
pub(super) struct Realm {
    pub context: v8::Global<v8::Context>,
    pub natives: Rc<Natives>,
    pub handlers: Handlers,
    pub shapes: Shapes,
    pub modules: Rc<RealmModules>,
}

/// What the pool gives every realm, in the wire format.
pub(super) struct Outfit {
    /// `ctx.env`.
    pub env: Vec<u8>,
    /// The names of host functions; `js/host.js` says how.
    pub host: Vec<u8>,
}

impl Realm {
    /// Makes a realm of an isolate whose airlock is there.
    pub fn new(isolate: &mut v8::Isolate, outfit: &Outfit) -> Self {
        let scope = &mut v8::HandleScope::new(isolate);
        let ready = snapshot::realm(scope);
        let context =
            ready.unwrap_or_else(|| v8::Context::new(scope, v8::ContextOptions::default()));
        let scope = &mut v8::ContextScope::new(scope, context);
        let parts = match ready {
            Some(_) => Modules::of_snapshot(),
            None => kit().evaluate(scope),
        };
        let natives = Rc::new(Natives::take(scope));
        natives.awaken(scope);
        let build = v8::Local::new(scope, &natives.build_error);
        airlock::set_error_builder(context, build);
        if let Ok(env) = codec::decode(scope, &natives, &outfit.env) {
            natives.set_env(scope, env);
        }
        if let Ok(host) = codec::decode(scope, &natives, &outfit.host) {
            natives.set_host(scope, host);
        }
        let slot = InterruptSlot::of(scope).expect("it is set before the first realm is made");
        let modules = slot.library.enter(scope, natives.clone(), parts);
        let context = v8::Global::new(scope, context);
        Self { context, natives, handlers: Handlers::default(), shapes: Shapes::default(), modules }
    }

    /// A scope in the realm.
    pub fn scope<'s>(&self, isolate: &'s mut v8::Isolate) -> v8::HandleScope<'s> {
        v8::HandleScope::with_context(isolate, &self.context)
    }
}
