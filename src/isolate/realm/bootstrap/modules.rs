//! `BootstrapModules`: the bootstrap modules of one realm. It compiles, links and evaluates them,
//! the eager ones when the realm is created and others on first use.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use deno_core::v8;
use parking_lot::Mutex;

use crate::isolate::code::compile::compile_module;
use crate::isolate::primitives::string;
use crate::isolate::realm::bootstrap::bootstrap::bootstrap;
use crate::isolate::state::IsolateState;

thread_local! {
    /// The modules by name while V8 links them, for `resolve`.
    static LINKED: RefCell<HashMap<&'static str, v8::Global<v8::Module>>> = RefCell::default();
}

/// V8's code caches of modules that are loaded on first use.
static CACHES: LazyLock<Mutex<Caches>> = LazyLock::new(Mutex::default);

type Caches = HashMap<&'static str, Arc<[u8]>>;

/// The bootstrap modules that a realm has evaluated.
#[derive(Default)]
pub struct BootstrapModules {
    loaded: RefCell<HashMap<&'static str, v8::Global<v8::Module>>>,
    /// Whether the realm comes from a snapshot from which its eager modules were not yet taken.
    in_snapshot: Cell<bool>,
}

impl BootstrapModules {
    /// Returns the modules of a realm that comes from a snapshot.
    pub fn of_snapshot() -> Self {
        Self { in_snapshot: Cell::new(true), ..Default::default() }
    }

    /// Returns the eager modules in their order, to be stored in a snapshot.
    pub fn eager(&self) -> Vec<v8::Global<v8::Module>> {
        let loaded = self.loaded.borrow();
        bootstrap().eager.iter().filter_map(|name| loaded.get(name).cloned()).collect()
    }

    /// Returns the namespace of a module, which is evaluated on the first call.
    ///
    /// `None` where an exception is pending; a later call tries again.
    pub fn load<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        name: &str,
    ) -> Option<v8::Local<'s, v8::Value>> {
        let bootstrap = bootstrap();
        if self.in_snapshot.take() {
            for (index, name) in bootstrap.eager.iter().enumerate() {
                let module = scope.get_context_data_from_snapshot_once::<v8::Module>(index).ok()?;
                self.loaded.borrow_mut().insert(name, v8::Global::new(scope, module));
            }
        }
        let (&name, _) = bootstrap.modules.get_key_value(name)?;
        let mut modules = self.loaded.borrow().clone();
        let missing = bootstrap.closure(name, |name| modules.contains_key(name));
        for name in &missing {
            let cache = CACHES.lock().get(name).cloned();
            let text = bootstrap.modules.get(name)?.string(scope)?;
            let module = compile_module(scope, name, text, cache.as_deref())?;
            modules.insert(name, v8::Global::new(scope, module));
        }
        let module = v8::Local::new(scope, modules.get(name)?);
        if !missing.is_empty() {
            LINKED.replace(modules);
            let linked = module.instantiate_module(scope, resolve);
            modules = LINKED.take();
            linked?;
            let promise: v8::Local<v8::Promise> = module.evaluate(scope)?.try_into().ok()?;
            if promise.state() != v8::PromiseState::Fulfilled {
                if let Some(state) = IsolateState::of(scope) {
                    state.mark_handled(&v8::Global::new(scope, promise));
                }
                let error = promise.result(scope);
                scope.throw_exception(error);
                return None;
            }
            keep_caches(scope, &missing, &modules);
            *self.loaded.borrow_mut() = modules;
        }
        Some(v8::Local::new(scope, module.get_module_namespace()))
    }
}

/// Keeps V8's code cache of modules for later realms. It includes the functions that have run.
fn keep_caches(
    scope: &mut v8::HandleScope,
    names: &BTreeSet<&'static str>,
    modules: &HashMap<&'static str, v8::Global<v8::Module>>,
) {
    if IsolateState::of(scope).is_none() {
        // V8 creates no code cache while it creates a snapshot.
        return;
    }
    for name in names {
        if CACHES.lock().contains_key(name) {
            continue;
        }
        let Some(module) = modules.get(name) else { continue };
        let script = v8::Local::new(scope, module).get_unbound_module_script(scope);
        if let Some(cache) = script.create_code_cache() {
            CACHES.lock().insert(name, cache.to_vec().into());
        }
    }
}

fn resolve<'s>(
    context: v8::Local<'s, v8::Context>,
    specifier: v8::Local<'s, v8::String>,
    _: v8::Local<'s, v8::FixedArray>,
    _: v8::Local<'s, v8::Module>,
) -> Option<v8::Local<'s, v8::Module>> {
    // SAFETY: V8 calls this with the isolate entered, which is what a callback scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(context) };
    let name = specifier.to_rust_string_lossy(scope);
    let module = LINKED.with_borrow(|modules| modules.get(&*name).cloned());
    let Some(module) = module else {
        let message = string(scope, &format!("realms have no module {name}"));
        let error = v8::Exception::error(scope, message);
        scope.throw_exception(error);
        return None;
    };
    Some(v8::Local::new(scope, module))
}
