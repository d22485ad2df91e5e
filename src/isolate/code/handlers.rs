//! `Handlers`: the handlers of a worker script, looked up once after it was loaded and kept as
//! functions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use deno_core::v8;
use rustc_hash::FxBuildHasher;

use crate::isolate::code::load_error::LoadError;
use crate::isolate::primitives::string;

/// The functions of the worker script.
#[derive(Default)]
pub struct Handlers {
    named: HashMap<Box<str>, Handler, FxBuildHasher>,
    /// A default export that is a function handles every type without a handler of its own.
    fallback: Option<Handler>,
    /// The type of the last task of the fallback, as a string of JavaScript.
    latest: RefCell<Option<(Arc<str>, v8::Global<v8::String>)>>,
}

/// A function that handles tasks of a type.
#[derive(Clone)]
pub struct Handler {
    /// The type; `None` for the fallback.
    pub name: Option<v8::Global<v8::String>>,
    pub function: v8::Global<v8::Function>,
    pub receiver: v8::Global<v8::Value>,
}

impl Handlers {
    /// Finds the handlers in a module: the default export (an object of functions, or a function)
    /// and the named exports that are functions.
    ///
    /// # Errors
    /// When the module exports no handler.
    pub fn of(
        scope: &mut v8::HandleScope,
        module: v8::Local<v8::Module>,
    ) -> Result<Self, LoadError> {
        let scope = &mut v8::TryCatch::new(scope);
        let namespace = v8::Local::new(scope, module.get_module_namespace());
        let namespace: v8::Local<v8::Object> =
            namespace.try_into().expect("the namespace of a module is an object");
        let undefined: v8::Local<v8::Value> = v8::undefined(scope).into();
        let mut handlers = Self::default();
        handlers.add_all(scope, namespace, undefined);
        handlers.named.remove("default");
        let key = string(scope, "default").into();
        let default = namespace.get(scope, key);
        if let Some(function) = default.and_then(|d| v8::Local::<v8::Function>::try_from(d).ok()) {
            handlers.fallback = Some(Handler::new(scope, None, function, undefined));
        } else if let Some(object) = default.and_then(|d| v8::Local::<v8::Object>::try_from(d).ok())
        {
            handlers.add_all(scope, object, object.into());
        }
        if handlers.named.is_empty() && handlers.fallback.is_none() {
            let message = "the worker script exports no handler: export a function, or an object of functions as default";
            return Err(LoadError { message: message.to_owned(), ..Default::default() });
        }
        Ok(handlers)
    }

    fn add_all<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
        object: v8::Local<'s, v8::Object>,
        receiver: v8::Local<'s, v8::Value>,
    ) {
        let Some(names) = object.get_own_property_names(scope, Default::default()) else { return };
        for index in 0..names.length() {
            let Some(name) = names.get_index(scope, index) else { continue };
            let function = object.get(scope, name).and_then(|value| value.try_into().ok());
            if let Some(function) = function {
                let key = name.to_rust_string_lossy(scope);
                let name = name.to_string(scope);
                self.named.insert(key.into(), Handler::new(scope, name, function, receiver));
            }
        }
    }

    /// Returns the handler of a type.
    pub fn find(&self, name: &str) -> Option<&Handler> {
        self.named.get(name).or(self.fallback.as_ref())
    }

    /// Returns the type of a task as a string of JavaScript.
    pub fn type_of<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        handler: &Handler,
        name: &Arc<str>,
    ) -> v8::Local<'s, v8::String> {
        if let Some(name) = &handler.name {
            return v8::Local::new(scope, name);
        }
        let mut latest = self.latest.borrow_mut();
        if let Some((_, text)) = latest.as_ref().filter(|(known, _)| Arc::ptr_eq(known, name)) {
            return v8::Local::new(scope, text);
        }
        let text = string(scope, name);
        *latest = Some((name.clone(), v8::Global::new(scope, text)));
        text
    }

    /// Returns the error message for a type without a handler.
    pub fn missing(&self, name: &str) -> String {
        let mut names: Vec<&str> = self.named.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        if names.is_empty() {
            format!("no handler for type '{name}': the pool has no workerScript")
        } else {
            format!("no handler for type '{name}': the handlers are {}", names.join(", "))
        }
    }
}

impl Handler {
    fn new<'s>(
        scope: &mut v8::HandleScope<'s>,
        name: Option<v8::Local<'s, v8::String>>,
        function: v8::Local<'s, v8::Function>,
        receiver: v8::Local<'s, v8::Value>,
    ) -> Self {
        Self {
            name: name.map(|name| v8::Global::new(scope, name)),
            function: v8::Global::new(scope, function),
            receiver: v8::Global::new(scope, receiver),
        }
    }
}
